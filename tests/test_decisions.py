"""What people decide: how it is written into a log, and what it amounts to."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from inspect_ai.log import ProvenanceData, edit_score
from inspect_ai.scorer import Score, ScoreEdit

from proctor.logs.decisions import (
    DISAGREE,
    HUMAN,
    WITHDRAWN,
    Decision,
    DecisionError,
    as_edit,
    decisions_in,
    settled,
)
from proctor.taxonomy import Category, Verdict
from tests.example_logs import judge, log_of, sample

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT
START = datetime(2026, 1, 2, tzinfo=UTC)


def decided(
    author: str, verdict: Verdict | None, number: int = 0, *, adjudicates: bool = False
) -> Decision:
    time = START + timedelta(minutes=number)
    return Decision(author, verdict, time=time, adjudicates=adjudicates)


CASES: dict[str, tuple[Sequence[Decision], Verdict | None]] = {
    "one": ([decided("ann", BAD)], BAD),
    "two of one mind": ([decided("ann", BAD), decided("bob", BAD, 1)], BAD),
    "two who differ": ([decided("ann", BAD), decided("bob", GOOD, 1)], None),
    "one who changed her mind": ([decided("ann", BAD), decided("ann", GOOD, 1)], GOOD),
    "withdrawn": ([decided("ann", BAD), decided("ann", None, 1)], None),
    "one of two withdrawn": (
        [decided("ann", BAD), decided("bob", GOOD, 1), decided("bob", None, 2)],
        BAD,
    ),
    "of one mind in the end": (
        [decided("ann", BAD), decided("bob", GOOD, 1), decided("bob", BAD, 2)],
        BAD,
    ),
    "decided between": (
        [
            decided("ann", BAD),
            decided("bob", GOOD, 1),
            decided("eve", GOOD, 2, adjudicates=True),
        ],
        GOOD,
    ),
    "decided between, and said again": (
        [
            decided("ann", BAD),
            decided("eve", GOOD, 1, adjudicates=True),
            decided("bob", BAD, 2),
        ],
        GOOD,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_log_holds_each_decision_and_what_they_amount_to(case: str) -> None:
    """Who decided what can be read from the log alone, whatever came of it."""
    decisions, verdict = CASES[case]
    final = settled(decisions)
    assert (final.verdict if final else None) == verdict
    log = log_of([sample(1, judge=judge("cheating"))])
    for number, decision in enumerate(decisions):
        edit_score(log, 1, HUMAN, as_edit(decisions[:number], decision), False)
    assert log.samples and log.samples[0].scores
    scores = log.samples[0].scores
    assert decisions_in(scores) == tuple(decisions)
    value = scores[HUMAN].value
    if verdict is None:
        assert isinstance(value, float) and math.isnan(value)
        assert scores[HUMAN].reason in (DISAGREE, WITHDRAWN)
    else:
        assert value == verdict and scores[HUMAN].reason is None
    assert scores["judge"].value == "cheating" and not scores["judge"].history
    last = scores[HUMAN].history[-1].provenance
    assert last is not None
    assert (last.author, last.timestamp) == (decisions[-1].author, decisions[-1].time)


def test_an_edit_by_other_means_is_a_decision_too() -> None:
    """Whoever corrects a judge's label with Inspect's own function is a reviewer."""
    log = log_of([sample(1, judge=judge("cheating"))])
    made = ProvenanceData(author="zoe", reason="a typo", timestamp=START)
    edit_score(log, 1, "judge", ScoreEdit(value="Normal play", provenance=made), False)
    edit_score(log, 1, "judge", ScoreEdit(answer="x", provenance=made), False)
    assert log.samples
    (decision,) = decisions_in(log.samples[0].scores)
    assert (decision.author, decision.verdict) == ("zoe", GOOD)
    assert (decision.category, decision.reason) == (Category.NORMAL, "a typo")


@pytest.mark.parametrize(
    ("author", "verdict", "category"),
    [
        (" ", BAD, None),
        ("ann", BAD, Category.NORMAL),
        ("ann", GOOD, Category.WORKAROUND),
        ("ann", None, Category.NORMAL),
    ],
)
def test_what_does_not_go_together_is_no_decision(
    author: str, verdict: Verdict | None, category: Category | None
) -> None:
    with pytest.raises(DecisionError):
        Decision(author, verdict, category)


DAMAGES: list[tuple[str, object]] = [
    ("author", ""),
    ("verdict", "guilty"),
    ("category", "nonsense"),
    ("time", None),
    ("time", "yesterday"),
    ("queued", None),
]


@pytest.mark.parametrize(("part", "value"), DAMAGES)
def test_a_damaged_record_is_no_decision(part: str, value: object) -> None:
    record = decided("ann", BAD).as_record()
    assert Decision.from_record(record).as_record() == record
    with pytest.raises(DecisionError):
        Decision.from_record(record | {part: value})
    with pytest.raises(DecisionError):
        Decision.from_record({k: v for k, v in record.items() if k != part})


def test_without_a_decision_nothing_is_decided() -> None:
    assert decisions_in({"judge": Score(value="cheating")}) == ()
    assert decisions_in(None) == ()
    assert settled([]) is None
