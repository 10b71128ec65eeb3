"""How figures look: one palette, one type size, nothing that says nothing.

The colours of the series are those of Okabe and Ito (2008), which people who see red
and green alike can tell apart; what is stacked or tinted also differs in lightness,
and what is a line in its dashes, so that a print without colour still tells them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..stats.estimate import Estimate

# In inches: the text of a page.
WIDTH = 6.5
# Type sizes in points, as journals ask for.
SIZE, SMALL = 8.0, 7.0
# Tints of cells: the strongest is still pale enough to read a number on. Between
# cells: a part of one.
PALEST, STRONGEST, GAP = 0.06, 0.72, 0.06

# By role. No two are equal, as a page tells by its colour what a thing is; and none
# is black, which Matplotlib leaves out of an SVG.
INK = "#1a1d21"
MUTED = "#5b636d"
GRID = "#dfe3e8"
PAPER = "#fefefe"
ACCENT = "#0a4f8f"
HOLLOW = "#b34700"
TINT = "#2f7fc1"
SUCCESS = "#8f2d0b"
ATTEMPT = "#e07b1a"
UNKNOWN = "#f6c27a"
COMPLIANT = "#cfe0ee"
UNSCORED = "#fbfbfa"
# On bars: not the ink of the page, which is white in the dark, when these stay.
ON_LIGHT, ON_DARK = "#16191d", "#ffffff"
SERIES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#6b4c9a",
)
DASHES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (6, 1.5, 1.5, 1.5)),
    (0, (3, 1)),
    (0, (8, 2)),
    (0, (4, 1, 1, 1, 1, 1)),
)
# What a page calls each colour, so that it can be another one in the dark.
ROLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    PAPER: "paper",
    ACCENT: "accent",
    HOLLOW: "hollow",
    TINT: "tint",
    SUCCESS: "success",
    ATTEMPT: "attempt",
    UNKNOWN: "unknown",
    COMPLIANT: "compliant",
    UNSCORED: "unscored",
} | {colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)}

# Matplotlib has a type of its own for the names of its settings, from 3.11 on.
SETTINGS: Any = {
    "font.family": "sans-serif",
    # all but the last have the same widths, so that text fits where only one is there
    "font.sans-serif": ["Arial", "Liberation Sans", "Helvetica", "DejaVu Sans"],
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,  # a `$` in a name is a `$`
    "axes.labelcolor": INK,
    "axes.labelsize": SMALL,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SIZE,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.color": ON_LIGHT,
    "hatch.linewidth": 0.5,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "proctor",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in this style, whatever settings a user has."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def sheet(height: float) -> Figure:
    """Return an empty figure that arranges itself; its height in inches."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def bare(axes: Axes, *sides: str) -> None:
    """Take off the frame at these sides, or all around, and the marks of ticks."""
    axes.spines[list(sides or axes.spines)].set_visible(False)
    axes.tick_params(length=0)


def rows(axes: Axes, labels: Sequence[str], head: float = 0.0) -> None:
    """Give each row its label, from the top down.

    Args:
        axes: With one row for each whole number.
        labels: Of the rows.
        head: Room above the first row, in rows.
    """
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5 - head)


def beside(axes: Axes, texts: Mapping[float, str], **how: Any) -> None:
    """Write texts at the right of rows, by the number of the row."""
    right = axes.secondary_yaxis("right")
    right.set_yticks(list(texts), list(texts.values()), size=SMALL, **how)
    right.spines["right"].set_visible(False)
    right.tick_params(length=0)


def estimates(
    axes: Axes, found: Mapping[float, Estimate], colour: str, fmt: str = "o", **how: Any
) -> None:
    """Draw figures as points with their intervals, by the place of their row."""
    values = [one.value for one in found.values()]
    lows = [one.value - one.low for one in found.values()]
    highs = [one.high - one.value for one in found.values()]
    axes.errorbar(
        values,
        list(found),
        xerr=(lows, highs),
        fmt=fmt,
        color=colour,
        markersize=4.4,
        clip_on=False,
        **how,
    )


def cell(
    axes: Axes,
    place: tuple[float, float],
    count: int,
    share: float,
    none: str = "·",
    **how: Any,
) -> None:
    """Write a count into a cell of a table, on a tint.

    Args:
        axes: With a cell for each pair of whole numbers.
        place: Column and row.
        count: The count.
        share: How strong the tint is, from 0 to 1.
        none: What is written for 0.
        how: Of the text.
    """
    if count:
        left, top = place[0] - 0.5 + GAP / 2, place[1] - 0.5 + GAP / 2
        strength = PALEST + (STRONGEST - PALEST) * share
        axes.add_patch(
            Rectangle(
                (left, top), 1 - GAP, 1 - GAP, color=TINT, alpha=strength, linewidth=0
            )
        )
    how = {"color": INK if count else MUTED} | how
    text = f"{count:,}" if count else none
    axes.text(*place, text, ha="center", va="center", **how)
