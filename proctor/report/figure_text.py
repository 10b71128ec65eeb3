"""Texts in figures: short enough, and nothing that the type cannot write."""

import unicodedata

from matplotlib.font_manager import FontProperties, findfont, get_font

from ..rules import printable
from .names import Name

ELLIPSIS = "…"
# Letters of a name in a figure: what leaves room for what is drawn beside it.
LONGEST = 36
# Right-to-left letters move what stands beside them; marks pile up on a letter.
_MOVING = {"R", "AL", "AN"}


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
    text = "".join(map(_letter, printable(text).replace("\n", "\\n")))
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return text[: longest - 1 - end] + ELLIPSIS + text[-end:]


def labelled(name: Name) -> str:
    """Write a group's name on a line, or on two."""
    return "\n".join(fitted(part) for part in (name.title, name.detail) if part)


def _letter(c: str) -> str:
    if c.isascii():
        return c
    moving = unicodedata.bidirectional(c) in _MOVING
    mark = unicodedata.category(c).startswith("M")
    font = get_font(findfont(FontProperties(family=["sans-serif"])))
    if moving or mark or not font.get_char_index(ord(c)):
        return c.encode("unicode_escape").decode("ascii")
    return c
