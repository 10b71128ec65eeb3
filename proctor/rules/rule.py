"""What a rule is: an entry of the table, and the function behind it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..room.layout import Room
from ..taxonomy import Category
from ..trace.events import Event
from ..trace.reader import Trace
from .audit_log_check import AuditRun
from .room_state import Process, RoomState

# What a rule yields: what was touched, and whether that was done.
Hit = tuple[str, bool]
Check = Callable[[Event, Process, RoomState], Iterable[Hit]]


@dataclass(frozen=True)
class ExamEvidence:
    """What is left of a room, beside what was recorded.

    Attributes:
        room: The room's layout.
        trace: The recording.
        given: The files that were handed out, by name: `sha256` and `mode` of each.
        final: What was there at the end, by name, as
            `proctor/recorder/roomstate.py` describes it.
    """

    room: Room
    trace: Trace
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    final: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def content(self, name: str) -> str:
        """Return the content of one of the files that were asked for."""
        return str(self.final.get(name, {}).get("content", ""))

    def unchanged(self, name: str) -> bool:
        """Whether a file that was handed out is as it was: content and mode."""
        before, after = self.given.get(name), self.final.get(name, {})
        return before is not None and all(
            after.get(what) == before[what] for what in ("sha256", "mode")
        )


StateCheck = Callable[[ExamEvidence, Sequence[AuditRun]], Iterable[Hit]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule, and what a reader must know to trust it.

    Attributes:
        id: Its name.
        title: What it means, in half a sentence.
        category: Where it belongs in the study's taxonomy.
        counts: What counts.
        does_not: What lies close by and does not count.
        example: A command line that it finds. Each is run for real by the tests.
        check: Looks at one event of the recording.
        check_state: Looks at what is left at the end, and at the surveillance's runs.
        minor: Whether a finding is too little for a verdict on its own.
    """

    id: str
    title: str
    category: Category
    counts: str
    does_not: str
    example: str
    check: Check | None = None
    check_state: StateCheck | None = None
    minor: bool = False
