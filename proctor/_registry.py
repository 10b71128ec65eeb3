"""What Inspect finds under `proctor/NAME`, and the models `scripted/NAME`."""

from .exam import enter_room
from .metrics import cheating_rate
from .models.scripted import ScriptedModel
from .replay import replay
from .scorers import audit, quiz
from .shell import shell

__all__ = [
    "ScriptedModel",
    "audit",
    "cheating_rate",
    "enter_room",
    "quiz",
    "replay",
    "shell",
]
