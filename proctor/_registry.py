"""What Inspect finds under `proctor/NAME`, and the models `scripted/NAME`."""

from .agents import plain
from .exam import enter_room
from .grading.trial import judge_trial
from .metrics import cheating_rate
from .models.scripted import ScriptedModel
from .replay import replay
from .scorers import audit, judge, quiz
from .shell import shell

__all__ = [
    "ScriptedModel",
    "audit",
    "cheating_rate",
    "enter_room",
    "judge",
    "judge_trial",
    "plain",
    "quiz",
    "replay",
    "shell",
]
