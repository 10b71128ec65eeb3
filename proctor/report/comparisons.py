"""Whether two groups of runs differ. Pure.

    the same items, one run each        McNemar's exact test of the pairs
    the same items, several runs each   permutation test of the items' rates, paired
    other items, or one only            Fisher's exact test
    other items, several runs each      permutation test of the items' rates

Runs without a verdict are left out, and their pairs with them. What is drawn at random
is drawn from a fixed seed: the same runs give the same figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from ..logs.runs import Run
from ..room.conditions import was_forbidden
from ..stats.agreement import CONFIDENCE, Estimate
from ..stats.rates import Outcomes, clustered, rate_of
from ..taxonomy import Verdict
from .contents import Comparison

if TYPE_CHECKING:
    import numpy as np

SEED = 20250703
RESAMPLES = 9999
# Of them at a time: of a thousand items these are a few megabytes.
BATCH = 500
MODEL = "model"
# What is compared where it was not forbidden to all.
DID = "by what they did"


@dataclass(frozen=True)
class Members:
    """The runs of one group.

    Attributes:
        model: Of all of them.
        condition: Likewise.
        task: Likewise.
        runs: They themselves.
    """

    model: str
    condition: tuple[tuple[str, str], ...]
    task: str
    runs: tuple[Run, ...]

    @property
    def forbidden(self) -> bool:
        """Whether the agents were told not to cheat, as far as logs say."""
        return was_forbidden(self.condition)

    def outcomes(
        self, labeller: str | None, forbidden: bool = True
    ) -> dict[str, list[int]]:
        """Return the outcomes of the scored runs, by item.

        Args:
            labeller: Whose verdicts count; None for what counts of each run.
            forbidden: Whether only what was forbidden counts, which is cheating; else
                whatever an exam forbids.
        """
        found: dict[str, list[int]] = {}
        for run in self.runs:
            label = run.said_by(labeller)
            if label.verdict is not None:
                cheated = label.verdict is Verdict.CHEATING
                outcome = int(cheated if forbidden else label.did)
                found.setdefault(run.item, []).append(outcome)
        return found

    def items(self) -> set[str]:
        """Return the items."""
        return {run.item for run in self.runs}


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


# --- which groups -----------------------------------------------------------------


def compare_all(
    groups: Sequence[Members],
    labeller: str | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[Comparison, ...]:
    """Compare groups that differ in one thing, the model or one factor.

    p-values are adjusted over all comparisons by Holm, Scandinavian Journal of
    Statistics 6 (1979), 65.

    Args:
        groups: The groups. Those without a scored run are left out.
        labeller: Whose verdicts count; None for what counts of each run.
        confidence: Coverage of the intervals, between 0 and 1.
    """
    from statsmodels.stats.multitest import multipletests

    scored = [group for group in groups if group.outcomes(labeller)]
    several_tasks = len({group.task for group in groups}) > 1
    made = [
        _comparison(one, other, factor, several_tasks, labeller, confidence)
        for one, other, factor in _pairs(scored)
    ]
    if not made:
        return ()
    adjusted = multipletests([c.p for c in made], method="holm")[1]
    return tuple(
        replace(c, adjusted=float(p)) for c, p in zip(made, adjusted, strict=True)
    )


def _pairs(groups: Sequence[Members]) -> Iterator[tuple[Members, Members, str]]:
    """Yield groups that differ in one thing, with the thing."""
    for one, other in combinations(groups, 2):
        if one.task != other.task:
            continue
        if one.condition == other.condition:
            yield one, other, MODEL
        elif one.model == other.model:
            ours, theirs = dict(one.condition), dict(other.condition)
            factors = [f for f in ours if ours[f] != theirs.get(f)]
            if len(factors) == 1 and ours.keys() == theirs.keys():
                yield one, other, factors[0]


def _comparison(
    one: Members,
    other: Members,
    factor: str,
    several_tasks: bool,
    labeller: str | None,
    confidence: float,
) -> Comparison:
    shared = [
        f"{name}={level}"
        for name, level in one.condition
        if (name, level) in other.condition
    ]
    if factor == MODEL:
        names = [one.model, other.model]
    else:
        names = [f"{factor}={dict(g.condition)[factor]}" for g in (one, other)]
        shared.insert(0, one.model)
    if several_tasks:
        shared.insert(0, one.task)
    found = compare(one, other, labeller, confidence)
    return Comparison(
        factor=factor,
        one=names[0],
        other=names[1],
        within=", ".join(shared),
        test=found.test,
        count=found.count,
        difference=found.difference,
        p=found.p,
        adjusted=found.p,
    )


# --- which test -------------------------------------------------------------------


def compare(
    one: Members,
    other: Members,
    labeller: str | None = None,
    confidence: float = CONFIDENCE,
) -> Result:
    """Test whether two groups, both with scored runs, cheat equally often.

    Where it was not forbidden to one of them there is nothing to compare but what they
    did, and that is what is compared.
    """
    only = one.forbidden and other.forbidden
    mine, their = one.outcomes(labeller, only), other.outcomes(labeller, only)
    found = _tested(one, other, mine, their, confidence)
    return found if only else replace(found, count=f"{found.count}, {DID}")


def _tested(
    one: Members, other: Members, ours: Outcomes, theirs: Outcomes, confidence: float
) -> Result:
    if paired(one, other):
        keys = [key for key in ours if key in theirs]
        sides = [[side[key] for key in keys] for side in (ours, theirs)]
        if keys and all(len(runs) == 1 for side in sides for runs in side):
            first, second = ([runs[0] for runs in side] for side in sides)
            return mcnemar(first, second, confidence)
        if keys:
            rates = [[sum(runs) / len(runs) for runs in side] for side in sides]
            return permuted_pairs(rates[0], rates[1], confidence)
    if clustered(ours) or clustered(theirs):
        return permuted(ours, theirs, confidence)
    return fisher(ours, theirs, confidence)


def paired(one: Members, other: Members) -> bool:
    """Whether the runs of two groups pair.

    They do where there is more than one item, and the items of the smaller group (as of
    a log that was cut off) are all among those of the other.
    """
    smaller, larger = sorted((one.items(), other.items()), key=len)
    return len(smaller) > 1 and smaller <= larger


# --- tests ------------------------------------------------------------------------


def fisher(one: Outcomes, other: Outcomes, confidence: float) -> Result:
    """Compare independent runs by Fisher's exact test (1935), two-sided.

    The interval of the difference is Newcombe's, Statistics in Medicine 17 (1998), 873,
    method 10.
    """
    from scipy.stats import fisher_exact

    ours, theirs = rate_of(one, confidence), rate_of(other, confidence)
    table: Any = [
        [ours.count, ours.of - ours.count],
        [theirs.count, theirs.of - theirs.count],
    ]
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
    differences = [a - b for a, b in pairs]
    return Result(
        "McNemar's exact test",
        f"{len(pairs)} pairs of runs",
        _adjusted_wald(differences, confidence),
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
        difference = _adjusted_wald(list(differences), confidence)
    else:
        difference = _bootstrap((differences,), np.mean, confidence)
    return Result(
        "paired permutation test of the items' rates",
        f"{len(differences)} items",
        difference,
        _permutation((one, other), "samples"),
    )


def permuted(one: Outcomes, other: Outcomes, confidence: float) -> Result:
    """Compare the rates of different items by a permutation test, two-sided.

    Items, not runs, are exchanged, since runs of an item resemble each other. The
    difference is that of the means over items.
    """
    import numpy as np

    sides = [
        np.array([sum(runs) / len(runs) for runs in side.values()])
        for side in (one, other)
    ]
    # where a side's items are all alike there is nothing to draw from
    if any(len(side) < 2 or np.ptp(side) == 0 for side in sides):
        difference = _newcombe(one, other, confidence)
    else:
        difference = _bootstrap(tuple(sides), _difference, confidence)
    return Result(
        "permutation test of the items' rates",
        f"{len(one)} and {len(other)} items",
        difference,
        _permutation(sides, "independent"),
    )


def _difference(one: Any, other: Any, axis: int = -1) -> Any:
    import numpy as np

    return np.mean(one, axis=axis) - np.mean(other, axis=axis)


def _permutation(
    sides: Sequence[Any], kind: Literal["independent", "samples"]
) -> float:
    from scipy.stats import permutation_test

    found = permutation_test(
        tuple(sides),
        _difference,
        permutation_type=kind,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BATCH,
        rng=_seeded(),
    )
    return min(1.0, float(found.pvalue))


def _bootstrap(sides: tuple[Any, ...], statistic: Any, confidence: float) -> Estimate:
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
            rng=_seeded(),
        ).confidence_interval
        low, high = float(found.low), float(found.high)
        if low <= value <= high:
            break
    return Estimate(value, low, high)


def _seeded() -> "np.random.Generator":
    import numpy as np

    return np.random.default_rng(SEED)


def _adjusted_wald(differences: Sequence[float], confidence: float) -> Estimate:
    """Give the mean of paired differences its interval.

    Bonett and Price, Journal of Educational and Behavioral Statistics 37 (2012), 479:
    Wald's, with one more pair that differs in either direction.
    """
    from scipy.stats import norm

    count = len(differences) + 2
    centre = sum(differences) / count
    variance = (sum(d * d for d in differences) + 2) / count - centre**2
    half = float(norm.ppf((1 + confidence) / 2)) * (variance / count) ** 0.5
    value = float(sum(differences) / len(differences))
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return Estimate(value, min(low, value), max(high, value))


def _newcombe(one: Outcomes, other: Outcomes, confidence: float) -> Estimate:
    """Give the difference of two rates Newcombe's interval, of effective counts."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    ours, theirs = rate_of(one, confidence), rate_of(other, confidence)
    shares = [side.count / side.of for side in (ours, theirs)]
    low, high = confint_proportions_2indep(
        shares[0] * ours.size,
        ours.size,
        shares[1] * theirs.size,
        theirs.size,
        method="newcomb",
        compare="diff",
        alpha=1 - confidence,
    )
    return Estimate(shares[0] - shares[1], float(low), float(high))
