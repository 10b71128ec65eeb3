"""Which runs a reviewer has seen with the instruments' verdicts, on the disk.

A label is independent only if its author had not seen what judge and audit say, in an
earlier review either: who looks at a run openly, decides nothing, and comes back with
`--blind`, does not decide blindly.
"""

import hashlib
import os
from pathlib import Path

from ..logs.journal import WORKSHOP


class Seen:
    """The runs that one reviewer has seen openly."""

    def __init__(self, logs: Path, author: str) -> None:
        """Read what is known, below the folder of the logs that are edited."""
        name = hashlib.sha256(author.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._path = logs / WORKSHOP / f"seen-{name}.txt"
        self._known = set()
        if self._path.exists():
            # a line that was cut off names no run, and harms none
            self._known = set(self._path.read_text("utf-8", "replace").splitlines())

    def __contains__(self, uuid: str) -> bool:
        """Whether a run was seen."""
        return _digest(uuid) in self._known

    def add(self, uuid: str) -> None:
        """Keep that a run is seen.

        Raises:
            OSError: It cannot be kept. It counts as seen for this review.
        """
        if uuid in self:
            return
        digest = _digest(uuid)
        self._known.add(digest)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            # the line break before it ends a line that was cut off
            file.write(f"\n{digest}\n")
            file.flush()
            os.fsync(file.fileno())


def _digest(uuid: str) -> str:
    """Write an id on one line, whatever stands in it."""
    return hashlib.sha256(uuid.encode("utf-8", "surrogatepass")).hexdigest()
