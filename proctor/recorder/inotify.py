"""A watch on the room's files, beside the tracer: what the kernel says of them.

The tracer reads a name when a system call begins, and the kernel reads it again a
moment later. Another thread can change it in between, and the tracer then has the
wrong name of what was linked, renamed or removed. An inotify watch follows the file
itself, by whatever name it is reached, so the two together cannot be deceived so.
"""

import contextlib
import ctypes
import os
import struct
from collections import Counter
from collections.abc import Iterable, Iterator

from .recording import Loss

# From <sys/inotify.h>.
IN_MODIFY = 0x2
IN_ATTRIB = 0x4
IN_OPEN = 0x20
IN_MOVE_SELF = 0x800
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
_KINDS = {
    IN_MODIFY: "written",
    IN_ATTRIB: "attributes",
    IN_OPEN: "opened",
    IN_MOVE_SELF: "moved",
}
_MASK = IN_MODIFY | IN_ATTRIB | IN_OPEN | IN_MOVE_SELF
_HEADER = struct.Struct("iIII")
# The kernel's own bound of a name, and many times that.
_READ = 64 * 1024
# Instances are counted by user, 128 each by default, and many sandboxes share root. So
# each sandbox charges a user of its own, far from those that exist.
_USERS = range(1_000_000_000, 2_000_000_000)


class FileWatch:
    """Watches on files, and counts of what was seen of each."""

    def __init__(self, home: str, names: Iterable[str]) -> None:
        """Watch files and folders.

        Args:
            home: Folder that the names are relative to.
            names: What to watch.

        Raises:
            OSError: The kernel gives no watch.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._instance()
        self._names: dict[int, str] = {}
        for name in names:
            path = os.fsencode(os.path.join(home, name))
            watch = self._call("inotify_add_watch", self._file, path, _MASK)
            self._names[watch] = name
        self._seen: dict[str, Counter[str]] = {}

    def _instance(self) -> int:
        real, effective, _ = os.getresuid()
        if effective:
            return self._call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        # in a user namespace without that user, root is charged
        with contextlib.suppress(OSError):
            os.setresuid(
                _USERS[int.from_bytes(os.urandom(8), "big") % len(_USERS)], -1, -1
            )
        try:
            return self._call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        finally:
            os.setresuid(real, -1, -1)

    def _call(self, name: str, *arguments: object) -> int:
        value: int = getattr(self._libc, name)(*arguments)
        if value < 0:
            error = ctypes.get_errno()
            raise OSError(error, f"{name}: {os.strerror(error)}")
        return value

    def look(self) -> None:
        """Count what has happened since the last look.

        Raises:
            Loss: The kernel had to drop some of it.
        """
        for watch, mask, name in self._events():
            if mask & IN_Q_OVERFLOW:
                raise Loss("flood: the watch on the room's files lost events")
            if name or watch not in self._names:
                continue  # of a file in a watched folder, which has its own watch
            seen = self._seen.setdefault(self._names[watch], Counter())
            seen.update(kind for bit, kind in _KINDS.items() if mask & bit)

    def _events(self) -> Iterator[tuple[int, int, bytes]]:
        while True:
            try:
                data = os.read(self._file, _READ)
            except BlockingIOError:
                return
            place = 0
            while place < len(data):
                watch, mask, _, length = _HEADER.unpack_from(data, place)
                place += _HEADER.size
                yield watch, mask, data[place : place + length].rstrip(b"\0")
                place += length

    def report(self) -> dict[str, dict[str, int]]:
        """Return how often what was seen, by file: at least, for the kernel merges.

        Two equal events that follow each other before they are read are one.
        """
        return {name: dict(seen) for name, seen in self._seen.items() if seen}

    def close(self) -> None:
        """End the watches."""
        os.close(self._file)
