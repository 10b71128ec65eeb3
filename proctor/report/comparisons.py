"""Which groups of runs are compared, and by which outcomes. Pure.

Runs without a verdict are left out, and their pairs with them. How they are compared is
`proctor/stats/comparisons.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from ..stats.comparisons import Result, compare_outcomes, holm
from ..stats.estimate import CONFIDENCE
from .contents import Comparison
from .groups import Members

MODEL = "model"
# What is compared where it was not forbidden to all.
DID = "by what they did"


def compare_all(
    groups: Sequence[Members],
    labeller: str | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[Comparison, ...]:
    """Compare groups that differ in one thing, the model or one factor.

    p-values are adjusted over all comparisons (Holm).

    Args:
        groups: The groups. Those without a scored run are left out.
        labeller: Whose verdicts count; None for what counts of each run.
        confidence: Coverage of the intervals, between 0 and 1.
    """
    scored = [group for group in groups if group.outcomes(labeller)]
    several_tasks = len({group.task for group in groups}) > 1
    made = [
        _comparison(one, other, factor, several_tasks, labeller, confidence)
        for one, other, factor in _pairs(scored)
    ]
    if not made:
        return ()
    adjusted = holm([c.p for c in made])
    return tuple(replace(c, adjusted=p) for c, p in zip(made, adjusted, strict=True))


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
    found = compare_outcomes(mine, their, paired(one, other), confidence)
    return found if only else replace(found, count=f"{found.count}, {DID}")


def paired(one: Members, other: Members) -> bool:
    """Whether the runs of two groups pair.

    They do where there is more than one item, and the items of the smaller group (as of
    a log that was cut off) are all among those of the other.
    """
    smaller, larger = sorted((one.items(), other.items()), key=len)
    return len(smaller) > 1 and smaller <= larger
