"""Scorers: what the recorder saw, and how the quiz stands."""

from .audit import audit
from .quiz import quiz

__all__ = ["audit", "quiz"]
