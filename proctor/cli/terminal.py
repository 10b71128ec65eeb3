"""The terminal that tables are printed on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# Columns: more than any line has.
UNBROKEN = 2**20


def table_console() -> "Console":
    """Make a console on which text is no markup.

    A line that goes into a pipe stays whole, for grep to find.
    """
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = UNBROKEN
    return console
