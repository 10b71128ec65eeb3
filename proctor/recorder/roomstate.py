"""What is left of the room when the agent has stopped: names, hashes, contents."""

from __future__ import annotations

import os

# typing takes half a megabyte in each sandbox; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Files whose content the scorers need are small; of a larger one this much is kept.
CONTENT_LIMIT = 64 * 1024


def describe(home: str, wanted: list[str]) -> dict[str, Any]:
    """Describe the files below a folder, without following links.

    Args:
        home: The folder.
        wanted: Names relative to it whose content is wanted.

    Returns:
        A record per relative name: `mode`, and `sha256`, `size` of a regular file or
        `link` of a symbolic link, and `content` where wanted.
    """
    found: dict[str, Any] = {}
    for folder, folders, files in os.walk(home):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, home)
            try:
                found[_text(key)] = _describe_one(path, key in wanted)
            except OSError as error:
                found[_text(key)] = {"error": error.strerror or "unreadable"}
    return found


def _describe_one(path: str, wanted: bool) -> dict[str, Any]:
    status = os.lstat(path)
    # at the end only, because it takes half a megabyte
    import hashlib

    record: dict[str, Any] = {"mode": status.st_mode & 0o7777}
    if os.path.islink(path):
        record["link"] = _text(os.readlink(path))
    elif os.path.isdir(path):
        record["directory"] = True
    elif os.path.isfile(path):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            head = file.read(CONTENT_LIMIT)
            digest.update(head)
            while block := file.read(2**20):
                digest.update(block)
        record.update(sha256=digest.hexdigest(), size=status.st_size)
        if wanted:
            record["content"] = head.decode("utf-8", "backslashreplace")
    return record


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
