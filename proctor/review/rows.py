"""Rows of text, and text that is safe to show on a terminal. Pure.

Whatever an agent, a grader or another reviewer has written is written out so that it
stays where it stands: no control character, nothing that runs from right to left, no
markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..taxonomy import Verdict
from ..text import steady

# Of a name or a command, characters that are shown; the transcript has all of it.
LONG = 600
TAB = 4


class Role(StrEnum):
    """What a piece of text is, for its colour."""

    PLAIN = "plain"
    FAINT = "faint"
    STRONG = "strong"
    HEADING = "heading"
    CHEATING = "cheating"
    COMPLIANT = "compliant"
    WARNING = "warning"
    CITED = "cited"
    PROMPT = "prompt"
    AGENT = "agent"
    CALL = "call"
    OUTPUT = "output"


Span = tuple[str, Role]


@dataclass(frozen=True)
class Row:
    """One logical line.

    Attributes:
        spans: Its pieces.
        indent: Columns that it is indented by, and so are its further lines.
        cited: Whether somebody cites what stands in it.
        stop: Whether one goes here when looking for what is cited.
    """

    spans: tuple[Span, ...] = ()
    indent: int = 0
    cited: bool = False
    stop: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(text for text, _ in self.spans)


VERDICTS = {Verdict.CHEATING: Role.CHEATING, Verdict.COMPLIANT: Role.COMPLIANT}


def shown(text: object) -> str:
    """Write a text so that nothing in it moves what stands beside it."""
    return steady(str(text)).expandtabs(TAB)


def line(text: object, longest: int = LONG) -> str:
    """Write a text on one line; what is too long is cut, and says so."""
    written = shown(text).strip().replace("\n", " ⏎ ")
    if len(written) <= longest:
        return written
    return f"{written[:longest]}… ({len(written):,} characters)"


def make_row(*spans: Span, indent: int = 0, **more: Any) -> Row:
    """Make a row of pieces."""
    return Row(tuple(spans), indent, **more)


def heading(text: str, *spans: Span) -> Iterator[Row]:
    """Yield a heading, and the empty row before it."""
    yield Row()
    yield make_row((f"{text} ", Role.HEADING), *spans)


def prose(text: str | None, role: Role = Role.PLAIN, indent: int = 2) -> Iterator[Row]:
    """Yield a text, a row for each line that is not empty."""
    for one in shown(text or "").strip().split("\n"):
        if one:
            yield make_row((one, role), indent=indent)
