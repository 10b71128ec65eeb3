"""A widget that scrolls through rows of text, of which only what is seen is drawn.

Textual's own widgets draw all of it: for a transcript of 20,000 lines `RichLog` takes
17 times as long as this one, `Static` 30 times, at each new width again.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .rows import Role, Row

# Columns on the left, for the mark, and on the right, free.
GUTTER, MARGIN = 2, 1
MARK = "▌"
# Narrower than this nothing can be read, and nothing need fit.
NARROWEST = 12
# Measures texts; nothing is printed on it.
_RULER = Console(width=80)


def folded(row: Row, width: int) -> Iterator[Row]:
    """Yield a row's lines, cut at spaces where there are any.

    Args:
        row: The row; its text is steady, without tabs.
        width: Columns for the text, at least 2: there are letters that wide.
    """
    if cell_len(row.text) <= width:
        yield row
        return
    for line in Text.assemble(*row.spans).wrap(_RULER, width, overflow="fold"):
        spans = [(line.plain[a:b], Role(str(role))) for a, b, role in line.spans]
        yield replace(row, spans=tuple(spans))


class Sheet(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of text, folded to the width there is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", show=False),
        Binding("down,j", "scroll_down", "down", show=False),
        Binding("pageup", "page_up", "page up", show=False),
        Binding("pagedown,space", "page_down", "page down", show=False),
        Binding("home", "scroll_home", "top", show=False),
        Binding("end", "scroll_end", "end", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"sheet--{role}" for role in Role}
    DEFAULT_CSS = """
    Sheet { scrollbar-size-vertical: 1; overflow-x: hidden; }
    .sheet--plain { color: $foreground; }
    .sheet--faint { color: $text-muted; }
    .sheet--strong { color: $foreground; text-style: bold; }
    .sheet--heading { color: $text-primary; text-style: bold; }
    .sheet--cheating { color: $text-error; text-style: bold; }
    .sheet--compliant { color: $text-success; text-style: bold; }
    .sheet--warning { color: $text-warning; text-style: bold; }
    .sheet--cited { color: $text-warning; text-style: bold; }
    .sheet--prompt { color: $text-muted; }
    .sheet--agent { color: $foreground; text-style: bold; }
    .sheet--call { color: $text-accent; }
    .sheet--output { color: $foreground; }
    """

    def __init__(self, name: str) -> None:
        """Make an empty one."""
        super().__init__(id=name)
        self._rows: Sequence[Row] = ()
        self._lines: list[Row] = []
        # the first line of each row
        self._tops: list[int] = []
        self._width = 0
        # where the last stop was, and where scrolling to it has come
        self._stopped = self._stopped_at = -1
        self._styles: dict[Role, Style] = {}

    @property
    def text(self) -> str:
        """All of it, a row a line."""
        return "\n".join(row.text for row in self._rows)

    @property
    def visible_text(self) -> str:
        """What is seen now."""
        height = self.scrollable_content_region.height
        return "\n".join(self.render_line(y).text for y in range(height))

    def show_rows(self, rows: Sequence[Row], top: bool = True) -> None:
        """Show other rows, from the first one on unless told."""
        self._rows = rows
        self._fold()
        if top:
            self.scroll_to(y=0, animate=False, immediate=True)

    def next_stop(self) -> bool:
        """Go to the next cited message, from the last one to the first.

        Returns:
            Whether there is any.
        """
        stops = [self._tops[at] for at, row in enumerate(self._rows) if row.stop]
        if not stops:
            return False
        # where the end of the sheet is seen no stop further down can be at the top
        here = self.scroll_offset.y
        if here == self._stopped_at:
            here = max(here, self._stopped)
        self._stopped = next((y for y in stops if y > here), stops[0])
        self.scroll_to(y=self._stopped, animate=False, immediate=True)
        self._stopped_at = self.scroll_offset.y
        return True

    def _fold(self) -> None:
        self._width = max(self.scrollable_content_region.width, NARROWEST)
        self._lines, self._tops = [], []
        for row in self._rows:
            self._tops.append(len(self._lines))
            room = max(self._width - GUTTER - MARGIN - row.indent, NARROWEST - GUTTER)
            self._lines += folded(row, room)
        self._stopped = self._stopped_at = -1
        self.virtual_size = Size(self._width, len(self._lines))
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Fold the rows anew, and stay at the row that is at the top."""
        if self.scrollable_content_region.width == self._width:
            return
        y = self.scroll_offset.y
        at = bisect_right(self._tops, y) - 1
        self._fold()
        if y and at >= 0:
            self.scroll_to(y=self._tops[at], animate=False, immediate=True)

    def notify_style_update(self) -> None:
        """Forget the colours of another theme."""
        self._styles.clear()
        super().notify_style_update()

    def _style(self, role: Role) -> Style:
        if role not in self._styles:
            self._styles[role] = self.get_component_rich_style(f"sheet--{role}")
        return self._styles[role]

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        number = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[number]
        mark = MARK if line.cited else " "
        segments = [Segment(mark.ljust(GUTTER + line.indent), self._style(Role.CITED))]
        segments += [Segment(text, self._style(role)) for text, role in line.spans]
        return Strip(segments).adjust_cell_length(width, self.rich_style)
