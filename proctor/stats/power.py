"""The power of Fisher's exact test, computed from all possible outcomes. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Of a rate: differences are found to a tenth of a percentage point.
STEPS = 1000
# Of a rate that is found: what is behind them is the rounding of floats.
DIGITS = 9
# Outcomes less likely than this, on either side, change no figure that is shown.
NEGLIGIBLE = 1e-12


def least_higher(base: float, size: int, alpha: float, power: float) -> float | None:
    """Find the least rate above another that a comparison of two groups shows.

    Args:
        base: The rate in the one group.
        size: Runs of each group.
        alpha: Greatest p-value that counts.
        power: With what probability it is to show, between 0 and 1.

    Returns:
        None where not even 1 shows.
    """
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
