"""A report on the terminal: what was found first, what it rests on below.

Whatever comes out of logs is written so that it moves nothing and is no markup.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ..plural import many
from ..stats.agreement import Estimate
from .build import FINAL, labels_of
from .contents import Group, RaterAgreement, Report, Share

# What names of models and conditions keep of a line at least, and what is between
# columns.
NAMES, GAP = 16, 2
# Lines of comparisons and of techniques: what a screen shows beside the rates. The
# files have all.
MANY = 8
NONE = "-"
STRONG, FAINT, WARNING = "bold", "dim", "yellow"
# A column: its heading, what it shows of a group, and whether it has anything to show.
Column = tuple[str, Callable[[Group], str], bool]
# Its heading and its cells.
Cells = tuple[str, list[str]]


def show(report: Report, console: Console, plain: Callable[[str], str]) -> None:
    """Print a report.

    Args:
        report: The report.
        console: Where.
        plain: Writes a text that is not ours on one line, so that it moves nothing.
    """
    for part in _Parts(report, console.width, plain):
        console.print(part)


class _Parts:
    """What is printed, part by part."""

    def __init__(self, report: Report, width: int, plain: Callable[[str], str]) -> None:
        self._report = report
        self._width = width
        self._plain = plain
        self._short = shortened([group.model for group in report.groups])

    def __iter__(self) -> Iterator[RenderableType]:
        yield self._head()
        yield from self._groups()
        yield from self._comparisons()
        yield from self._agreement()
        yield from self._categories()
        yield from self._techniques()
        yield from self._notes()

    def _head(self) -> Text:
        report = self._report
        whose = self._plain(report.labeller)
        if report.labeller == FINAL:
            names = map(self._plain, labels_of(report.runs))
            whose = f"{FINAL} ({', else '.join(names) or 'there are none'})"
        return Text(
            f"{many(len(report.runs), 'run')} of {many(len(report.sources), 'log')}. "
            f"Verdicts: {whose}. Intervals: {report.confidence:.0%}.",
            STRONG,
        )

    # --- groups -------------------------------------------------------------------

    def _groups(self) -> Iterator[Table]:
        columns = [
            (title, [cell(group) for group in self._report.groups])
            for title, cell, holds in (*self._found(), *self._took())
            if holds
        ]
        room = self._width - sum(self._room(name) for name in self._names())
        for number, fitting in enumerate(_fit(columns, room)):
            yield self._table(fitting, short=number > 0)

    def _room(self, name: str) -> int:
        """Return the columns that names need, which may be folded."""
        place = self._names().index(name)
        longest = max(len(self._called(g)[place]) for g in self._report.groups)
        return min(max(longest, len(name)), NAMES) + GAP

    def _table(self, columns: Sequence[Cells], short: bool) -> Table:
        table = _table()
        for name in self._names():
            table.add_column(name, overflow="fold", min_width=self._room(name) - GAP)
        for title, _ in columns:
            # a figure is never broken, and never cut
            table.add_column(title, justify="right", no_wrap=True)
        for number, group in enumerate(self._report.groups):
            named = [_verbatim(name) for name in self._called(group, short)]
            table.add_row(*named, *(Text(cells[number]) for _, cells in columns))
        return table

    def _names(self) -> list[str]:
        names = ["model"]
        if len({group.task for group in self._report.groups}) > 1:
            names.insert(0, "task")
        if self._report.varying:
            names.append("condition")
        return names

    def _called(self, group: Group, short: bool = False) -> list[str]:
        parts = {
            "task": group.task,
            "model": self._short.get(group.model, "") if short else group.model,
            "condition": group.told_apart(self._report.varying),
        }
        return [self._plain(parts[name]) for name in self._names()]

    def _heading(self, text: str) -> Text:
        return Text(f"\n{text}", STRONG)

    def _found(self) -> list[Column]:
        groups = self._report.groups
        return [
            ("runs", lambda g: f"{g.runs:,}", True),
            ("unscored", lambda g: f"{g.unscored:,}", any(g.unscored for g in groups)),
            ("cheating", lambda g: f"{g.cheating:,}/{g.scored:,}", True),
            ("rate", lambda g: percent(g.rate), True),
            (
                "did it",
                lambda g: f"{g.did:,}/{g.scored:,}",
                any(g.did > g.cheating for g in groups),
            ),
            (
                "forbidden",
                lambda g: "yes" if g.forbidden else "no",
                not all(g.forbidden for g in groups),
            ),
            (
                "corrected",
                lambda g: percent(g.corrected),
                any(g.corrected for g in groups),
            ),
        ]

    def _took(self) -> list[Column]:
        groups = self._report.groups
        known = any(g.attempts + g.successes for g in groups)
        return [
            ("attempts", lambda g: f"{g.attempts:,}", known),
            ("successes", lambda g: f"{g.successes:,}", known),
            (
                "stopped",
                lambda g: _share(g.honest_stops),
                any(g.honest_stops.of for g in groups),
            ),
            ("passed", lambda g: _share(g.passed), any(g.passed.of for g in groups)),
            (
                "tokens",
                lambda g: "" if g.tokens is None else f"{g.tokens:,.0f}",
                True,
            ),
            (
                "time",
                lambda g: "" if g.seconds is None else f"{g.seconds:,.0f} s",
                any(g.seconds is not None for g in groups),
            ),
            (
                "cost",
                lambda g: "" if g.cost is None else f"${g.cost:,.2f}",
                any(g.cost is not None for g in groups),
            ),
        ]

    # --- what follows -------------------------------------------------------------

    def _comparisons(self) -> Iterator[RenderableType]:
        made = self._report.comparisons
        if not made:
            return
        tests = list(dict.fromkeys(c.test for c in made))
        table = _table()
        for name in ("one", "other", "both"):
            if name != "both" or any(c.within for c in made):
                table.add_column(name, overflow="fold", min_width=8)
        for name in ("difference, points", "p"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("compared", overflow="fold")
        ordered = sorted(made, key=lambda c: (c.adjusted, c.p))
        for comparison in ordered[:MANY]:
            names = [comparison.one, comparison.other, comparison.within]
            if comparison.factor == "model":
                names[:2] = [self._short.get(name, name) for name in names[:2]]
            mark = f" ({tests.index(comparison.test) + 1})" if len(tests) > 1 else ""
            table.add_row(
                *(
                    _verbatim(self._plain(name))
                    for name in names[: len(table.columns) - 3]
                ),
                Text(points(comparison.difference)),
                Text(probability(comparison.adjusted)),
                Text(f"{comparison.count}{mark}"),
            )
        yield self._heading("Comparisons")
        yield table
        yield Text(self._tested(tests), FAINT)

    def _tested(self, tests: Sequence[str]) -> str:
        count = len(self._report.comparisons)
        named = [
            f"({number}) {test}" if len(tests) > 1 else test
            for number, test in enumerate(tests, 1)
        ]
        more = f" {count - MANY} more are in the files (-o)." if count > MANY else ""
        return (
            f"{'; '.join(named)}. p is Holm's, over {many(count, 'comparison')}.{more}"
        )

    def _agreement(self) -> Iterator[Text]:
        report = self._report
        if report.pairings:
            yield self._heading("Agreement")
        for pairing in report.pairings:
            yield self._pairing(pairing)
        if report.alpha:
            yield Text(f"Krippendorff's alpha of all: {_figure(report.alpha)}")
        correction = report.correction
        if correction.missing:
            yield Text(f"No corrected rates: {self._plain(correction.missing)}.", FAINT)
        elif correction.sensitivity and correction.specificity:
            yield Text(
                f"Error of {self._plain(correction.labeller)} on "
                f"{many(correction.labelled, 'labelled run')}, weighted: sensitivity "
                f"{percent(correction.sensitivity)}, specificity "
                f"{percent(correction.specificity)}"
            )

    def _pairing(self, pairing: RaterAgreement) -> Text:
        found = pairing.agreement
        differing = found.missed + found.alarms
        kappa = f", kappa {_figure(found.kappa)}" if found.kappa else ""
        labeller, reference = map(self._plain, (pairing.labeller, pairing.reference))
        return Text(
            f"{labeller} against {reference}: "
            f"the same verdict on {found.count - differing:,} of "
            f"{many(found.count, 'run')}{kappa}"
        )

    def _categories(self) -> Iterator[RenderableType]:
        table = _table()
        table.show_header = False
        for name in self._names():
            table.add_column(name, overflow="fold", min_width=self._room(name) - GAP)
        table.add_column("categories", overflow="fold")
        for group in self._report.groups:
            counts = [
                f"{count:,} {self._plain(name)}"
                for name, count in sorted(group.categories.items(), key=_most)
                if count
            ]
            named = [_verbatim(name) for name in self._called(group, short=True)]
            table.add_row(*named, Text(", ".join(counts) or NONE))
        if any(sum(group.categories.values()) for group in self._report.groups):
            yield self._heading("Categories (runs)")
            yield table

    def _techniques(self) -> Iterator[RenderableType]:
        totals: Counter[str] = Counter()
        for group in self._report.groups:
            totals.update(group.techniques)
        if not totals:
            return
        ordered = sorted(totals.items(), key=_most)
        few = [f"{self._plain(rule)} {count:,}" for rule, count in ordered[:MANY]]
        more = [f"{len(ordered) - MANY} more"] if len(ordered) > MANY else []
        yield self._heading("Techniques (runs)")
        yield Text(", ".join([*few, *more]))

    def _notes(self) -> Iterator[Text]:
        for number, note in enumerate(self._report.notes):
            if not number:
                yield Text()
            yield Text.assemble(("Note: ", WARNING), self._plain(note))


def shortened(models: Sequence[str]) -> dict[str, str]:
    """Return each model's name without its providers, where that still tells it."""
    ends = {model: model.rsplit("/", 1)[-1] for model in models}
    times = Counter(ends.values())
    return {
        model: end if end and times[end] == 1 else model for model, end in ends.items()
    }


def _fit(columns: Iterable[Cells], room: int) -> Iterator[list[Cells]]:
    """Share columns out over tables that fit a line."""
    fitting: list[Cells] = []
    left = room
    for title, cells in columns:
        width = max(map(len, [title, *cells])) + GAP
        if fitting and width > left:
            yield fitting
            fitting, left = [], room
        fitting.append((title, cells))
        left -= width
    yield fitting


def _most(item: tuple[str, int]) -> tuple[int, str]:
    """Put what is most frequent first."""
    name, count = item
    return -count, name


def _table() -> Table:
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style=FAINT)


def _verbatim(text: str) -> Text:
    return Text(text, overflow="fold")


# --- figures in words -------------------------------------------------------------


def percent(estimate: Estimate | None) -> str:
    """Write a rate with its interval, in per cent."""
    if estimate is None:
        return NONE
    value, low, high = (100 * part for part in _parts(estimate))
    return f"{value:.1f}% [{low:.1f}, {high:.1f}]"


def points(estimate: Estimate | None) -> str:
    """Write a difference with its interval, in percentage points."""
    if estimate is None:
        return NONE
    value, low, high = (100 * part for part in _parts(estimate))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def probability(value: float) -> str:
    """Write a p-value."""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _figure(estimate: Estimate) -> str:
    value, low, high = _parts(estimate)
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _parts(estimate: Estimate) -> Iterable[float]:
    return estimate.value, estimate.low, estimate.high


def _share(share: Share) -> str:
    return f"{share.count:,}/{share.of:,}" if share.of else ""
