"""Trace text in, typed events out. Pure: no input, no output, no opinion.

A recording is what `proctor/recorder/recording.py` writes: lines of strace, each
with a process id and a tab before it, and notes of the recorder's own with `!` in
that place. Every line must be understood; what is not is counted, never skipped in
silence, because a sample with an unreadable line must not be given a verdict.

strace quotes and escapes every name (strace(1), "-s", "-y"; `print_quoted_string`
in its source), so a line is read from the left, token by token, and no name that an
agent makes up can be mistaken for syntax.
"""

import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .events import (
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
)
from .paths import resolve


class TraceError(ValueError):
    """A line that cannot be read."""


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
    """

    events: list[Event] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    lines: int = 0


class TraceReader:
    """Reads a recording chunk by chunk."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._raw: list[Event] = []
        self._unreadable: list[Unreadable] = []
        self._lines = 0

    def feed(self, text: str, call: int) -> None:
        """Read the next chunk.

        Args:
            text: Whole lines.
            call: Number of the tool call that brought them.
        """
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
                    self._raw.append(event)

    def trace(self) -> Trace:
        """Return all that was read, in order and with absolute paths."""
        ordered = sorted(self._raw, key=lambda event: event.time)
        return Trace(list(resolve(ordered)), list(self._unreadable), self._lines)


# --- one line ---------------------------------------------------------------------

_STAMP = re.compile(r"(\d+)\t(\d+\.\d{6}) ")
_CALL = re.compile(r"(\w+)\(")
# A thread that ended with its process on the way into a call; no number, no call.
_NEVER_RAN = re.compile(r"syscall_0xf{8,}[0-9a-f]+\(.*<unfinished \.\.\.>(?:\) = \?)?$")
# Strings, what a descriptor points to, brackets, and everything between.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?|<<|<[^<>]*>|[\[\]{}(),]|[^"<\[\]{}(),]+'
)
_RESULT = re.compile(
    r"\s*= (?:(-?\d+|0x[0-9a-f]+|\?)(?:<([^<>]*)>)?(?:\(deleted\))?)"
    r"(?: (E[A-Z0-9]+) \(.*\)| \(.*\)| \[.*\])?$"
)
_UNFINISHED = re.compile(r"\s*<(?:unfinished|pid changed to \d+) \.\.\.>$")
# A thread that calls execve takes over the id of its process; strace ends the thread's
# own file with this.
_PID_CHANGED = re.compile(r" <pid changed to (\d+) \.\.\.>$")
_DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)(?:<([^<>]*)>)?(?:\(deleted\))?$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?')
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


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
    if line.startswith("!\t"):
        return _note(line[2:], call)
    stamp = _STAMP.match(line)
    if not stamp:
        raise TraceError("no process and time")
    pid, time = int(stamp[1]), float(stamp[2])
    rest = line[stamp.end() :]
    if rest.startswith("+++ ") and rest.endswith(" +++"):
        how = rest[4:-4]
        return (
            None if how.startswith("superseded") else Exit(time, pid, call, None, how)
        )
    if rest.startswith("--- ") and rest.endswith(" ---"):
        return None
    if rest.startswith("<... ") and "resumed>" in rest:
        return None  # the thread that called execve has the whole line
    if _NEVER_RAN.match(rest):
        return None
    head = _CALL.match(rest)
    if not head:
        raise TraceError("no system call")
    reader = _READERS.get(head[1])
    if reader is None:
        raise TraceError(f"unexpected system call {head[1]}")
    taken_over = _PID_CHANGED.search(rest)
    if taken_over:
        pid, rest = int(taken_over[1]), f"{rest[: taken_over.start()]}) = 0"
    arguments, tail = _split(rest, head.end())
    try:
        return reader(_Call(time, pid, call, head[1], arguments, *_result(tail)))
    except (IndexError, ValueError) as error:
        raise TraceError(f"unreadable arguments: {error}") from error


_NOTES: dict[str, tuple[str, ...]] = {
    "session": ("reason", "shell", "home"),
    "input": ("text", "to"),
    "failure": ("reason",),
    "closed": (),
}


def _note(text: str, call: int) -> Note:
    try:
        fields = json.loads(text)
        kind = fields.pop("kind")
        for name in _NOTES[kind]:
            fields[name]  # a note must say what its kind says
        return Note(float(fields.pop("at")), 0, call, None, kind, fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TraceError(f"no note of the recorder: {error}") from error


def _split(text: str, start: int) -> tuple[list[str], str]:
    """Split a call's arguments at the commas between them.

    Returns:
        The arguments, and what stands behind the closing parenthesis.
    """
    arguments: list[str] = []
    depth, current, position = 0, "", start
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise TraceError(f"unreadable at column {position}")
        position = token.end()
        word = token[0]
        if word in "([{":
            depth += 1
        elif word in ")]}":
            depth -= 1
            if depth < 0:
                if current or arguments:
                    arguments.append(current.strip())
                return arguments, text[position:]
        elif word == "," and depth == 0:
            arguments.append(current.strip())
            current = ""
            continue
        elif depth == 0 and _UNFINISHED.match(word):
            continue
        current += word
    if text.endswith(" ...>"):
        return [*arguments, current.strip()], " = ?"
    raise TraceError("no end of the arguments")


def _result(tail: str) -> tuple[str, str | None, str | None]:
    match = _RESULT.match(tail)
    if not match:
        raise TraceError("no result")
    error = match[3]
    if match[1] == "?":
        error = error or "?"
    elif match[1].startswith("-") and not error:
        error = "EUNKNOWN"
    return match[1], match[2], error


@dataclass(slots=True)
class _Call:
    """A system call, taken apart."""

    time: float
    pid: int
    call: int
    name: str
    arguments: list[str]
    value: str
    points_to: str | None
    error: str | None

    def text(self, index: int) -> str:
        """Return a string argument; an unreadable address becomes an empty one."""
        argument = self._argument(index)
        match = _STRING.fullmatch(argument)
        if match:
            return unescape(match[1])
        if argument == "NULL" or argument.startswith("0x"):
            return ""
        raise TraceError(f"argument {index} is no string")

    def place(self, index: int) -> str | None:
        """Return what a descriptor argument points to, None where unknown."""
        match = _DESCRIPTOR.fullmatch(self._argument(index))
        if not match:
            raise TraceError(f"argument {index} is no descriptor")
        return unescape(match[2]) if match[2] is not None else None

    def number(self, index: int) -> int:
        """Return a number, without what strace says about it."""
        match = re.match(r"-?\d+", self._argument(index))
        if not match:
            raise TraceError(f"argument {index} is no number")
        return int(match[0])

    def flags(self, index: int) -> frozenset[str]:
        """Return the names of the flags that are set."""
        return frozenset(self._argument(index).split("|"))

    def _argument(self, index: int) -> str:
        try:
            return self.arguments[index]
        except IndexError:
            raise TraceError(f"{self.name} has no argument {index}") from None

    @property
    def common(self) -> tuple[float, int, int, str | None]:
        """The fields that every event has."""
        return self.time, self.pid, self.call, self.error


def unescape(text: str) -> str:
    """Undo strace's escapes.

    Args:
        text: What stands between the quotes.

    Returns:
        The name; bytes that are not UTF-8 become lone surrogates (PEP 383).
    """
    if "\\" not in text:
        return text

    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 8) & 0xFF])
        if match[2]:
            return bytes([int(match[2], 16)])
        return _LETTERS.get(match[3], match[3])

    raw = _ESCAPE.sub(one, text.encode("latin-1", "replace"))
    return raw.decode("utf-8", "surrogateescape")


def _strings(argument: str) -> list[str]:
    return [unescape(match[1]) for match in _STRING.finditer(argument)]


# --- from calls to events ---------------------------------------------------------
# A relative name is kept relative here, behind the folder it starts from where the
# call names one; `_resolve` makes it absolute.


def _name(call: _Call, place: int | None, index: int) -> str:
    name = call.text(index)
    folder = call.place(place) if place is not None else None
    return posixpath.join(folder, name) if folder is not None else name


def _open(place: int | None, index: int, flags: int | None) -> "_Reader":
    def read(call: _Call) -> Event:
        named = call.text(index)
        folder = call.place(place) if place is not None else None
        if flags is None:
            mode = frozenset({"O_WRONLY", "O_CREAT", "O_TRUNC"})
        elif call.name == "openat2":
            found = re.search(r"flags=([\w|]+)", call.arguments[flags])
            mode = frozenset(found[1].split("|") if found else ())
        else:
            mode = call.flags(flags)
        path = posixpath.join(folder, named) if folder is not None else named
        if call.error is None and call.points_to is not None:
            path = unescape(call.points_to)
        through = place is not None and call.arguments[place][0] != "A"
        opened = int(call.value) if call.error is None else -1
        return Open(*call.common, opened, path, named, folder, through, mode)

    return read


def _by_handle(call: _Call) -> Event:
    if call.error:
        return _special(call)
    path = unescape(call.points_to) if call.points_to else ""
    opened = int(call.value)
    return Open(*call.common, opened, path, "", None, True, call.flags(2))


def _exec(place: int | None, index: int) -> "_Reader":
    def read(call: _Call) -> Event:
        variables = dict(
            text.partition("=")[::2] for text in _strings(call.arguments[index + 2])
        )
        argv = tuple(_strings(call.arguments[index + 1]))
        return Exec(*call.common, _name(call, place, index), argv, variables)

    return read


def _fork(call: _Call) -> Event:
    flags = re.findall(r"CLONE_\w+", " ".join(call.arguments))
    child = int(call.value) if call.error is None else 0
    return Fork(*call.common, child, frozenset(flags))


# Calls whose last argument, a flag, makes another operation of them.
_BY_FLAG = {
    ("unlinkat", "AT_REMOVEDIR"): "rmdir",
    ("renameat2", "RENAME_EXCHANGE"): "exchange",
}


def _change(operation: str, *names: tuple[int | None, int]) -> "_Reader":
    def read(call: _Call) -> Event:
        paths = tuple(_name(call, place, index) for place, index in names)
        kind = _BY_FLAG.get((call.name, call.arguments[-1]), operation)
        return Change(*call.common, kind, paths)

    return read


def _change_open(operation: str) -> "_Reader":
    def read(call: _Call) -> Event:
        return Change(*call.common, operation, (call.place(0) or "",))

    return read


def _enter(call: _Call) -> Event:
    return Enter(*call.common, call.text(0))


def _enter_open(call: _Call) -> Event:
    return Enter(*call.common, call.place(0) or "")


def _signal(target: int, signal: int) -> "_Reader":
    def read(call: _Call) -> Event:
        return Signal(*call.common, call.number(target), call.arguments[signal])

    return read


_SOCKET_NAME = re.compile(r'sun_path="((?:[^"\\]|\\.)*)"')


def _bind(call: _Call) -> Event:
    """A socket that is given a name makes a file of that name."""
    name = _SOCKET_NAME.search(" ".join(call.arguments))
    if not name:
        return _special(call)
    return Change(*call.common, "mknod", (unescape(name[1]),))


def _special(call: _Call) -> Event:
    return Special(*call.common, call.name, tuple(call.arguments))


_SPECIAL = (
    "bpf",
    "connect",
    "io_uring_setup",
    "keyctl",
    "memfd_create",
    "mount",
    "name_to_handle_at",
    "perf_event_open",
    "pidfd_getfd",
    "pidfd_open",
    "pidfd_send_signal",
    "pivot_root",
    "process_vm_readv",
    "process_vm_writev",
    "seccomp",
    "ptrace",
    "setns",
    "umount",
    "umount2",
    "unshare",
    "userfaultfd",
)
_Reader = Callable[[_Call], Event]
_READERS: dict[str, _Reader] = {
    "open": _open(None, 0, 1),
    "openat": _open(0, 1, 2),
    "openat2": _open(0, 1, 2),
    "creat": _open(None, 0, None),
    "open_by_handle_at": _by_handle,
    "execve": _exec(None, 0),
    "execveat": _exec(0, 1),
    **dict.fromkeys(("fork", "vfork", "clone", "clone3"), _fork),
    "unlink": _change("unlink", (None, 0)),
    "unlinkat": _change("unlink", (0, 1)),
    "rmdir": _change("rmdir", (None, 0)),
    "link": _change("link", (None, 0), (None, 1)),
    "linkat": _change("link", (0, 1), (2, 3)),
    "symlink": _change("symlink", (None, 0), (None, 1)),
    "symlinkat": _change("symlink", (None, 0), (1, 2)),
    "rename": _change("rename", (None, 0), (None, 1)),
    "renameat": _change("rename", (0, 1), (2, 3)),
    "renameat2": _change("rename", (0, 1), (2, 3)),
    "mkdir": _change("mkdir", (None, 0)),
    "mkdirat": _change("mkdir", (0, 1)),
    "mknod": _change("mknod", (None, 0)),
    "mknodat": _change("mknod", (0, 1)),
    "chmod": _change("chmod", (None, 0)),
    "fchmodat": _change("chmod", (0, 1)),
    "fchmodat2": _change("chmod", (0, 1)),
    "fchmod": _change_open("chmod"),
    "chown": _change("chown", (None, 0)),
    "lchown": _change("chown", (None, 0)),
    "fchownat": _change("chown", (0, 1)),
    "fchown": _change_open("chown"),
    "truncate": _change("truncate", (None, 0)),
    "ftruncate": _change_open("truncate"),
    "chdir": _enter,
    "chroot": _enter,
    "fchdir": _enter_open,
    "kill": _signal(0, 1),
    "tkill": _signal(0, 1),
    "tgkill": _signal(0, 2),
    "rt_sigqueueinfo": _signal(0, 1),
    "rt_tgsigqueueinfo": _signal(0, 2),
    "bind": _bind,
    **dict.fromkeys(
        _SPECIAL,
        _special,
    ),
}
# The 32-bit calls of an x86 process have names of their own.
_READERS |= {
    f"{name}{suffix}": _READERS[name]
    for name, suffix in (
        ("chown", "32"),
        ("lchown", "32"),
        ("fchown", "32"),
        ("truncate", "64"),
        ("ftruncate", "64"),
    )
}
