"""How figures look: one palette, one type size, nothing that says nothing.

The colours of the series are those of Okabe and Ito (2008), which people who see red
and green alike can tell apart; what is stacked or tinted also differs in lightness,
and what is a line in its dashes, so that a print without colour still tells them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Widths in inches: a column of a paper, which is what a phone shows, too, and both.
NARROW, WIDE = 3.5, 7.0
# Type sizes in points, as journals ask for.
SIZE, SMALL = 8.0, 7.0
POINTS = 72.0  # to an inch

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
    "axes.labelsize": SIZE,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.color": INK,
    "hatch.linewidth": 0.5,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "proctor",
    "path.simplify": False,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in this style, whatever settings a user has."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def sheet(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches."""
    return Figure(figsize=(width, height))


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add a panel to a figure; all in inches, from its left upper corner."""
    wide, high = figure.get_size_inches()
    place = (left / wide, 1 - (top + height) / high, width / wide, height / high)
    return figure.add_axes(place)


def bare(axes: Axes) -> None:
    """Take off everything that is there before anything is drawn."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def canvas(figure: Figure) -> Axes:
    """Lay a sheet over the figure whose units are inches, from the left upper corner.

    For what stands beside the panels: labels, counts, legends.
    """
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    bare(axes)
    axes.set_zorder(2)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return axes
