"""How the runs of each group ended: what succeeded, what was only tried, what not."""

from markupsafe import Markup
from matplotlib.figure import Figure

from .. import formats
from .contents import Group, Report
from .figure_text import labelled
from .names import names_of
from .style import (
    ATTEMPT,
    COMPLIANT,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    SMALL,
    SUCCESS,
    UNKNOWN,
    UNSCORED,
    bare,
    beside,
    rows,
    sheet,
)

TITLE = "How the runs ended"
# What the runs of a bar are, in the order of their weight: name, colour, hatch.
PARTS = (
    ("cheating succeeded", SUCCESS, ""),
    ("only tried", ATTEMPT, ""),
    ("cheating, outcome unknown", UNKNOWN, "////"),
    ("compliant", COMPLIANT, ""),
    ("no verdict", UNSCORED, ""),
)
# Inches: of a row, of one with two lines, and of what stands around them.
ROW, ROW_OF_TWO, AROUND = 0.25, 0.34, 0.4
# Above the first row, where there is a heading: in rows.
HEAD = 0.8
# The share of a bar from which on a number has room, for each of its digits.
DIGIT = 0.016


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(group.scored for group in report.groups):
        return None
    return "no run has a verdict"


def caption(report: Report) -> Markup:
    """Say how to read it."""
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


def counts_of(group: Group) -> tuple[int, ...]:
    """Return the runs of each part, in the order of `PARTS`."""
    known = group.successes + group.attempts
    return (
        group.successes,
        group.attempts,
        max(0, group.cheating - known),
        max(0, group.scored - group.cheating),
        group.unscored,
    )


def draw(report: Report) -> Figure:
    """Draw it."""
    named = zip(names_of(report.groups), report.groups, strict=True)
    found = [(name, group) for name, group in named if group.runs]
    found.sort(key=lambda row: -(row[1].rate.value if row[1].rate else -1))
    groups = [group for _, group in found]
    stops = any(group.honest_stops.of for group in groups)
    step = ROW_OF_TWO if any(name.detail for name, _ in found) else ROW
    figure = sheet(step * (len(found) + HEAD * stops) + AROUND)
    axes = figure.subplots()
    left = [0.0] * len(groups)
    for place, (label, colour, hatch) in enumerate(PARTS):
        counts = [counts_of(group)[place] for group in groups]
        if not any(counts):
            continue
        shares = [count / g.runs for count, g in zip(counts, groups, strict=True)]
        bars = axes.barh(
            range(len(groups)),
            shares,
            left=left,
            height=0.62,
            label=label,
            facecolor=colour,
            hatch=hatch,
            edgecolor=ON_LIGHT if hatch else MUTED,
            linewidth=[0.5 * (colour == UNSCORED and share > 0) for share in shares],
        )
        axes.bar_label(
            bars,
            [
                f"{count:,}" if share > DIGIT * (len(f"{count:,}") + 1) else ""
                for count, share in zip(counts, shares, strict=True)
            ],
            label_type="center",
            size=SMALL,
            color=ON_DARK if colour == SUCCESS else ON_LIGHT,
            # a number is not read on lines
            bbox={"facecolor": colour, "linewidth": 0, "pad": 1} if hatch else None,
        )
        left = [a + b for a, b in zip(left, shares, strict=True)]
    rows(axes, [labelled(name) for name, _ in found], head=HEAD * stops)
    if stops:
        told: dict[float, str] = {
            place: formats.part(group.honest_stops.count, group.honest_stops.of)
            for place, group in enumerate(groups)
            if group.honest_stops.of
        }
        beside(axes, {-1: "honest stops", **told})
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    bare(axes)
    figure.legend(loc="outside lower center", ncols=len(PARTS), handlelength=1.2)
    return figure
