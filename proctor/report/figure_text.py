"""Texts in figures: what fits, what the type can write, what tells groups apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

from ..stats.agreement import Estimate
from ..text import escaped, moves, one_line
from .contents import Group
from .style import POINTS, SIZE
from .table import shortened

ELLIPSIS = "…"
# Nobody reads a longer name in a figure, and what is measured need not be longer.
LONGEST = 200
# In points: so large that rounding to dots does not show.
MEASURED = 100.0


@dataclass(frozen=True)
class Name:
    """What a group is called in a figure.

    Attributes:
        title: The model, without its provider where that still tells it; or, where
            there is only one model, what tells its groups apart.
        detail: What else tells it from other groups; may be empty.
    """

    title: str
    detail: str = ""

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.title}, {self.detail}" if self.detail else self.title


def names_of(groups: Sequence[Group]) -> list[Name]:
    """Call each group by what tells it from the others."""
    short = shortened(list(dict.fromkeys(group.model for group in groups)))
    factors = differing(groups)
    tasks = len({group.task for group in groups}) > 1
    names = []
    for group in groups:
        parts = [f"{f}={level}" for f, level in group.condition if f in factors]
        parts += [group.task] if tasks else []
        title, detail = short[group.model] or group.model, ", ".join(parts)
        alone = len(short) == 1 and detail
        names.append(Name(detail) if alone else Name(title, detail))
    return names


def differing(groups: Sequence[Group]) -> set[str]:
    """Return the factors that are not the same in all groups."""
    conditions = [dict(group.condition) for group in groups]
    factors = {factor for condition in conditions for factor in condition}
    return {f for f in factors if len({c.get(f) for c in conditions}) > 1}


def constant(groups: Sequence[Group]) -> str:
    """Return what holds of all groups, on one line; may be empty."""
    factors = differing(groups)
    first = groups[0].condition if groups else ()
    return ", ".join(f"{f}={level}" for f, level in first if f not in factors)


# --- what the type can write ------------------------------------------------------


def lettered(text: str) -> str:
    """Write a text so that it can be drawn, on one line, in its order.

    What the type has no letter for is written as its number.
    """
    text = text if len(text) <= LONGEST else _middle(text, LONGEST)
    return escaped(one_line(text), _cannot_be_drawn)


def _cannot_be_drawn(c: str) -> bool:
    return not c.isascii() and (moves(c) or not _font().get_char_index(ord(c)))


# How wide one point of a text is, for each text: fonts are slow to ask.
@cache
def _width(text: str) -> float:
    font = _font()
    font.set_size(MEASURED, POINTS)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    width, _ = font.get_width_height()
    return float(width) / 64 / MEASURED


def _font() -> FT2Font:
    return get_font(findfont(FontProperties(family=["sans-serif"])))


def width_of(text: str, size: float = SIZE) -> float:
    """Return how wide a text is, in inches."""
    return _width(text) * size / POINTS


def fitted(text: str, width: float, size: float = SIZE) -> str:
    """Write a text so that it can be drawn, in the middle of which some is left out.

    Args:
        text: The text.
        width: How wide it may be, in inches.
        size: In points.
    """
    text = lettered(text)
    if width_of(text, size) <= width:
        return text
    # the longest that fits: its width grows with the letters that it keeps
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(_middle(text, middle), size) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return _middle(text, low)


def _middle(text: str, length: int) -> str:
    """Leave out the middle, so that the start and the end of a name tell it."""
    if len(text) <= length:
        return text
    kept = max(1, length - 1)
    end = kept // 2
    return text[: kept - end] + ELLIPSIS + (text[-end:] if end else "")


# --- figures in words -------------------------------------------------------------


def percent(share: float) -> str:
    """Write a share in per cent."""
    return f"{100 * share:.1f}%"


def interval(estimate: Estimate) -> str:
    """Write the ends of an interval of a share, in per cent."""
    return f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def decimal(value: float) -> str:
    """Write a figure such as kappa, with a true minus sign."""
    return f"{value:.2f}".replace("-", "\u2212")
