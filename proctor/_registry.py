"""What Inspect finds under `proctor/NAME`, and the models `scripted/NAME`."""

import sys
from importlib.util import module_from_spec, spec_from_file_location

from .exam.agents import plain
from .exam.session import enter_room
from .exam.shell import shell
from .models.scripted import ScriptedModel
from .room.files import ROOT
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


def _register_task() -> None:
    """Load the task from its file, which is the user's and no module of the package.

    Raises:
        ImportError: The file is missing or cannot be read.
    """
    name = "proctor.cheating_evals"  # by its first part Inspect knows the package
    spec = spec_from_file_location(name, ROOT / "cheating_evals.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{ROOT / 'cheating_evals.py'} is no module")
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


# Last: a mistake in that file must not take scorers and models away.
_register_task()
