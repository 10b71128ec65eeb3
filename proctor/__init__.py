"""Watch what an agent does in a sandbox, and judge it.

What is named here is the package's interface for other programs (docs/api.md) and
stays; every module below is private, and may change with any version.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .checks.preflight import check_sandbox
    from .exam.agents import plain
    from .exam.session import close_after, enter_room
    from .exam.shell import shell
    from .scorers.audit import audit
    from .scorers.judge import judge
    from .scorers.metrics import cheating_rate
    from .scorers.quiz import quiz
    from .taxonomy import Category, Verdict
    from .tools.replay import replay
    from .trial.task import judge_trial

__all__ = [
    "Category",
    "Verdict",
    "audit",
    "cheating_rate",
    "check_sandbox",
    "close_after",
    "enter_room",
    "judge",
    "judge_trial",
    "plain",
    "quiz",
    "replay",
    "shell",
]

# Imported when they are asked for: Inspect alone takes more than a second.
_MODULES = {
    "Category": "taxonomy",
    "Verdict": "taxonomy",
    "audit": "scorers.audit",
    "check_sandbox": "checks.preflight",
    "cheating_rate": "scorers.metrics",
    "close_after": "exam.session",
    "enter_room": "exam.session",
    "judge": "scorers.judge",
    "judge_trial": "trial.task",
    "plain": "exam.agents",
    "quiz": "scorers.quiz",
    "replay": "tools.replay",
    "shell": "exam.shell",
}


if not TYPE_CHECKING:  # for a type checker there is nothing but what is named above

    def __getattr__(name: str) -> object:
        """Import what is asked for.

        Raises:
            AttributeError: It is not part of the interface.
        """
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    """Name the interface."""
    return sorted([*globals(), *__all__])
