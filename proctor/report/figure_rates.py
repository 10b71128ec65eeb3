"""How often each group cheated: points with their intervals."""

from markupsafe import Markup
from matplotlib.figure import Figure

from .. import formats
from .contents import Group, Report
from .figure_text import labelled
from .markup import shown
from .names import Name, constant, names_of
from .style import ACCENT, HOLLOW, PAPER, bare, beside, estimates, rows, sheet

TITLE = "How often each group cheated"
# Inches: of a row, of one with two lines, and of what stands around them.
ROW, ROW_OF_TWO, AROUND, KEY = 0.25, 0.36, 0.5, 0.25
# How far the corrected rate stands below the other, in rows.
BELOW = 0.26


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(group.rate for group in report.groups):
        return None
    return "no run has a verdict, so there is no rate"


def caption(report: Report) -> Markup:
    """Say how to read it."""
    text = Markup(
        "Points are the share of scored runs that cheated, attempts included; lines "
        "are {}% intervals. Beside them: runs that cheated, of scored ones."
    ).format(f"{100 * report.confidence:g}")
    if any(group.corrected for group in report.groups):
        text += Markup(
            " Hollow: what {} found, corrected for its measured error."
        ).format(shown(report.correction.labeller))
    shared = constant(report.groups)
    return text + Markup(" All runs: {}.").format(shown(shared)) if shared else text


def ordered(report: Report) -> list[tuple[Name, Group]]:
    """Return the groups with a rate, the highest first."""
    named = zip(names_of(report.groups), report.groups, strict=True)
    known = [(name, group) for name, group in named if group.rate]
    return sorted(known, key=lambda row: -(row[1].rate.value if row[1].rate else 0))


def draw(report: Report) -> Figure:
    """Draw it."""
    found = ordered(report)
    both = any(group.corrected for _, group in found)
    two = both or any(name.detail for name, _ in found)
    step = ROW_OF_TWO if two else ROW
    figure = sheet(step * len(found) + AROUND + KEY * both)
    axes = figure.subplots()
    counted, corrected = {}, {}
    for row, (_, group) in enumerate(found):
        shift = BELOW / 2 if group.corrected else 0.0
        if group.rate:
            counted[row - shift] = group.rate
        if group.corrected:
            corrected[row + shift] = group.corrected
    estimates(axes, counted, ACCENT, label="counted", elinewidth=1.5)
    if corrected:
        told = "corrected for the labeller's error"
        estimates(axes, corrected, HOLLOW, "D", label=told, mfc=PAPER, elinewidth=0.9)
        figure.legend(loc="outside lower center", ncols=2)
    rows(axes, [labelled(name) for name, _ in found])
    beside(axes, dict(enumerate(_figures(group) for _, group in found)))
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    axes.set_xlabel("share of scored runs that cheated")
    axes.grid(axis="x")
    bare(axes)
    return figure


def _figures(group: Group) -> str:
    counts = formats.part(group.cheating, group.scored)
    return "  ".join([counts, *(formats.rate(group.rate) if group.rate else ())])
