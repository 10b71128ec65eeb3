"""Folders that a run writes to, and the space on their disks."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

MIB = 2**20
# Where less is free, no log may be begun: one run's recording alone may take 64 MiB.
MIN_LOG_SPACE = 100 * MIB


def log_dir_problem(log_dir: str) -> str | None:
    """Say what keeps logs from being written; None where they can be.

    Nothing is left behind, and no folder either.

    Args:
        log_dir: A path, or a URL, of which nothing is known before it is used.
    """
    if "://" in log_dir:
        return None
    folder = Path(log_dir).absolute()
    try:
        _try_out(folder)
    except OSError as error:
        return (
            f"The log folder {folder} cannot be written to ({error.strerror}): name "
            "another with --log-dir."
        )
    free = free_space(folder)
    if free < MIN_LOG_SPACE:
        return (
            f"Only {free // MIB} MiB are free for logs in {folder}, and "
            f"{MIN_LOG_SPACE // MIB} MiB are needed: make room, or name another folder "
            "with --log-dir."
        )
    return None


def free_space(folder: Path) -> int:
    """Return how many bytes are free where a folder lies, or would lie."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _try_out(folder: Path) -> None:
    """Make the folder and an empty file in it, and take both away again.

    Raises:
        OSError: One of both cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
