"""Texts in figures: short enough, and nothing that the type cannot write."""

from matplotlib.font_manager import FontProperties, findfont, get_font

from ..text import escaped, moves, one_line
from .names import Name

ELLIPSIS = "…"
# Letters of a name in a figure: what leaves room for what is drawn beside it.
LONGEST = 36


def fitted(text: str, longest: int = LONGEST) -> str:
    """Write a text so that it can be drawn, on one line, in its order.

    What the type has no letter for is written as its number. Of a long one the middle
    is left out, so that the start and the end of a name tell it.

    Args:
        text: The text.
        longest: How many letters it may have.
    """
    if len(text) > 2 * longest:  # what is in the middle is left out anyway
        text = text[:longest] + text[-longest:]
    text = escaped(one_line(text), _cannot_be_drawn)
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return text[: longest - 1 - end] + ELLIPSIS + text[-end:]


def labelled(name: Name) -> str:
    """Write a group's name on a line, or on two."""
    return "\n".join(fitted(part) for part in (name.title, name.detail) if part)


def _cannot_be_drawn(c: str) -> bool:
    if c.isascii():
        return False
    font = get_font(findfont(FontProperties(family=["sans-serif"])))
    return moves(c) or not font.get_char_index(ord(c))
