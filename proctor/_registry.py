"""What Inspect finds under `proctor/NAME`, and the models `scripted/NAME`."""

from .exam.agents import plain
from .exam.session import enter_room
from .exam.shell import shell
from .models.scripted import ScriptedModel
from .scorers import audit, judge, quiz
from .scorers.metrics import cheating_rate
from .tools.replay import replay
from .trial.task import judge_trial

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
