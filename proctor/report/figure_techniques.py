"""What each model did: of its recorded runs, in how many each rule found something."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import radians, sin

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..rules import BY_ID
from ..taxonomy import Category
from .contents import Group, Report
from .figure_text import fitted
from .names import Name, names_of, shortened
from .style import MUTED, SMALL, bare, beside, cell, rows, sheet

TITLE = "What was done"
OTHER = "other rules"
# The gravest first, as a verdict's category is chosen.
ORDER = (
    Category.OVERSIGHT_DISABLED,
    Category.SANDBOX_MODIFIED,
    Category.WORKAROUND,
    Category.ENVIRONMENT_USAGE,
)
# Inches: of a row, and of a letter of a name that is turned.
ROW, LETTER = 0.2, 0.1
# Letters of a name: what leaves room for the meaning of rules.
NAME = 24
# So many models have room beside each other.
SIDE_BY_SIDE = 6


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


def caption(_: Report) -> Markup:
    """Say how to read it."""
    return Markup(
        "Recorded runs (of n) in which each rule of the recorder found something; a "
        "run counts for each of its rules. The stronger the colour, the larger the "
        "share."
    )


def columns(report: Report) -> list[Column]:
    """Return the models that have recorded runs; the groups where there is but one."""
    groups = [group for group in report.groups if group.recorded]
    short = shortened(group.model for group in groups)
    if len(short) == 1:
        return [
            Column(name, Counter(group.techniques), group.recorded)
            for name, group in zip(names_of(groups), groups, strict=True)
        ]
    return [
        _column(Name(name), [g for g in groups if g.model == model])
        for model, name in short.items()
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


def draw(report: Report) -> Figure:
    """Draw it: a row for each rule, or, where models are many, for each of them."""
    found = columns(report)
    parts = rules(found)
    darkest = max(c.share(rule) for c in found for part in parts for rule in part.ids)
    draw_table = _rules_below if len(found) <= SIDE_BY_SIDE else _models_below
    return draw_table(found, parts, darkest)


def _rules_below(
    found: Sequence[Column], parts: Sequence[Rules], darkest: float
) -> Figure:
    categories = {part.category for part in parts}
    labels = [text for part in parts for text in (part.category, *part.ids)]
    named = [text if text in categories else fitted(text, NAME) for text in labels]
    figure, axes = _table(
        named, [f"{fitted(c.name.line, NAME)}, n={c.of:,}" for c in found], 35
    )
    for row, rule in enumerate(labels):
        if rule not in categories:
            _row(axes, row, [(column, rule) for column in found], darkest)
    for label, text in zip(axes.get_yticklabels(), labels, strict=True):
        if text in categories:
            label.set(size=SMALL, color=MUTED, style="italic")
    titles = {row: title_of(rule) for row, rule in enumerate(labels)}
    beside(axes, {row: title for row, title in titles.items() if title}, color=MUTED)
    return figure


def _models_below(
    found: Sequence[Column], parts: Sequence[Rules], darkest: float
) -> Figure:
    ids = [rule for part in parts for rule in part.ids]
    figure, axes = _table(
        [fitted(c.name.line) for c in found], [fitted(r, NAME) for r in ids], 90
    )
    for row, column in enumerate(found):
        _row(axes, row, [(column, rule) for rule in ids], darkest)
    beside(axes, {row: f"n={c.of:,}" for row, c in enumerate(found)}, color=MUTED)
    return figure


def _table(
    labels: Sequence[str], heads: Sequence[str], turned: float
) -> tuple[Figure, Axes]:
    """Make a table of rows and columns; the names of columns are turned, by degrees."""
    figure = sheet(
        ROW * len(labels) + LETTER * max(map(len, heads)) * sin(radians(turned))
    )
    axes = figure.subplots()
    rows(axes, labels)
    axes.set_xlim(-0.5, len(heads) - 0.5)
    axes.set_xticks(
        range(len(heads)),
        heads,
        rotation=turned,
        rotation_mode="anchor",
        ha="left",
        va="center",
    )
    axes.xaxis.tick_top()
    bare(axes)
    return figure, axes


def _row(
    axes: Axes, row: int, cells: Sequence[tuple[Column, str]], darkest: float
) -> None:
    for place, (column, rule) in enumerate(cells):
        share = column.share(rule) / darkest
        cell(axes, (place, row), column.counts[rule], share)
