"""Trace text in, typed events out. Pure: no input, no output, no opinion.

A recording is what `proctor/recorder/recording.py` writes: lines of strace, each
with a process id and a tab before it, and notes of the recorder's own with `!` in
that place. Every line must be understood; what is not is counted, never skipped in
silence, because a sample with an unreadable line must not be given a verdict.

strace quotes and escapes every name (strace(1), "-s", "-y"; `print_quoted_string`
in its source), so a line is read from the left, token by token, and no name that an
agent makes up can be mistaken for syntax. `proctor/trace/text.py` knows these tokens,
`proctor/trace/calls.py` the system calls.

What stands behind the time says the same each time that it stands there, and most of
it does again and again: each start of a shell or of Python opens the same libraries.
So it is read once, and remembered.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from .calls import READERS, read_call
from .events import (
    FILES_SEEN,
    Change,
    Enter,
    Event,
    Exec,
    Exit,
    Fork,
    Note,
    Open,
    Signal,
    Special,
    Watch,
)
from .paths import resolve
from .text import TraceError, read_result


@dataclass(frozen=True)
class Unreadable:
    """A line that could not be read, and why."""

    line: str
    reason: str


@dataclass
class Trace:
    """Everything that was recorded so far.

    Attributes:
        events: In the order of time, with absolute paths.
        unreadable: What could not be read.
        lines: How many lines there were.
        set_back: By how many seconds the clock was set back meanwhile; where it was,
            the order of events is not known.
    """

    events: list[Event] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    lines: int = 0
    set_back: float = 0.0


# The process id decides between equal times, so that it does not matter in which order
# the processes' files came.
_order = attrgetter("time", "pid")


class TraceReader:
    """Reads a recording chunk by chunk, each line of it once."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._raw: list[Event] = []
        self._events: list[Event] = []
        self._resolved = resolve(self._raw)
        self._late = False
        self._unreadable: list[Unreadable] = []
        self._lines = 0
        # The latest time in each file: one for each process, and that of the notes.
        self._latest: dict[str, float] = {}
        self._set_back = 0.0

    def feed(self, text: str, call: int) -> None:
        """Read the next chunk.

        Args:
            text: Whole lines.
            call: Number of the tool call that brought them.
        """
        read: list[Event] = []
        for line in text.split("\n"):
            if not line:
                continue
            self._lines += 1
            try:
                event = parse_line(line, call)
            except TraceError as error:
                self._unreadable.append(Unreadable(line, str(error)))
            else:
                if event is not None:
                    self._watch_clock(line, event.time)
                    read.append(event)
        read.sort(key=_order)
        if read and self._raw and _order(read[0]) < _order(self._raw[-1]):
            self._late = True
        self._raw += read

    def _watch_clock(self, line: str, time: float) -> None:
        """See whether a file's times go back, which only a clock that is set does."""
        file = line[: line.index("\t")]
        latest = self._latest.get(file, 0.0)
        if time < latest:
            self._set_back = max(self._set_back, latest - time)
        self._latest[file] = time

    def trace(self) -> Trace:
        """Return all that was read, in order and with absolute paths."""
        if self._late:
            # A file of a process that was written to while others were being read: its
            # lines come a chunk later. What they do to paths, they did before.
            self._raw.sort(key=_order)
            self._events, self._resolved = [], resolve(self._raw)
            self._late = False
        # One event comes out for each that goes in, and none is asked for that is not
        # there yet, so that the next chunk can go on where this one ended.
        new = len(self._raw) - len(self._events)
        self._events += islice(self._resolved, new)
        return Trace(
            list(self._events), list(self._unreadable), self._lines, self._set_back
        )


# --- one line ---------------------------------------------------------------------

_LINE = re.compile(r"([0-9]{1,10})\t([0-9]{1,12}\.[0-9]{6}) (.*)", re.DOTALL)
_CALL = re.compile(r"([0-9A-Za-z_]+)\(")
# A thread that was killed on the way into a call: strace finds no number, or one that
# no call has (`syscall_0xa5e` in a fork bomb; the kernel's end below 0x300), and the
# call never ran.
_NEVER_RAN = re.compile(
    r"(?:\?\?\?|syscall_0x(?:f{8,}[0-9a-f]+|[0-9a-f]{4,7}|[3-9a-f][0-9a-f]{2}))"
    r"\([0-9a-fx, ]*"
    r"(?:<unfinished \.\.\.>(?:\) += \?)?|\) += \?(?: <unavailable>)?)"
)
_ENDED = re.compile(
    r"exited with [0-9]+|killed by \w+(?: \(core dumped\))?"
    r"|(superseded) by execve in pid [0-9]+",
    re.ASCII,
)
_SIGNAL = re.compile(r"--- (?:stopped by \w+|\w+ \{.*\}) ---", re.ASCII)
_RESUMED = re.compile(
    r"<\.\.\. execve(?:at)? resumed>(?:\)( += .*)| <unfinished \.\.\.>)"
)
# A thread that calls execve takes over the id of its process; strace ends the thread's
# own file with this.
_PID_CHANGED = re.compile(r" <pid changed to ([0-9]{1,10}) \.\.\.>$")
# Of what is read so many are remembered, and none that is longer: enough for all that
# programs do unasked (a run of 100 samples has 2,600 texts, 116 characters long), and
# at most some 20 MB whatever an agent makes up.
_REMEMBERED = 8192
_LONGEST_REMEMBERED = 1024


class _Parsed(NamedTuple):
    """What stands behind the time of a line.

    Attributes:
        kind: Of the event; None for a line that carries none.
        fields: Those of the event that stand behind time, process and call.
        pid: The process that it is about, where the line itself names another one.
    """

    kind: type[Event] | None
    fields: tuple[Any, ...] = ()
    pid: int | None = None


_NOTHING = _Parsed(None)
# The fields of each kind of event behind time, process and call, in the order in which
# they are given to make one.
_FIELDS: dict[type[Event], Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(part.name for part in fields(kind)[3:]))
    for kind in (Change, Enter, Exec, Fork, Open, Signal, Special, Watch)
}


def parse_line(line: str, call: int) -> Event | None:
    r"""Read one line of a recording.

    Args:
        line: Without its newline.
        call: Number of the tool call that brought it.

    Returns:
        The event, with names as the process gave them; None for a line that carries
        none (a signal that arrived, the end of another thread by exec).

    Raises:
        TraceError: The line is none of those that strace or the recorder write.
    """
    parts = _LINE.fullmatch(line)
    if not parts:
        if line.startswith("!\t"):
            return _note(line[2:], call)
        raise TraceError("no process and time")
    pid, time, text = parts.groups()
    parse = _parse_cached if len(text) <= _LONGEST_REMEMBERED else _parse
    kind, rest, other = parse(text)
    if kind is None:
        return None
    return kind(float(time), int(pid) if other is None else other, call, *rest)


def _parse(text: str) -> _Parsed:
    """Read what stands behind the time.

    Raises:
        TraceError: strace does not write that.
    """
    head = _CALL.match(text)
    if head and head[1] in READERS:
        return _parse_call(head[1], text, head.end())
    if text.startswith("+++ ") and text.endswith(" +++"):
        ended = _ENDED.fullmatch(text, 4, len(text) - 4)
        if not ended:
            raise TraceError("no end of a process")
        return _NOTHING if ended[1] else _Parsed(Exit, (None, ended[0]))
    if _SIGNAL.fullmatch(text) or _NEVER_RAN.fullmatch(text):
        return _NOTHING
    resumed = _RESUMED.fullmatch(text)
    if resumed:  # the thread that called execve has the whole line
        read_result(resumed[1] or " = ?")
        return _NOTHING
    if not head:
        raise TraceError("no system call")
    raise TraceError(f"unexpected system call {head[1]}")


_parse_cached = lru_cache(maxsize=_REMEMBERED)(_parse)
forget = _parse_cached.cache_clear


def _parse_call(name: str, text: str, start: int) -> _Parsed:
    pid = None
    if name.startswith("execve") and (taken_over := _PID_CHANGED.search(text)):
        pid = int(taken_over[1])
        text = f"{text[: taken_over.start()]}) = 0"
    event = read_call(name, text, start)
    return _Parsed(type(event), _FIELDS[type(event)](event), pid)


# What each kind of note must say, and of what type that is.
_NOTES: dict[str, dict[str, type]] = {
    "session": {"reason": str, "shell": int, "home": str},
    "input": {"text": str, "to": str},
    "failure": {"reason": str},
    FILES_SEEN: {"seen": dict},
    "closed": {},
}


def _note(text: str, call: int) -> Note:
    try:
        fields = json.loads(text)
        kind = fields.pop("kind")
        for name, wanted in _NOTES[kind].items():
            if not isinstance(fields[name], wanted):
                raise TypeError(f"{name} is no {wanted.__name__}")
        for counts in fields.get("seen", {}).values():
            sum(counts.values())  # numbers, by what was seen
        at = float(fields.pop("at"))
        if not math.isfinite(at):
            raise ValueError("no time")
        return Note(at, 0, call, None, kind, fields)
    except (
        *(ValueError, KeyError, TypeError, AttributeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise TraceError(f"no note of the recorder: {error}") from error
