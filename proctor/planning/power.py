"""Which difference an experiment can show. Pure.

The power of Fisher's exact test, computed from all possible outcomes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..logs.runs import Run
from ..taxonomy import Verdict
from .design import Design

if TYPE_CHECKING:
    import numpy as np

# Of a rate: differences are found to a tenth of a percentage point.
STEPS = 1000
# Of a rate that is found: what is behind them is the rounding of floats.
DIGITS = 9
# Outcomes less likely than this, on either side, change no figure that is shown.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Base:
    """A rate from which differences are looked for.

    Attributes:
        rate: In [0, 1].
        cheated: How many past runs cheated; None where the rate is not from logs.
        of: Of how many that were scored.
    """

    rate: float
    cheated: int | None = None
    of: int | None = None


@dataclass(frozen=True)
class Detectable:
    """The smallest differences that a comparison shows.

    Attributes:
        base: The rate in the one group.
        higher: The least rate above it in the other that shows; None where not even 1
            does.
        lower: The greatest rate below it that shows; None where not even 0 does.
    """

    base: Base
    higher: float | None
    lower: float | None


def base_of(past: Sequence[Run], models: Sequence[str]) -> Base | None:
    """Return how often past runs cheated.

    Args:
        past: Past runs under any condition.
        models: Whose count; where none of them has a verdict, all do.

    Returns:
        None where no run has a verdict.
    """
    for counted in ([one for one in past if one.model in models], past):
        known = [one.label.verdict for one in counted if one.label.verdict]
        if known:
            cheated = known.count(Verdict.CHEATING)
            return Base(cheated / len(known), cheated, len(known))
    return None


def effective(design: Design, icc: float) -> int:
    """Return as how many independent runs a group counts.

    The design effect is Kish's, Survey Sampling (1965), section 5.4:
    1 + (epochs - 1) * icc.

    Args:
        design: The design.
        icc: Correlation of the runs of one quiz, in [0, 1].
    """
    size = design.size / (1 + (design.epochs - 1) * icc)
    # what rounding takes from a whole number is no run
    return max(1, math.floor(size + 1e-9))


def detectable(base: Base, size: int, alpha: float, power: float) -> Detectable:
    """Find the smallest differences from a rate that a comparison shows.

    Args:
        base: The rate in the one group.
        size: Runs of each group.
        alpha: Greatest p-value that counts.
        power: With what probability it is to show, between 0 and 1.
    """
    higher = _higher(base.rate, size, alpha, power)
    # the test is the same when cheating and compliant runs change places
    lower = _higher(1 - base.rate, size, alpha, power)
    return Detectable(base, higher, None if lower is None else round(1 - lower, DIGITS))


def _higher(base: float, size: int, alpha: float, power: float) -> float | None:
    import numpy as np

    rates = np.minimum(base + np.arange(1, STEPS + 1) / STEPS, 1)
    missed = np.flatnonzero(power_of(base, rates, size, alpha) < power)
    # from the first rate on from which all higher ones show, too
    first = int(missed[-1]) + 1 if len(missed) else 0
    if first == len(rates) or base == 1:
        return None
    return round(float(rates[first]), DIGITS)


def power_of(
    base: float, rates: Sequence[float] | Any, size: int, alpha: float
) -> "np.ndarray[Any, Any]":
    """Compute the power of Fisher's exact test, two-sided, of two groups of one size.

    It is the probability of all pairs of counts that the test rejects: exact, no
    approximation and no simulation.

    Args:
        base: Rate in the one group.
        rates: Rates in the other, any number of them.
        size: Runs of each group.
        alpha: Greatest p-value that is rejected.

    Returns:
        An array as long as `rates`, of probabilities.
    """
    import numpy as np
    from scipy.stats import binom

    first = int(binom.ppf(NEGLIGIBLE, size, base))
    last = int(binom.ppf(1 - NEGLIGIBLE, size, base))
    counts = np.arange(first, last + 1)
    column = np.asarray(rates, dtype=float)[:, None]
    above = rejected_from(counts, size, alpha)
    below = size - rejected_from(size - counts, size, alpha)
    rejected = binom.sf(above - 1, size, column) + binom.cdf(below, size, column)
    return np.asarray(rejected @ binom.pmf(counts, size, base))


def rejected_from(
    counts: "np.ndarray[Any, Any]", size: int, alpha: float
) -> "np.ndarray[Any, Any]":
    """Find from which count in the other group on Fisher's test rejects.

    Of two groups of one size the hypergeometric distribution is symmetric, so that the
    two-sided p-value is twice that of the tail. It falls as the other count rises.

    Args:
        counts: Counts in the one group, any number of them.
        size: Runs of each group.
        alpha: Greatest p-value that is rejected.

    Returns:
        The least greater count in the other that is rejected, of each; `size + 1`
        where there is none.
    """
    import numpy as np
    from scipy.stats import hypergeom

    kept, rejected = counts.copy(), np.full_like(counts, size + 1)
    while np.any(rejected - kept > 1):
        middle = (kept + rejected) // 2
        tail = hypergeom.cdf(counts, 2 * size, size, counts + middle)
        # where both have met, the middle is what is known to be kept
        small = (2 * tail <= alpha) & (middle > kept)
        rejected = np.where(small, middle, rejected)
        kept = np.where(small, kept, middle)
    return rejected
