"""What is reported: pairs of times, their ratio, and one table of them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

CAPTION = (
    "Medians, of single pairs' ratios too; the range is these ratios' middle half."
)


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


@dataclass(frozen=True)
class Figure:
    """Two things measured in turn, or side by side.

    Attributes:
        name: What was done.
        pairs: A and B, a pair for each repeat.
        write: How one of them is written; by default they are seconds.
    """

    name: str
    pairs: Sequence[tuple[float, float]]
    write: Callable[[float], str] = field(default=seconds)

    def row(self) -> tuple[str, str, str, str, str]:
        """Return name, median of A, median of B, and two about the ratio.

        The ratio is the median of each pair's own, since a machine that is busy for
        a while slows both of a pair; then the middle half of the pairs' ratios.
        """
        a, b = (median(times) for times in zip(*self.pairs, strict=True))
        ratios = [one / other for one, other in self.pairs]
        low, high = ratios[0], ratios[0]
        if len(ratios) > 1:
            low, _, high = quantiles(ratios, n=4, method="inclusive")
        spread = f"{low:.2f} to {high:.2f}"
        return self.name, self.write(a), self.write(b), f"{median(ratios):.2f}", spread


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
    """Print all figures as one table."""
    table = Table(caption=f"{CAPTION}\n{machine}")
    table.add_column("figure", overflow="fold")
    for name in ("A", "B", "A / B", "range"):
        table.add_column(name, justify="right", no_wrap=True)
    for section in sections:
        table.add_section()
        table.add_row(f"[bold]{section.title}[/bold]")
        for figure in section.figures:
            table.add_row(*figure.row())
    console.print(table)
