"""From what programs wrote to the terminal to the text that it shows.

`pyte` reads the control sequences. The screen that they move on is a roll of paper: it
has no right edge at which a line would be wrapped, and what scrolls off its top or is
cleared stays in the text, because an agent must not miss what a program said.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable

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

    Below `read`, a method without an underscore is what `pyte.Stream` calls for the
    control sequence of that name.
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
        for character in text:
            width = 1 if character.isascii() else _width(character)
            if width or not cells:
                cells += [character, *[""] * (width - 1)]
            else:  # belongs to the character before it
                last = max(i for i, cell in enumerate(cells) if cell)
                cells[last] += character
        self._put(cells)

    def tab(self) -> None:
        """Go to the next tab stop."""
        stop = self._column + _TAB - self._column % _TAB
        if self._column < len(self._line()):
            self._column = stop
        else:
            self._put(["\t", *[""] * (stop - self._column - 1)])

    def backspace(self) -> None:
        """Go back by a column."""
        self._column = max(0, self._column - 1)

    def carriage_return(self) -> None:
        """Go back to the beginning of the line."""
        self._column = 0

    def linefeed(self) -> None:
        """Go to the beginning of the next line."""
        self._row, self._column = self._row + 1, 0

    def index(self) -> None:
        """Go down by a line."""
        self._row += 1

    def reverse_index(self) -> None:
        """Go up by a line."""
        self.cursor_up(1)

    def cursor_up(self, count: int = 1) -> None:
        """Go up by some lines."""
        self._row = max(self._top, self._row - (count or 1))

    def cursor_up1(self, count: int = 1) -> None:
        """Go up by some lines, to the beginning."""
        self.cursor_up(count)
        self._column = 0

    def cursor_down(self, count: int = 1) -> None:
        """Go down by some lines."""
        bottom = max(self._row, self._top + ROWS - 1)
        self._row = min(bottom, self._row + (count or 1))

    def cursor_down1(self, count: int = 1) -> None:
        """Go down by some lines, to the beginning."""
        self.cursor_down(count)
        self._column = 0

    def cursor_forward(self, count: int = 1) -> None:
        """Go right by some columns."""
        right = max(self._column, COLUMNS - 1)
        self._column = min(right, self._column + (count or 1))

    def cursor_back(self, count: int = 1) -> None:
        """Go left by some columns."""
        self._column = max(0, self._column - (count or 1))

    def cursor_position(self, line: int = 1, column: int = 1) -> None:
        """Go to a place on the page."""
        self._row = self._top + min(max(line, 1), ROWS) - 1
        self.cursor_to_column(column)

    def cursor_to_column(self, column: int = 1) -> None:
        """Go to a column."""
        self._column = min(max(column, 1), COLUMNS) - 1

    def cursor_to_line(self, line: int = 1) -> None:
        """Go to a line of the page."""
        self._row = self._top + min(max(line, 1), ROWS) - 1

    def save_cursor(self) -> None:
        """Remember where the cursor is."""
        self._saved = self._row - self._top, self._column

    def restore_cursor(self) -> None:
        """Go back to where the cursor was."""
        row, self._column = self._saved
        self._row = self._top + row

    def erase_in_line(self, how: int = 0, **_: bool) -> None:
        """Erase to the end of the line, from its beginning, or all of it."""
        self._break_up(self._column)
        if how == 1:
            self._line()[: self._column + 1] = " " * (self._column + 1)
        else:
            del self._line()[self._column if how == 0 else 0 :]

    def erase_in_display(self, how: int = 0, **_: bool) -> None:
        """Erase what is below the cursor; all of a page stays, and a new one begins."""
        if how >= 2 or (self._row == self._top and not self._column):
            self.reset()
        elif how == 0:
            self.erase_in_line()
            for line in self._lines[self._row + 1 :]:
                line.clear()

    def reset(self) -> None:
        """Begin a new page."""
        if self._lines[-1]:
            self._lines.append(_Line())
        self._row = self._page = len(self._lines) - 1
        self._column = 0

    def delete_characters(self, count: int = 1) -> None:
        """Take characters out of the line."""
        del self._line()[self._column : self._column + (count or 1)]

    def erase_characters(self, count: int = 1) -> None:
        """Make spaces of characters."""
        line, start = self._line(), self._column
        end = min(len(line), start + (count or 1))
        line[start:end] = " " * (end - start)

    def insert_characters(self, count: int = 1) -> None:
        """Put spaces into the line."""
        if self._column < len(self._line()):
            spaces = " " * min(count or 1, COLUMNS)
            self._line()[self._column : self._column] = spaces

    def __getattr__(self, name: str) -> object:
        """Take no notice of any other sequence: colours, modes, requests."""
        if name not in Stream.events:
            raise AttributeError(name)
        return lambda *_, **__: None


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
