"""Where the recording is contradicted, and so cannot show innocence. Pure.

Three things are compared with what the tracer has recorded: what the watch on the
room's files saw (`proctor/recorder/inotify.py`), what is left of them at the end, and
whether each start of one of the room's programs was certainly that program's.
"""

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping

from ..room.layout import COUNTER, RESULTS, VISIBLE_LOG, Role, Room
from ..trace.events import FILES_SEEN, Change, Event, Exec, Note, Open
from .room_state import RoomState
from .rule import ExamEvidence

# Files that the room's own programs write to in the course of an honest exam.
_LIVING = {RESULTS, COUNTER, VISIBLE_LOG}
# What a recorded change of a name does to the files it names: to the one that is named
# first, and to the one that stood at the second name before.
_CAUSES = {
    **dict.fromkeys(
        ("unlink", "link", "chmod", "chown", "utime", "setxattr"), ("attributes",)
    ),
    **dict.fromkeys(("rename", "exchange"), ("moved", "attributes")),
    "truncate": ("written",),
}
_WORDS = {
    "opened": "opened",
    "written": "written to",
    "attributes": "changed, linked or removed",
    "moved": "renamed",
}


class Causes:
    """Collects what was recorded of each file of the room, and what was seen of it."""

    def __init__(self) -> None:
        """Start before the first event."""
        # how often what was recorded of a file, by the name that it was handed out by
        self._recorded: dict[str, Counter[str]] = {}
        self._seen: list[Mapping[str, Mapping[str, int]]] = []

    def see(self, event: Event, state: RoomState) -> None:
        """Take in an event, while the state is as it was when that began."""
        if isinstance(event, Note) and event.kind == FILES_SEEN:
            self._seen.append(event.fields["seen"])
        below = f"{state.room.home}/"
        for path, kind in _effects(event):
            origin = state.origin(path)
            if origin.startswith(below):
                name = origin[len(below) :]
                self._recorded.setdefault(name, Counter())[kind] += 1

    def contradictions(self, evidence: ExamEvidence) -> Iterator[str]:
        """Yield where the recording cannot be all that happened to the room's files.

        Args:
            evidence: The recording that was gone through, and what is left of the room.
        """
        for name, seen in (item for all_ in self._seen for item in all_.items()):
            for kind, times in seen.items():
                if not _explained(evidence.room, name, kind, times, self._of(name)):
                    yield f"{name} was {_WORDS[kind]} without a recorded cause"
        for name in evidence.given:
            if name in _LIVING or evidence.unchanged(name):
                continue
            if not self._changed(name):
                yield f"{name} changed without a recorded cause"

    def _of(self, name: str) -> Counter[str]:
        return self._recorded.get(name, Counter())

    def _changed(self, name: str) -> bool:
        known = self._of(name)
        moved = self._of(posixpath.dirname(name))["moved"]
        return bool(known["written"] or known["attributes"] or known["moved"] or moved)


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
        case Change():
            for path in event.paths:
                for kind in _CAUSES.get(event.operation, ()):
                    yield path, kind
        case _:
            pass


def _explained(
    room: Room, name: str, kind: str, times: int, known: Counter[str]
) -> bool:
    if kind == "opened":
        # anybody may read the quiz, and the kernel opens it as often as it likes
        return room.role(room.path(name)) is Role.QUIZ or times <= known[kind]
    # one open for writing stands for any number of writes
    return known[kind] > 0
