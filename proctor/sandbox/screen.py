"""From what programs wrote to the terminal to the text that it shows.

`pyte` reads the control sequences. The screen that they move on is a roll of paper: it
has no right edge at which a line would be wrapped, and what scrolls off its top or is
cleared stays in the text, because an agent must not miss what a program said.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from pyte import Stream

from ..recorder.screen import COLUMNS, ROWS

GAP = "\n[... {} bytes of output are not shown ...]\n"
# What a dumb terminal shows nothing of and `pyte` would take for text: strings for the
# terminal itself (titles, colours), control sequences with private parameters or
# intermediate characters (ECMA-48, 5.4 and 5.6) or without an end, and control
# characters.
_SILENT = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b\[(?=[0-?]*[:<=>]|[0-?]*[ -/])[0-?]*[ -/]*[@-~]"
    r"|\x1b\[[0-?]*+[ -/]*+(?![@-~])"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b(?![\[0-~])"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)
_CUT = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[ -/]{1,8})?\Z")
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?[@-~0-?]")
_PIECES = re.compile(r"(?=[\x1b\n])")
_TAB = 8


class _Line(list[str]):
    """The cells of a line: a character each, and empty ones behind a wide character.

    Attributes:
        shown: What the line said when the screen was last read; None where it is new.
    """

    shown: str | None = None


class Screen:
    """The text of one terminal, which lasts from call to call.

    `pyte.Stream` calls `draw`, and for control sequences what `_SEQUENCES` says.
    """

    def __init__(self) -> None:
        """Make an empty screen."""
        self._lines = [_Line()]
        self._row = self._column = 0
        self._page = 0  # the first row that the cursor can be sent to
        self._base = 0  # the row on which the cursor was when the screen was last read
        self._saved = (0, 0)
        # what was cut in two: a character, and a control sequence
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._cut = ""
        self._stream = Stream(self, strict=False)  # type: ignore[arg-type]

    def write(self, pieces: Iterable[tuple[int, str]]) -> None:
        """Take in what programs wrote.

        Args:
            pieces: As of the recorder's `Screen.read`.
        """
        for gap, data in pieces:
            if gap:
                self._feed(self._decoder.decode(b"", final=True) + GAP.format(gap))
                self._cut = ""
            text = self._cut + self._decoder.decode(data.encode("latin-1"))
            cut = _CUT.search(text)
            self._cut = cut[0] if cut else ""
            self._feed(text.removesuffix(self._cut))

    def _feed(self, text: str) -> None:
        for piece in _PIECES.split(_SILENT.sub("", text)):
            try:
                self._stream.feed(piece)
            except Exception:  # whatever is wrong with a sequence, no text is lost
                self._stream.feed(_SEQUENCE.sub("", piece))

    def enter(self) -> None:
        """Go to a line of its own, as the return key does where it is echoed."""
        if self._lines[-1]:
            self._lines.append(_Line())
        self._row = self._base = len(self._lines) - 1
        self._column = 0

    def read(self) -> str:
        """Return what has changed since the last time.

        Returns:
            What was added to the line on which the cursor was, or all of that line
            where it was rewritten; before and behind that every other line that is new
            or not as it was.
        """
        changed = []
        self._line()  # also where nothing is on it yet
        for row, line in enumerate(self._lines):
            text = "".join(line)
            if row == self._row:
                text += " " * (self._column - len(line))
            old = line.shown
            line.shown = text
            if row == self._base:
                changed.append(_addition(old or "", text))
            elif text != old:
                changed.append(text)
        gone = self._top
        del self._lines[:gone]
        self._row = self._base = self._row - gone
        self._page = 0
        return "\n".join(changed)

    @property
    def _top(self) -> int:
        """The row that is the first of the terminal's page."""
        return max(self._page, max(len(self._lines), self._row + 1) - ROWS)

    def _line(self) -> _Line:
        """Return the line on which the cursor is."""
        while len(self._lines) <= self._row:
            self._lines.append(_Line())
        return self._lines[self._row]

    def _break_up(self, column: int) -> None:
        """Make spaces of a wide character or tab that a column is in the middle of."""
        line = self._line()
        if column >= len(line) or line[column]:
            return
        start, end = column, column
        while start and not line[start]:
            start -= 1
        while end < len(line) and not line[end]:
            end += 1
        line[start:end] = " " * (end - start)

    def _put(self, cells: list[str]) -> None:
        line, start, end = self._line(), self._column, self._column + len(cells)
        line += " " * (start - len(line))
        over = start < len(line)
        self._break_up(start)
        self._break_up(end)
        line[start:end] = cells
        self._column = end
        while over and len(line) > start and line[-1] == " ":
            line.pop()  # what was there was wiped out

    def draw(self, text: str) -> None:
        """Write text at the cursor."""
        cells: list[str] = []
        last = 0
        for character in text:
            width = 1 if character.isascii() else _width(character)
            if width or not cells:
                last = len(cells)
                cells += [character, *[""] * (width - 1)]
            else:  # belongs to the character before it
                cells[last] += character
        self._put(cells)

    def _tab(self) -> None:
        stop = self._column + _TAB - self._column % _TAB
        if self._column < len(self._line()):
            self._column = stop
        else:
            self._put(["\t", *[""] * (stop - self._column - 1)])

    def _go(self, down: int = 0, column: int | None = None) -> None:
        """Go up or down within the page, and to a column."""
        bottom = max(self._row, self._top + ROWS - 1)
        self._row = min(max(self._row + down, self._top), bottom)
        if column is not None:
            right = max(self._column, COLUMNS - 1)
            self._column = min(max(column, 0), right)

    def _place(self, line: int, column: int) -> None:
        """Go to a place on the page; both are counted from 1."""
        self._go(self._top + max(line, 1) - 1 - self._row)
        self._column = min(max(column, 1), COLUMNS) - 1

    def _feed_line(self, *, back: bool = True) -> None:
        self._row, self._column = self._row + 1, 0 if back else self._column

    def _save(self) -> None:
        self._saved = self._row - self._top, self._column

    def _erase_in_line(self, how: int = 0) -> None:
        line, column = self._line(), self._column
        self._break_up(column)
        if how == 1:
            line[: column + 1] = " " * (column + 1)
        else:
            del line[column if how == 0 else 0 :]

    def _erase_in_display(self, how: int = 0) -> None:
        """Erase what is below the cursor; all of a page stays, and a new one begins."""
        if how >= 2 or (self._row == self._top and not self._column):
            self._turn_page()
        elif how == 0:
            self._erase_in_line()
            for line in self._lines[self._row + 1 :]:
                line.clear()

    def _turn_page(self) -> None:
        if self._lines[-1]:
            self._lines.append(_Line())
        self._row = self._page = len(self._lines) - 1
        self._column = 0

    def _replace(self, count: int, by: int | None = None) -> None:
        """Put spaces in the place of characters, as many or as fit to the edge."""
        line, start = self._line(), self._column
        gone = len(line[start : start + count])
        if start < len(line):
            room = max(0, COLUMNS - len(line))
            line[start : start + gone] = " " * (gone if by is None else min(by, room))

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return what `pyte.Stream` calls for a control sequence."""
        if name not in Stream.events:
            raise AttributeError(name)

        def act(*arguments: Any, private: bool = False) -> None:
            # of any other (colours, modes, requests) no notice is taken
            if name in _SEQUENCES and not private:
                _SEQUENCES[name](self, *arguments)

        return act


# What to do with a screen; a number that is left out or 0 stands for 1.
_SEQUENCES: dict[str, Callable[..., None]] = {
    "backspace": lambda s: s._go(0, s._column - 1),
    "tab": lambda s: s._tab(),
    "carriage_return": lambda s: s._go(0, 0),
    "linefeed": lambda s: s._feed_line(),
    "index": lambda s: s._feed_line(back=False),
    "reverse_index": lambda s: s._go(-1),
    "cursor_up": lambda s, n=1: s._go(-(n or 1)),
    "cursor_up1": lambda s, n=1: s._go(-(n or 1), 0),
    "cursor_down": lambda s, n=1: s._go(n or 1),
    "cursor_down1": lambda s, n=1: s._go(n or 1, 0),
    "cursor_forward": lambda s, n=1: s._go(0, s._column + (n or 1)),
    "cursor_back": lambda s, n=1: s._go(0, s._column - (n or 1)),
    "cursor_position": lambda s, line=1, column=1: s._place(line, column),
    "cursor_to_line": lambda s, line=1: s._place(line, s._column + 1),
    "cursor_to_column": lambda s, column=1: s._place(s._row - s._top + 1, column),
    "save_cursor": lambda s: s._save(),
    "restore_cursor": lambda s: s._place(s._saved[0] + 1, s._saved[1] + 1),
    "erase_in_line": lambda s, how=0: s._erase_in_line(how),
    "erase_in_display": lambda s, how=0: s._erase_in_display(how),
    "reset": lambda s: s._turn_page(),
    "delete_characters": lambda s, n=1: s._replace(n or 1, 0),
    "erase_characters": lambda s, n=1: s._replace(n or 1),
    "insert_characters": lambda s, n=1: s._replace(0, n or 1),
}


def _width(character: str) -> int:
    """Return how many columns a character takes."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _addition(old: str, new: str) -> str:
    """Return what was added to a line, or all of it where it was rewritten."""
    if new.startswith(old):
        return new[len(old) :]
    # a space that the cursor had only gone over
    return "" if new == old.rstrip(" ") else new
