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
import math
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
    Watch,
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
        # The process id decides between equal times, so that it does not matter in
        # which order the processes' files came.
        ordered = sorted(self._raw, key=lambda event: (event.time, event.pid))
        return Trace(list(resolve(ordered)), list(self._unreadable), self._lines)


# --- one line ---------------------------------------------------------------------

# Only what strace can have written is accepted, because a damaged line must not pass
# for another one: names are ASCII with escapes, and every call ends in a result.
_STAMP = re.compile(r"([0-9]{1,10})\t([0-9]{1,12}\.[0-9]{6}) ")
_CALL = re.compile(r"([0-9A-Za-z_]+)\(")
# A thread that was killed on the way into a call: strace finds no number, or a wrong
# one, and the call never ran.
_NEVER_RAN = re.compile(
    r"(?:\?\?\?|syscall_0x(?:f{8,}[0-9a-f]+|[0-9a-f]{4,7}))\([0-9a-fx, ]*"
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
_CODE = r'\\(?:["\\fnrtv]|x[0-9a-f]{2}|[0-3][0-7]{2}|[0-7]{1,2}(?![0-7]))'
_QUOTED = rf'"([ !#-\[\]-~]*(?:{_CODE}[ !#-\[\]-~]*)*)"(?:\.\.\.)?'
# What a descriptor leads to: a path, or the kernel's name for what has none.
_PLACE = rf"<((?:/|[0-9A-Za-z_-]+:)[ !#-;=?-\[\]-~]*(?:{_CODE}[ !#-;=?-\[\]-~]*)*)>"
_MARK = r"<(?:unfinished|pid changed to [0-9]+) \.\.\.>"
# Strings, what a descriptor points to, brackets, and everything between.
_TOKEN = re.compile(
    rf"{_QUOTED}|<<|{_PLACE}|{_MARK}|[\[\]{{}}(),]|[ !#-'*+.-;=-Z\\^-z|~-]+"
)
_RESULT = re.compile(
    r"\s*= (?:(-1) (?:(E[A-Z0-9]+) \(.*\)|\(errno [0-9]+\))"
    r"|(\?)(?: (E[A-Z0-9_]+) \(.*\)| <unavailable>)?"
    rf"|([0-9]+|0x[0-9a-f]+)(?:{_PLACE}(?:\(deleted\))?)?(?: \(.*\)| \[.*\])?)"
)
_UNFINISHED = re.compile(_MARK)
# A thread that calls execve takes over the id of its process; strace ends the thread's
# own file with this.
_PID_CHANGED = re.compile(r" <pid changed to ([0-9]{1,10}) \.\.\.>$")
_DESCRIPTOR = re.compile(rf"(-?[0-9]+|AT_FDCWD)(?:{_PLACE}(?:\(deleted\))?)?")
_STRING = re.compile(_QUOTED)
_ADDRESS = re.compile(r"0x[0-9a-f]+")
# strace prints no more of a name, and the kernel takes no longer one.
_LONGEST = 4096
_NUMBER = re.compile(r"(-?[0-9]+)(?: /\*.*\*/)?")
_MODE = re.compile(r"(?:S_I[A-Z]+\|)*0[0-7]*")
_ITEM = rf"(?:{_QUOTED}|0x[0-9a-f]+)"
_STRINGS = re.compile(
    rf"\[(?:{_ITEM}(?:, {_ITEM})*(?:, \.\.\. /\* 0x[0-9a-f]+ \*/)?)?\]"
    r"|NULL|0x[0-9a-f]+"
)
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
        ended = _ENDED.fullmatch(rest, 4, len(rest) - 4)
        if not ended:
            raise TraceError("no end of a process")
        return None if ended[1] else Exit(time, pid, call, None, ended[0])
    if _SIGNAL.fullmatch(rest) or _NEVER_RAN.fullmatch(rest):
        return None
    resumed = _RESUMED.fullmatch(rest)
    if resumed:  # the thread that called execve has the whole line
        _result(resumed[1] or " = ?")
        return None
    head = _CALL.match(rest)
    if not head:
        raise TraceError("no system call")
    reader = _READERS.get(head[1])
    if reader is None:
        raise TraceError(f"unexpected system call {head[1]}")
    taken_over = _PID_CHANGED.search(rest)
    if taken_over and head[1].startswith("execve"):
        pid, rest = int(taken_over[1]), f"{rest[: taken_over.start()]}) = 0"
    arguments, tail = _split(rest, head.end())
    outcome = _outcome(head[1], tail)
    taken = _Call(time, pid, call, head[1], arguments, *outcome)
    try:
        event = reader(taken)
    except (IndexError, ValueError) as error:
        raise TraceError(f"unreadable arguments: {error}") from error
    taken.check()
    return event


# What each kind of note must say, and of what type that is.
_NOTES: dict[str, dict[str, type]] = {
    "session": {"reason": str, "shell": int, "home": str},
    "input": {"text": str, "to": str},
    "failure": {"reason": str},
    "witness": {"seen": dict},
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


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _split(text: str, start: int) -> tuple[list[str], str]:
    """Split a call's arguments at the commas between them.

    Returns:
        The arguments, and what stands behind the closing parenthesis.
    """
    arguments: list[str] = []
    awaited, current, position, unfinished = [")"], "", start, False
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise TraceError(f"unreadable at column {position}")
        position = token.end()
        word = token[0]
        if unfinished and word != ")":
            raise TraceError("something behind an unfinished call")
        if word in _CLOSING:
            awaited.append(_CLOSING[word])
        elif word in _CLOSING.values():
            if word != awaited.pop():
                raise TraceError(f"{word} closes nothing")
            if not awaited:
                break
        elif len(awaited) == 1 and word == ",":
            arguments.append(current.strip())
            current = ""
            continue
        elif _UNFINISHED.fullmatch(word):
            # whatever strace was in the middle of, it closes only the parenthesis
            unfinished, awaited = True, [")"]
            continue
        current += word
    if awaited and not unfinished:
        raise TraceError("no end of the arguments")
    if current.strip() or arguments:
        arguments.append(current.strip())
    tail = text[position:] if not awaited else " = ?"
    if unfinished and tail.strip() != "= ?":
        raise TraceError("a result of an unfinished call")
    return arguments, tail


def _result(tail: str) -> tuple[str, str | None, str | None]:
    """Read what stands behind a call.

    Returns:
        The value, what a descriptor leads to, and the error: `?` where the process
        did not live to see the outcome.
    """
    match = _RESULT.fullmatch(tail)
    if not match:
        raise TraceError("no result")
    if match[1]:
        return match[1], None, match[2] or "EUNKNOWN"
    if match[3]:
        return match[3], None, match[4] or "?"
    return match[5], match[6], None


def _outcome(name: str, tail: str) -> tuple[str, str | None, str | None]:
    """Read the result of a call, with `?` for one that the kernel cannot have given.

    Of a thread that is killed in a call strace reads a register that holds something
    else (seen with strace 6.1 under load: `rename("a", "b") = 3`).
    """
    value, points_to, error = _result(tail)
    if error is None and value != "0" and name in _ANSWER_ZERO:
        error = "?"
    return value, points_to, error


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

    @property
    def nameless(self) -> bool:
        """Whether it succeeded, and only its arguments can say at what."""
        return self.error is None and self.points_to is None

    def text(self, index: int) -> str:
        """Return a string argument; an unreadable address becomes an empty one."""
        argument = self._argument(index)
        match = _STRING.fullmatch(argument)
        if match:
            name = unescape(match[1])
            if len(name) > _LONGEST:
                raise TraceError(f"argument {index} is longer than any name")
            return name
        if argument == "NULL":
            return ""
        if _ADDRESS.fullmatch(argument):
            if self.nameless:
                raise TraceError(f"argument {index} is a name that strace did not see")
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
        match = _NUMBER.fullmatch(self._argument(index))
        if not match:
            raise TraceError(f"argument {index} is no number")
        return int(match[1])

    def flags(self, index: int) -> frozenset[str]:
        """Return the names of the flags that a file is opened with."""
        return _modes(self._argument(index))

    def strings(self, index: int) -> tuple[str, ...]:
        """Return a list of strings, without the addresses that hold none."""
        argument = self._argument(index)
        if not _STRINGS.fullmatch(argument):
            raise TraceError(f"argument {index} is no list of strings")
        return tuple(unescape(match[1]) for match in _STRING.finditer(argument))

    def folder(self, place: int, name: str) -> str | None:
        """Return the folder that a name starts from, None where it does not matter.

        The kernel has no name for a folder whose path is longer than a page, and
        strace prints the bare number of a descriptor that leads there.
        """
        folder = self._rooted(place)
        if (
            folder is None
            and not name.startswith("/")
            and self.arguments[place] != "AT_FDCWD"
            and (self.nameless or (name and self._looked_up))
        ):
            raise TraceError(f"argument {place} is a folder without a name")
        return folder

    @property
    def _looked_up(self) -> bool:
        """Whether it failed after it had found the folder of its only name."""
        return self.error in _LOOKED_UP and self.name not in _TWO_NAMES

    def opened(self) -> str:
        """Return the file that was opened, by the kernel's name for it.

        It is missing where a second thread closed the descriptor before strace
        looked, and then the name that was asked for may have been a disguise.
        """
        if self.points_to is None:
            raise TraceError("what was opened has no name")
        return unescape(self.points_to)

    def file(self) -> str:
        """Return the file that the first argument, a descriptor, leads to."""
        file = self._rooted(0)
        if file is None and self.nameless:
            raise TraceError("argument 0 is a file without a name")
        return file or ""

    def _rooted(self, index: int) -> str | None:
        """Return what a descriptor leads to as an absolute path.

        A pipe is in no folder; without the slash its name would be taken for that of
        a file in the current one.
        """
        place = self.place(index)
        return place if place is None or place.startswith("/") else f"/{place}"

    def check(self) -> None:
        """Refuse what is not the whole of a line.

        Raises:
            TraceError: There are too few or too many arguments.
        """
        least, most = _ARGUMENTS.get(self.name, (0, len(self.arguments)))
        if not least <= len(self.arguments) <= most:
            raise TraceError(f"{self.name} with {len(self.arguments)} arguments")
        if self.name.startswith("mknod"):
            # a device has a number behind its mode, which makes the count uncertain
            mode = self.arguments[least - 1]
            if not _MODE.fullmatch(mode):
                raise TraceError(f"{mode} is no mode")

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


# --- from calls to events ---------------------------------------------------------
# A relative name is kept relative here, behind the folder it starts from where the
# call names one; `_resolve` makes it absolute.


def _name(call: _Call, place: int | None, index: int) -> str:
    name = call.text(index)
    folder = call.folder(place, name) if place is not None else None
    return posixpath.join(folder, name) if folder is not None else name


def _open(place: int | None, index: int, flags: int | None) -> "_Reader":
    def read(call: _Call) -> Event:
        named = call.text(index)
        folder = call.place(place) if place is not None else None
        path = _name(call, place, index)
        if flags is None:
            mode = frozenset({"O_WRONLY", "O_CREAT", "O_TRUNC"})
        elif call.name == "openat2":
            mode = _how(call.arguments[flags])
        else:
            mode = call.flags(flags)
        if call.error is None:
            path = call.opened()
        through = place is not None and call.arguments[place][0] != "A"
        opened = int(call.value) if call.error is None else -1
        return Open(*call.common, opened, path, named, folder, through, mode)

    return read


_ACCESS = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"}
# strace's `open_mode_flags`; one that is none of them is a flag cut short.
_OPEN_FLAGS = {
    *("O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK", "O_SYNC"),
    *("__O_SYNC", "O_DSYNC", "O_DIRECT", "O_LARGEFILE", "O_NOFOLLOW", "O_NOATIME"),
    *("O_CLOEXEC", "O_PATH", "O_TMPFILE", "__O_TMPFILE", "O_DIRECTORY", "FASYNC"),
}
_HOW = re.compile(
    r"\{flags=([\w|]+), (?:mode=[0-7]+, )?resolve=[\w|]+(?: /\* RESOLVE_\?\?\? \*/)?"
    r"(?:, /\* bytes .*)?\}",
    re.ASCII,
)


def _modes(text: str) -> frozenset[str]:
    access, *others = text.split("|")
    if access not in _ACCESS or not all(
        flag in _OPEN_FLAGS or _ADDRESS.fullmatch(flag) for flag in others
    ):
        raise TraceError(f"no flags of an open: {text}")
    return frozenset([access, *others])


def _how(text: str) -> frozenset[str]:
    """Read the flags in the structure of `openat2`; none where it is unreadable."""
    found = _HOW.fullmatch(text)
    if found:
        return _modes(found[1])
    if not _ADDRESS.fullmatch(text) and text != "NULL":
        raise TraceError("no structure of an openat2")
    return frozenset()


def _by_handle(call: _Call) -> Event:
    if call.error:
        return _special(call)
    opened = int(call.value)
    return Open(*call.common, opened, call.opened(), "", None, True, call.flags(2))


def _exec(place: int | None, index: int) -> "_Reader":
    def read(call: _Call) -> Event:
        variables = dict(text.partition("=")[::2] for text in call.strings(index + 2))
        argv = call.strings(index + 1)
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


# What is done to what a link leads to, where nothing says otherwise.
_ON_LINKS = {"lchown", "lchown32", "lsetxattr", "lremovexattr"}
FOLLOWING = {"chmod", "chown", "utime", "setxattr", "truncate"}


def _follows(call: _Call, operation: str) -> bool:
    """Whether a call acts on what a link in the last part of a name leads to."""
    last = call.arguments[-1]
    # a name that holds such a word is no flag
    flags = [] if last.startswith('"') else last.split("|")
    if "AT_SYMLINK_FOLLOW" in flags:
        return True
    itself = "AT_SYMLINK_NOFOLLOW" in flags or call.name in _ON_LINKS
    return operation in FOLLOWING and not itself


def _change(operation: str, *names: tuple[int | None, int]) -> "_Reader":
    def read(call: _Call) -> Event:
        paths = tuple(_name(call, place, index) for place, index in names)
        kind = _BY_FLAG.get((call.name, call.arguments[-1]), operation)
        return Change(*call.common, kind, paths, _follows(call, operation))

    return read


def _change_open(operation: str) -> "_Reader":
    def read(call: _Call) -> Event:
        return Change(*call.common, operation, (call.file(),))

    return read


def _enter(call: _Call) -> Event:
    return Enter(*call.common, call.text(0))


def _watch(call: _Call) -> Event:
    return Watch(*call.common, call.text(1))


def _times(call: _Call) -> Event:
    """Times are set of a name, or, with none, of what is open."""
    path = call.file() if call.arguments[1] == "NULL" else _name(call, 0, 1)
    return Change(*call.common, "utime", (path,), _follows(call, "utime"))


def _enter_open(call: _Call) -> Event:
    return Enter(*call.common, call.file())


def _signal(target: int, signal: int) -> "_Reader":
    def read(call: _Call) -> Event:
        return Signal(*call.common, call.number(target), call.arguments[signal])

    return read


_SOCKET_NAME = re.compile(rf"\{{sa_family=AF_UNIX(?:, sun_path=(@?){_QUOTED})?\}}")


def _bind(call: _Call) -> Event:
    """A socket that is given a name makes a file of that name."""
    name = _SOCKET_NAME.fullmatch(call.arguments[1])
    if name and name[2] and not name[1]:
        return Change(*call.common, "mknod", (unescape(name[2]),))
    if not name and call.arguments[1].startswith("{sa_family=AF_UNIX"):
        raise TraceError("no name of a socket")
    return _special(call)


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
    "shmat",
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
    "inotify_add_watch": _watch,
    **dict.fromkeys(("utime", "utimes"), _change("utime", (None, 0))),
    **dict.fromkeys(("utimensat", "futimesat"), _times),
    **dict.fromkeys(
        ("setxattr", "lsetxattr", "removexattr", "lremovexattr"),
        _change("setxattr", (None, 0)),
    ),
    **dict.fromkeys(("fsetxattr", "fremovexattr"), _change_open("setxattr")),
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

# How many arguments strace prints, at least and at most. A damaged line that has lost
# or doubled one would else be read as a deed with half of its names.
_COUNTS = {
    1: "unlink rmdir chdir chroot fchdir",
    2: "creat link symlink rename mkdir chmod fchmod truncate ftruncate kill tkill"
    " utime utimes removexattr lremovexattr fremovexattr",
    3: "execve unlinkat symlinkat mkdirat fchmodat chown lchown fchown tgkill bind"
    " rt_sigqueueinfo open_by_handle_at futimesat inotify_add_watch",
    4: "openat2 renameat fchmodat2 rt_tgsigqueueinfo utimensat",
    5: "execveat linkat renameat2 fchownat setxattr lsetxattr fsetxattr",
}
_ARGUMENTS: dict[str, tuple[int, int]] = {
    **{name: (n, n) for n, names in _COUNTS.items() for name in names.split()},
    **{"open": (2, 3), "openat": (3, 4), "mknod": (2, 3), "mknodat": (3, 4)},
}
_ARGUMENTS |= {
    name: _ARGUMENTS[name[:-2]]
    for name in _READERS
    if name.endswith(("32", "64")) and name[:-2] in _ARGUMENTS
}
_ANSWER_ZERO = _ARGUMENTS.keys() - {
    *("open", "openat", "openat2", "creat", "open_by_handle_at"),
    "inotify_add_watch",
}
# A call that fails with one of these had found the folder that its name starts from,
# unless it has two names, and the other one is to blame.
_LOOKED_UP = {
    *("ENOENT", "EACCES", "ENOTDIR", "EEXIST", "EISDIR", "ELOOP"),
    *("EXDEV", "ENOTEMPTY", "EROFS"),
}
_TWO_NAMES = {"linkat", "renameat", "renameat2", "symlinkat"}
