"""Rates and their intervals: a report claims no more runs than it has."""

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from proctor.stats.estimate import wilson
from proctor.stats.rates import Outcomes, design_effect, rate_of


def spread(*items: tuple[int, int]) -> dict[str, list[int]]:
    """Make outcomes of items: how many cheated, of how many runs."""
    return {str(i): [1] * k + [0] * (n - k) for i, (k, n) in enumerate(items)}


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilsons_interval_is_the_libraries(confidence: float) -> None:
    """Of whole sizes and of others, of rates at the ends; rounding never puts a rate of
    0 below its own interval."""
    for size in (1, 2, 7.3, 20, 148, 1999):
        for step in range(21):
            rate = step / 20
            found = wilson(rate, size, confidence)
            assert 0 <= found.low <= found.value == rate <= found.high <= 1
            limits = proportion_confint(rate * size, size, 1 - confidence, "wilson")
            assert (found.low, found.high) == pytest.approx(limits, abs=1e-12)
    for size in (1, 2, 20, 148):
        for count in range(size + 1):
            found = wilson(count / size, size, confidence)
            theirs = binomtest(count, size).proportion_ci(confidence, "wilson")
            limits = (theirs.low, theirs.high)
            assert (found.low, found.high) == pytest.approx(limits, abs=1e-12)


@pytest.mark.parametrize(
    "outcomes",
    [spread((23, 25)), spread((0, 20)), spread(*[(1, 1)] * 3, *[(0, 1)] * 17)],
    ids=["one item", "none cheated", "an item each"],
)
def test_independent_runs_have_wilsons_interval(outcomes: Outcomes) -> None:
    rate = rate_of(outcomes)
    assert rate.effective is None and not rate.bounded
    assert rate.estimate == wilson(rate.count / rate.of, rate.of)


def test_nothing_has_no_rate() -> None:
    """A rate of no runs is not 0."""
    assert rate_of({}).estimate is None


def test_design_effect_by_hand() -> None:
    """Three items of four runs, of which 4, 0 and 2 cheated: the rate is 1/2, the items
    miss it by 2, -2 and 0 runs. Variance 3/2 * 8 / 12^2 = 1/12, that of independent
    runs 1/4 / 12 = 1/48."""
    assert design_effect(spread((4, 4), (0, 4), (2, 4))) == pytest.approx(4)


def test_items_of_different_sizes_by_hand() -> None:
    """1 of 1 and 1 of 5: rate 1/3, misses 2/3 and -2/3; 2 * 8/9 / 36 against
    2/9 / 6."""
    assert design_effect(spread((1, 1), (1, 5))) == pytest.approx(4 / 3)


def test_alike_items_do_not_make_more_runs_of_what_there_is() -> None:
    alike = spread((2, 4), (2, 4), (2, 4))
    assert design_effect(alike) == 1
    size = rate_of(alike).effective
    assert size is not None and size < 12


def test_effective_size_counts_that_few_items_say_little() -> None:
    """12 runs of design effect 4, times (t(11) / t(2))^2 of a table of quantiles."""
    size = rate_of(spread((4, 4), (0, 4), (2, 4))).effective
    assert size == pytest.approx(3 * (2.20099 / 4.30265) ** 2, rel=1e-4)


@pytest.mark.parametrize("cheated", [0, 4])
def test_one_outcome_everywhere_counts_items(cheated: int) -> None:
    """There is no variance to estimate from: the widest interval that may be true."""
    rate = rate_of(spread(*[(cheated, 4)] * 5))
    assert rate.effective == 5 and rate.bounded
    assert rate.estimate == wilson(cheated / 4, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "runs", "rate", "correlation"),
    [(10, 5, 0.3, 0.3), (20, 5, 0.1, 0.3), (8, 10, 0.5, 0.5), (5, 10, 0.3, 0.3)],
)
def test_coverage_of_clustered_runs(
    items: int, runs: int, rate: float, correlation: float
) -> None:
    """Of beta-binomial runs about 95 % of the intervals hold the true rate, where
    intervals that take runs for independent hold it too seldom."""
    chance = np.random.default_rng(7)
    scale = (1 - correlation) / correlation
    held = naive = 0
    repeats = 1500
    for _ in range(repeats):
        rates = chance.beta(rate * scale, (1 - rate) * scale, items)
        counts = chance.binomial(runs, rates)
        found = rate_of(spread(*((int(k), runs) for k in counts)))
        assert found.estimate is not None
        held += found.estimate.low <= rate <= found.estimate.high
        plain = wilson(found.count / found.of, found.of)
        naive += plain.low <= rate <= plain.high
    assert held / repeats > 0.925
    assert naive / repeats < 0.85
