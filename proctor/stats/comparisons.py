"""Whether two groups of outcomes differ. Pure.

    the same items, one run each        McNemar's exact test of the pairs
    the same items, several runs each   permutation test of the items' rates, paired
    other items, or one only            Fisher's exact test
    other items, several runs each      permutation test of the items' rates

What is drawn at random is drawn from a fixed seed: the same runs give the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any, Literal

from .estimate import CONFIDENCE, SEED, Estimate, normal_quantile
from .rates import Outcomes, clustered, rate_of

RESAMPLES = 9999
# Of them at a time: of a thousand items these are a few megabytes.
BATCH = 500


@dataclass(frozen=True)
class Result:
    """What a test found.

    Attributes:
        test: Its name.
        count: What it compared.
        difference: Rate of the one less that of the other; None where there is no
            interval to give.
        p: The p-value.
    """

    test: str
    count: str
    difference: Estimate | None
    p: float


def compare_outcomes(
    one: Outcomes, other: Outcomes, paired: bool, confidence: float = CONFIDENCE
) -> Result:
    """Test, two-sided, whether two groups of outcomes have the same rate.

    Args:
        one: Outcomes of the one, by item; of one run or more.
        other: Of the other.
        paired: Whether runs of an item of the one go with those of the other.
        confidence: Coverage of the interval of the difference, between 0 and 1.
    """
    keys = [key for key in one if key in other] if paired else []
    if keys:
        sides = [[side[key] for key in keys] for side in (one, other)]
        if all(len(runs) == 1 for side in sides for runs in side):
            first, second = ([runs[0] for runs in side] for side in sides)
            return mcnemar(first, second, confidence)
        first_rates, second_rates = (_rates(side) for side in sides)
        return permuted_pairs(first_rates, second_rates, confidence)
    test = permuted if clustered(one) or clustered(other) else fisher
    return test(one, other, confidence)


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values, one or more, for how many they are.

    Holm, Scandinavian Journal of Statistics 6 (1979), 65.
    """
    from statsmodels.stats.multitest import multipletests

    return [float(one) for one in multipletests(p, method="holm")[1]]


# --- tests ------------------------------------------------------------------------


def fisher(one: Outcomes, other: Outcomes, confidence: float = CONFIDENCE) -> Result:
    """Compare independent runs by Fisher's exact test (1935), two-sided."""
    from scipy.stats import fisher_exact

    ours, theirs = rate_of(one), rate_of(other)
    table: Any = [[side.count, side.of - side.count] for side in (ours, theirs)]
    return Result(
        "Fisher's exact test",
        f"{ours.of} and {theirs.of} runs",
        _newcombe(one, other, confidence),
        min(1.0, float(fisher_exact(table).pvalue)),
    )


def mcnemar(
    one: Sequence[int], other: Sequence[int], confidence: float = CONFIDENCE
) -> Result:
    """Compare pairs by McNemar's test (1947) in its exact, binomial form, two-sided.

    Args:
        one: Outcome of the one of each pair.
        other: Of the other, in the same order.
        confidence: Coverage of the interval of the difference.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact

    pairs = list(zip(one, other, strict=True))
    table = [[pairs.count((a, b)) for b in (1, 0)] for a in (1, 0)]
    return Result(
        "McNemar's exact test",
        f"{len(pairs)} pairs of runs",
        _bonett_price([a - b for a, b in pairs], confidence),
        min(1.0, float(exact(table, exact=True).pvalue)),
    )


def permuted_pairs(
    one: Sequence[float], other: Sequence[float], confidence: float = CONFIDENCE
) -> Result:
    """Compare the rates of the same items by a paired permutation test, two-sided.

    The difference is the mean over items; its interval is the bootstrap's (BCa) over
    items: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 14
    and 15.

    Args:
        one: Rate of each item in the one group.
        other: In the other, in the same order.
        confidence: Coverage of the interval of the difference.
    """
    import numpy as np

    differences = np.subtract(one, other)
    if np.ptp(differences) == 0:  # nothing to draw from
        difference = _bonett_price(list(differences), confidence)
    else:
        difference = _bootstrap((differences,), np.mean, confidence)
    return Result(
        "paired permutation test of the items' rates",
        f"{len(differences)} items",
        difference,
        _permutation((one, other), "samples"),
    )


def permuted(one: Outcomes, other: Outcomes, confidence: float = CONFIDENCE) -> Result:
    """Compare the rates of different items by a permutation test, two-sided.

    Items, not runs, are exchanged, since runs of an item resemble each other. The
    difference is that of the means over items.
    """
    import numpy as np

    sides = tuple(np.array(_rates(list(side.values()))) for side in (one, other))
    # where a side's items are all alike there is nothing to draw from
    if any(len(side) < 2 or np.ptp(side) == 0 for side in sides):
        difference = _newcombe(one, other, confidence)
    else:
        difference = _bootstrap(sides, _difference, confidence)
    return Result(
        "permutation test of the items' rates",
        f"{len(one)} and {len(other)} items",
        difference,
        _permutation(sides, "independent"),
    )


def _rates(items: Sequence[Sequence[int]]) -> list[float]:
    return [sum(runs) / len(runs) for runs in items]


def _difference(one: Any, other: Any, axis: int = -1) -> Any:
    import numpy as np

    return np.mean(one, axis=axis) - np.mean(other, axis=axis)


def _permutation(
    sides: Sequence[Any], kind: Literal["independent", "samples"]
) -> float:
    import numpy as np
    from scipy.stats import permutation_test

    found = permutation_test(
        tuple(sides),
        _difference,
        permutation_type=kind,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BATCH,
        rng=np.random.default_rng(SEED),
    )
    return min(1.0, float(found.pvalue))


# --- intervals of differences -----------------------------------------------------


def _bootstrap(sides: tuple[Any, ...], statistic: Any, confidence: float) -> Estimate:
    import numpy as np
    from scipy.stats import bootstrap

    value = float(statistic(*sides))
    for method in ("BCa", "percentile"):  # the first may not exist
        found = bootstrap(
            sides,
            statistic,
            n_resamples=RESAMPLES,
            batch=BATCH,
            confidence_level=confidence,
            method=method,
            vectorized=True,
            rng=np.random.default_rng(SEED),
        ).confidence_interval
        low, high = float(found.low), float(found.high)
        if low <= value <= high:
            break
    return Estimate(value, low, high)


def _bonett_price(differences: Sequence[float], confidence: float) -> Estimate:
    """Give the mean of paired differences its interval.

    Bonett and Price, Journal of Educational and Behavioral Statistics 37 (2012), 479:
    Wald's, with one more pair that differs in either direction.
    """
    count = len(differences) + 2
    centre = sum(differences) / count
    variance = (sum(d * d for d in differences) + 2) / count - centre**2
    half = normal_quantile(confidence) * (variance / count) ** 0.5
    value = float(sum(differences) / len(differences))
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def _newcombe(one: Outcomes, other: Outcomes, confidence: float) -> Estimate | None:
    """Give the difference of two rates its interval, made of their own.

    Newcombe, Statistics in Medicine 17 (1998), 873, method 10.
    """
    ours, theirs = (rate_of(side, confidence).estimate for side in (one, other))
    if ours is None or theirs is None:
        return None
    value = ours.value - theirs.value
    low = hypot(ours.value - ours.low, theirs.high - theirs.value)
    high = hypot(ours.high - ours.value, theirs.value - theirs.low)
    return Estimate(value, value - low, value + high)
