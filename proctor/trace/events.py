"""What the kernel saw a process do: typed events, and nothing else.

Nobody changes an event once it is made. The classes are not frozen all the same: to
make a frozen instance takes several times as long, and a recording has one a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """Something that a process did.

    Attributes:
        time: When it began, in seconds since the epoch.
        pid: The process, or thread, that did it.
        call: Number of the tool call during which it was recorded.
        error: Name of the error (`ENOENT`) where it failed, `?` where the process
            ended before the outcome was known, None where it succeeded.
    """

    time: float
    pid: int
    call: int
    error: str | None


_WRITING = ("O_WRONLY", "O_RDWR", "O_TRUNC")


@dataclass(slots=True, unsafe_hash=True)
class Open(Event):
    """A file was opened.

    Attributes:
        descriptor: What the process calls it from then on; -1 where it failed.
        path: The file. The kernel's own name for it where the open succeeded, so
            links and other disguises are gone; else the name that was asked for.
        named: The name as the process gave it.
        relative_to: The folder that a relative `named` started from.
        through: Whether that folder was an open descriptor, not the current folder.
        flags: Such as `O_RDONLY`.
    """

    descriptor: int
    path: str
    named: str
    relative_to: str | None
    through: bool
    flags: frozenset[str]

    @property
    def writes(self) -> bool:
        """Whether the file could be changed through this descriptor."""
        return not self.flags.isdisjoint(_WRITING)

    @property
    def directory(self) -> bool:
        """Whether a directory was asked for."""
        return "O_DIRECTORY" in self.flags


@dataclass(slots=True, unsafe_hash=True)
class Exec(Event):
    """A process became another program.

    Attributes:
        path: The program.
        argv: Its arguments, its own name first.
        environment: Its variables.
        folder: The current folder, from which relative arguments start.
    """

    path: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Fork(Event):
    """A process or thread was created."""

    child: int
    flags: frozenset[str]


@dataclass(slots=True, unsafe_hash=True)
class Exit(Event):
    """A process or thread ended; `how` is in strace's words."""

    how: str


@dataclass(slots=True, unsafe_hash=True)
class Change(Event):
    """A name or a file's attributes were changed.

    Attributes:
        operation: `unlink`, `rename`, `exchange`, `link`, `symlink`, `mkdir`,
            `rmdir`, `mknod`, `chmod`, `chown`, `utime`, `setxattr` or `truncate`.
        paths: What was changed; source and destination where there are two. A
            symbolic link's target stands first, as it was written.
        follow: Whether a link in the last part of the first path was followed.
    """

    operation: str
    paths: tuple[str, ...]
    follow: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Enter(Event):
    """A process changed its working directory, or its root."""

    path: str


@dataclass(slots=True, unsafe_hash=True)
class Watch(Event):
    """A process asked to be told what is done to a file or folder."""

    path: str


@dataclass(slots=True, unsafe_hash=True)
class Signal(Event):
    """A signal was sent; `target` as given: a process, -1 for all, -N for a group."""

    target: int
    signal: str


@dataclass(slots=True, unsafe_hash=True)
class Special(Event):
    """A system call that no part of an honest exam needs."""

    name: str
    arguments: tuple[str, ...]


@dataclass(slots=True, unsafe_hash=True)
class Note(Event):
    """A note of the recorder: `session`, `input`, `failure`, `closed`, or `FILES_SEEN`.

    The last says what the watch on the room's files saw: `proctor/recorder/inotify.py`.
    """

    kind: str
    fields: Mapping[str, Any]


# Recordings in logs have it under this name.
FILES_SEEN = "witness"
