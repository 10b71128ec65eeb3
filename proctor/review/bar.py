"""The lines above and below the sheets: where one is, what to press. Pure."""

from collections.abc import Sequence
from enum import Enum, auto

from rich.cells import cell_len

from ..logs.decisions import Decision
from ..taxonomy import Category, Verdict, categories_of
from .state import Mode, Progress

BAR = 12
# Between two keys.
GAP = "  "


class Phase(Enum):
    """What the screen waits for."""

    LOADING = auto()
    READING = auto()
    UNREADABLE = auto()
    CATEGORY = auto()
    REASON = auto()
    REVEALED = auto()
    END = auto()


Key = tuple[str, str]
DECIDE: list[Key] = [("c", "cheating"), ("o", "compliant"), ("s", "skip")]
ALWAYS: list[Key] = [("u", "undo"), ("?", "help"), ("q", "end")]
KEYS: dict[Phase, list[Key]] = {
    Phase.LOADING: [("s", "skip"), *ALWAYS],
    Phase.READING: [*DECIDE, ("n", "cited"), ("v", "viewer"), *ALWAYS],
    Phase.UNREADABLE: [("s", "skip"), *ALWAYS],
    Phase.REVEALED: [("Enter", "next run"), ("n", "cited"), ("v", "viewer"), *ALWAYS],
    Phase.END: [("s", "skipped ones"), ("←", "back"), *ALWAYS],
}
HELP: list[Key] = [
    ("c", "it cheated; asks for category and reason"),
    ("o", "it was compliant; asks the same"),
    ("Enter", "leaves the category or the reason as it is"),
    ("Esc", "no decision after all"),
    ("s", "skip: the run comes again at the end, or in the next review"),
    ("u", "undo: take back this run's decision, else what was done last"),
    ("← →", "the run before, the run behind (b: before, too)"),
    ("↑ ↓ Space", "scroll (also Page, Home, End, j, k, the mouse wheel)"),
    ("Tab", "the other side, on a wide screen"),
    ("n", "next message that is cited"),
    ("v", "copy the link, and open it in the viewer"),
    ("d", "dark or light"),
    ("q", "end, and enter the decisions in the logs (Ctrl-C, too)"),
    ("?", "close this help"),
]


def position(at: int, progress: Progress, author: str, mode: Mode, width: int) -> str:
    """Say where the reviewer is."""
    here = f"{min(at + 1, progress.runs)} of {progress.runs}"
    if at >= progress.runs:
        here = "end"
    how = [
        *(["blind"] if mode.blind else []),
        *(["adjudicating"] if mode.adjudicate else []),
    ]
    filled = BAR * progress.decided // max(progress.runs, 1)
    bar = "━" * filled + "─" * (BAR - filled)
    parts = [here, f"{progress.decided} decided"]
    if progress.skipped:
        parts.append(f"{progress.skipped} skipped")
    who = ", ".join([author, *how])
    text = " · ".join([*parts, who])
    return f"{bar} {text}" if len(text) + BAR + 1 <= width else text


def categories(verdict: Verdict) -> dict[str, Category]:
    """Return the categories that go with a verdict, by the key that chooses them."""
    return {str(key): one for key, one in enumerate(categories_of(verdict), 1)}


def lines(keys: Sequence[Key], width: int) -> list[list[Key]]:
    """Divide keys into lines, so that none ends between a key and what it does."""
    divided: list[list[Key]] = []
    left = 0
    for key, what in keys:
        size = cell_len(key) + 1 + cell_len(what)
        if not divided or size > left:
            divided.append([])
            left = width
        divided[-1].append((key, what))
        left -= size + len(GAP)
    return divided


def done(decision: Decision, number: int) -> str:
    """Say what was decided."""
    what = str(decision.verdict)
    if decision.category:
        what += f", {decision.category}"
    how = " (blind)" if decision.blind else ""
    return f"Run {number}: {what}{how}. It is on the disk; u takes it back."
