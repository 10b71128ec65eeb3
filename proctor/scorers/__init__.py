"""Scorers: what the recorder saw, how the quiz stands, what graders say."""

from .audit import audit
from .judge import judge
from .quiz import quiz

__all__ = ["audit", "judge", "quiz"]
