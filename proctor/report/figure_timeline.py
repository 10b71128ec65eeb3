"""When cheating starts: the share of runs that have begun to, by tool call."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from .contents import Group, Report
from .figure_text import fitted, lettered, names_of, width_of
from .style import (
    DASHES,
    GRID,
    INK,
    MUTED,
    NARROW,
    SERIES,
    SIZE,
    SMALL,
    canvas,
    panel,
    sheet,
)
from .table import shortened

# Inches.
HEIGHT, NARROW_HEIGHT = 2.5, 2.0
LEFT, TOP, FOOT, PAD = 0.42, 0.32, 0.42, 0.1
LABEL, LINE = 2.3, 0.155
KEY = 0.26
# Beyond that many calls the first ones would be one step.
LINEAR = 60
SAID = "share of recorded runs that have begun to cheat"
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(frozen=True)
class Curve:
    """The runs of one line.

    Attributes:
        name: What they are called.
        starts: Numbers of the tool calls at which cheating began, in ascending order.
        of: Of how many recorded runs.
    """

    name: str
    starts: tuple[int, ...]
    of: int

    def share(self, call: int) -> float:
        """Return the share of runs that have begun to cheat by a tool call."""
        return sum(start <= call for start in self.starts) / self.of

    @property
    def ends(self) -> str:
        """How many runs began to, of how many."""
        return f"{len(self.starts):,}/{self.of:,}"


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if not any(group.recorded for group in report.groups):
        return "these logs hold no recording, so it is not known when cheating began"
    if not any(group.starts for group in report.groups):
        return "no recorded run cheated"
    return None


def curves(report: Report) -> list[Curve]:
    """Return a curve for each group, or model, or one for all where they are many."""
    groups = [group for group in report.groups if group.recorded]
    if len(groups) <= len(SERIES):
        names = [name.line for name in names_of(groups)]
        found = [_curve(name, [g]) for name, g in zip(names, groups, strict=True)]
    else:
        short = shortened(list(dict.fromkeys(group.model for group in groups)))
        found = [
            _curve(name or model, [g for g in groups if g.model == model])
            for model, name in short.items()
        ]
        if len(found) > len(SERIES):
            found = [_curve(f"all {len(found)} models", groups)]
    return sorted(found, key=lambda curve: -len(curve.starts) / curve.of)


def _curve(name: str, groups: Sequence[Group]) -> Curve:
    starts = sorted(start for group in groups for start in group.starts)
    return Curve(name, tuple(starts), sum(group.recorded for group in groups))


def draw(report: Report, width: float) -> Figure:
    """Draw it.

    Args:
        report: The report.
        width: Of the figure, in inches; in a narrow one the names stand below.
    """
    found = curves(report)
    narrow = width <= NARROW
    key = LINE * len(found) + PAD if narrow else 0.0
    plot = NARROW_HEIGHT if narrow else HEIGHT
    figure = sheet(width, TOP + plot + FOOT + key)
    labels = max(_label_width(curve) for curve in found)
    right = PAD if narrow else min(LABEL, labels) + 2 * PAD
    axes = panel(figure, LEFT, TOP, width - LEFT - right, plot)
    last = max(curve.starts[-1] for curve in found if curve.starts)
    highest = _scale(axes, last, max(len(curve.starts) / curve.of for curve in found))
    for curve, colour, dashes in zip(found, SERIES, DASHES, strict=False):
        _step(axes, curve, last, colour, dashes)
    beside = canvas(figure)
    beside.text(PAD / 2, 0.13, SAID, size=SMALL, va="center")
    if narrow:
        _below(beside, found, TOP + plot + FOOT + PAD / 2, width)
    else:
        heights = [TOP + plot * (1 - c.share(last) / highest) for c in found]
        _at_the_end(beside, found, heights, width - right + PAD / 2, width, TOP + plot)
    return figure


def _scale(axes: Axes, last: int, share: float) -> float:
    """Set up the axes; returns the share at the top."""
    highest = min(1.0, max(0.1, share * 1.08)) if share < 0.93 else 1.02
    axes.set_ylim(0, highest)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.grid(axis="y", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("tool call", labelpad=3, size=SMALL)
    if last > LINEAR:
        axes.set_xscale("log")
        axes.set_xlim(0.92, last * 1.06)
        axes.set_xticks([tick for tick in TICKS if tick <= last])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0.5, last + 0.5)
        axes.xaxis.set_major_locator(
            MaxNLocator(8, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
        )
    return highest


def _step(axes: Axes, curve: Curve, last: int, colour: str, dashes: object) -> None:
    calls = sorted({1, *curve.starts, last})
    lowest, highest = axes.get_xlim()
    axes.plot(
        [lowest, *calls, highest],
        [0.0, *map(curve.share, calls), curve.share(last)],
        drawstyle="steps-post",
        color=colour,
        linestyle=dashes,
        linewidth=1.5,
        clip_on=False,
        dash_capstyle="butt",
    )


# --- which line is whose ----------------------------------------------------------


def _label_width(curve: Curve) -> float:
    return (
        width_of(lettered(curve.name)) + width_of(f"  {curve.ends}", SMALL) + KEY + 0.1
    )


def _at_the_end(
    axes: Axes,
    found: Sequence[Curve],
    heights: Sequence[float],
    left: float,
    width: float,
    floor: float,
) -> None:
    places = spread(heights, LINE, floor)
    for number, (curve, at) in enumerate(zip(found, places, strict=True)):
        _entry(axes, curve, number, left, at, width)


def _below(axes: Axes, found: Sequence[Curve], top: float, width: float) -> None:
    for number, curve in enumerate(found):
        _entry(axes, curve, number, LEFT, top + LINE * (number + 0.5), width)


def _entry(
    axes: Axes, curve: Curve, number: int, left: float, at: float, width: float
) -> None:
    axes.plot(
        [left, left + KEY],
        [at, at],
        color=SERIES[number],
        linestyle=DASHES[number],
        linewidth=1.5,
    )
    start = left + KEY + 0.06
    room = width - start - width_of(f"  {curve.ends}", SMALL) - 0.04
    named = fitted(curve.name, room)
    axes.text(start, at, named, size=SIZE, color=INK, va="center")
    axes.text(
        start + width_of(named) + 0.06,
        at,
        curve.ends,
        size=SMALL,
        color=MUTED,
        va="center",
    )


def spread(heights: Sequence[float], least: float, floor: float) -> list[float]:
    """Move labels apart that would stand on each other.

    Args:
        heights: Where they belong, from the top, in ascending order.
        least: How far apart they must be.
        floor: Below this none may be, as long as all have room above it.

    Returns:
        Where they go.
    """
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + least) if places else height)
    highest = floor
    for number in range(len(places) - 1, -1, -1):
        places[number] = min(places[number], highest)
        highest = places[number] - least
    return places
