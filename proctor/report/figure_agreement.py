"""How labellers agree: what both say of the runs, and Cohen's kappa."""

from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..stats.agreement import Estimate
from .contents import RaterAgreement, Report
from .figure_text import decimal, fitted
from .style import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    NARROW,
    SIZE,
    SMALL,
    TINT,
    canvas,
    panel,
    sheet,
)

# Inches: a matrix with what stands around it.
LOW = 0.42
HEAD, SIDE = 0.44, 0.4
KAPPA, PAD = 0.5, 0.12
STRONGEST = 0.72
# More than these a reader compares no more; the page lists them all.
MOST = 12


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(pairing.agreement.count for pairing in report.pairings):
        return None
    return "no two labellers have a verdict on the same run"


def draw(report: Report, width: float) -> Figure:
    """Draw it.

    Args:
        report: The report.
        width: Of the figure, in inches.
    """
    shown = [p for p in report.pairings if p.agreement.count][:MOST]
    across = min(len(shown), 2 if width <= NARROW else 4)
    rows = ceil(len(shown) / across)
    high = HEAD + 2 * LOW + KAPPA + PAD
    # few panels stay together, instead of wandering apart
    wide = min(width / across, 2.3 if width > NARROW else width / 2)
    figure = sheet(width, rows * high)
    beside = canvas(figure)
    for number, pairing in enumerate(shown):
        left = (number % across) * wide
        top = (number // across) * high
        _matrix(beside, pairing, left, top, wide)
        _kappa(figure, beside, pairing.agreement.kappa, left, top, wide)
    return figure


def _matrix(
    axes: Axes, pairing: RaterAgreement, left: float, top: float, wide: float
) -> None:
    found = pairing.agreement
    cell = (wide - SIDE - PAD) / 2
    start, down = left + SIDE, top + HEAD
    middle = start + cell
    room = wide - SIDE
    axes.text(middle, top + 0.16, fitted(pairing.labeller, room), ha="center")
    axes.text(
        left + 0.1,
        down + LOW,
        fitted(pairing.reference, 2 * LOW + 0.3),
        rotation=90,
        ha="center",
        va="center",
    )
    for place, word in enumerate(("cheating", "compliant")):
        across = start + cell * (place + 0.5)
        axes.text(across, down - 0.06, word, size=SMALL, color=MUTED, ha="center")
        axes.text(
            start - 0.07,
            down + LOW * (place + 0.5),
            word,
            size=SMALL - 1,
            color=MUTED,
            ha="center",
            va="center",
            rotation=90,
        )
    counts = ((found.both, found.missed), (found.alarms, found.neither))
    for row, line in enumerate(counts):
        for place, count in enumerate(line):
            corner = (start + cell * place, down + LOW * row)
            _cell(axes, corner, cell, count, found.count, agree=row == place)


def _cell(
    axes: Axes,
    corner: tuple[float, float],
    wide: float,
    count: int,
    of: int,
    agree: bool,
) -> None:
    share = count / of if of else 0.0
    left, top = corner
    axes.add_patch(
        Rectangle(
            (left + 0.012, top + 0.012),
            wide - 0.024,
            LOW - 0.024,
            facecolor=TINT,
            alpha=0.05 + (STRONGEST - 0.05) * share,
            linewidth=0,
        )
    )
    axes.text(
        left + wide / 2,
        top + LOW / 2,
        f"{count:,}",
        size=SIZE + 1,
        weight="bold" if agree else "normal",
        color=INK,
        ha="center",
        va="center",
    )


def _kappa(
    figure: Figure,
    beside: Axes,
    kappa: Estimate | None,
    left: float,
    top: float,
    wide: float,
) -> None:
    """Draw kappa with its interval on a scale below a matrix."""
    start, across = left + SIDE, wide - SIDE - PAD
    down = top + HEAD + 2 * LOW + 0.08
    if kappa is None:
        words = "kappa does not exist"
        beside.text(start, down + 0.12, words, size=SMALL, color=MUTED, va="center")
        return
    lowest = -1.0 if kappa.low < 0 else 0.0
    axes = panel(figure, start, down, across, 0.12)
    axes.set_xlim(lowest, 1)
    axes.set_ylim(-1, 1)
    for name in ("left", "bottom"):
        axes.spines[name].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.plot([lowest, 1], [0, 0], color=GRID, linewidth=2.5, solid_capstyle="butt")
    if lowest:
        axes.plot([0, 0], [-1, 1], color=MUTED, linewidth=0.6)
    axes.plot(
        [kappa.low, kappa.high],
        [0, 0],
        color=ACCENT,
        linewidth=1.5,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.plot([kappa.value], [0], "o", color=ACCENT, markersize=4.6, clip_on=False)
    ends = f"[{decimal(kappa.low)}, {decimal(kappa.high)}]"
    beside.text(
        start + across / 2,
        down + 0.23,
        f"κ {decimal(kappa.value)} {ends}",
        size=SMALL,
        ha="center",
        va="center",
    )
