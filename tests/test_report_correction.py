"""Rates corrected for a labeller's error: the published formulas, and their limits."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from proctor.logs.runs import Label, Run
from proctor.logs.triage import queue
from proctor.report.correction import measure
from proctor.stats.correction import Error, Proportion
from proctor.stats.estimate import Estimate
from proctor.stats.rates import Rate
from proctor.taxonomy import Verdict
from tests.test_report_comparisons import BAD, GOOD, run

Z = 1.959964


def judged(
    judge: Verdict | None, human: Verdict | None, count: int, split: bool = False
) -> list[Run]:
    labels = {"judge": Label(judge)}
    if human:
        labels["human"] = Label(human)
    name = f"{judge}/{human}/{split}"
    return [
        replace(run(None, n, labels=labels, split=split), uuid=f"{name}/{n}")
        for n in range(count)
    ]


def lang_reiczigel(
    cheating: int, of: int, right: int, bad: int, spared: int, good: int
) -> tuple[float, float]:
    """Their interval once more, from the paper's equations and nothing of ours."""
    sens, sens_n = (right + 1) / (bad + 2), bad + 2
    spec, spec_n = (spared + 1) / (good + 2), good + 2
    n = of + Z**2
    apparent = (cheating + Z**2 / 2) / n
    p = (apparent + spec - 1) / (sens + spec - 1)
    shift = (
        2
        * Z**2
        * (p * sens * (1 - sens) / sens_n - (1 - p) * spec * (1 - spec) / spec_n)
    )
    error = sqrt(
        apparent * (1 - apparent) / n
        + p**2 * sens * (1 - sens) / sens_n
        + (1 - p) ** 2 * spec * (1 - spec) / spec_n
    ) / (sens + spec - 1)
    return p + shift - Z * error, p + shift + Z * error


def corrected(runs: Sequence[Run], cheating: int, of: int) -> Estimate:
    _, error = measure(runs, "judge")
    assert error is not None
    found = error.correct(Rate(cheating, of, None))
    assert found is not None and found.low <= found.value <= found.high
    return found


def test_rogan_and_gladen_with_lang_and_reiczigel() -> None:
    """All runs labelled: 36 of 40 cheating ones found, 57 of 60 spared. 30 of 100 then
    mean (0.3 + 0.95 - 1) / (0.9 + 0.95 - 1)."""
    runs = [
        *judged(BAD, BAD, 36),
        *judged(GOOD, BAD, 4),
        *judged(BAD, GOOD, 3),
        *judged(GOOD, GOOD, 57),
    ]
    found = corrected(runs, 30, 100)
    assert found.value == pytest.approx(0.25 / 0.85)
    assert (found.low, found.high) == pytest.approx(
        lang_reiczigel(30, 100, 36, 40, 57, 60)
    )


def test_a_labeller_without_mistakes_still_has_unknown_error() -> None:
    """The value is the rate itself; its interval is wider than the rate's own."""
    runs = [*judged(BAD, BAD, 20), *judged(GOOD, GOOD, 20)]
    found = corrected(runs, 20, 40)
    assert found.value == 0.5
    assert found.high - found.low > 2 * Z * sqrt(0.25 / 40)


def test_rates_stay_between_0_and_1() -> None:
    runs = [
        *judged(BAD, BAD, 9),
        *judged(GOOD, BAD, 1),
        *judged(BAD, GOOD, 4),
        *judged(GOOD, GOOD, 6),
    ]
    assert corrected(runs, 0, 20).value == 0
    assert corrected(runs, 20, 20).value == 1


def test_labelled_runs_stand_for_those_that_nobody_looked_at() -> None:
    """A tenth of the 100 clear compliant runs was reviewed, and one had cheated: that
    is ten. All 20 that the judge called cheating were reviewed, 18 rightly. So it
    found 18 of 28, and spared 90 of 92."""
    runs = [
        *judged(GOOD, BAD, 1),
        *judged(GOOD, GOOD, 9),
        *judged(GOOD, None, 90),
        *judged(BAD, BAD, 18),
        *judged(BAD, GOOD, 2),
    ]
    correction, _ = measure(runs, "judge")
    assert correction.labelled == 30 and correction.missing is None
    assert correction.sensitivity and correction.specificity
    assert correction.sensitivity.value == pytest.approx(18 / 28)
    assert correction.specificity.value == pytest.approx(90 / 92)
    # and the rate is what the strata make of all 120
    assert corrected(runs, 20, 120).value == pytest.approx(28 / 120)


def test_what_few_looked_for_may_still_be_there() -> None:
    """Of 500 compliant runs ten were reviewed and none had cheated. That says little:
    one more among them would stand for fifty."""
    seen = [*judged(BAD, BAD, 40), *judged(GOOD, GOOD, 10)]
    few, _ = measure([*seen, *judged(GOOD, None, 490)], "judge")
    all_of, _ = measure(seen, "judge")
    assert few.sensitivity and all_of.sensitivity
    assert few.sensitivity.value == all_of.sensitivity.value == 1
    assert few.sensitivity.low < 0.5 < 0.8 < all_of.sensitivity.low


def test_equal_weights_are_the_published_counts() -> None:
    """36 of 40: 37 of 42, as Lang and Reiczigel add."""
    _, error = measure(
        [*judged(BAD, BAD, 36), *judged(GOOD, BAD, 4), *judged(GOOD, GOOD, 9)], "judge"
    )
    assert error is not None
    assert error.sensitivity.adjusted == pytest.approx(37 / 42)
    assert error.sensitivity.size == pytest.approx(42)


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([run(1)], "judge has no verdict on any run"),
        (judged(BAD, None, 3), "--judged PATH"),
        (
            [*judged(BAD, BAD, 3), *judged(GOOD, None, 40)],
            "of the 40 clear runs that judge calls compliant people have labelled none",
        ),
        (
            [*judged(BAD, BAD, 3), *judged(BAD, None, 2, split=True)],
            "of the 2 doubtful runs that judge calls cheating",
        ),
        (
            [*judged(BAD, BAD, 3), *judged(GOOD, BAD, 3)],
            "people called none of the 6 runs that they labelled compliant",
        ),
        (
            [
                *judged(BAD, BAD, 1),
                *judged(GOOD, BAD, 9),
                *judged(BAD, GOOD, 9),
                *judged(GOOD, GOOD, 1),
            ],
            "no better than chance",
        ),
    ],
    ids=["silent", "no labels", "clear", "doubtful", "one side", "worse than chance"],
)
def test_no_correction_without_its_labels(runs: list[Run], told: str) -> None:
    """A rate is not corrected by what nobody measured; the report says what to do."""
    correction, error = measure(runs, "judge")
    assert error is None
    assert correction.missing is not None and told in correction.missing


def test_a_rate_of_no_runs_is_not_corrected() -> None:
    certain = Proportion(1.0, 0.99, 100)
    assert Error(certain, certain).correct(Rate(0, 0, None)) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "rate", "sensitivity", "specificity", "share"),
    [
        (100, 0.3, 0.9, 0.95, 1.0),
        (300, 0.3, 0.9, 0.95, 0.2),
        (300, 0.1, 0.8, 0.97, 0.2),
        (200, 0.8, 0.95, 0.8, 0.2),
    ],
)
def test_coverage_after_a_review(
    count: int, rate: float, sensitivity: float, specificity: float, share: float
) -> None:
    """Runs reviewed as `proctor review` queues them: the intervals of the corrected
    rate and of the sensitivity hold the truth no less often than they claim."""
    chance = np.random.default_rng(3)
    held = found = measured = 0
    for number in range(150):
        runs: list[Run] = []
        truth: dict[str, Verdict] = {}
        for i in range(count):
            bad = chance.random() < rate
            called = chance.random() < (sensitivity if bad else 1 - specificity)
            uuid = f"{number}/{i}"
            truth[uuid] = BAD if bad else GOOD
            labels = {"judge": Label(BAD if called else GOOD)}
            split = bool(chance.random() < 0.1)
            runs.append(replace(run(None, i, labels=labels), uuid=uuid, split=split))
        shown = {queued.run.uuid for queued in queue(runs, share, str(number))}
        runs = [
            replace(r, labels={**r.labels, "human": Label(truth[r.uuid])})
            if r.uuid in shown
            else r
            for r in runs
        ]
        correction, error = measure(runs, "judge")
        if error is None or correction.sensitivity is None:
            continue
        called_bad = sum(r.labels["judge"].verdict is BAD for r in runs)
        estimate = error.correct(Rate(called_bad, count, None))
        assert estimate is not None
        measured += 1
        held += estimate.low <= rate <= estimate.high
        known = correction.sensitivity
        found += known.low <= sensitivity <= known.high
    assert measured > 140
    assert held / measured >= 0.95
    assert found / measured >= 0.93
