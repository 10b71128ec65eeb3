"""Numbers in words: counts, shares, intervals, times, costs.

What is not known is not written here: who shows it says what stands in its place.
"""

from typing import Protocol


class Interval(Protocol):
    """A figure with the ends of its interval."""

    @property
    def value(self) -> float:
        """The figure."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end."""


# --- counts -----------------------------------------------------------------------


def number(value: float) -> str:
    """Write a count."""
    return f"{value:,.0f}"


def many(count: int, one: str, more: str = "") -> str:
    """Write a number with what it counts; `more` where an `s` does not do."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def part(count: int, of: int) -> str:
    """Write how many of how many."""
    return f"{count:,}/{of:,}"


def large(value: float) -> str:
    """Write a count that may be millions."""
    return f"{value / 1e6:,.1f} million" if value >= 1e6 else number(value)


def rounded(count: float) -> str:
    """Write a count with as many digits as an estimate has."""
    known = float(f"{count:.3g}")
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if known >= unit:
            # without an exponent, however large
            return f"{known / unit:,.10g}{name}"
    return f"{known:g}"


# --- figures with their intervals -------------------------------------------------


def percent(share: float) -> str:
    """Write a share in per cent."""
    return f"{100 * share:.1f}%"


def rate(found: Interval) -> tuple[str, str]:
    """Write a rate in per cent, and the ends of its interval."""
    return percent(found.value), _ends(found, ".1f", 100)


def points(found: Interval) -> tuple[str, str]:
    """Write a difference of rates in points, and the ends of its interval."""
    return f"{100 * found.value:+.1f}", _ends(found, "+.1f", 100)


def decimal(found: Interval) -> tuple[str, str]:
    """Write a figure such as kappa, and the ends of its interval."""
    return f"{found.value:.2f}", _ends(found, ".2f")


def _ends(found: Interval, form: str, scale: float = 1) -> str:
    return f"[{scale * found.low:{form}}, {scale * found.high:{form}}]"


def probability(p: float) -> str:
    """Write a p-value."""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def typographic(text: str) -> str:
    """Write a number with a true minus sign, where a hyphen would be read as one."""
    return text.replace("-", "\u2212")


# --- times and costs --------------------------------------------------------------


def duration(seconds: float) -> str:
    """Write how long a run took."""
    return f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"


def long_duration(hours: float) -> str:
    """Write how long an experiment takes."""
    return (
        f"{hours:,.1f} hours"
        if hours >= 1
        else many(max(1, round(hours * 60)), "minute")
    )


def dollars(cost: float) -> str:
    """Write what something costs."""
    return f"${cost:,.2f}"
