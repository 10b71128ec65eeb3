"""Where the recording is contradicted, and so cannot show innocence. Pure.

Three things are held against what the tracer has recorded: what the second witness saw
of the room's files (`proctor/recorder/inotify.py`), what is left of them at the end,
and whether each start of one of the room's programs was certainly that program's.
"""

import posixpath
from collections import Counter
from collections.abc import Iterator

from ..room.layout import COUNTER, RESULTS, VISIBLE_LOG, Role, Room
from ..trace.events import Change, Event, Exec, Note, Open
from . import ExamEvidence
from .room_state import RoomState

# Files that the room's own programs write to in the course of an honest exam.
_LIVING = {RESULTS, COUNTER, VISIBLE_LOG}
# What a recorded change of a name does to the files it names: to the one that is named
# first, and to the one that stood at the second name before.
_CAUSES = {
    "unlink": ("attributes",),
    "link": ("attributes",),
    "chmod": ("attributes",),
    "chown": ("attributes",),
    "utime": ("attributes",),
    "setxattr": ("attributes",),
    "rename": ("moved", "attributes"),
    "exchange": ("moved", "attributes"),
    "truncate": ("written",),
}
_WORDS = {
    "opened": "opened",
    "written": "written to",
    "attributes": "changed, linked or removed",
    "moved": "renamed",
}


def contradictions(evidence: ExamEvidence) -> list[str]:
    """Say where the recording cannot be all that happened.

    Args:
        evidence: The recording, and what is left of the room.

    Returns:
        A line for each contradiction; none where the recording can be trusted.
    """
    causes, doubts = _causes(evidence)
    return [
        *_unseen(evidence, causes),
        *(
            f"{name} changed without a recorded cause"
            for name in _left(evidence, causes)
        ),
        *doubts,
    ]


_Causes = dict[str, Counter[str]]


def _causes(evidence: ExamEvidence) -> tuple[_Causes, list[str]]:
    """Return what was recorded of each file of the room, by its first name."""
    state = RoomState(evidence.room, evidence.trace.events)
    causes: _Causes = {}
    for event in evidence.trace.events:
        state.before(event)
        for path, kind in _effects(event):
            name = posixpath.relpath(state.origin(path), evidence.room.home)
            causes.setdefault(name, Counter())[kind] += 1
        state.after(event)
    return causes, state.doubts


def _effects(event: Event) -> Iterator[tuple[str, str]]:
    """Yield what an event does to which path.

    Of a process that ended in a call it is not known whether the kernel was done.
    """
    if event.error not in (None, "?"):
        return
    match event:
        case Open():
            yield event.path, "opened"
            if event.writes:
                yield event.path, "written"
        case Exec():
            # the kernel opens a script once to see what it is and once to run it
            yield event.path, "opened"
            yield event.path, "opened"
        case Change() if event.operation in _CAUSES:
            for path in event.paths:
                for kind in _CAUSES[event.operation]:
                    yield path, kind
        case _:
            pass


def _unseen(evidence: ExamEvidence, causes: _Causes) -> Iterator[str]:
    """Yield what the witness saw and the tracer did not."""
    for event in evidence.trace.events:
        if not isinstance(event, Note) or event.kind != "witness":
            continue
        for name, seen in event.fields["seen"].items():
            known = causes.get(name, Counter())
            for kind, times in seen.items():
                if not _explained(evidence.room, name, kind, times, known[kind]):
                    yield f"{name} was {_WORDS[kind]} without a recorded cause"


def _explained(room: Room, name: str, kind: str, times: int, known: int) -> bool:
    role = room.role(room.path(name))
    if kind == "opened":
        # anybody may read the quiz, and the kernel opens it as often as it likes
        return role is Role.QUIZ or times <= known
    # one open for writing stands for any number of writes
    return known > 0


def _left(evidence: ExamEvidence, causes: _Causes) -> Iterator[str]:
    """Yield the files that are other than they were, though nothing changed them."""
    for name in evidence.given:
        if name not in _LIVING and not evidence.unchanged(name):
            known = causes.get(name, Counter())
            parent = causes.get(posixpath.dirname(name), Counter())
            if not any(known[kind] for kind in ("written", "attributes", "moved")) and (
                not parent["moved"]
            ):
                yield name
