"""Text of others, written so that it is seen, and nothing but text. Pure.

Agents, graders and reviewers write whatever they like: characters without a shape, text
that runs backwards, keys of the terminal, markup. One core decides what stands for
itself (`is_hidden`, `moves`); each use writes the rest in one of two ways.

| use                     | function    | what is written out                     |
| ----------------------- | ----------- | --------------------------------------- |
| transcript for graders  | `legible`   | hidden, as `⟨U+200B⟩`                   |
| screen of the review    | `steady`    | hidden and moving, as `⟨U+200B⟩`        |
| findings, logs, pages   | `printable` | not printable, as Python escapes it     |
| one line of a terminal  | `one_line`  | the same, and line ends                 |
| figures, viewer         | `escaped`   | moving, and what the type cannot draw   |
| cell of a CSV file      | `csv_cell`  | what a spreadsheet would run            |
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

# Identical lines up to this number are shown; more are shown once, and counted.
REPEATED = 3
# What is not worth a note about what was left out.
SPARED = 200
# So many hidden characters in a row are written out; more are counted.
_SPELLED = 3

# Colours, cursor movements and character sets, which carry no text. Sequences that do
# (titles, links) stay, in writing: whoever wrote there may have meant it to be read.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|[()][0-2A-B]|[=>78])")
_UNUSUAL = re.compile(r"[^\n\t -~]+")
# Without a shape of their own, although Unicode calls them letters, marks and symbols:
# fillers, the blank of braille, the grapheme joiner, variation selectors.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
# Says only whether a sign is drawn in colour; so common that writing it out is noise.
_STYLE = ("\ufe0e", "\ufe0f")
# What `legible` writes where something hidden stood.
HIDDEN = re.compile(r"⟨(?:U\+[0-9A-F]{4,6}|[0-9,]+ hidden characters)⟩")

# --- what does not stand for itself -----------------------------------------------


@lru_cache(maxsize=4096)
def is_hidden(c: str) -> bool:
    """Say whether a character has no shape that a reader could see.

    Controls, formats with all marks of the direction of writing, surrogates, what is
    unassigned or private, ends of lines, and blanks that Unicode calls letters.
    """
    return c in _BLANK or not (c.isprintable() or unicodedata.category(c) == "Zs")


@lru_cache(maxsize=4096)
def moves(c: str) -> bool:
    """Say whether a character moves what stands beside it, or covers it.

    Letters that are written from right to left take the signs next to them along, and
    marks stand upon the letter before them, any number of them.
    """
    if unicodedata.category(c).startswith("M"):
        return True
    return unicodedata.bidirectional(c) in ("R", "AL", "AN")


def escaped(text: str, where: Callable[[str], bool]) -> str:
    """Write some characters as Python escapes them in strings.

    Args:
        text: Anything.
        where: Says of a character whether it is written so.
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii") if where(c) else c for c in text
    )


def _numbered(c: str) -> str:
    return f"⟨U+{ord(c):04X}⟩"


# --- lines of terminals, files and pages ------------------------------------------


def printable(text: str) -> str:
    """Write a text so that it can be printed and stored; its lines stay.

    Names may hold any bytes, logs may not; and no control character forges a line of
    ours.
    """
    if text.isprintable():
        return text
    return escaped(text, lambda c: not c.isprintable() and c != "\n")


def one_line(text: str) -> str:
    """Write a text on one line, so that it moves nothing on a terminal."""
    return printable(text).replace("\n", "\\n")


def steady(text: str) -> str:
    """Write a text as `legible` does, and by their numbers also letters that move.

    Terminals disagree about where they go.
    """
    text = legible(text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(_numbered(c) if moves(c) else c for c in text)


# Written before a cell that would be taken for a formula, as OWASP has it for CSV
# injection.
_GUARD = "'"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(text: str) -> str:
    """Write a cell that no spreadsheet takes for a formula; `from_csv_cell` reads it.

    Lone surrogates, which no file can hold, are written as escapes.
    """
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return f"{_GUARD}{text}" if text.startswith(_FORMULA) else text


def from_csv_cell(cell: str) -> str:
    """Read what `csv_cell` has written, once or more often."""
    text = cell.removeprefix(_GUARD)
    return text if text.startswith(_FORMULA) else cell


# --- transcripts for graders ------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of an entry.

    Attributes:
        text: The line, without its end.
        note: Whether it is a note of ours and not of the transcript.
    """

    text: str
    note: bool = False


def legible(text: str, *, terminal: bool = False) -> str:
    """Write a text so that all of it can be seen.

    Args:
        text: Anything.
        terminal: Whether it was written to a terminal, whose colours and cursor
            movements are then taken out. What an agent types is left as it is: there
            they are keys.

    Returns:
        The text with newlines as the only line ends, and with every control, format,
        blank or unassigned character written out as `⟨U+200B⟩`, or counted.
    """
    if terminal:
        text = _TERMINAL.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNUSUAL.sub(lambda match: _written_out(match[0]), text)


def _written_out(run: str) -> str:
    parts = []
    for hidden, group in groupby(run, is_hidden):
        characters = "".join(group)
        if not hidden:
            parts.append(characters)
        elif len(characters) > _SPELLED:
            parts.append(f"⟨{len(characters):,} hidden characters⟩")
        elif characters not in _STYLE:
            parts.extend(map(_numbered, characters))
    return "".join(parts)


def lines(text: str, longest: int | None = None) -> list[Line]:
    """Cut a legible text into lines.

    Args:
        text: What `legible` has written.
        longest: How many characters are shown, two thirds of them from the start and
            the rest from the end; everything if there is no limit.

    Returns:
        Its lines, in order. Repetitions of a line and what is too long are left out,
        and a note stands where they were.
    """
    runs = [(line, sum(1 for _ in group)) for line, group in groupby(text.split("\n"))]
    runs = [run for line, times in runs for run in _shown(line, times)]
    size = sum(len(line) + 1 for line, _ in runs)
    if longest is None or size <= longest + SPARED:
        return _folded(runs)
    head = _first(runs, longest * 2 // 3)
    tail = _backwards(_first(_backwards(runs), longest // 3))
    left_out = _size(runs) - _size(head) - _size(tail)
    note = Line(f"[… {left_out:,} characters left out …]", note=True)
    return [*_folded(head), note, *_folded(tail)]


_Runs = list[tuple[str, int]]


def _shown(line: str, times: int) -> _Runs:
    return [(line, times)] if times > REPEATED else [(line, 1)] * times


def _size(runs: Iterable[tuple[str, int]]) -> int:
    return sum((len(line) + 1) * times for line, times in runs)


def _backwards(runs: Sequence[tuple[str, int]]) -> _Runs:
    return [(line[::-1], times) for line, times in reversed(runs)]


def _first(runs: _Runs, room: int) -> _Runs:
    """Return what fits; the last line of it may be cut."""
    taken: _Runs = []
    for line, times in runs:
        if len(line) + 1 > room:
            return [*taken, (line[:room], 1)] if room else taken
        taken.append((line, times))
        room -= len(line) + 1
    return taken


def _folded(runs: _Runs) -> list[Line]:
    folded = []
    for line, times in runs:
        folded.append(Line(line))
        if times > 1:
            more = times - 1
            folded.append(Line(f"[… the same line {more:,} more times …]", note=True))
    return folded
