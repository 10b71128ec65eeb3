"""What each model did: of its recorded runs, in how many each rule found something."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..rules import BY_ID
from ..taxonomy import Category
from .contents import Group, Report
from .figure_text import Name, fitted, lettered, names_of, width_of
from .style import INK, MUTED, NARROW, SIZE, SMALL, TINT, canvas, sheet
from .table import shortened

OTHER = "other rules"
# The gravest first, as a verdict's category is chosen.
ORDER = (
    Category.OVERSIGHT_DISABLED,
    Category.SANDBOX_MODIFIED,
    Category.WORKAROUND,
    Category.ENVIRONMENT_USAGE,
)
# The largest share is still pale enough to read a number on.
PALEST, STRONGEST = 0.06, 0.72
# Inches.
PAD, GAP = 0.08, 0.07
CELL, LOW, HEADING = 0.42, 0.185, 0.22
COLUMN, STEP = 1.15, 0.215
# A name above a column: in a few lines, else turned.
LINE, LINES, TURNED = 0.14, 3, 1.6


@dataclass(frozen=True)
class Column:
    """One model's runs, or those of one of its groups.

    Attributes:
        name: What it is called.
        counts: Runs in which each rule found something.
        of: Of how many recorded ones.
    """

    name: Name
    counts: Counter[str]
    of: int

    def share(self, rule: str) -> float:
        """Return in what share of the runs a rule found something."""
        return min(1.0, self.counts[rule] / self.of) if self.of else 0.0


@dataclass(frozen=True)
class Rules:
    """The rules of one category that found something."""

    category: str
    ids: tuple[str, ...]


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if not any(group.recorded for group in report.groups):
        return "these logs hold no recording, so it is not known what was done"
    if not any(group.techniques for group in report.groups):
        return "the rules found nothing in any recorded run"
    return None


def columns(report: Report) -> list[Column]:
    """Return the models that have recorded runs; the groups where there is but one."""
    groups = [group for group in report.groups if group.recorded]
    models = list(dict.fromkeys(group.model for group in groups))
    if len(models) == 1:
        return [
            Column(name, Counter(group.techniques), group.recorded)
            for name, group in zip(names_of(groups), groups, strict=True)
        ]
    short = shortened(models)
    return [
        _column(Name(short[model] or model), [g for g in groups if g.model == model])
        for model in models
    ]


def _column(name: Name, groups: Sequence[Group]) -> Column:
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update(group.techniques)
    return Column(name, counts, sum(group.recorded for group in groups))


def rules(found: Sequence[Column]) -> list[Rules]:
    """Return the rules that found something, by category, the most frequent first."""
    totals: Counter[str] = Counter()
    for column in found:
        totals.update(column.counts)
    kinds = {rule: category_of(rule) for rule in totals if totals[rule]}
    parts = []
    for category in (*map(str, ORDER), OTHER):
        ids = [rule for rule, kind in kinds.items() if kind == category]
        ids.sort(key=lambda rule: (-totals[rule], rule))
        parts += [Rules(category, tuple(ids))] if ids else []
    return parts


def category_of(rule: str) -> str:
    """Return a rule's category; rules of other origin have one of their own."""
    known = BY_ID.get(rule)
    category = str(known.category) if known else OTHER
    return category if category in map(str, ORDER) else OTHER


def title_of(rule: str) -> str:
    """Return what a rule means; nothing for one of other origin."""
    known = BY_ID.get(rule)
    return known.title if known else ""


def draw(report: Report, width: float) -> Figure:
    """Draw it.

    Args:
        report: The report.
        width: Of the figure, in inches. Where the models do not fit side by side they
            stand below each other, and the rules side by side.
    """
    found = columns(report)
    parts = rules(found)
    labels = max(_label_width(rule, width) for part in parts for rule in part.ids)
    room = width - labels - 2 * PAD
    if len(found) * CELL <= room - 0.3:
        return _rules_below(found, parts, width, labels)
    return _models_below(found, parts, width)


# --- a row for each rule ----------------------------------------------------------


def _rules_below(
    found: Sequence[Column], parts: Sequence[Rules], width: float, labels: float
) -> Figure:
    """Draw a row for each rule, a column for each model."""
    ids = [rule for part in parts for rule in part.ids]
    titles = max(width_of(title_of(rule), SMALL) for rule in ids) + PAD
    room = width - labels - 2 * PAD
    # what the rules mean, where the cells leave room for it
    titled = width > NARROW and (room - titles) / len(found) >= CELL
    start = labels + PAD + (titles if titled else 0.0)
    cell = min((width - start - PAD) / len(found), COLUMN)
    headings = [_wrapped(column.name.line, cell - 0.06) for column in found]
    if not all(headings):  # then all are turned
        headings = [[] for _ in found]
    top = 0.24 + max(
        LINE * len(lines) if lines else min(TURNED, _heading_width(column))
        for lines, column in zip(headings, found, strict=True)
    )
    height = top + STEP * len(ids) + HEADING * len(parts) + PAD
    figure = sheet(width, height)
    axes = canvas(figure)
    for number, (column, lines) in enumerate(zip(found, headings, strict=True)):
        _heading(axes, column, lines, start + cell * (number + 0.5), top)
    darkest = max(column.share(rule) for column in found for rule in ids)
    at = top
    for part in parts:
        axes.text(PAD / 2, at + HEADING * 0.6, part.category, **_CAPTION)
        at += HEADING
        for rule in part.ids:
            _rule_label(axes, rule, at + STEP / 2, labels, titled)
            for number, column in enumerate(found):
                place = (start + cell * number, at, cell, STEP)
                _cell(axes, place, column, rule, SIZE, darkest)
            at += STEP
    return figure


_CAPTION: dict[str, Any] = {
    "size": SMALL,
    "color": MUTED,
    "va": "center",
    "style": "italic",
}


def _label_width(rule: str, width: float) -> float:
    return min(width_of(lettered(rule)), width * 0.4) + PAD


def _rule_label(axes: Axes, rule: str, at: float, room: float, titled: bool) -> None:
    axes.text(PAD / 2, at, fitted(rule, room - PAD), size=SIZE, va="center")
    if titled:
        title = title_of(rule)
        axes.text(room + PAD, at, title, size=SMALL, color=MUTED, va="center")


def _heading_width(column: Column) -> float:
    return width_of(lettered(column.name.line), SIZE)


def _wrapped(text: str, room: float) -> list[str]:
    """Break a name into a few lines that fit; nothing where it does not break so."""
    lines = [""]
    for part in re.findall(r"[^-_/:,. ]*(?:[-_/:,.] ?| |$)", lettered(text)):
        if lines[-1] and width_of((lines[-1] + part).rstrip()) > room:
            lines.append("")
        lines[-1] += part
    fits = all(width_of(line.rstrip()) <= room for line in lines)
    return [line.rstrip() for line in lines] if fits and len(lines) <= LINES else []


def _heading(
    axes: Axes, column: Column, lines: Sequence[str], at: float, top: float
) -> None:
    """Write a column's name and, below it, of how many runs it is."""
    axes.text(at, top - 0.06, f"n={column.of:,}", size=SMALL, color=MUTED, ha="center")
    above = top - 0.2
    for number, line in enumerate(reversed(lines)):
        axes.text(at, above - LINE * number, line, size=SIZE, ha="center")
    if not lines:
        named = fitted(column.name.line, TURNED)
        axes.text(at, above, named, size=SIZE, ha="center", va="bottom", rotation=90)


def _cell(
    axes: Axes,
    place: tuple[float, float, float, float],
    column: Column,
    rule: str,
    size: float,
    darkest: float,
) -> None:
    left, top, wide, high = place
    count = column.counts[rule]
    if count:
        share = column.share(rule) / darkest
        axes.add_patch(
            Rectangle(
                (left + 0.012, top + 0.012),
                wide - 0.024,
                high - 0.024,
                facecolor=TINT,
                alpha=PALEST + (STRONGEST - PALEST) * share,
                linewidth=0,
            )
        )
    axes.text(
        left + wide / 2,
        top + high / 2,
        f"{count:,}" if count else "·",
        size=size,
        color=INK if count else MUTED,
        ha="center",
        va="center",
    )


# --- a row for each model ---------------------------------------------------------


def _models_below(
    found: Sequence[Column], parts: Sequence[Rules], width: float
) -> Figure:
    """Draw a row for each model, a column for each rule."""
    ids = [rule for part in parts for rule in part.ids]
    room = width * (0.34 if width > NARROW else 0.36)
    names = min(room, max(_heading_width(column) for column in found))
    counts = max(width_of(f"{column.of:,}", SMALL) for column in found)
    left = PAD / 2 + names + PAD + counts + PAD
    gaps = GAP * (len(parts) - 1)
    cell = min((width - left - gaps - PAD / 2) / len(ids), CELL)
    size = max(4.5, min(SIZE, cell * POINTS_OF_DIGITS))
    longest = max(min(TURNED, width_of(lettered(rule), size + 0.5)) for rule in ids)
    top = 0.12 + longest
    height = top + LOW * len(found) + PAD
    figure = sheet(width, height)
    axes = canvas(figure)
    for number, column in enumerate(found):
        at = top + LOW * (number + 0.5)
        axes.text(PAD / 2, at, fitted(column.name.line, names), va="center")
        axes.text(
            left - PAD,
            at,
            f"{column.of:,}",
            size=SMALL,
            color=MUTED,
            ha="right",
            va="center",
        )
    axes.text(left - PAD, top - 0.06, "n", size=SMALL, color=MUTED, ha="right")
    darkest = max(column.share(rule) for column in found for rule in ids)
    start = left
    for part in parts:
        for rule in part.ids:
            axes.text(
                start + cell / 2,
                top - 0.06,
                fitted(rule, TURNED, size + 0.5),
                size=size + 0.5,
                rotation=90,
                ha="center",
                va="bottom",
            )
            for number, column in enumerate(found):
                place = (start, top + LOW * number, cell, LOW)
                _cell(axes, place, column, rule, size, darkest)
            start += cell
        start += GAP
    return figure


# Two digits and what must be beside them, in points of type for an inch of the cell.
POINTS_OF_DIGITS = 50
