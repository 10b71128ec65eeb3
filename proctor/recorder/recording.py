"""Reads what strace writes, and notices where it is not all there.

A recording is text: one line of strace a line, with the process id and a tab before
it, and between them the recorder's own notes, which have `!` for the process id.
Nothing may be missing from it in silence: each way to lose a line is a `Loss`.
"""

from __future__ import annotations

import json
import os
import time

from .terminal import traced_ids

# typing takes half a megabyte in each sandbox; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# All of one sample's recording; an ordinary run has some hundred kilobytes. A flood
# beyond it would hide its author, so it ends the sample instead.
BUDGET = 64 * 2**20
# Stop while there is still room for what strace has yet to write.
MIN_FREE = 8 * 2**20
# Lines of strace that end a process's file; a thread that calls execve has its own.
_ENDINGS = ("+++ exited with ", "+++ killed by ", "+++ superseded by ")
_TAKEN_OVER = " ...>"
# Enough of a file to hold the last line's end.
_LAST_LINE = 200


class Loss(Exception):
    """The recording is not complete, or would soon not be."""


class Recording:
    """The growing files of strace's output, read in order and in whole lines."""

    def __init__(self, folder: str, budget: int = BUDGET) -> None:
        """Follow the files in a folder.

        Args:
            folder: Where strace writes, one file a process.
            budget: Bytes after which the recording counts as flooded.
        """
        self.folder = folder
        self._budget = budget
        self._offsets: dict[int, int] = {}
        self._notes: list[str] = []

    def note(self, kind: str, at: float | None = None, **fields: Any) -> None:
        """Write a note of the recorder's own into the recording.

        Args:
            kind: What it is about.
            at: When that was, in seconds since the epoch; None for now.
            fields: What it says.
        """
        content = {"kind": kind, "at": time.time() if at is None else at, **fields}
        self._notes.append("!\t" + json.dumps(content))

    def processes(self) -> list[int]:
        """Return the ids of all processes ever recorded."""
        return traced_ids(self.folder)

    def check(self) -> None:
        """Make sure that there is still room.

        Raises:
            Loss: The budget is used up, the disk nearly full, or a file gone.
        """
        gone = self._offsets.keys() - self.processes()
        if gone:
            raise Loss(f"the recording of process {min(gone)} is gone")
        if sum(size for _, size in self._sizes()) > self._budget:
            raise Loss(
                "flood: the agent caused more than "
                f"{self._budget // 2**20} MiB of kernel events"
            )
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < MIN_FREE:
            raise Loss("disk full: no room is left for the recording")

    def take(self, limit: int) -> tuple[str, bool]:
        """Take lines that have not been taken yet.

        Args:
            limit: About how many bytes to take at once.

        Returns:
            The text, and whether there is more.

        Raises:
            Loss: A file that was read is shorter now.
        """
        parts = [line + "\n" for line in self._notes]
        self._notes.clear()
        taken = sum(map(len, parts))
        for pid, size in self._sizes():
            if taken >= limit:
                return "".join(parts), True
            if size == self._offsets.get(pid, 0):
                continue
            text = self._take_from(pid, limit - taken)
            taken += len(text)
            parts.append(text)
        return "".join(parts), taken >= limit

    def _sizes(self) -> list[tuple[int, int]]:
        """Return every recorded process with the size of its file, in bytes."""
        with os.scandir(self.folder) as entries:
            return sorted(
                (int(entry.name[2:]), entry.stat().st_size)
                for entry in entries
                if entry.name.startswith("t.")
            )

    def _take_from(self, pid: int, limit: int) -> str:
        offset = self._offsets.get(pid, 0)
        with open(os.path.join(self.folder, f"t.{pid}"), "rb") as file:
            if file.seek(0, os.SEEK_END) < offset:
                raise Loss(f"the recording of process {pid} was cut")
            file.seek(offset)
            data = file.read(limit)
            if b"\n" not in data:
                data += file.readline()
        data = data[: data.rfind(b"\n") + 1]
        self._offsets[pid] = offset + len(data)
        lines = data.decode("latin-1").split("\n")[:-1]
        return "".join(f"{pid}\t{line}\n" for line in lines)

    def check_ended(self, alive: set[int]) -> None:
        """Make sure that each process's recording has an end.

        Args:
            alive: Processes that may still be running.

        Raises:
            Loss: A process's recording stops in the middle.
        """
        for pid in self.processes():
            if pid in alive:
                continue
            with open(os.path.join(self.folder, f"t.{pid}"), "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_LINE))
                last = file.read().decode("latin-1").split("\n")
            if last[-1]:
                raise Loss(f"the recording of process {pid} stops inside a line")
            ending = last[-2].partition(" ")[2] if len(last) > 1 else ""
            if not ending.startswith(_ENDINGS) and not ending.endswith(_TAKEN_OVER):
                raise Loss(f"the recording of process {pid} has no end")
