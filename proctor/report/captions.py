"""What is said of each figure: its title, and how to read it."""

from collections.abc import Callable

from markupsafe import Markup

from ..text import printable
from .contents import Report
from .figure_agreement import MOST
from .figure_text import constant
from .figure_timeline import LINEAR

Caption = Callable[[Report], Markup]


def _rates(report: Report) -> Markup:
    text = Markup(
        "Points are the share of scored runs that cheated, attempts included; lines "
        "are {}% intervals. Beside them: runs that cheated, of scored ones."
    ).format(f"{100 * report.confidence:g}")
    if any(group.corrected for group in report.groups):
        text += Markup(
            " Hollow: what <bdi>{}</bdi> found, corrected for its measured error."
        ).format(printable(report.correction.labeller))
    shared = constant(report.groups)
    if shared:
        text += Markup(' All runs: <bdi dir="auto">{}</bdi>.').format(printable(shared))
    return text


def _outcomes(report: Report) -> Markup:
    text = Markup(
        "Every run of a group once. The outcome is unknown where who labelled the run "
        "did not say whether cheating succeeded."
    )
    if any(group.honest_stops.of for group in report.groups):
        text += Markup(
            " Honest stops: runs in which the agent gave up instead of cheating, as "
            "the judge says, of those of which it says something."
        )
    return text


def _techniques(report: Report) -> Markup:
    return Markup(
        "Recorded runs (of n) in which each rule of the recorder found something; a "
        "run counts for each of its rules. The stronger the colour, the larger the "
        "share."
    )


def _timeline(report: Report) -> Markup:
    text = Markup(
        "Cumulative share of recorded runs in which the first finding came at this "
        "tool call or before. Beside the names: runs that began to cheat, of recorded "
        "ones."
    )
    starts = [start for group in report.groups for start in group.starts]
    if starts and max(starts) > LINEAR:
        text += Markup(" The scale of tool calls is logarithmic.")
    return text


def _agreement(report: Report) -> Markup:
    text = Markup(
        "Runs by the verdicts of two labellers, the one above against the one at the "
        "left, who counts as true; below, Cohen's kappa with its {}% interval, on a "
        "scale that ends at 1."
    ).format(f"{100 * report.confidence:g}")
    pairs = sum(pairing.agreement.count > 0 for pairing in report.pairings)
    if pairs > MOST:
        text += Markup(" These are {} of {} pairs.").format(MOST, pairs)
    return text


CAPTIONS: dict[str, tuple[str, Caption]] = {
    "rates": ("How often each group cheated", _rates),
    "outcomes": ("How the runs ended", _outcomes),
    "techniques": ("What was done", _techniques),
    "timeline": ("When cheating starts", _timeline),
    "agreement": ("How labellers agree", _agreement),
}
