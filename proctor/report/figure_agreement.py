"""How labellers agree: what both say of the runs, and Cohen's kappa."""

from math import ceil

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .. import formats
from .contents import RaterAgreement, Report
from .figure_text import fitted
from .style import ACCENT, GRID, MUTED, SIZE, SMALL, bare, cell, estimates, rows, sheet

TITLE = "How labellers agree"
# More than these a reader compares no more; the page lists them all.
MOST = 12
# Side by side, and how high each is, in inches; how long a labeller's name may be.
ACROSS, HEIGHT, NAME = 4, 1.75, 17


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(pairing.agreement.count for pairing in report.pairings):
        return None
    return "no two labellers have a verdict on the same run"


def caption(report: Report) -> Markup:
    """Say how to read it."""
    text = Markup(
        "Runs by the verdicts of two labellers, the one above against the one at the "
        "left, who counts as true; below, Cohen's kappa with its {}% interval, on a "
        "scale that ends at 1."
    ).format(f"{100 * report.confidence:g}")
    pairs = sum(pairing.agreement.count > 0 for pairing in report.pairings)
    if pairs > MOST:
        text += Markup(" These are {} of {} pairs.").format(MOST, pairs)
    return text


def draw(report: Report) -> Figure:
    """Draw it."""
    shown = [p for p in report.pairings if p.agreement.count][:MOST]
    lines = ceil(len(shown) / ACROSS)
    figure = sheet(HEIGHT * lines)
    places = figure.subplots(
        2 * lines, ACROSS, squeeze=False, height_ratios=[6, 1] * lines
    )
    for number in range(lines * ACROSS):
        line, column = divmod(number, ACROSS)
        matrix, kappa = places[2 * line, column], places[2 * line + 1, column]
        if number < len(shown):
            _matrix(matrix, shown[number])
            _kappa(kappa, shown[number])
        else:
            matrix.set_axis_off()
            kappa.set_axis_off()
    return figure


def _matrix(axes: Axes, pairing: RaterAgreement) -> None:
    found = pairing.agreement
    for row, counts in enumerate(
        ((found.both, found.missed), (found.alarms, found.neither))
    ):
        for column, count in enumerate(counts):
            weight = "bold" if row == column else "normal"
            place = (column, row)
            share = count / found.count
            cell(axes, place, count, share, "0", size=SIZE + 1, weight=weight)
    words = ["cheating", "compliant"]
    rows(axes, words)
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([0, 1], words)
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=SMALL - 1, labelcolor=MUTED)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")
    axes.set_xlabel(fitted(pairing.labeller, NAME), size=SIZE)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel(fitted(pairing.reference, NAME), size=SIZE)
    bare(axes)


def _kappa(axes: Axes, pairing: RaterAgreement) -> None:
    """Draw kappa with its interval on a scale."""
    kappa = pairing.agreement.kappa
    axes.set_yticks([])
    axes.set_xticks([])
    bare(axes)
    if kappa is None:
        axes.set_xlabel("kappa does not exist", color=MUTED)
        return
    lowest = -1 if kappa.low < 0 else 0
    axes.set_xlim(lowest, 1)
    axes.axhline(0, color=GRID, linewidth=2.5)
    if lowest:
        axes.axvline(0, color=MUTED, linewidth=0.6)
    estimates(axes, {0: kappa}, ACCENT)
    axes.set_xlabel(f"κ {formats.typographic(' '.join(formats.decimal(kappa)))}")
