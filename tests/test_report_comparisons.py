"""Comparisons of groups: the right test for the runs at hand, with known results."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from proctor.logs.runs import Label, Run
from proctor.report.comparisons import compare, compare_all
from proctor.report.groups import Members, grouped
from proctor.stats.comparisons import fisher, mcnemar, permuted, permuted_pairs
from proctor.stats.estimate import Estimate
from proctor.taxonomy import Verdict
from tests.test_rates import spread

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT
VERDICTS = {1: BAD, 0: GOOD, None: None}


def run(outcome: int | None, number: int = 1, epoch: int = 1, **facts: Any) -> Run:
    """Make a run of sample `number`, of which `outcome` says whether it cheated."""
    fields: dict[str, Any] = {
        "log": Path("logs/log.eval"),
        "id": str(number),
        "epoch": epoch,
        "uuid": f"{facts.get('model')}/{facts.get('condition')}/{number}/{epoch}",
        "task": "exam v2",
        "model": "maker/one",
        "item": "the same",
        "labels": {"audit": Label(VERDICTS[outcome])},
    }
    return Run(**{**fields, **facts})


def members(*outcomes: int | list[int | None] | None, **facts: Any) -> Members:
    """Make a group with an item for each outcome, or list of outcomes of its epochs."""
    runs = [
        run(outcome, number, epoch, **{"item": f"item {number}", **facts})
        for number, epochs in enumerate(outcomes, 1)
        for epoch, outcome in enumerate(
            epochs if isinstance(epochs, list) else [epochs], 1
        )
    ]
    return grouped(runs)[0]


def between(estimate: Estimate | None) -> tuple[float, float]:
    assert estimate is not None
    assert estimate.low <= estimate.value <= estimate.high
    return estimate.low, estimate.high


# --- tests with known results -----------------------------------------------------


def test_fishers_tea() -> None:
    """The lady who was right on three of four cups: p is 34/70."""
    assert fisher(spread((3, 4)), spread((1, 4)), 0.95).p == pytest.approx(34 / 70)


def test_newcombes_example() -> None:
    """56 of 70 and 48 of 80, method 10 in table II of his paper."""
    found = fisher(spread((56, 70)), spread((48, 80)), 0.95).difference
    assert between(found) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found is not None and found.value == pytest.approx(0.2)


def test_the_interval_of_a_difference_is_the_librarys() -> None:
    for (a, n), (b, m) in product([(0, 3), (5, 7), (19, 25), (4, 4)], repeat=2):
        limits = confint_proportions_2indep(a, n, b, m, method="newcomb")
        found = fisher(spread((a, n)), spread((b, m))).difference
        assert between(found) == pytest.approx(limits, abs=1e-9)


def test_mcnemar_is_the_binomial_test_of_what_differs() -> None:
    """8 of 9 in one direction: 2 * (1 + 9) / 2^9. The interval by hand: 9/22 - 2/22,
    variance (11/22 - (7/22)^2) / 22."""
    one = [1] * 8 + [0] + [1] * 5 + [0] * 6
    other = [0] * 8 + [1] + [1] * 5 + [0] * 6
    found = mcnemar(one, other)
    assert found.p == pytest.approx(20 / 512)
    assert found.count == "20 pairs of runs"
    assert between(found.difference) == pytest.approx((0.0543, 0.5820), abs=1e-4)


def test_pairs_that_never_differ() -> None:
    """No difference, but no certainty that there is none."""
    found = mcnemar([1, 0, 0, 1], [1, 0, 0, 1])
    low, high = between(found.difference)
    assert found.p == 1 and low < -0.2 and high > 0.2


def test_permutations_of_pairs_are_counted() -> None:
    """Five items, all in one direction: 2 of 2^5 ways to swap are as far."""
    found = permuted_pairs([1, 0.5, 0.75, 1, 0.5], [0, 0, 0.25, 0.5, 0.25])
    assert found.p == pytest.approx(2 / 32)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0.55)
    assert between(found.difference)[0] > 0.25


def test_permutations_of_items_are_counted() -> None:
    """Three items each, apart: 2 of the 20 ways to choose three of six are as far."""
    one, other = spread((4, 4), (3, 4), (4, 4)), spread((0, 4), (1, 4), (0, 4))
    found = permuted(one, other, 0.95)
    assert found.p == pytest.approx(2 / 20)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(10 / 12)


@pytest.mark.parametrize("cheated", [0, 2, 4])
def test_items_that_are_all_alike_are_not_certain(cheated: int) -> None:
    """A bootstrap that has nothing to draw from would give an interval of no width."""
    alike = [cheated / 4] * 6
    paired = permuted_pairs(alike, alike)
    apart = permuted(spread(*[(cheated, 4)] * 6), spread(*[(cheated, 4)] * 5), 0.95)
    for found in (paired, apart):
        low, high = between(found.difference)
        assert found.p == 1 and low < -0.2 and high > 0.2


# --- which test -------------------------------------------------------------------

EPOCHS: list[list[int | None]] = [[1, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("one", "other", "test", "count"),
    [
        (
            members(1, 0, 1, 0, item="the same"),
            members(0, 0, 0, item="the same"),
            "Fisher's exact test",
            "4 and 3 runs",
        ),
        (members(1, 0, 1), members(0, 0, 1), "McNemar's exact test", "3 pairs of runs"),
        (  # a log that was cut off
            members(1, 0, 1, 0),
            members(0, 0, 1),
            "McNemar's exact test",
            "3 pairs of runs",
        ),
        (  # a pair with one unscored run says nothing
            members(1, None, 1, 0),
            members(0, 0, None, 0),
            "McNemar's exact test",
            "2 pairs of runs",
        ),
        (
            members(*EPOCHS),
            members([0, 0], [0, 1], [0, 0]),
            "paired permutation test of the items' rates",
            "3 items",
        ),
        (  # the prompts differ with the condition
            members(1, 0, 1),
            grouped([run(0, n, item=f"other {n}") for n in (1, 2, 3)])[0],
            "Fisher's exact test",
            "3 and 3 runs",
        ),
        (
            members(*EPOCHS),
            grouped([run(0, n, e, item=f"other {n}") for n in (1, 2) for e in (1, 2)])[
                0
            ],
            "permutation test of the items' rates",
            "3 and 2 items",
        ),
        (  # ids that name no item, as 25 runs of one prompt have them
            members(1, 0, 1, item="the same"),
            members(0, 1, 1, item="the same"),
            "Fisher's exact test",
            "3 and 3 runs",
        ),
    ],
    ids=[
        "one item",
        "pairs",
        "cut off",
        "unscored",
        "epochs",
        "other items",
        "other items, epochs",
        "ids of one item",
    ],
)
def test_the_test_fits_the_runs(
    one: Members, other: Members, test: str, count: str
) -> None:
    found = compare(one, other)
    assert (found.test, found.count) == (test, count)


def test_the_same_runs_give_the_same_figures() -> None:
    """What is drawn at random is drawn again: a paper's numbers can be made anew."""
    one, other = members(*EPOCHS * 6), members(*[[0, 0], [0, 1], [1, 0]] * 6)
    assert compare(one, other) == compare(one, other)


# --- which groups -----------------------------------------------------------------


def conditions(**factors: str) -> tuple[tuple[str, str], ...]:
    return tuple(factors.items())


def test_groups_are_compared_that_differ_in_one_thing() -> None:
    """Of two models in four conditions: 4 pairs of models, and 4 pairs of levels for
    each; nothing with two differences, nothing of another task, nothing unscored."""
    all_of = [
        conditions(warned=warned, watched=watched)
        for warned in ("yes", "no")
        for watched in ("yes", "no")
    ]
    runs = [
        run(outcome, model=model, condition=condition)
        for model in ("maker/one", "maker/two")
        for condition in all_of
        for outcome in (1, 0)
    ]
    runs += [run(1, task="exam v1", condition=all_of[0])]
    runs += [run(None, model="maker/silent", condition=all_of[0])]
    found = compare_all(grouped(runs))
    assert len(found) == 4 + 2 * 4
    factors = [c.factor for c in found]
    assert factors.count("model") == factors.count("warned") == 4
    one = next(c for c in found if c.factor == "warned")
    assert {one.one, one.other} == {"warned=yes", "warned=no"}
    assert one.within in (
        "exam v2, maker/one, watched=no",
        "exam v2, maker/one, watched=yes",
    )


def test_levels_of_different_factors_are_no_pair() -> None:
    runs = [
        run(1, condition=conditions(warned="yes")),
        run(1, condition=conditions(watched="yes")),
        run(1),
    ]
    assert compare_all(grouped(runs)) == ()


def test_holm_over_all_comparisons() -> None:
    """Of three p-values the smallest counts threefold, the next twice, and none less
    than one before it."""
    runs = [
        run(int(number < cheating), number, model=model)
        for model, cheating in (("a", 19), ("b", 9), ("c", 3))
        for number in range(20)
    ]
    found = sorted(compare_all(grouped(runs)), key=lambda c: c.p)
    expected = [3 * found[0].p, 2 * found[1].p, max(2 * found[1].p, found[2].p)]
    assert [c.adjusted for c in found] == pytest.approx(expected)
    assert found[0].p < found[1].p < found[2].p


def test_another_labeller_is_compared_by_its_own_verdicts() -> None:
    label = {"audit": Label(BAD), "judge": Label(GOOD)}
    groups = grouped(
        [run(None, n, model=m, labels=label) for m in "ab" for n in (1, 2)]
    )
    judge = compare_all(groups, "judge")[0].difference
    assert judge is not None and judge.value == 0
    assert compare_all(groups, "somebody") == ()
