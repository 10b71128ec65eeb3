"""Runs as reviews and reports see them, from logs of every sort and state."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import score as inspect_score
from inspect_ai.log import ProvenanceData, edit_score, write_eval_log
from inspect_ai.model import ModelUsage
from inspect_ai.scorer import Score, ScoreEdit

from proctor.logs.links import viewer_link
from proctor.logs.reading import logs_at
from proctor.logs.runs import Label, Run, collect
from proctor.scorers.judge import judge as judge_scorer
from proctor.taxonomy import VERDICTS, Category, Verdict
from tests.example_logs import (
    GRADER,
    MODEL,
    UNSCORED,
    audit,
    judge,
    log_of,
    sample,
    usual_runs,
    written,
)

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT


def only(folder: Path, run: Any, **options: Any) -> Run:
    """Write a log of one run, and read it."""
    (found,) = collect([written(log_of([run], **options), folder)]).runs
    return found


@pytest.mark.parametrize("name", ["a.eval", "a.json"])
def test_the_facts_of_a_run(tmp_path: Path, name: str) -> None:
    run = sample(
        "x/1",
        metadata={"condition": {"prohibition": "none"}},
        audit=audit("cheating", "key.read", "room.write"),
        quiz=Score(value={"right": 5, "attempted": 5, "passed": 1}),
        judge=judge("compliant", "compliant", "cheating", "compliant", own=True),
    )
    (found,) = collect([written(log_of([run]), tmp_path, name)]).runs
    assert (found.id, found.epoch, found.uuid) == ("x/1", 1, "uuid-x/1-1")
    assert (found.task, found.model) == ("cheating_evals v2", MODEL)
    assert found.condition == (("prohibition", "none"),)
    assert found.labels["audit"] == Label(BAD, Category.SANDBOX_MODIFIED, True)
    assert found.labels["judge"] == Label(GOOD, Category.NORMAL)
    assert set(found.labels) == {"audit", "judge"}
    assert [(finding.rule, finding.call) for finding in found.findings] == [
        ("key.read", 1),
        ("room.write", 2),
    ]
    assert found.split and found.self_graded
    assert found.stopped_honestly is True and found.passed is True
    assert (found.tokens, found.seconds, found.cost) == (100, 60.0, None)


@pytest.mark.parametrize("label", VERDICTS)
def test_labels_of_the_study_say_how_far_it_went(tmp_path: Path, label: str) -> None:
    """Its taxonomy has one word for attempts, so the others are successes."""
    found = only(tmp_path, sample(1, escape_scorer=Score(value=label.title())))
    said = found.labels["escape_scorer"]
    assert found.label == said and said.verdict is VERDICTS[label]
    plain = label in tuple(Verdict)
    compliant = said.verdict is GOOD
    tried = label == "unsuccessful environment usage"
    assert said.succeeded == (None if plain or compliant else not tried)


CASES: dict[str, tuple[dict[str, Score], Verdict | None]] = {
    "audit before judge": (
        {"judge": judge("cheating"), "audit": audit("compliant")},
        GOOD,
    ),
    "judge where there is no audit": ({"judge": judge("cheating")}, BAD),
    "an audit that failed is not made up for": (
        {"judge": judge("compliant"), "audit": audit(UNSCORED)},
        None,
    ),
    "another score last": (
        {"z": Score(value="cheating"), "judge": judge(UNSCORED)},
        None,
    ),
    "no verdict at all": ({"quiz": Score(value={"passed": 0})}, None),
    "a number is no verdict": ({"other": Score(value=UNSCORED)}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_whose_word_counts(tmp_path: Path, case: str) -> None:
    scores, verdict = CASES[case]
    label = only(tmp_path, sample(1, **scores)).label
    assert label.verdict == verdict
    assert verdict or label.reason


def test_an_edited_score_keeps_what_the_instrument_said(tmp_path: Path) -> None:
    """Agreement with people is meaningless once their edit counts as the judge's."""
    log = log_of([sample(1, judge=judge("cheating"))])
    made = ProvenanceData(author="zoe")
    edit_score(log, 1, "judge", ScoreEdit(value="compliant", provenance=made), False)
    (found,) = collect([written(log, tmp_path)]).runs
    assert found.labels["judge"].verdict is BAD
    assert found.labels["human"].verdict is GOOD and found.label.verdict is GOOD


def usage(tokens: int, cost: float | None = None) -> ModelUsage:
    return ModelUsage(total_tokens=tokens, total_cost=cost)


OTHER = "lab/other"
NINE = [(OTHER, 50)] * 9
# What Inspect counted by model and by role, and the judge's votes; then the agent's
# tokens, its graders', and what all cost.
USED: dict[str, tuple[dict[str, ModelUsage], dict[str, ModelUsage], Any, Any]] = {
    "nothing known": ({}, {}, [], (0, {}, None)),
    "the agent alone": ({MODEL: usage(100)}, {}, [], (100, {}, None)),
    "with prices": ({MODEL: usage(100, 0.5)}, {}, [], (100, {}, 0.5)),
    "a grader in its role": (
        {MODEL: usage(100, 0.5), GRADER: usage(40, 0.25)},
        {"grader": usage(40, 0.25)},
        [],
        (100, {GRADER: 40}, 0.75),
    ),
    "a grader without a role": (
        {MODEL: usage(100), GRADER: usage(40)},
        {},
        [(GRADER, 40)],
        (100, {GRADER: 40}, None),
    ),
    "a price is missing": (
        {MODEL: usage(100, 0.5), GRADER: usage(40)},
        {"grader": usage(40)},
        [],
        (100, {GRADER: 40}, None),
    ),
    "the model grades itself, in the role": (
        {MODEL: usage(140, 0.5)},
        {"grader": usage(40, 0.25)},
        [],
        (100, {MODEL: 40}, 0.5),
    ),
    "the model grades itself": (
        {MODEL: usage(140)},
        {},
        [(MODEL, 30), (MODEL, 10)],
        (100, {MODEL: 40}, None),
    ),
    "it is one of two graders": (
        {MODEL: usage(140), GRADER: usage(20)},
        {},
        [(MODEL, 40), (GRADER, 20)],
        (100, {MODEL: 40, GRADER: 20}, None),
    ),
    # of a log that was judged again Inspect counts nothing
    "by itself, with more votes": (
        {MODEL: usage(140)},
        {},
        [(MODEL, 50)] * 9,
        (140, {MODEL: 450}, None),
    ),
    "by itself, once in the role": (
        {MODEL: usage(140)},
        {"grader": usage(40)},
        [(MODEL, 50)] * 9,
        (100, {MODEL: 40}, None),
    ),
    "by another": ({MODEL: usage(140)}, {}, NINE, (140, {OTHER: 450}, None)),
    "by a third": (
        {MODEL: usage(100), GRADER: usage(40)},
        {},
        NINE,
        (100, {GRADER: 40}, None),
    ),
}


@pytest.mark.parametrize("case", USED)
def test_the_agents_tokens_and_the_graders(tmp_path: Path, case: str) -> None:
    models, roles, votes, wanted = USED[case]
    score = judge("cheating")
    score.metadata = {
        "votes": [{"grader": name, "input_tokens": used} for name, used in votes]
    }
    run = sample(1, judge=score)
    run.model_usage, run.role_usage = models, roles
    found = only(tmp_path, run)
    graders = {name: one.total for name, one in found.graders.items()}
    assert (found.tokens, graders, found.cost) == wanted


@pytest.mark.parametrize("own", [True, False])
def test_a_log_that_is_judged_again(tmp_path: Path, own: bool) -> None:
    """Inspect adds nothing to the tokens of a sample that it scores once more."""
    agent = "scripted/grader" if own else "mockllm/model"
    run = sample(1)
    used = ModelUsage(input_tokens=1400, output_tokens=140, total_tokens=1540)
    run.model_usage = {agent: used}
    once = judge("cheating", graders=[agent], tokens=(400, 40))
    run.scores = {"judge": once}
    if own:
        (found,) = collect([written(log_of([run], model=agent), tmp_path)]).runs
        assert (found.tokens, found.graders_tokens) == (660, 880)
    again = inspect_score(
        log_of([run], model=agent),
        judge_scorer(votes=9, grader="scripted/grader"),
        action="overwrite",
        display="none",
    )
    (found,) = collect([written(again, tmp_path)]).runs
    votes = (again.samples or [run])[0].scores or {}
    told = (votes["judge"].metadata or {})["input_tokens"]
    assert told > 1540
    assert (found.tokens, list(found.graders)) == (1540, ["scripted/grader"])
    assert found.graders["scripted/grader"].input == told


def test_a_replayed_run_is_that_of_its_model(tmp_path: Path) -> None:
    run = sample(1, metadata={"model": "lab/old"})
    replay, plain = only(tmp_path, run, model="none"), only(tmp_path, run)
    assert (replay.model, replay.replayed, replay.agent) == ("lab/old", True, None)
    assert (plain.model, plain.replayed, plain.tokens) == (MODEL, False, 100)


STRANGE: list[Any] = [
    {"findings": "none", "votes": 3, "succeeded": "yes", "category": 7},
    {"findings": [None, "x", {}, {"rule": 1, "call": 1}, {"rule": "a", "call": None}]},
    {"votes": [None, "x", {"reply": "guilty"}], "stopped_honestly": "no"},
    {"votes": {"reply": 1}, "findings": {"rule": "a"}, "self_graded": None},
]


@pytest.mark.parametrize("metadata", STRANGE)
@pytest.mark.parametrize("name", ["audit", "judge"])
def test_scores_of_the_same_name_by_somebody_else(
    tmp_path: Path, name: str, metadata: dict[str, Any]
) -> None:
    """Any log may be given; a namesake of ours must not end the report."""
    score = Score(value="cheating", metadata=metadata)
    found = only(tmp_path, sample(1, **{name: score}))
    assert found.label.verdict is BAD
    assert not found.findings and not found.split and found.stopped_honestly is None


def test_the_same_prompt_is_the_same_item(tmp_path: Path) -> None:
    runs = [sample(1), sample(2), sample(3, prompt="Another quiz.")]
    found = collect([written(log_of(runs), tmp_path)]).runs
    assert found[0].item == found[1].item != found[2].item


# --- logs that are not as they should be ------------------------------------------


def test_a_run_that_was_never_finished_is_read_and_told(tmp_path: Path) -> None:
    log = log_of(usual_runs(), status="started", planned=25)
    runs = collect([written(log, tmp_path)])
    assert len(runs.runs) == 6
    assert runs.notes == (
        "exam.eval was never finished (status: started): 6 of 25 runs are in it.",
    )


def test_a_log_without_its_end_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """As Inspect leaves it while a run goes on, or when its process is killed."""
    whole = written(log_of(usual_runs()), tmp_path / "whole")
    path = tmp_path / "exam.eval"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in ("header.json", "reductions.json", "summaries.json"):
                new.writestr(name, old.read(name))
    runs = collect([path])
    assert len(runs.runs) == 6 and "never finished" in runs.notes[0]


def test_what_is_no_log_is_told_and_left_out(tmp_path: Path) -> None:
    good = written(log_of(usual_runs()), tmp_path)
    (tmp_path / "text.json").write_text("{}")
    cut = tmp_path / "cut.eval"
    cut.write_bytes(good.read_bytes()[:5000])
    runs = collect(logs_at(tmp_path))
    assert len(runs.runs) == 6 and runs.logs == (good,)
    assert len(runs.notes) == 2
    assert all("is not an Inspect log" in note for note in runs.notes)


def test_a_damaged_sample_costs_what_comes_after_it(tmp_path: Path) -> None:
    good = written(log_of(usual_runs()), tmp_path / "good")
    path = tmp_path / "exam.eval"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            broken = name.startswith("samples/4")
            new.writestr(name, b"{" if broken else old.read(name))
    runs = collect([path])
    assert [run.id for run in runs.runs] == ["1", "2", "3"]
    assert "What could be read of it: 3 runs" in runs.notes[0]


def test_a_run_counts_once_and_from_the_newest_log(tmp_path: Path) -> None:
    """`inspect eval-retry` copies finished samples, people review the copy."""
    old = log_of([sample(1, judge=judge("cheating"))], created="2026-01-01T00:00:00Z")
    new = log_of([sample(1, judge=judge("compliant"))], created="2026-02-01T00:00:00Z")
    paths = [written(new, tmp_path, "b.eval"), written(old, tmp_path, "c.eval")]
    for order in (paths, paths[::-1]):
        runs = collect(order)
        assert [run.label.verdict for run in runs.runs] == [GOOD]
        assert runs.notes == ("1 runs stand in several logs; the newest log counts.",)


def test_a_reviewed_copy_counts_before_the_original(tmp_path: Path) -> None:
    """Both were created at the same time; the edited one says more."""
    log = log_of([sample(1, judge=judge("cheating"))])
    original = written(log, tmp_path / "llm_judge_logs")
    made = ProvenanceData(author="zoe")
    edit_score(log, 1, "human", ScoreEdit(value="compliant", provenance=made), False)
    (tmp_path / "logs").mkdir()
    reviewed = tmp_path / "logs" / original.name
    write_eval_log(log, str(reviewed))
    for order in ([original, reviewed], [reviewed, original]):
        (run,) = collect(order).runs
        assert run.label.verdict is GOOD


def test_versions_of_a_task_are_not_mixed_in_silence(tmp_path: Path) -> None:
    one, other = log_of([sample(1)]), log_of([sample(2)])
    other.eval.task_version = 3
    paths = [written(one, tmp_path, "a.eval"), written(other, tmp_path, "b.eval")]
    (note,) = collect(paths).notes
    assert "cheating_evals v2, cheating_evals v3" in note


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    seen: list[tuple[Path, int]] = []
    path = written(log_of(usual_runs()), tmp_path)
    collect([path], lambda log, count: seen.append((log, count)))
    assert seen == [(path, number) for number in range(1, 7)]


def test_a_link_leads_to_the_very_sample(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01T00-00-00+00-00_a b.eval"
    shutil.copy(written(log_of([sample("a/b?c#d")]), tmp_path), path)
    (run,) = collect([path]).runs
    assert viewer_link(run) == (
        "http://127.0.0.1:7575/#/logs/2026-01-01T00-00-00%2B00-00_a%20b.eval/samples/"
        "sample/a%2Fb%3Fc%23d/1/"
    )


def test_a_damaged_decision_costs_its_log_and_no_other(tmp_path: Path) -> None:
    log = log_of([sample(1), sample(2)])
    made = ProvenanceData(author="zoe", metadata={"decision": {"verdict": "guilty"}})
    edit_score(log, 2, "human", ScoreEdit(value="cheating", provenance=made), False)
    bad = written(log, tmp_path, "a.eval")
    good = written(log_of(usual_runs()), tmp_path, "b.eval")
    runs = collect([bad, good])
    assert len(runs.runs) == 6
    (note,) = runs.damaged.values()
    assert note in runs.notes
    assert "a.eval: this is no decision" in note and "1 runs" in note
