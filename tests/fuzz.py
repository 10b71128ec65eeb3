"""Throws lines at the parser: whole ones must be read exactly, broken ones refused.

    python -m tests.fuzz --lines 1000000 --seed 1

Whole lines come from a model of strace that was written from strace's own source
(`string_quote` and `printpathn` in `util.c`, `print_dirfd` in `open.c`, `printargv` in
`execve.c`), not from the parser. Broken lines are whole ones, made or recorded, that
were cut, doubled, swapped or overwritten. It ends with an error where the parser
crashes or reads a name that the line does not hold.
"""

import argparse
import json
import os
import posixpath
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from proctor.recorder.recording import Recording
from proctor.recorder.terminal import strace_command
from proctor.trace.events import Change, Enter, Event, Exec, Open, Special, Watch
from proctor.trace.reader import Trace, TraceReader, parse_line
from proctor.trace.text import TraceError

FIXTURES = Path(__file__).parent / "fixtures" / "trace"

# --- names ------------------------------------------------------------------------

# What a name is made of: strace's own words, all that it escapes, and digits behind
# it, because the number of an octal escape's digits depends on what follows.
HOSTILE = [
    *(b'"', b"\\", b"<", b">", b"'", b",", b", ", b"(", b")", b"[", b"]", b"{", b"}"),
    *(b"\n", b"\t", b"\r", b"\v", b"\f", b"\x01", b"\x1b", b"\x7f", b"\xff", b" "),
    *(b"0", b"7", b"8", b"9", b"\x011", b"\x1f8", b"\xe97", b"n", b"x41"),
    *(b'") = 3</etc/passwd>', b" <unfinished ...>", b'" <unfinished ...>) = ?'),
    *(b"+++ exited with 0 +++", b"--- SIGINT {} ---", b"<... execve resumed>) = 0"),
    *(b" <pid changed to 7 ...>", b'"...', b"...", b" (deleted)", b">(deleted)"),
    *(b"|AT_SYMLINK_FOLLOW|", b"|AT_SYMLINK_NOFOLLOW|", b"|", b"|O_CREAT"),
    *(b"AT_REMOVEDIR", b"AT_FDCWD", b"NULL", b"0x1", b") = 0", b" = -1 ENOENT (x)"),
    *(b'7\t1700000000.000001 unlink("x") = 0', b'!\t{"kind": "closed", "at": 1}'),
    *(
        b"\\303\\251",
        b"\\n",
        b"\\",
        "\u00e9\u20ac\U0001f600".encode(),
        b"\xc3",
        b"\x80",
    ),
    *(b"pipe:[1]", b"/", b"//", b"/../", b"./", b".", b"..", b"a", b"answers.txt"),
]


T = TypeVar("T")


class Chooser(Protocol):
    """Where the accidents come from: a seed, or hypothesis."""

    def choice(self, options: Sequence[T]) -> T:
        """Choose one of some options."""

    def name(self) -> bytes:
        """Make a name up."""


class Seeded:
    """Chooses by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def choice(self, options: Sequence[T]) -> T:
        return self.random.choice(options)

    def name(self) -> bytes:
        generator = self.random
        pieces = generator.choices(HOSTILE, k=generator.randint(0, 5))
        if generator.random() < 0.3:
            pieces.append(generator.randbytes(generator.randint(1, 12)))
        return b"".join(pieces).replace(b"\0", b"")


def text(raw: bytes) -> str:
    """Decode as the parser promises to."""
    return raw.decode("utf-8", "surrogateescape")


# --- a model of strace ------------------------------------------------------------

_NAMED_ESCAPES = {0x22: '"', 0x5C: "\\", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r"}


def escaped(raw: bytes, special: bytes = b"") -> str:
    """Escape as `string_quote` does; of a path behind a descriptor also `<` and `>`."""
    shown = []
    for place, byte in enumerate(raw):
        if byte in _NAMED_ESCAPES:
            shown.append("\\" + _NAMED_ESCAPES[byte])
        elif 0x20 <= byte < 0x7F and byte not in special:
            shown.append(chr(byte))
        else:
            octal_follows = raw[place + 1 : place + 2] in [b"%d" % n for n in range(8)]
            shown.append(f"\\{byte:03o}" if octal_follows else f"\\{byte:o}")
    return "".join(shown)


# `printpathn` fetches no more of a path, and `-s 4096` no more of another string.
PATH_LIMIT, STRING_LIMIT = 4095, 4096

# What a call's arguments look like: `$D` a folder, `$N` a name that starts there,
# `$F` an open file, `$A` words, `$E` variables, `$V` a text that names no file.
TEMPLATES = {
    "open": "$N, O_RDONLY|O_NOCTTY",
    "openat": "$D, $N, O_WRONLY|O_CREAT|O_TRUNC, 0600",
    "openat2": "$D, $N, {flags=O_RDWR|O_CLOEXEC, resolve=RESOLVE_BENEATH}, 24",
    "creat": "$N, 0600",
    "execve": "$N, $A, $E",
    "execveat": "$D, $N, $A, $E, AT_SYMLINK_NOFOLLOW",
    "unlink": "$N",
    "unlinkat": "$D, $N, 0",
    "rmdir": "$N",
    "link": "$N, $N",
    "linkat": "$D, $N, $D, $N, 0",
    "symlink": "$N, $N",
    "symlinkat": "$N, $D, $N",
    "rename": "$N, $N",
    "renameat": "$D, $N, $D, $N",
    "renameat2": "$D, $N, $D, $N, RENAME_NOREPLACE",
    "mkdir": "$N, 0755",
    "mkdirat": "$D, $N, 0755",
    "mknod": "$N, S_IFCHR|0600, makedev(0x1, 0x3)",
    "mknodat": "$D, $N, S_IFIFO|0600",
    "chmod": "$N, 0600",
    "fchmodat": "$D, $N, 0600",
    "fchmodat2": "$D, $N, 0600, AT_SYMLINK_NOFOLLOW",
    "fchmod": "$F, 0600",
    "chown": "$N, 1000, -1",
    "lchown": "$N, 1000, -1",
    "fchownat": "$D, $N, 1000, 1000, AT_EMPTY_PATH",
    "fchown": "$F, 1000, 1000",
    "truncate": "$N, 0",
    "ftruncate": "$F, 18446744073709551615",
    "utime": "$N, {actime=1 /* 1970-01-01T00:00:01+0000 */, modtime=2}",
    "utimes": "$N, NULL",
    "utimensat": "$D, $N, [UTIME_NOW, {tv_sec=1, tv_nsec=0} /* 1970 */], 0",
    "futimesat": "$D, $N, NULL",
    "setxattr": "$N, $V, $V, 5, XATTR_CREATE",
    "lsetxattr": "$N, $V, $V, 5, 0",
    "fsetxattr": "$F, $V, $V, 5, 0",
    "removexattr": "$N, $V",
    "lremovexattr": "$N, $V",
    "fremovexattr": "$F, $V",
    "chdir": "$N",
    "chroot": "$N",
    "fchdir": "$F",
    "inotify_add_watch": "9<anon_inode:inotify>, $N, IN_MODIFY|IN_OPEN",
    "bind": "3<socket:[77]>, {sa_family=AF_UNIX, sun_path=$N}, 110",
    "connect": "3<socket:[77]>, {sa_family=AF_UNIX, sun_path=$V}, 110",
    "mount": "$V, $V, $V, MS_RDONLY, $V",
    "umount2": "$V, MNT_DETACH",
    "pivot_root": "$V, $V",
    "memfd_create": "$V, MFD_CLOEXEC",
    "name_to_handle_at": "4</d>, $V, {handle_bytes=8 => 12}, 0x7ffdc2e49fdc, 0",
}
TEMPLATES |= {
    f"{name}{bits}": TEMPLATES[name]
    for name, bits in (
        *(("chown", 32), ("lchown", 32), ("fchown", 32)),
        *(("truncate", 64), ("ftruncate", 64)),
    )
}
OPENS = {"open", "openat", "openat2", "creat"}
NUMBERS = {"inotify_add_watch", "memfd_create"}
# How a call ends other than well, and what of it is the error.
FAILURES = [
    (") = -1 ENOENT (No such file or directory)", "ENOENT"),
    (") = -1 EACCES (Permission denied)", "EACCES"),
    (") = -1 ENOTDIR (Not a directory)", "ENOTDIR"),
    (") = -1 EBADF (Bad file descriptor)", "EBADF"),
    (") = -1 (errno 599)", "EUNKNOWN"),
    (") = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", "ERESTARTSYS"),
    (") = ? ERESTART_RESTARTBLOCK (Interrupted by signal)", "ERESTART_RESTARTBLOCK"),
    (") = ?", "?"),
    (") = ? <unavailable>", "?"),
    (" <unfinished ...>) = ?", "?"),
    (" <unfinished ...>", "?"),
]


@dataclass(frozen=True)
class Sentence:
    """A line as strace writes it, and what it says.

    Attributes:
        parts: The line in pieces, each with the field that it is the content of, if
            any; the items of one list are one field.
        call: The system call.
        names: All that it names, in the order of `names_of`.
        error: The error that it ended with.
    """

    parts: tuple[tuple[str, str | None], ...]
    call: str
    names: tuple[str | None, ...]
    error: str | None

    @property
    def line(self) -> str:
        return "".join(piece for piece, _ in self.parts)

    def fields(self) -> Iterator[tuple[int, int, str]]:
        """Yield where each field's content begins and ends, and the field."""
        position = 0
        for piece, name in self.parts:
            if name is not None:
                yield position, position + len(piece), name
            position += len(piece)


@dataclass
class _Saying:
    """A line in the making."""

    call: str
    chooser: Chooser
    parts: list[tuple[str, str | None]] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    folder: bytes | None = None
    starts_at: str | None = None

    def put(self, piece: str, name: str | None = None) -> None:
        self.parts.append((piece, name))

    def string(self, raw: bytes, limit: int, name: str) -> bytes:
        """Print a string; return as much of it as strace shows."""
        self.put('"')
        self.put(escaped(raw[:limit]), name)
        self.put('"...' if len(raw) > limit else '"')
        return raw[:limit]

    def place(self, raw: bytes) -> None:
        self.put("<")
        self.put(escaped(raw, b"<>"), f"place {len(self.parts)}")
        self.put(">")

    def slot(self, kind: str) -> None:
        """Fill a slot of a template."""
        match kind:
            case "D":
                self._folder()
            case "F":
                raw = b"/" + self.chooser.name()
                self.put("5")
                self.place(raw)
                self.put(self.chooser.choice(["", "(deleted)"]))
                self.names.append(text(raw))
            case "N":
                self._name()
            case "V":
                raw = self.chooser.name()
                shown = self.string(raw, STRING_LIMIT, f"text {len(self.parts)}")
                if self.call in SPECIAL:
                    self.names.append(text(shown))
            case "A":
                self._list("words", [self.chooser.name() for _ in range(3)])
            case "E":
                named = [b"A%d=" % n + self.chooser.name() for n in range(2)]
                self._list("variables", named)

    def _folder(self) -> None:
        self.folder = b"/" + self.chooser.name()
        form = self.chooser.choice(["AT_FDCWD", "AT_FDCWD", "6", "bare"])
        if form == "bare":
            # of a folder whose path is too long for the kernel there is no name
            self.folder = None
            form = "AT_FDCWD"
        self.put(form)
        if self.folder is not None:
            self.place(self.folder)
        self.starts_at = None if self.folder is None else text(self.folder)

    def _name(self) -> None:
        raw = self.chooser.name()
        if self.call == "bind":
            raw = raw[:100] or b"x"
        shown = self.string(raw, PATH_LIMIT, f"name {len(self.parts)}")
        if self.call in OPENS:
            self.names.append(text(shown))
        folder, self.folder = self.folder, None
        if folder is not None and not shown.startswith(b"/"):
            shown = folder.removesuffix(b"/") + b"/" + shown
        self.names.append(text(shown))

    def _list(self, name: str, items: list[bytes]) -> None:
        self.put("[")
        for number, item in enumerate(items):
            self.put(", " if number else "")
            self.names.append(text(self.string(item, STRING_LIMIT, name)))
        self.put("]")


SPECIAL = {"connect", "mount", "umount2", "pivot_root", "memfd_create"} | {
    "name_to_handle_at"
}


def say(call: str, chooser: Chooser, *, failed: bool) -> Sentence:
    """Make a line up, and say what it says."""
    saying = _Saying(call, chooser)
    saying.put(f"7\t1700000000.000001 {call}(")
    for number, piece in enumerate(re.split(r"\$([A-Z])", TEMPLATES[call])):
        if number % 2:
            saying.slot(piece)
        else:
            saying.put(piece)
    error = None
    if failed:
        ending, error = chooser.choice(FAILURES)
        saying.put(ending)
    elif call in OPENS:
        # what was asked for is no matter where the kernel says what was opened
        raw = b"/" + chooser.name()
        saying.names[-1] = text(raw)
        saying.put(") = 3")
        saying.place(raw)
        saying.put(chooser.choice(["", "(deleted)"]))
    elif call == "execve" and chooser.choice([True, False]):
        saying.put(" <pid changed to 9 ...>")
    else:
        # as far as the others are printed, the results stand below each other
        saying.put(")".ljust(chooser.choice([1, 9])))
        saying.put(" = 1" if call in NUMBERS else " = 0")
    names: list[str | None] = list(saying.names)
    if call in OPENS:
        names.append(saying.starts_at)
    return Sentence(tuple(saying.parts), call, tuple(names), error)


def names_of(event: Event) -> tuple[str | None, ...]:
    """Return all that an event names."""
    match event:
        case Open():
            return event.named, event.path, event.relative_to
        case Exec():
            variables = (f"{key}={value}" for key, value in event.environment.items())
            return event.path, *event.argv, *variables
        case Change():
            return event.paths
        case Enter() | Watch():
            return (event.path,)
        case Special():
            words = " ".join(event.arguments)
            return tuple(strings(words))
    return ()


def crooked(event: Event) -> list[str]:
    """Return the paths of a resolved event that are not absolute and normalised."""
    match event:
        case Open(error=str()) | Exec() | Enter() | Watch():
            paths: tuple[str, ...] = (event.path,)
        case Change(operation="symlink"):
            paths = event.paths[1:]  # the target stays as it was written
        case Change():
            paths = event.paths
        case _:
            paths = ()
    return [
        path
        for path in paths
        if not path.startswith("/")
        or path.startswith("//")
        or path != posixpath.normpath(path)
    ]


# --- an independent reading -------------------------------------------------------

_CONTENT = re.compile(r'"((?:[^"\\]|\\.)*)"|<([^<> ][^<>]*)>')


def unescaped(shown: str) -> str:
    """Undo escapes one by one, the slow and plain way."""
    raw, rest = bytearray(), shown
    letters = {letter: byte for byte, letter in _NAMED_ESCAPES.items()}
    while rest:
        octal = re.match(r"\\([0-7]{1,3})", rest)
        if octal:
            raw.append(int(octal[1], 8) & 0xFF)
            rest = rest[octal.end() :]
        elif rest.startswith("\\x"):
            raw += bytes.fromhex(rest[2:4]) if rest[2:4].isalnum() else b""
            rest = rest[4:]
        elif rest[0] == "\\" and len(rest) > 1:
            raw.append(letters.get(rest[1], ord("?")))
            rest = rest[2:]
        else:
            raw += rest[0].encode("latin-1", "replace")
            rest = rest[1:]
    return text(bytes(raw))


def strings(line: str) -> list[str]:
    """Return the contents of all strings of a line."""
    found = _CONTENT.finditer(line)
    return [unescaped(match[1]) for match in found if match[1] is not None]


def explained(event: Event, line: str) -> bool:
    """Whether each name of an event is a whole string or place of its line."""
    shown = strings(line)
    places = [unescaped(m[2]) for m in _CONTENT.finditer(line) if m[2] is not None]
    # a pipe is read as if it lay in the root
    folders = {place if place.startswith("/") else f"/{place}" for place in places}
    joined = {
        f"{folder.removesuffix('/')}/{name}" for folder in folders for name in shown
    }
    whole = {None, "", *shown, *places, *folders, *joined}
    whole |= {f"{folder.removesuffix('/')}/" for folder in folders}
    if isinstance(event, Exec):
        whole |= {f"{name}=" for name in shown}  # a variable without a value
    return all(name in whole for name in names_of(event))


# --- damage -----------------------------------------------------------------------


def _span(line: str, generator: random.Random) -> tuple[int, int]:
    start = generator.randrange(len(line) + 1)
    return start, min(len(line), start + generator.choice([0, 1, 2, 5, 15, 60]))


def _cut(line: str, generator: random.Random) -> str:
    start, end = _span(line, generator)
    return line[:start] + line[end:]


def _truncate(line: str, generator: random.Random) -> str:
    return line[: generator.randrange(len(line) + 1)]


def _behead(line: str, generator: random.Random) -> str:
    return line[generator.randrange(len(line) + 1) :]


def _double(line: str, generator: random.Random) -> str:
    start, end = _span(line, generator)
    return line[:end] + line[start:]


def _swap(line: str, generator: random.Random) -> str:
    one, two = sorted([_span(line, generator), _span(line, generator)])
    if one[1] > two[0]:
        return line
    middle = line[one[1] : two[0]]
    swapped = line[slice(*two)] + middle + line[slice(*one)]
    return line[: one[0]] + swapped + line[two[1] :]


_SYNTAX = [
    "9" * 5000,
    *'"<>()[]{},=\\ +-.?0x7|',
    '", "',
    "...",
    " = 0",
    "NULL",
    "\x00",
    "\xe9",
    "\u0663",
]


def _overwrite(line: str, generator: random.Random) -> str:
    start, end = _span(line, generator)
    return line[:start] + generator.choice(_SYNTAX) + line[end:]


def _insert(line: str, generator: random.Random) -> str:
    start, _ = _span(line, generator)
    return line[:start] + generator.choice(_SYNTAX) + line[start:]


DAMAGES: list[Callable[[str, random.Random], str]] = [
    *(_cut, _truncate, _behead, _double, _swap, _overwrite, _insert)
]


def damaged(line: str, generator: random.Random) -> str:
    """Damage a line once, or now and then thrice."""
    for _ in range(generator.choice([1, 1, 1, 3])):
        line = generator.choice(DAMAGES)(line, generator)
    return line.replace("\n", "")


# --- the run ----------------------------------------------------------------------


@dataclass
class Result:
    """What came of a run; `faults` are lines with what was wrong with them."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def fault(self, kind: str, line: str, what: str) -> None:
        self.counts[kind] += 1
        self.faults.append((line, f"{kind}: {what}"))

    def table(self) -> str:
        rows = ["lines", "valid", "mutated", "unreadable", "crashes", "misread"]
        said = [f"{row:>12} {self.counts[row]:>10,}" for row in rows]
        rate = self.counts["lines"] / max(self.seconds, 1e-9)
        return "\n".join([*said, f"{'lines/s':>12} {rate:>10,.0f}"])


def recorded() -> list[str]:
    """Return all lines of the fixtures, as real strace wrote them."""
    files = sorted(FIXTURES.glob("**/*.txt"))
    return [line for f in files for line in f.read_text(encoding="utf-8").splitlines()]


def _check_whole(sentence: Sentence, result: Result) -> None:
    result.counts["valid"] += 1
    line = sentence.line
    try:
        event = parse_line(line, 1)
    except TraceError as error:
        result.fault("misread", line, f"refused, {error}")
    except Exception as error:
        result.fault("crashes", line, repr(error))
    else:
        said = (event and names_of(event), event and event.error)
        if said != (sentence.names, sentence.error):
            result.fault("misread", line, f"{said} for {sentence.names}")


def _check_damaged(line: str, result: Result) -> None:
    result.counts["mutated"] += 1
    try:
        event = parse_line(line, 1)
    except TraceError:
        result.counts["unreadable"] += 1
    except Exception as error:
        result.fault("crashes", line, repr(error))
    else:
        if event is not None and not explained(event, line):
            result.fault("misread", line, f"{names_of(event)}")


def _check_together(lines: list[str], result: Result) -> None:
    """Read lines as one recording: each is counted, and each name is made a path."""
    reader = TraceReader()
    try:
        reader.feed("\n".join(lines), 1)
        trace = reader.trace()
    except Exception as error:
        result.fault("crashes", f"{len(lines)} lines together", repr(error))
        return
    if trace.lines != sum(map(bool, lines)):
        result.fault("misread", f"{len(lines)} lines together", f"{trace.lines}")
    for event in trace.events:
        if crooked(event):
            result.fault("misread", repr(event), f"{crooked(event)} is no path")


def run(lines: int, seed: int) -> Result:
    """Try some thousand lines: half of them whole, half of them damaged."""
    result, chooser, real = Result(), Seeded(seed), recorded()
    calls, generator = sorted(TEMPLATES), chooser.random
    began, batch = time.perf_counter(), list[str]()
    for number in range(lines):
        sentence = say(generator.choice(calls), chooser, failed=number % 4 < 2)
        if number % 2:
            line = sentence.line
            _check_whole(sentence, result)
        else:
            source = generator.choice(real) if number % 4 else sentence.line
            line = damaged(source, generator)
            _check_damaged(line, result)
        batch.append(line)
        if len(batch) == 1000:
            _check_together(batch, result)
            batch.clear()
    result.counts["lines"] = lines
    result.seconds = time.perf_counter() - began
    return result


# --- under the real strace --------------------------------------------------------

# Does everything that can be done to a name to names that it is given, and writes down
# itself what it did: the call, the names, how it ended, and in which folder.
PROGRAM = """
import errno, json, os, socket, sys

names = [bytes.fromhex(name) for name in json.load(open(sys.argv[1]))]
done = []

def do(what, call, *used):
    error, folder = None, os.getcwdb()
    try:
        call()
    except OSError as failure:
        error = errno.errorcode[failure.errno]
    done.append([what, [name.hex() for name in used], error, folder.hex()])

def made(name, flags, **folder):
    os.close(os.open(name, flags, 0o600, **folder))

def bound(name):
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(name)

NEW = os.O_RDWR | os.O_CREAT
os.mkdir(b"begin")
for number in range(0, len(names) - 3, 4):
    a, b, c, d = names[number : number + 4]
    do("open", lambda: made(a, os.O_RDONLY), a)
    do("open", lambda: made(a, NEW), a)
    do("link", lambda: os.link(a, b), a, b)
    do("rename", lambda: os.rename(b, c), b, c)
    do("symlink", lambda: os.symlink(d, b), d, b)
    do("chmod", lambda: os.chmod(a, 0o600), a)
    do("truncate", lambda: os.truncate(a, 1), a)
    do("unlink", lambda: os.unlink(b), b)
    do("unlink", lambda: os.unlink(c), c)
    do("unlink", lambda: os.unlink(c), c)
    do("mkdir", lambda: os.mkdir(d), d)
    do("enter", lambda: os.chdir(d), d)
    do("open", lambda: made(b, NEW), b)
    do("open", lambda: made(c, os.O_RDONLY), c)
    do("enter", lambda: os.chdir(b".."), b"..")
    folder = os.open(d, os.O_PATH)
    done.append(["open", [d.hex()], None, os.getcwdb().hex()])
    do("unlink", lambda: os.unlink(b, dir_fd=folder), d + b"/" + b)
    do("mkdir", lambda: os.mkdir(c, dir_fd=folder), d + b"/" + c)
    do("rmdir", lambda: os.rmdir(c, dir_fd=folder), d + b"/" + c)
    do("rmdir", lambda: os.rmdir(a, dir_fd=folder), d + b"/" + a)
    os.close(folder)
    do("rmdir", lambda: os.rmdir(d), d)
    do("unlink", lambda: os.unlink(a), a)
    variable = {b"A" + d.replace(b"=", b""): c}
    do("exec", lambda: os.execve(b"/nowhere/" + a, [b, c, d], variable), a, b, c, d)
    do("mknod", lambda: bound(a[:100]), a[:100])
    do("unlink", lambda: os.unlink(a[:100]), a[:100])
    if number % 40 == 0:
        os.waitpid(os.posix_spawn("/bin/true", [a, b, c, d], {b"A": d}), 0)
        done.append(["spawn", [a.hex(), b.hex(), c.hex(), d.hex()], None, ""])
os.mkdir(b"end")
json.dump(done, open(sys.argv[2], "w"))
"""


def usable(chooser: Seeded, count: int) -> list[bytes]:
    """Make up names that a file can have, no two alike."""
    names: dict[bytes, None] = {}
    while len(names) < count:
        name = chooser.name().replace(b"/", b"")[:200]
        number = b"%d" % len(names)
        names[chooser.choice([number + name, name + number])] = None
    return list(names)


def perform(names: Sequence[bytes], folder: Path) -> tuple[Trace, list[list[Any]]]:
    """Have names used under strace, with the recorder's own command line.

    Args:
        names: What to use; see `usable`.
        folder: An empty folder.

    Returns:
        What was recorded, and what the program says that it did.
    """
    traces, work = folder / "traces", folder / "work"
    traces.mkdir()
    work.mkdir()
    (folder / "names").write_text(json.dumps([name.hex() for name in names]))
    subprocess.run(
        [
            *strace_command(str(traces / "t")),
            *(sys.executable, "-I", "-S", "-c", PROGRAM),
            *(str(folder / "names"), str(folder / "done")),
        ],
        cwd=work,
        check=True,
    )
    reader, recording, more = TraceReader(), Recording(str(traces)), True
    home = json.dumps(
        {"kind": "session", "at": 0, "reason": "", "shell": 1, "home": str(work)}
    )
    reader.feed(f"!\t{home}\n", 1)
    while more:
        chunk, more = recording.take(100_000)
        reader.feed(chunk, 1)
    return reader.trace(), json.loads((folder / "done").read_text())


def _told(event: Event) -> tuple[str, tuple[str, ...], str | None] | None:
    """Say what an event is about in the program's own terms."""
    match event:
        case Open():
            return "open", (event.named, event.path), event.error
        case Enter():
            return "enter", (event.path,), event.error
        case Change():
            return event.operation, event.paths, event.error
        case Exec():
            variables = tuple(f"{k}={v}" for k, v in event.environment.items())
            return "exec", (event.path, *event.argv, *variables), event.error
    return None


def _claimed(operation: list[Any]) -> tuple[str, tuple[str, ...], str | None]:
    """Say what the program claims in terms of `_told`."""
    what, used, error, _ = operation
    names = [bytes.fromhex(name) for name in used]
    folder = bytes.fromhex(operation[3])
    full = [folder + b"/" + name for name in names]
    match what:
        case "open":
            said = [names[0], full[0]]
        case "enter" if names == [b".."]:
            said = [os.path.dirname(folder)]
        case "symlink":
            said = [names[0], full[1]]
        case "exec":
            a, b, c, d = names
            variable = b"A" + d.replace(b"=", b"") + b"=" + c
            said = [b"/nowhere/" + a, b, c, d, variable]
        case _:
            said = full
    return what, tuple(map(text, said)), error


def compare(trace: Trace, operations: list[list[Any]]) -> list[str]:
    """Compare a recording with what its program says that it did.

    Returns:
        What is wrong, in words; nothing where they agree.
    """
    wrong = [f"unreadable: {u.line!r}: {u.reason}" for u in trace.unreadable]
    told = [(event.pid, _told(event)) for event in trace.events]
    first = next(n for n, (_, t) in enumerate(told) if t and t[1][0].endswith("/begin"))
    pid = told[first][0]
    last = next(n for n, (_, t) in enumerate(told) if t and t[1][0].endswith("/end"))
    own = [t for p, t in told[first + 1 : last] if t and p == pid]
    claims = [
        _claimed(operation) for operation in operations if operation[0] != "spawn"
    ]
    if len(own) != len(claims):
        wrong.append(f"{len(own)} operations recorded, {len(claims)} done")
    pairs = zip(own, claims, strict=False)
    wrong += [f"{have} for {want}" for have, want in pairs if have != want]
    spawned = [
        (event.argv, event.environment)
        for event in trace.events
        if isinstance(event, Exec) and event.path == "/bin/true"
    ]
    for operation in operations:
        if operation[0] == "spawn":
            words = tuple(text(bytes.fromhex(name)) for name in operation[1])
            if (words, {"A": words[3]}) not in spawned:
                wrong.append(f"not spawned: {words}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--names", type=int, default=0, help="to use under strace")
    options = parser.parse_args()
    result = run(options.lines, options.seed)
    print(f"seed {options.seed}\n{result.table()}")
    for line, what in result.faults[:20]:
        print(f"\n{line!r}\n  {what}")
    wrong: list[str] = []
    if options.names:
        with tempfile.TemporaryDirectory() as folder:
            names = usable(Seeded(options.seed), options.names)
            trace, operations = perform(names, Path(folder))
            wrong = compare(trace, operations)
            for label, number in (
                ("real operations", len(operations)),
                ("wrong", len(wrong)),
            ):
                print(f"{label:>12} {number:>10,}")
        print(*wrong[:20], sep="\n")
    return 1 if result.faults or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
