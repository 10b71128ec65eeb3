"""From names to absolute paths, following where each process was. Pure.

strace prints the real path of what was opened, and of a folder that a relative name
starts from. What is left to do are the names of calls that failed, and of what was
renamed, removed or linked: they depend on the current folder of the process, on the
links that the agent has made, and on the kernel's own links below `/proc`.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .events import Change, Enter, Event, Exec, Fork, Note, Open, Watch

_KERNEL_LINK = re.compile(
    r"/proc/(self|thread-self|\d+)(?:/task/\d+)?/(cwd|root|fd/(\d+))"
)
# A name in which nothing leads elsewhere, as long as no part of it is a link.
_PLAIN = re.compile(r"(?!/proc/|/dev/fd/)(?:/(?!\.\.?(?:/|\Z))[^/]+)+")
# A circle of links has no end; the kernel itself gives up after as many (ELOOP).
_MAX_LINKS = 40


def resolve(events: Iterable[Event]) -> Iterator[Event]:
    """Make every path absolute.

    Args:
        events: In the order of time, with names as the processes gave them.

    Yields:
        The same events, with absolute and normalised paths. What has no path (a pipe,
        a socket) keeps strace's name for it.
    """
    namespace = _Namespace()
    for event in events:
        match event:
            case Open():  # first, because nine of ten are
                yield namespace.opened(event)
                continue
            case Note(kind="session"):
                namespace.home = str(event.fields["home"])
            case Fork(error=None):
                namespace.fork(event)
            case Exec():
                folder = namespace.path(event.pid, ".")
                path = namespace.path(event.pid, event.path)
                yield replace(event, path=path, folder=folder)
                continue
            case Enter():
                path = namespace.path(event.pid, event.path)
                if event.error is None:
                    namespace.move(event.pid, path)
                yield replace(event, path=path)
                continue
            case Watch():
                yield replace(event, path=namespace.path(event.pid, event.path))
                continue
            case Change():
                yield namespace.changed(event)
                continue
        yield event


class _Namespace:
    """Where every process is, what it has open, and the links that agents made."""

    def __init__(self) -> None:
        self.home = "/"
        # Lists and dictionaries, because threads share them: what one changes, all see.
        self._folders: dict[int, list[str]] = {}
        self._open: dict[int, dict[int, str]] = {}
        self._links: dict[str, str] = {}

    def _folder(self, pid: int) -> list[str]:
        folder = self._folders.get(pid)
        if folder is None:
            folder = self._folders[pid] = [self.home]
        return folder

    def fork(self, event: Fork) -> None:
        folder = self._folder(event.pid)
        table = self._open.setdefault(event.pid, {})
        shared = event.flags
        self._folders[event.child] = folder if "CLONE_FS" in shared else list(folder)
        self._open[event.child] = table if "CLONE_FILES" in shared else dict(table)

    def move(self, pid: int, path: str) -> None:
        self._folder(pid)[0] = path

    def opened(self, event: Open) -> Open:
        if event.relative_to is not None and not event.through:
            # strace's word for the current folder; one that is deleted keeps its name
            folder = self._folder(event.pid)
            if event.relative_to != folder[0]:
                folder[0] = event.relative_to.removesuffix(" (deleted)")
        if event.error is not None:
            last = "O_NOFOLLOW" not in event.flags
            path = self.path(event.pid, event.path, last=last)
            return event if path == event.path else replace(event, path=path)
        self._open.setdefault(event.pid, {})[event.descriptor] = event.path
        return event

    def path(self, pid: int, name: str, *, last: bool = True) -> str:
        """Make a name absolute, part by part, as the kernel does.

        `..` leads up from where a link has led to, not from where the link stands.

        Args:
            pid: Whose name it is.
            name: Absolute, or relative to that process's current folder.
            last: Whether a link in the last part is followed too.
        """
        if not self._links and _PLAIN.fullmatch(name):
            return name
        parts = posixpath.join(self._folder(pid)[0], name).split("/")[::-1]
        path, followed = "/", 0
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            if part == "..":
                path = posixpath.dirname(path)
                continue
            path = posixpath.join(path, part)
            more = any(parts)
            there = self._link(pid, path) if more or last else None
            if there is None and more:
                there = self._copied(path)
            if there is not None and followed < _MAX_LINKS:
                followed += 1
                parts += there.split("/")[::-1]
                path = "/"
        return path

    def _link(self, pid: int, path: str) -> str | None:
        """Return the absolute name of what a link leads to; None for no link."""
        target = self._links.get(path)
        if target is not None:
            return posixpath.join(posixpath.dirname(path), target)
        if path.startswith(("/proc/", "/dev/fd/")):
            return self._kernel_link(pid, path)
        return None

    def _kernel_link(self, pid: int, path: str) -> str | None:
        if path.startswith("/dev/fd/"):
            path = f"/proc/self/fd/{path[8:]}"
        match = _KERNEL_LINK.fullmatch(path)
        if not match:
            return None
        other = pid if match[1].endswith("self") else int(match[1])
        if match[2] == "root":
            return "/"
        if match[2] == "cwd":
            return self._folder(other)[0] if other in self._folders else None
        target = self._open.get(other, {}).get(int(match[3]))
        return target if target and target.startswith("/") else None

    def _copied(self, path: str) -> str | None:
        """Return where a descriptor of a folder leads to that is not on record.

        Somebody has copied it, and that is not recorded; the worst it can be is the
        room.
        """
        unknown = path.startswith("/dev/fd/") or _KERNEL_LINK.fullmatch(path)
        return self.home if unknown else None

    def changed(self, event: Change) -> Change:
        """Resolve the paths of a change, and remember what it does to names."""
        names = event.paths[1:] if event.operation == "symlink" else event.paths
        paths = tuple(
            self.path(event.pid, name, last=event.follow and not index)
            for index, name in enumerate(names)
        )
        if event.operation == "symlink":
            if event.error is None:
                self._links[paths[0]] = event.paths[0]
            return replace(event, paths=(event.paths[0], *paths))
        if event.error is None:
            self._rename(event.operation, paths)
        return replace(event, paths=paths)

    def _rename(self, operation: str, paths: tuple[str, ...]) -> None:
        if operation in ("unlink", "rmdir"):
            self._links.pop(paths[0], None)
        elif operation == "link" and paths[0] in self._links:
            self._links[paths[1]] = self._links[paths[0]]
        elif operation in ("rename", "exchange"):
            source, target = paths
            if source == target:
                return  # the kernel does nothing then
            back = source if operation == "exchange" else None
            if back is None:
                self._links.pop(target, None)
            self._links = {
                _moved(link, source, target, back): there
                for link, there in self._links.items()
            }
            for folder in self._folders.values():
                folder[0] = _moved(folder[0], source, target, back)


def _moved(path: str, source: str, target: str, back: str | None) -> str:
    """Say what a path is called after a rename; `back` is where the target goes."""
    if path == source or path.startswith(source + "/"):
        return target + path[len(source) :]
    if back is not None and (path == target or path.startswith(target + "/")):
        return back + path[len(target) :]
    return path
