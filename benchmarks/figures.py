"""What is reported: pairs of measurements, their ratio, and one table of them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from rich.console import Console
from rich.markup import escape
from rich.table import Table

CAPTION = (
    "Medians, of single pairs' ratios too; the range is these ratios' middle half, "
    "n the number of pairs."
)
MIB = 2**20


class BenchmarkError(Exception):
    """Something cannot be measured; the message is one line that says what and why."""


def seconds(time: float) -> str:
    """Write a time with three digits and a fitting unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if time * factor >= 1:
            return f"{time * factor:.3g} {unit}"
    return f"{time * 1e6:.3g} µs"


def kilobytes(size: float) -> str:
    """Write a size in bytes."""
    return f"{size / 1e3:,.1f} kB"


def mebibytes(size: float) -> str:
    """Write a size in bytes."""
    return f"{size / MIB:,.1f} MiB"


def number(count: float) -> str:
    """Write how many of something there are."""
    return f"{count:,.4g}" if count < 1000 else f"{count:,.0f}"


@dataclass(frozen=True)
class Mark:
    """What a figure is to reach.

    Attributes:
        most: The most that it may be.
        size: Whether that is said of A itself, and not of A / B.
    """

    most: float
    size: bool = False


@dataclass(frozen=True)
class Figure:
    """Two things measured in turn, or side by side.

    Attributes:
        name: What was done.
        pairs: A and B, a pair for each repeat.
        write: How one of them is written; by default they are seconds.
        mark: What it is to reach; None where it is only for reading.
    """

    name: str
    pairs: Sequence[tuple[float, float]]
    write: Callable[[float], str] = field(default=seconds)
    mark: Mark | None = None

    @property
    def ratio(self) -> float:
        """The median of each pair's own ratio.

        Not the ratio of the medians: a machine that is busy for a while slows both of
        a pair.
        """
        return median(a / b for a, b in self.pairs)

    def reached(self) -> bool | None:
        """Say whether the mark is met; None where there is none."""
        if self.mark is None:
            return None
        a = median(a for a, _ in self.pairs)
        return (a if self.mark.size else self.ratio) <= self.mark.most

    def row(self) -> tuple[str, ...]:
        """Return name, median of A, median of B, the ratio, its range, n, the mark."""
        a, b = (median(values) for values in zip(*self.pairs, strict=True))
        ratios = [one / other for one, other in self.pairs]
        low, high = ratios[0], ratios[0]
        if len(ratios) > 1:
            low, _, high = quantiles(ratios, n=4, method="inclusive")
        return (
            self.name,
            self.write(a),
            self.write(b),
            _ratio(self.ratio),
            f"{_ratio(low)} to {_ratio(high)}",
            str(len(self.pairs)),
            self._verdict(),
        )

    def _verdict(self) -> str:
        if self.mark is None:
            return ""
        return f"{self.most()}: {'met' if self.reached() else 'NOT met'}"

    def most(self) -> str:
        """Write what the mark allows; nothing where there is none."""
        if self.mark is None:
            return ""
        return self.write(self.mark.most) if self.mark.size else _ratio(self.mark.most)


def _ratio(value: float) -> str:
    """Write a ratio; of a small one its first digits, not its place."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


@dataclass(frozen=True)
class Section:
    """Figures that belong together.

    Attributes:
        title: What is measured, and what A and B are.
        figures: The figures.
    """

    title: str
    figures: Sequence[Figure]


def show(sections: Sequence[Section], machine: str, console: Console) -> None:
    """Print all figures as one table, and then which marks are met."""
    table = Table(caption=f"{CAPTION}\n{escape(machine)}")
    table.add_column("figure", overflow="fold")
    for name in ("A", "B", "A / B", "range", "n", "at most"):
        table.add_column(name, justify="right", no_wrap=True)
    for section in sections:
        table.add_section()
        table.add_row(f"[bold]{escape(section.title)}[/bold]")
        for figure in section.figures:
            table.add_row(*map(escape, figure.row()))
    console.print(table)
    for line in marks(sections):
        console.print(escape(line), highlight=False)


def marks(sections: Sequence[Section]) -> list[str]:
    """Say in lines which marks are met and which are not; none where there are none."""
    marked = [f for section in sections for f in section.figures if f.mark]
    if not marked:
        return []
    missed = [figure for figure in marked if not figure.reached()]
    lines = [f"Marks met: {len(marked) - len(missed)} of {len(marked)}."]
    for figure in missed:
        name, a, _, ratio, *_ = figure.row()
        reached = a if figure.mark and figure.mark.size else ratio
        lines.append(f"Not met: {name}: {reached}, at most {figure.most()}.")
    return lines
