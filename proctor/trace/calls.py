"""From a system call, taken apart, to the event that it is. Pure.

What a call says does not depend on when and by whom it was made, so the events here
have neither; `proctor/trace/reader.py` puts that in.
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from .events import Change, Enter, Event, Exec, Fork, Open, Signal, Special, Watch
from .text import (
    ADDRESS,
    DESCRIPTOR,
    LONGEST,
    MODE,
    NUMBER,
    QUOTED,
    STRING,
    STRINGS,
    TraceError,
    read_result,
    split,
    unescape,
)


def read_call(name: str, text: str, start: int) -> Event:
    """Read a system call.

    Args:
        name: Of the call; one of `READERS`.
        text: What stands behind the time.
        start: Where the first argument begins.

    Returns:
        The event, with names as the process gave them, and at no time.

    Raises:
        TraceError: It is not what strace writes of such a call.
    """
    arguments, tail = split(text, start)
    taken = _Call(name, arguments, *_outcome(name, tail))
    try:
        event = READERS[name](taken)
    except (IndexError, ValueError) as error:
        raise TraceError(f"unreadable arguments: {error}") from error
    taken.check()
    return event


def _outcome(name: str, tail: str) -> tuple[str, str | None, str | None]:
    """Read the result of a call, with `?` for one that the kernel cannot have given.

    Of a thread that is killed in a call strace reads a register that holds something
    else (seen with strace 6.1 under load: `rename("a", "b") = 3`).
    """
    value, points_to, error = read_result(tail)
    if error is None and value != "0" and name in _ANSWER_ZERO:
        error = "?"
    return value, points_to, error


@dataclass(slots=True)
class _Call:
    """A system call, taken apart."""

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
        match = STRING.fullmatch(argument)
        if match:
            name = unescape(match[1])
            if len(name) > LONGEST:
                raise TraceError(f"argument {index} is longer than any name")
            return name
        if argument == "NULL":
            return ""
        if ADDRESS.fullmatch(argument):
            if self.nameless:
                raise TraceError(f"argument {index} is a name that strace did not see")
            return ""
        raise TraceError(f"argument {index} is no string")

    def target(self, index: int) -> str | None:
        """Return what a descriptor argument points to, None where unknown."""
        match = DESCRIPTOR.fullmatch(self._argument(index))
        if not match:
            raise TraceError(f"argument {index} is no descriptor")
        return unescape(match[2]) if match[2] is not None else None

    def number(self, index: int) -> int:
        """Return a number, without what strace says about it."""
        match = NUMBER.fullmatch(self._argument(index))
        if not match:
            raise TraceError(f"argument {index} is no number")
        return int(match[1])

    def flags(self, index: int) -> frozenset[str]:
        """Return the names of the flags that a file is opened with."""
        return _modes(self._argument(index))

    def strings(self, index: int) -> tuple[str, ...]:
        """Return a list of strings, without the addresses that hold none."""
        argument = self._argument(index)
        if not STRINGS.fullmatch(argument):
            raise TraceError(f"argument {index} is no list of strings")
        return tuple(unescape(match[1]) for match in STRING.finditer(argument))

    def folder(self, at: int, name: str) -> str | None:
        """Return the folder that a name starts from, None where it does not matter.

        The kernel has no name for a folder whose path is longer than a page, and
        strace prints the bare number of a descriptor that leads there.
        """
        folder = self._rooted(at)
        if (
            folder is None
            and not name.startswith("/")
            and self.arguments[at] != "AT_FDCWD"
            and (self.nameless or (name and self._looked_up))
        ):
            raise TraceError(f"argument {at} is a folder without a name")
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
        target = self.target(index)
        if target is None or target.startswith("/"):
            return target
        return f"/{target}"

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
            if not MODE.fullmatch(mode):
                raise TraceError(f"{mode} is no mode")

    def _argument(self, index: int) -> str:
        try:
            return self.arguments[index]
        except IndexError:
            raise TraceError(f"{self.name} has no argument {index}") from None

    @property
    def common(self) -> tuple[float, int, int, str | None]:
        """The fields that every event has; when and by whom is not known here."""
        return 0.0, 0, 0, self.error


# --- from calls to events ---------------------------------------------------------
# A relative name is kept relative here, behind the folder it starts from where the
# call names one; `resolve` in `proctor/trace/paths.py` makes it absolute.


def _name(call: _Call, at: int | None, index: int) -> str:
    name = call.text(index)
    folder = call.folder(at, name) if at is not None else None
    return posixpath.join(folder, name) if folder is not None else name


def _open(at: int | None, index: int, flags: int | None) -> "_Reader":
    def read(call: _Call) -> Event:
        named = call.text(index)
        folder = call.target(at) if at is not None else None
        path = _name(call, at, index)
        if flags is None:
            mode = frozenset({"O_WRONLY", "O_CREAT", "O_TRUNC"})
        elif call.name == "openat2":
            mode = _how(call.arguments[flags])
        else:
            mode = call.flags(flags)
        if call.error is None:
            path = call.opened()
        through = at is not None and call.arguments[at][0] != "A"
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


@lru_cache(maxsize=256)
def _modes(text: str) -> frozenset[str]:
    access, *others = text.split("|")
    if access not in _ACCESS or not all(
        flag in _OPEN_FLAGS or ADDRESS.fullmatch(flag) for flag in others
    ):
        raise TraceError(f"no flags of an open: {text}")
    return frozenset([access, *others])


def _how(text: str) -> frozenset[str]:
    """Read the flags in the structure of `openat2`; none where it is unreadable."""
    found = _HOW.fullmatch(text)
    if found:
        return _modes(found[1])
    if not ADDRESS.fullmatch(text) and text != "NULL":
        raise TraceError("no structure of an openat2")
    return frozenset()


def _by_handle(call: _Call) -> Event:
    if call.error:
        return _special(call)
    opened = int(call.value)
    return Open(*call.common, opened, call.opened(), "", None, True, call.flags(2))


def _exec(at: int | None, index: int) -> "_Reader":
    def read(call: _Call) -> Event:
        variables = dict(text.partition("=")[::2] for text in call.strings(index + 2))
        argv = call.strings(index + 1)
        return Exec(*call.common, _name(call, at, index), argv, variables)

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
        paths = tuple(_name(call, at, index) for at, index in names)
        kind = _BY_FLAG.get((call.name, call.arguments[-1]), operation)
        return Change(*call.common, kind, paths, _follows(call, operation))

    return read


def _change_open(operation: str) -> "_Reader":
    def read(call: _Call) -> Event:
        return Change(*call.common, operation, (call.file(),))

    return read


def _times(call: _Call) -> Event:
    """Times are set of a name, or, with none, of what is open."""
    path = call.file() if call.arguments[1] == "NULL" else _name(call, 0, 1)
    return Change(*call.common, "utime", (path,), _follows(call, "utime"))


def _signal(target: int, signal: int) -> "_Reader":
    def read(call: _Call) -> Event:
        return Signal(*call.common, call.number(target), call.arguments[signal])

    return read


_SOCKET_NAME = re.compile(rf"\{{sa_family=AF_UNIX(?:, sun_path=(@?){QUOTED})?\}}")


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


SPECIAL = (
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
READERS: dict[str, _Reader] = {
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
    "chdir": lambda call: Enter(*call.common, call.text(0)),
    "chroot": lambda call: Enter(*call.common, call.text(0)),
    "fchdir": lambda call: Enter(*call.common, call.file()),
    "inotify_add_watch": lambda call: Watch(*call.common, call.text(1)),
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
    **dict.fromkeys(SPECIAL, _special),
}
# The 32-bit calls of an x86 process have names of their own.
READERS |= {
    f"{name}{suffix}": READERS[name]
    for name, suffix in (
        ("chown", "32"),
        ("lchown", "32"),
        ("fchown", "32"),
        ("truncate", "64"),
        ("ftruncate", "64"),
    )
}

# How many arguments strace prints, at least and at most. A damaged line that has lost
# or doubled one would else be read as an operation with half of its names.
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
    for name in READERS
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
