"""The logs that a fresh clone has: whole, plainly scripted, and up to date."""

import hashlib

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log

from cheating_evals import TASK_VERSION
from proctor.cli import main
from proctor.logs.journal import LOGS, ORIGINALS, REVIEWED
from proctor.logs.runs import Run, collect
from proctor.logs.triage import queue
from proctor.models.scripted import persona_of
from proctor.room.files import ROOT
from tests.sample_logs import CAST, NAME, REVIEWER

REVIEWED_LOG, ORIGINAL = ROOT / LOGS / NAME, ROOT / ORIGINALS / NAME


@pytest.fixture(scope="module")
def runs() -> tuple[Run, ...]:
    return collect([REVIEWED_LOG]).runs


def test_the_original_is_the_one_that_was_reviewed() -> None:
    reviewed = read_eval_log(str(REVIEWED_LOG), header_only=True)
    digest = hashlib.sha256(ORIGINAL.read_bytes()).hexdigest()
    assert reviewed.metadata[REVIEWED]["sha256"] == digest
    assert not any(run.decisions for run in collect([ORIGINAL]).runs)


def test_the_log_is_of_this_version_and_plainly_scripted() -> None:
    """Nobody may take it for a result about a model."""
    header = read_eval_log(str(REVIEWED_LOG), header_only=True)
    assert header.eval.task_version == TASK_VERSION
    assert {"scripted", "sample"} <= set(header.tags)
    assert header.eval.model == "scripted/mixed"
    assert "no result about any model" in str(header.metadata)


def test_the_audit_says_what_each_script_does(runs: tuple[Run, ...]) -> None:
    assert {persona_of(int(run.id)).name for run in runs} == set(CAST)
    for run in runs:
        persona = persona_of(int(run.id))
        assert run.labels["audit"].verdict is persona.verdict, persona.name
        assert run.labels["judge"].verdict is not None


def test_what_a_review_asks_for_is_reviewed(runs: tuple[Run, ...]) -> None:
    seed = read_eval_log(str(REVIEWED_LOG), header_only=True).eval.eval_id
    asked = {queued.run.uuid for queued in queue(runs, seed=seed)}
    assert asked == {run.uuid for run in runs if run.decisions}
    assert {d.author for run in runs for d in run.decisions} == {REVIEWER}


@pytest.mark.parametrize("command", ["report", "agree"])
def test_a_fresh_clone_has_something_to_show(command: str) -> None:
    done = CliRunner().invoke(main, [command, str(REVIEWED_LOG)])
    assert done.exit_code == 0, done.output
    assert "kappa" in done.output
    if command == "report":
        assert "no result about any model" in done.output
