"""How often each group cheated: points with their intervals."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..stats.agreement import Estimate
from .contents import Group, Report
from .figure_text import Name, fitted, interval, lettered, names_of, percent, width_of
from .style import (
    ACCENT,
    GRID,
    HOLLOW,
    INK,
    MUTED,
    NARROW,
    PAPER,
    SIZE,
    SMALL,
    canvas,
    panel,
    sheet,
)

Row = tuple[Name, Group]
# Inches.
TOP, FOOT, PAD = 0.08, 0.4, 0.1
LEGEND = 0.2
ROW, ROW_OF_TWO, STACKED = 0.25, 0.34, 0.44
# What a name may take, and in a narrow figure, before it stands above its row.
LABEL, BESIDE = 2.6, 1.1
COUNTS = "000/000"
# How far the corrected rate stands below the other, in rows.
BELOW = 0.26
# Lines of the scale do not run through a name.
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(group.rate for group in report.groups):
        return None
    return "no run has a verdict, so there is no rate"


def ordered(report: Report) -> list[Row]:
    """Return the groups with a rate, the highest first."""
    rows = zip(names_of(report.groups), report.groups, strict=True)
    known = [(name, group) for name, group in rows if group.rate]
    return sorted(known, key=lambda row: -(row[1].rate.value if row[1].rate else 0))


def draw(report: Report, width: float) -> Figure:
    """Draw it.

    Args:
        report: The report.
        width: Of the figure, in inches; in a narrow one long names stand above their
            rows.
    """
    rows = ordered(report)
    narrow = width <= NARROW
    stacked = narrow and _longest(rows) > BESIDE
    corrected = any(group.corrected for _, group in rows)
    two = any(name.detail for name, _ in rows)
    step = STACKED if stacked else ROW_OF_TWO if two or corrected else ROW
    height = TOP + step * len(rows) + FOOT + (LEGEND if corrected else 0)
    figure = sheet(width, height)
    beside = canvas(figure)
    counts = max(width_of(_counts(group), SMALL) for _, group in rows)
    counts = max(counts, width_of(COUNTS, SMALL))
    ends = 0.0 if narrow else max(width_of(_ends(g), SMALL) for _, g in rows) + PAD
    left = 0.12 if stacked else min(LABEL, _longest(rows)) + 2 * PAD
    across = width - left - counts - ends - 2.5 * PAD
    axes = panel(figure, left, TOP, across, step * len(rows))
    _scale(axes, len(rows))
    for number, (name, group) in enumerate(rows):
        middle = TOP + step * (number + 0.5)
        low = 0.24 if stacked else 0.0  # rows leave room for the name above
        _marks(axes, number + low, group)
        _name(beside, name, middle, None if stacked else left - PAD, width)
        at = middle + low * step
        right = left + across + PAD
        beside.text(
            right + counts, at, _counts(group), size=SMALL, ha="right", va="center"
        )
        if not narrow:
            beside.text(
                width - PAD / 2, at, _ends(group), size=SMALL, ha="right", va="center"
            )
    if corrected:
        _legend(beside, left, height - LEGEND / 2, narrow)
    return figure


def _scale(axes: Axes, rows: int) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0, pad=3)
    axes.grid(axis="x", color=GRID)
    axes.set_xlabel("share of scored runs that cheated", size=SMALL, labelpad=3)


def _marks(axes: Axes, at: float, group: Group) -> None:
    shift = BELOW / 2 if group.corrected else 0.0
    if group.rate:
        _mark(axes, at - shift, group.rate, "o", ACCENT, ACCENT, 4.6)
    if group.corrected:
        _mark(axes, at + shift, group.corrected, "D", HOLLOW, PAPER, 3.8)


def _mark(
    axes: Axes,
    at: float,
    estimate: Estimate,
    shape: str,
    colour: str,
    face: str,
    size: float,
) -> None:
    hollow = face == PAPER
    axes.plot(
        [estimate.low, estimate.high],
        [at, at],
        color=colour,
        linewidth=0.9 if hollow else 1.5,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.plot(
        [estimate.value],
        [at],
        marker=shape,
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=colour,
        markeredgewidth=0.9,
        linestyle="none",
        clip_on=False,
    )


def _name(
    beside: Axes, name: Name, middle: float, right: float | None, width: float
) -> None:
    """Write a name left of its row, or above it where `right` is None."""
    if right is None:
        title = fitted(name.title, width - 0.3)
        beside.text(0.12, middle - 0.1, title, size=SIZE, va="center", bbox=BEHIND)
        room = width - 0.3 - width_of(f"{title}  ")
        if name.detail and room > 0.4:
            beside.text(
                0.12 + width_of(f"{title}  "),
                middle - 0.1,
                fitted(name.detail, room, SMALL),
                size=SMALL,
                color=MUTED,
                va="center",
                bbox=BEHIND,
            )
        return
    room = right - PAD / 2
    shift = 0.07 if name.detail else 0.0
    beside.text(
        right, middle - shift, fitted(name.title, room), ha="right", va="center"
    )
    if name.detail:
        beside.text(
            right,
            middle + shift,
            fitted(name.detail, room, SMALL),
            size=SMALL,
            color=MUTED,
            ha="right",
            va="center",
        )


def _longest(rows: list[Row]) -> float:
    return max(
        max(width_of(lettered(n.title)), width_of(lettered(n.detail), SMALL))
        for n, _ in rows
    )


def _counts(group: Group) -> str:
    return f"{group.cheating:,}/{group.scored:,}"


def _ends(group: Group) -> str:
    if group.rate is None:
        return ""
    return f"{percent(group.rate.value)} {interval(group.rate)}"


def _legend(beside: Axes, left: float, at: float, narrow: bool) -> None:
    texts = ("counted", "corrected" if narrow else "corrected for the labeller's error")
    for text, shape, colour, face in zip(
        texts, "oD", (ACCENT, HOLLOW), (ACCENT, PAPER), strict=True
    ):
        beside.plot(
            [left + 0.05],
            [at],
            marker=shape,
            markersize=4.2,
            markerfacecolor=face,
            markeredgecolor=colour,
            markeredgewidth=0.9,
            linestyle="none",
        )
        beside.text(left + 0.14, at, text, size=SMALL, color=INK, va="center")
        left += 0.14 + width_of(text, SMALL) + 0.2
