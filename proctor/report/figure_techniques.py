"""What each model did: of its recorded runs, in how many each rule found something."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import radians, sin

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..rules import BY_ID
from ..taxonomy import Category
from .contents import Group, Report
from .figure_text import fitted
from .names import names_of, shortened
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

    name: str
    counts: Counter[str]
    of: int

    def share(self, rule: str) -> float:
        """Return in what share of the runs a rule found something."""
        return min(1.0, self.counts[rule] / self.of) if self.of else 0.0


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
        named = zip(names_of(groups), groups, strict=True)
        return [Column(n.line, Counter(g.techniques), g.recorded) for n, g in named]
    return [
        _column(name, [g for g in groups if g.model == model])
        for model, name in short.items()
    ]


def _column(name: str, groups: Sequence[Group]) -> Column:
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update(group.techniques)
    return Column(name, counts, sum(group.recorded for group in groups))


def rules(found: Sequence[Column]) -> dict[str, list[str]]:
    """Return the rules that found something, by category, the most frequent first.

    Rules of other origin than ours have a category of their own.
    """
    totals: Counter[str] = Counter()
    for column in found:
        totals.update(column.counts)
    parts: dict[str, list[str]] = {str(category): [] for category in (*ORDER, OTHER)}
    for rule in sorted(totals, key=lambda rule: (-totals[rule], rule)):
        known = BY_ID.get(rule)
        ids = parts.get(str(known.category) if known else OTHER, parts[OTHER])
        ids += [rule] if totals[rule] else []
    return {category: ids for category, ids in parts.items() if ids}


def title_of(rule: str) -> str:
    """Return what a rule means; nothing for one of other origin."""
    known = BY_ID.get(rule)
    return known.title if known else ""


def draw(report: Report) -> Figure:
    """Draw it: a row for each rule, or, where models are many, for each of them."""
    found = columns(report)
    parts = rules(found)
    darkest = max(
        c.share(rule) for c in found for ids in parts.values() for rule in ids
    )
    draw_table = _rules_below if len(found) <= SIDE_BY_SIDE else _models_below
    return draw_table(found, parts, darkest)


def _rules_below(
    found: Sequence[Column], parts: Mapping[str, Sequence[str]], darkest: float
) -> Figure:
    lines = [
        (text, place > 0)
        for category, ids in parts.items()
        for place, text in enumerate((category, *ids))
    ]
    labels = [fitted(text, NAME) if rule else text for text, rule in lines]
    heads = [f"{fitted(column.name, NAME)}, n={column.of:,}" for column in found]
    figure, axes = _table(labels, heads, 35)
    for row, ((text, rule), label) in enumerate(
        zip(lines, axes.get_yticklabels(), strict=True)
    ):
        if rule:
            _row(axes, row, [(column, text) for column in found], darkest)
        else:
            label.set(size=SMALL, color=MUTED, style="italic")
    titles = {row: title_of(text) for row, (text, rule) in enumerate(lines) if rule}
    beside(axes, {row: title for row, title in titles.items() if title}, color=MUTED)
    return figure


def _models_below(
    found: Sequence[Column], parts: Mapping[str, Sequence[str]], darkest: float
) -> Figure:
    ids = [rule for some in parts.values() for rule in some]
    figure, axes = _table(
        [fitted(c.name) for c in found], [fitted(r, NAME) for r in ids], 90
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
