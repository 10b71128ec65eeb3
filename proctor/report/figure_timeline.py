"""When cheating starts: the share of runs that have begun to, by tool call."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from .. import formats
from .contents import Group, Report
from .figure_text import fitted
from .names import names_of, shortened
from .style import DASHES, SERIES, SMALL, bare, sheet

TITLE = "When cheating starts"
HEIGHT = 2.9  # inches
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
        return formats.part(len(self.starts), self.of)


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if not any(group.recorded for group in report.groups):
        return "these logs hold no recording, so it is not known when cheating began"
    if not any(group.starts for group in report.groups):
        return "no recorded run cheated"
    return None


def caption(report: Report) -> Markup:
    """Say how to read it."""
    text = Markup(
        "Cumulative share of recorded runs in which the first finding came at this "
        "tool call or before. Beside the names: runs that began to cheat, of recorded "
        "ones."
    )
    starts = [start for group in report.groups for start in group.starts]
    if starts and max(starts) > LINEAR:
        text += Markup(" The scale of tool calls is logarithmic.")
    return text


def curves(report: Report) -> list[Curve]:
    """Return a curve for each group, or model, or one for all where they are many."""
    groups = [group for group in report.groups if group.recorded]
    if len(groups) <= len(SERIES):
        names = [name.line for name in names_of(groups)]
        found = [_curve(name, [g]) for name, g in zip(names, groups, strict=True)]
    else:
        found = [
            _curve(name, [g for g in groups if g.model == model])
            for model, name in shortened(group.model for group in groups).items()
        ]
        if len(found) > len(SERIES):
            found = [_curve(f"all {len(found)} models", groups)]
    return sorted(found, key=lambda curve: -len(curve.starts) / curve.of)


def _curve(name: str, groups: Sequence[Group]) -> Curve:
    starts = sorted(start for group in groups for start in group.starts)
    return Curve(name, tuple(starts), sum(group.recorded for group in groups))


def draw(report: Report) -> Figure:
    """Draw it."""
    found = curves(report)
    last = max(curve.starts[-1] for curve in found if curve.starts)
    figure = sheet(HEIGHT)
    axes = figure.subplots()
    if last > LINEAR:
        axes.set_xscale("log")
        axes.set_xlim(0.92, last * 1.06)
        axes.set_xticks([tick for tick in TICKS if tick <= last])
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0.5, last + 0.5)
        axes.xaxis.set_major_locator(
            MaxNLocator(8, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
        )
    axes.xaxis.set_major_formatter(lambda call, _: f"{call:,.0f}")
    lowest, highest = axes.get_xlim()
    lines = []
    for curve, colour, dashes in zip(found, SERIES, DASHES, strict=False):
        calls = sorted({1, *curve.starts, last})
        lines += axes.step(
            [lowest, *calls, highest],
            [0.0, *map(curve.share, calls), curve.share(last)],
            where="post",
            color=colour,
            linestyle=dashes,
            clip_on=False,
        )
    axes.set_ylim(0, min(1.0, max(0.1, 1.08 * max(c.share(last) for c in found))))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    axes.grid(axis="y")
    axes.tick_params(axis="y", labelsize=SMALL)
    axes.set_ylabel(SAID)
    axes.set_xlabel("tool call")
    bare(axes, "left")
    named = [f"{fitted(curve.name)}  {curve.ends}" for curve in found]
    figure.legend(lines, named, loc="outside right upper", handlelength=3)
    return figure
