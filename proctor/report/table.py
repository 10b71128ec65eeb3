"""A report on the terminal: what was found first, what it rests on below.

Whatever comes out of logs is written so that it moves nothing and is no markup.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from .. import formats
from ..formats import Interval, many, number
from ..text import one_line
from .build import FINAL, labels_of
from .contents import Group, RaterAgreement, Report, Share
from .names import differing, several_tasks, shortened

# What names of models and conditions keep of a line at least, and what is between
# columns.
NAMES, GAP = 16, 2
# Lines of comparisons and of techniques: what a screen shows beside the rates. The
# files have all.
MANY = 8
NONE = "-"
STRONG, FAINT, WARNING = "bold", "dim", "yellow"
# A column: its heading, what it shows of a group, and whether it has anything to show
# of it. It stands there where it does of one group at least.
Column = tuple[str, Callable[[Group], str], Callable[[Group], object]]
# Its heading and its cells.
Cells = tuple[str, list[str]]


def show(report: Report, console: Console) -> None:
    """Print a report.

    Args:
        report: The report.
        console: Where.
    """
    for part in _Parts(report, console.width):
        console.print(part)


class _Parts:
    """What is printed, part by part."""

    def __init__(self, report: Report, width: int) -> None:
        self._report = report
        self._width = width
        self._short = shortened(group.model for group in report.groups)
        self._varying = differing(report.groups)
        # the columns that names need, which may be folded
        self._rooms = {
            name: min(
                max(len(name), *(len(self._called(g)[place]) for g in report.groups)),
                NAMES,
            )
            for place, name in enumerate(self._names())
        }

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
        whose = one_line(report.labeller)
        if report.labeller == FINAL:
            names = map(one_line, labels_of(report.runs))
            whose = f"{FINAL} ({', else '.join(names) or 'there are none'})"
        return Text(
            f"{many(len(report.runs), 'run')} of {many(len(report.sources), 'log')}. "
            f"Verdicts: {whose}. Intervals: {report.confidence:.0%}.",
            STRONG,
        )

    # --- groups -------------------------------------------------------------------

    def _groups(self) -> Iterator[Table]:
        groups = self._report.groups
        columns = [
            (title, [cell(group) for group in groups])
            for title, cell, known in _COLUMNS
            if any(map(known, groups))
        ]
        room = self._width - sum(room + GAP for room in self._rooms.values())
        for place, fitting in enumerate(_fit(columns, room)):
            table = self._named_table()
            for title, _ in fitting:
                # a figure is never broken, and never cut
                table.add_column(title, justify="right", no_wrap=True)
            for row, group in enumerate(groups):
                table.add_row(
                    *self._called(group, short=place > 0),
                    *(Text(cells[row]) for _, cells in fitting),
                )
            yield table

    def _named_table(self) -> Table:
        """Begin a table with the names of groups."""
        table = _table()
        for name, room in self._rooms.items():
            table.add_column(name, overflow="fold", min_width=room)
        return table

    def _names(self) -> list[str]:
        task = ["task"] if several_tasks(self._report.groups) else []
        return [*task, "model", *(["condition"] if self._varying else [])]

    def _called(self, group: Group, short: bool = False) -> list[Text]:
        parts = {
            "task": group.task,
            "model": self._short[group.model] if short else group.model,
            "condition": group.told_apart(self._varying),
        }
        return [self._verbatim(parts[name]) for name in self._names()]

    def _verbatim(self, text: str) -> Text:
        return Text(one_line(text), overflow="fold")

    def _heading(self, text: str) -> Text:
        return Text(f"\n{text}", STRONG)

    # --- what follows -------------------------------------------------------------

    def _comparisons(self) -> Iterator[RenderableType]:
        made = self._report.comparisons
        if not made:
            return
        tests = list(dict.fromkeys(c.test for c in made))
        shared = any(c.within for c in made)
        table = _table()
        for name in ("one", "other", *(["both"] if shared else [])):
            table.add_column(name, overflow="fold", min_width=8)
        for name in ("difference, points", "p"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("compared", overflow="fold")
        for comparison in sorted(made, key=lambda c: (c.adjusted, c.p))[:MANY]:
            names = [comparison.one, comparison.other]
            if comparison.factor == "model":
                names = [self._short.get(name, name) for name in names]
            mark = f" ({tests.index(comparison.test) + 1})" if len(tests) > 1 else ""
            table.add_row(
                *map(
                    self._verbatim, [*names, *([comparison.within] if shared else [])]
                ),
                Text(_with_ends(formats.points, comparison.difference)),
                Text(formats.probability(comparison.adjusted)),
                Text(f"{comparison.count}{mark}"),
            )
        yield self._heading("Comparisons")
        yield table
        yield Text(self._tested(tests), FAINT)

    def _tested(self, tests: Sequence[str]) -> str:
        count = len(self._report.comparisons)
        named = [
            f"({place}) {test}" if len(tests) > 1 else test
            for place, test in enumerate(tests, 1)
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
            alpha = _with_ends(formats.decimal, report.alpha)
            yield Text(f"Krippendorff's alpha of all: {alpha}")
        correction = report.correction
        if correction.missing:
            yield Text(f"No corrected rates: {one_line(correction.missing)}.", FAINT)
        elif correction.sensitivity and correction.specificity:
            yield Text(
                f"Error of {one_line(correction.labeller)} on "
                f"{many(correction.labelled, 'labelled run')}, weighted: sensitivity "
                f"{_with_ends(formats.rate, correction.sensitivity)}, specificity "
                f"{_with_ends(formats.rate, correction.specificity)}"
            )

    def _pairing(self, pairing: RaterAgreement) -> Text:
        found = pairing.agreement
        kappa = found.kappa
        labeller, reference = map(one_line, (pairing.labeller, pairing.reference))
        return Text(
            f"{labeller} against {reference}: "
            f"the same verdict on {found.both + found.neither:,} of "
            f"{many(found.count, 'run')}"
            + (f", kappa {_with_ends(formats.decimal, kappa)}" if kappa else "")
        )

    def _categories(self) -> Iterator[RenderableType]:
        table = self._named_table()
        table.show_header = False
        table.add_column("categories", overflow="fold")
        for group in self._report.groups:
            counts = [
                f"{count:,} {one_line(name)}"
                for name, count in _most_first(group.categories)
                if count
            ]
            named = self._called(group, short=True)
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
        ordered = _most_first(totals)
        few = [f"{one_line(rule)} {count:,}" for rule, count in ordered[:MANY]]
        more = [f"{len(ordered) - MANY} more"] if len(ordered) > MANY else []
        yield self._heading("Techniques (runs)")
        yield Text(", ".join([*few, *more]))

    def _notes(self) -> Iterator[Text]:
        for place, note in enumerate(self._report.notes):
            if not place:
                yield Text()
            yield Text.assemble(("Note: ", WARNING), one_line(note))


def _with_ends(
    write: Callable[[Interval], tuple[str, str]], found: Interval | None
) -> str:
    return NONE if found is None else " ".join(write(found))


def _share(share: Share) -> str:
    return formats.part(share.count, share.of) if share.of else ""


def _always(_: Group) -> bool:
    return True


_COLUMNS: tuple[Column, ...] = (
    ("runs", lambda g: number(g.runs), _always),
    ("unscored", lambda g: number(g.unscored), lambda g: g.unscored),
    ("cheating", lambda g: formats.part(g.cheating, g.scored), _always),
    ("rate", lambda g: _with_ends(formats.rate, g.rate), _always),
    ("did it", lambda g: formats.part(g.did, g.scored), lambda g: g.did > g.cheating),
    (
        "forbidden",
        lambda g: "yes" if g.forbidden else "no",
        lambda g: not g.forbidden,
    ),
    (
        "corrected",
        lambda g: _with_ends(formats.rate, g.corrected),
        lambda g: g.corrected,
    ),
    ("attempts", lambda g: number(g.attempts), lambda g: g.attempts + g.successes),
    ("successes", lambda g: number(g.successes), lambda g: g.attempts + g.successes),
    ("stopped", lambda g: _share(g.honest_stops), lambda g: g.honest_stops.of),
    ("passed", lambda g: _share(g.passed), lambda g: g.passed.of),
    ("tokens", lambda g: "" if g.tokens is None else number(g.tokens), _always),
    (
        "time",
        lambda g: "" if g.seconds is None else f"{number(g.seconds)} s",
        lambda g: g.seconds is not None,
    ),
    (
        "cost",
        lambda g: "" if g.cost is None else formats.dollars(g.cost),
        lambda g: g.cost is not None,
    ),
)


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


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Sort by count, what is most frequent first, and else by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _table() -> Table:
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style=FAINT)
