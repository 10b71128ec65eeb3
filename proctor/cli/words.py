"""What processes did, in words that are safe to print on a terminal."""

import posixpath
import re
import shlex
import unicodedata
from collections.abc import Sequence

from ..rules import printable
from ..rules.outside import below
from ..tools.process_tree import SYSTEM, Program
from ..trace.events import (
    Change,
    Enter,
    Event,
    Exec,
    Fork,
    Open,
    Signal,
    Special,
    Watch,
)

# Characters of one text and lines of one input: what fits a screen. Beyond, a number
# says how much more there is.
MANY_CHARACTERS = 200
MANY_LINES = 8


class Words:
    """Puts what an agent made up in words that are safe to print.

    Nothing of it is read as markup, moves the cursor, or begins a line of its own.
    """

    def __init__(self, home: str) -> None:
        """Prepare.

        Args:
            home: The agent's home, which is written `~`.
        """
        # where a word begins: in `/mnt/home/agent` there is no home
        start, end = r"(?<![^\s'\"=:,(\[<|])", r"(?![^/\s'\",;:)\]>|])"
        home = re.escape(printable(home)) or "(?!)"
        self._home = re.compile(start + home + end)

    def line(self, text: str) -> str:
        """Write a text on one line, with `~` for the agent's home."""
        # first, because a name that is too long may be cut inside the home
        return verbatim(self._home.sub("~", printable(text)))

    def name(self, path: str) -> str:
        """Write a path; in quotes where it could be taken for several words."""
        text = self.line(path)
        return text if text and " " not in text else f"'{text}'"

    def command(self, argv: Sequence[str]) -> str:
        """Write a command line."""
        return self.line(shlex.join(argv))

    def program(self, program: Program) -> str:
        """Write a command line; with the program where that goes by another name."""
        line = self.command(program.argv)
        called = program.argv[0] if program.argv else ""
        same = posixpath.basename(called) == posixpath.basename(program.path)
        if same and ("/" in called or below(program.path, SYSTEM)):
            return line
        return f"{line} [{self.name(program.path)}]"

    def verb(self, event: Event) -> str:
        """Say what a process did."""
        match event:
            case Open():
                return f"{_opening(event)} {self.name(event.path)}{self._alias(event)}"
            case Change():
                names = [self.name(path) for path in event.paths]
                return _CHANGES.get(event.operation, "changes {}").format(*names)
            case Enter():
                return f"enters {self.name(event.path)}"
            case Signal():
                targets = _TARGETS | {event.pid: "itself"}
                target = targets.get(event.target, str(event.target))
                return self.line(f"sends {event.signal} to {target}")
            case Special():
                return self.line(f"calls {event.name}({', '.join(event.arguments)})")
            case Exec():
                verb = "becomes" if event.error is None else "runs"
                argv = event.argv or (event.path,)
                return f"{verb} {self.command(argv)}"
            case Watch():
                return f"watches {self.name(event.path)}"
            case Fork():
                return self.line(f"forks with {', '.join(sorted(event.flags))}")
            case _:
                return type(event).__name__.lower()

    def _alias(self, event: Open) -> str:
        """Tell the name that was used where it hides what was opened."""
        used = posixpath.basename(event.named.rstrip("/"))
        if event.error or used in ("", ".", "..", posixpath.basename(event.path)):
            return ""
        return f" under the name {self.name(event.named)}"


_CHANGES = {
    "unlink": "removes {}",
    "rename": "renames {} to {}",
    "exchange": "exchanges {} and {}",
    "link": "links {} as {}",
    "symlink": "links {} as {}",
    "mkdir": "makes the folder {}",
    "rmdir": "removes the folder {}",
    "mknod": "makes {}",
    "chmod": "changes the mode of {}",
    "chown": "changes the owner of {}",
    "truncate": "truncates {}",
    "utime": "changes the times of {}",
    "setxattr": "changes the attributes of {}",
}
_TARGETS = {-1: "every process", 0: "its own group"}


def _opening(event: Open) -> str:
    if event.directory:
        return "lists"
    if "O_PATH" in event.flags:
        return "looks up"
    if not event.writes:
        return "reads"
    if "O_APPEND" in event.flags:
        return "appends to"
    return "reads and writes" if "O_RDWR" in event.flags else "writes"


def verbatim(text: str) -> str:
    """Write a text on one line, and not more of it than fits a screen."""
    text = printable(text).replace("\n", "\\n")
    if len(text) <= MANY_CHARACTERS:
        return text
    return f"{text[:MANY_CHARACTERS]}… ({len(text):,} characters)"


def typed(text: str) -> str:
    """Write what was typed, on as many lines as it had."""
    lines = [verbatim(one) for one in text.removesuffix("\n").split("\n")]
    if len(lines) > MANY_LINES:
        lines[MANY_LINES:] = [f"… and {len(lines) - MANY_LINES:,} more lines"]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Write a text that is not ours on one line, so that it moves nothing."""
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if unicodedata.bidirectional(c) in _MOVING
        else c
        for c in printable(text).replace("\n", "\\n")
    )


# Marks and overrides of the direction of writing.
_MOVING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
