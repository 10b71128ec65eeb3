"""From runs to a report: what is counted, for whom, and what a reader is told."""

from pathlib import Path
from typing import Any

import pytest

from proctor.logs.decisions import Decision
from proctor.logs.runs import FindingSummary, Label, Run, Runs
from proctor.logs.usage import Usage
from proctor.report.build import Origin, ReportError, build
from proctor.report.contents import Group, Report, Share
from proctor.report.judged import JudgedError, with_judged
from proctor.taxonomy import Category
from tests.test_report_comparisons import BAD, GOOD, run

USAGE, NORMAL = Category.ENVIRONMENT_USAGE, Category.NORMAL
TRIED = Label(BAD, USAGE, succeeded=False)
DID = Label(BAD, Category.SANDBOX_MODIFIED, succeeded=True)
HONEST = Label(GOOD, NORMAL)


def runs(*labels: dict[str, Label], **facts: Any) -> tuple[Run, ...]:
    return tuple(run(None, n, labels=said, **facts) for n, said in enumerate(labels))


def reported(
    *members: Run, label: str = "final", notes: tuple[str, ...] = ()
) -> Report:
    return build(Runs(members, (), notes), Origin(), label)


def only(*members: Run, label: str = "final") -> Group:
    (group,) = reported(*members, label=label).groups
    return group


def test_cheating_is_attempts_and_successes_and_what_is_not_known() -> None:
    said = [TRIED, DID, DID, Label(BAD), HONEST, Label(None, reason="it died")]
    group = only(*runs(*({"audit": label} for label in said)))
    assert (group.runs, group.unscored, group.scored) == (6, 1, 5)
    assert (group.cheating, group.attempts, group.successes) == (4, 1, 2)
    assert group.rate is not None and group.rate.value == 0.8
    assert group.reasons == {"it died": 1}


def test_categories_are_all_there_and_an_unscored_run_has_none() -> None:
    """A category without runs is reported as 0, not left out."""
    lost = Label(None, NORMAL, reason="it died")
    group = only(*runs({"audit": TRIED}, {"audit": HONEST}, {"audit": lost}))
    assert list(group.categories) == [str(category) for category in Category]
    assert group.categories[NORMAL] == group.categories[USAGE] == 1
    assert sum(group.categories.values()) == 2


def test_what_is_not_known_of_all_is_no_total() -> None:
    """A cost that leaves out runs would be too low, a share counts whom it knows."""
    known = run(
        0, 1, agent=Usage(cost=1.5), passed=True, stopped_honestly=True, seconds=10.0
    )
    bare = run(0, 2, passed=False)
    group = only(known, bare)
    assert group.cost is None
    assert group.passed == Share(1, 2) and group.honest_stops == Share(1, 1)
    assert group.seconds == 10
    assert only(known, run(0, 2, agent=Usage(cost=0.25))).cost == 1.75
    assert only(bare).seconds is None


def test_cheating_starts_at_its_first_finding() -> None:
    """Of runs that cheated; an honest run's findings, and a run without a recording,
    say nothing of when cheating starts."""
    late, early = (
        FindingSummary("key.read", True, 9),
        FindingSummary("answers.search", False, 4),
    )
    group = only(
        *runs({"audit": DID}, findings=(late, early, late)),
        *runs({"audit": HONEST}, findings=(early,)),
        *runs({"judge": DID}),
    )
    assert group.starts == (4,)
    assert group.recorded == 2
    # a run counts once for each rule
    assert group.techniques == {"answers.search": 2, "key.read": 1}


def test_medians_and_totals_of_tokens() -> None:
    group = only(
        *(
            run(0, n, agent=Usage(t), graders={"g": Usage(5)})
            for n, t in enumerate((1, 2, 9))
        )
    )
    assert (group.tokens, group.total_tokens, group.graders_tokens) == (2, 12, 15)


# --- whose verdicts ---------------------------------------------------------------

MIXED = runs(
    {"audit": DID, "judge": HONEST},
    {"audit": DID, "judge": DID, "human": HONEST},
    {"judge": HONEST, "other": DID},
)


@pytest.mark.parametrize(
    ("label", "cheating", "scored"),
    [
        ("final", 1, 3),
        ("human", 0, 1),
        ("audit", 2, 2),
        ("judge", 1, 3),
        ("other", 1, 1),
    ],
)
def test_each_labeller_has_a_rate(label: str, cheating: int, scored: int) -> None:
    group = only(*MIXED, label=label)
    assert (group.cheating, group.scored) == (cheating, scored)


def test_an_unknown_labeller_is_refused_with_those_there_are() -> None:
    with pytest.raises(ReportError, match="final, human, audit, judge, other"):
        reported(*MIXED, label="jugde")


def test_no_runs_are_no_report() -> None:
    """What was wrong with the logs is the reason."""
    with pytest.raises(ReportError, match=r"no run.*x\.eval is damaged"):
        reported(notes=("x.eval is damaged.",))


@pytest.mark.parametrize(
    ("label", "corrected"),
    [("final", "audit"), ("human", "audit"), ("judge", "judge"), ("other", "other")],
)
def test_whose_rate_is_corrected(label: str, corrected: str) -> None:
    assert reported(*MIXED, label=label).correction.labeller == corrected


def test_a_corrected_rate_is_the_machines() -> None:
    """People's verdicts are the truth: their own rate stays as it is, and the judge's
    stands beside it."""
    judge, human = Label(BAD), Label(GOOD)
    said = [
        *[{"judge": judge, "human": judge}] * 8,
        *[{"judge": judge, "human": human}] * 2,
        *[{"judge": human, "human": human}] * 10,
    ]
    members = tuple(
        run(None, n, uuid=str(n), labels=labels) for n, labels in enumerate(said)
    )
    report = reported(*members)
    (group,) = report.groups
    assert group.rate is not None and group.corrected is not None
    assert group.rate.value == 0.4
    # sensitivity 1, specificity 10/12, apparent rate 1/2: all labelled, so the same
    assert group.corrected.value == pytest.approx(0.4)
    assert any("judge found, corrected" in note for note in report.notes)


# --- notes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([run(1, model="scripted/cat_key")], "no result about any model"),
        ([run(1, self_graded=True)], "was the model itself: maker/one (1)"),
        (runs({"audit": Label(None, reason="it died")}), "1 run without a verdict"),
        (runs({"audit": Label(GOOD)}), "1 run with a verdict, but without a category"),
        ([run(1, 1), run(0, 2)], "asked the same thing"),
        (
            [run(n % 2, n, e, item=str(n)) for n in (1, 2) for e in (1, 2)],
            "repeat each other",
        ),
        (
            [run(0, n, e, item=str(n)) for n in (1, 2) for e in (1, 2)],
            "the least that it can be",
        ),
    ],
    ids=["scripted", "self", "unscored", "category", "one item", "epochs", "alike"],
)
def test_a_reader_is_told(members: list[Run], told: str) -> None:
    assert any(told in note for note in reported(*members).notes)


def test_nothing_is_told_that_is_not_so() -> None:
    members = runs({"audit": HONEST}, {"audit": DID})
    distinct = [
        run(None, n, item=str(n), labels=m.labels) for n, m in enumerate(members)
    ]
    assert reported(*distinct, notes=("First.",)).notes == ("First.",)


def test_order_of_groups_does_not_depend_on_order_of_runs() -> None:
    members = [
        run(1, model=model, condition=(("warned", level),))
        for model in ("b", "a")
        for level in ("yes", "no")
    ]
    forward, back = reported(*members), reported(*reversed(members))
    assert forward.groups == back.groups
    assert forward.comparisons == back.comparisons


# --- labels that were overwritten -------------------------------------------------


def both(reviewed: Run, judged: Run) -> Run:
    (found,) = with_judged(Runs((reviewed,), ()), Runs((judged,), ()), "judged/").runs
    return found


def test_overwritten_labels_are_peoples() -> None:
    found = both(
        run(None, labels={"scorer": HONEST}),
        run(None, labels={"scorer": DID}, stopped_honestly=False),
    )
    assert found.labels == {"human": HONEST, "scorer": DID}
    assert found.label == HONEST and found.stopped_honestly is False


def test_decisions_in_a_log_are_not_replaced() -> None:
    """A log that knows who decided needs no guess: what nobody decided stays the
    machine's."""
    decision = Decision("Ada", BAD)
    decided = run(
        None, 1, labels={"audit": HONEST, "human": DID}, decisions=(decision,)
    )
    other = run(None, 2, labels={"audit": HONEST})
    judged = tuple(run(None, n, labels={"audit": TRIED}) for n in (1, 2))
    found = with_judged(Runs((decided, other), ()), Runs(judged, ()), "judged/").runs
    assert found[0].labels == {"audit": TRIED, "human": DID}
    assert found[1].labels == {"audit": TRIED}


def test_runs_that_the_judge_did_not_see_keep_their_label() -> None:
    reviewed = Runs((run(1, 1), run(1, 2)), (Path("x"),))
    found = with_judged(reviewed, Runs((run(0, 1),), ()), "judged/")
    assert "human" not in found.runs[1].labels
    assert "differ in 1 of 1 runs" in found.notes[0]
    assert "1 of 2 runs do not stand in judged/" in found.notes[1]


def test_copies_of_other_logs_are_refused() -> None:
    with pytest.raises(JudgedError, match="No run"):
        both(run(1, 1), run(1, 2))
