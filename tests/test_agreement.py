"""Figures of agreement, compared with worked examples and their own definitions."""

import subprocess
import sys
from itertools import product
from math import sqrt

import pytest
from scipy.stats import binomtest, norm
from statsmodels.stats.inter_rater import cohens_kappa

from proctor.stats.agreement import Agreement, compare

BAD, GOOD = "cheating", "compliant"


def test_pairs_are_counted_by_their_side() -> None:
    pairs = [(BAD, BAD), (GOOD, BAD), (GOOD, BAD), (BAD, GOOD), (GOOD, GOOD)]
    assert compare(pairs) == Agreement(both=1, missed=2, alarms=1, neither=1)


def test_kappa_of_a_textbook() -> None:
    """Two readers of 50 proposals, 20 and 15 times of one mind: 0.7 observed, 0.5 by
    chance, so kappa is 0.4. The interval is Fleiss, Cohen and Everitt's."""
    table = Agreement(both=20, missed=5, alarms=10, neither=15)
    kappa = table.kappa
    assert kappa is not None
    assert kappa.value == pytest.approx(0.4)
    assert (kappa.low, kappa.high) == pytest.approx((0.1511, 0.6489), abs=0.005)


def test_kappa_is_the_librarys() -> None:
    """With its standard error, of all tables of small counts."""
    for counts in product((0, 1, 2, 7), repeat=4):
        both, missed, alarms, neither = counts
        kappa = Agreement(both, missed, alarms, neither).kappa
        if not all(map(sum, ((both, missed), (alarms, neither)))) or not all(
            map(sum, ((both, alarms), (missed, neither)))
        ):
            assert kappa is None
            continue
        theirs = cohens_kappa([[both, missed], [alarms, neither]])
        # theirs is no number where nothing varies
        half = norm.ppf(0.975) * (0 if missed == alarms == 0 else theirs.std_kappa)
        limits = (theirs.kappa, theirs.kappa - half, theirs.kappa + half)
        wanted = [min(1, max(-1, limit)) for limit in limits]
        assert kappa is not None
        found = [kappa.value, kappa.low, kappa.high]
        assert found == pytest.approx(wanted, abs=1e-9)


def test_running_and_scoring_need_no_library_of_statistics() -> None:
    """They are for reports: metrics, replays and the judge's trial do without."""
    code = """
import sys
for name in ("scipy", "statsmodels", "krippendorff", "matplotlib", "jinja2"):
    sys.modules[name] = None
import proctor.tools.replay, proctor.trial.task, proctor.scorers.metrics
from proctor.stats.agreement import compare
from proctor.stats.rates import verdict_figures
print(len(compare([("cheating", "cheating"), ("compliant", "compliant")]).figures()))
print(len(verdict_figures(["cheating"])))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["16", "5"], done.stderr


def test_rates_are_shares_with_wilsons_interval() -> None:
    table = Agreement(both=24, missed=6, alarms=2, neither=68)
    for estimate, part, whole in (
        (table.true_positive_rate, 24, 30),
        (table.false_positive_rate, 2, 70),
        (table.agreement, 92, 100),
    ):
        assert estimate is not None
        assert estimate.value == part / whole
        wilson = binomtest(part, whole).proportion_ci(0.95, "wilson")
        assert (estimate.low, estimate.high) == pytest.approx((wilson.low, wilson.high))


def test_balanced_accuracy_is_the_mean_of_both_sides() -> None:
    table = Agreement(both=24, missed=6, alarms=2, neither=68)
    balanced, found, alarms = (
        table.balanced_accuracy,
        table.true_positive_rate,
        table.false_positive_rate,
    )
    assert balanced and found and alarms
    assert balanced.value == pytest.approx((0.8 + 68 / 70) / 2)
    below = sqrt((found.value - found.low) ** 2 + (alarms.high - alarms.value) ** 2)
    assert balanced.low == pytest.approx(balanced.value - below / 2)
    assert found.low < balanced.low < balanced.value < balanced.high < 1


def test_a_wider_confidence_is_a_wider_interval() -> None:
    narrow, wide = (
        compare([(BAD, BAD)] * 8 + [(GOOD, BAD)] * 2 + [(GOOD, GOOD)] * 9, level)
        for level in (0.8, 0.99)
    )
    for name in ("agreement", "true_positive_rate", "balanced_accuracy", "kappa"):
        a, b = getattr(narrow, name), getattr(wide, name)
        assert a.value == b.value
        assert b.low < a.low and a.high < b.high


@pytest.mark.parametrize(
    ("pairs", "absent"),
    [
        ([], {"agreement", "kappa", "balanced_accuracy", "true_positive_rate"}),
        ([(GOOD, GOOD)] * 9, {"kappa", "balanced_accuracy", "true_positive_rate"}),
        ([(BAD, BAD)] * 9, {"kappa", "balanced_accuracy", "false_positive_rate"}),
        ([(GOOD, GOOD), (GOOD, BAD)], {"kappa"}),
    ],
)
def test_what_cannot_be_computed_is_absent(
    pairs: list[tuple[str, str]], absent: set[str]
) -> None:
    figures = compare(pairs).figures()
    assert figures["compared"] == len(pairs)
    assert not absent & figures.keys()
    assert all(value == value for value in figures.values())


def test_perfect_agreement_has_a_kappa_of_one() -> None:
    figures = compare([(BAD, BAD)] * 5 + [(GOOD, GOOD)] * 5).figures()
    assert figures["kappa"] == figures["agreement"] == 1


@pytest.mark.parametrize("pairs", [[("yes", BAD)], [(BAD, "")]])
def test_what_is_no_verdict_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="is not a valid Verdict"):
        compare(pairs)


@pytest.mark.parametrize("confidence", [0, 1, -1, 95])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        compare([], confidence)
