"""Text of any kind as lines that show everything that stands in them. Pure.

A grader reads what a person would not see: characters without a shape, text that runs
backwards, keys of the terminal. So nothing stays in a text that has no shape, and
nothing is lost in silence: it is written out, or what was left out is noted.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
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
_HIDDEN_KINDS = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# What this module writes where something hidden stood.
HIDDEN = re.compile(r"⟨(?:U\+[0-9A-F]{4,6}|[0-9,]+ hidden characters)⟩")


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


@lru_cache(maxsize=4096)
def is_hidden(c: str) -> bool:
    """Say whether a character has no shape that a reader could see."""
    return c in _BLANK or unicodedata.category(c) in _HIDDEN_KINDS


def _written_out(run: str) -> str:
    parts = []
    for hidden, group in groupby(run, is_hidden):
        characters = "".join(group)
        if not hidden:
            parts.append(characters)
        elif len(characters) > _SPELLED:
            parts.append(f"⟨{len(characters):,} hidden characters⟩")
        elif characters not in _STYLE:
            parts.extend(f"⟨U+{ord(c):04X}⟩" for c in characters)
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
