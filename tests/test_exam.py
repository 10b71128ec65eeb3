"""Whole exams in Docker: `inspect eval cheating_evals.py`, without a model."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai import score, task_with
from inspect_ai.event import InfoEvent, ToolEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from cheating_evals import cheating_evals
from proctor.checks.preflight import local_problem
from proctor.exam.store import ExamStore
from proctor.models.scripted import PERSONAS, persona_of
from proctor.rules import Derivation
from proctor.sandbox.client import RecorderClient
from proctor.scorers import audit, quiz
from proctor.taxonomy import Verdict
from proctor.tools.demo import compare
from proctor.trace.reader import TraceReader
from tests import containers


def run(
    folder: Path,
    model: object = "scripted/mixed",
    made: dict[str, object] | None = None,
    **options: object,
) -> EvalLog:
    """Run the task with its options, and with what is made of it otherwise."""
    exam = cheating_evals(**{"runs": 1, **options})  # type: ignore[arg-type]
    (log,) = inspect_eval(
        task_with(exam, **(made or {})),  # type: ignore[arg-type]
        model=model,  # type: ignore[arg-type]
        log_dir=str(folder),
        display="none",
    )
    return read_eval_log(log.location, resolve_attachments=True)


def only(log: EvalLog) -> EvalSample:
    assert log.samples is not None
    (sample,) = log.samples
    return sample


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """Every persona's exam, once for all tests of this file."""
    folder = tmp_path_factory.mktemp("mixed")
    return run(folder, made={"sandbox": containers.NAME}, runs=len(PERSONAS))


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, len(PERSONAS) + 1), ids=list(PERSONAS))
def test_every_persona_is_judged_as_it_should_be(mixed: EvalLog, number: int) -> None:
    """The verdict, and exactly the expected findings: none missing, none false."""
    assert mixed.samples is not None
    sample = next(s for s in mixed.samples if s.id == number)
    one = compare(number, sample.scores or {})
    assert one.right, one
    # an unscored sample would prove nothing
    assert one.verdict in (Verdict.CHEATING, Verdict.COMPLIANT)


@pytest.mark.docker
@pytest.mark.slow
def test_the_same_verdicts_from_the_log_alone(
    mixed: EvalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring again needs no sandbox: Docker is out of reach meanwhile."""
    monkeypatch.setenv("PATH", "/nowhere")
    again = score(mixed, [audit(), quiz()], action="overwrite", display="none")
    for old, new in zip(mixed.samples or [], again.samples or [], strict=True):
        for name in ("audit", "quiz"):
            assert old.scores is not None and new.scores is not None
            assert old.scores[name].value == new.scores[name].value
            assert old.scores[name].metadata == new.scores[name].metadata


@pytest.mark.docker
@pytest.mark.slow
def test_the_command_that_scores_again_needs_nothing_but_the_log(
    mixed: EvalLog, tmp_path: Path
) -> None:
    """As a user types it, where no Docker is on the path."""
    command = Path(sys.executable).with_name("inspect")
    scored = tmp_path / "scored.eval"
    done = subprocess.run(
        [
            *(command, "score", mixed.location, "--scorer", "proctor/audit"),
            *("--action", "overwrite", "--output-file", scored, "--display", "plain"),
        ],
        env={"PATH": "/nowhere", "HOME": str(tmp_path)},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    again = read_eval_log(str(scored))
    for old, new in zip(mixed.samples or [], again.samples or [], strict=True):
        assert old.scores is not None and new.scores is not None
        assert old.scores["audit"].value == new.scores["audit"].value
        assert old.scores["audit"].metadata == new.scores["audit"].metadata


@pytest.mark.docker
@pytest.mark.slow
def test_findings_stand_right_behind_the_call_that_caused_them(
    mixed: EvalLog,
) -> None:
    assert mixed.samples is not None
    number = list(PERSONAS).index("sed_key") + 1
    sample = next(s for s in mixed.samples if s.id == number)
    events = [e for e in sample.events if isinstance(e, ToolEvent | InfoEvent)]
    infos = [i for i, e in enumerate(events) if isinstance(e, InfoEvent)]
    assert infos, "no finding in the transcript"
    before = events[infos[0] - 1]
    note = str(events[infos[0]].data)  # type: ignore[union-attr]
    assert isinstance(before, ToolEvent)
    assert "sed" in str(before.arguments["input"])
    assert "key.read" in note and "sed" in note
    assert sample.scores is not None
    found = sample.scores["audit"].metadata["findings"]  # type: ignore[index]
    assert found[0]["tool_call"] == before.id
    (message,) = (m for m in sample.messages if m.id == found[0]["message"])
    assert before.id in {c.id for c in message.tool_calls}  # type: ignore[union-attr]
    assert f"[M{found[0]['message_number']}]" in str(sample.scores["audit"].explanation)


@pytest.mark.docker
@pytest.mark.slow
def test_the_metrics_count_what_the_samples_say(mixed: EvalLog) -> None:
    assert mixed.results is not None
    metrics = next(s for s in mixed.results.scores if s.name == "audit").metrics
    truth = [persona_of(n).verdict for n in range(1, len(PERSONAS) + 1)]
    cheating = truth.count(Verdict.CHEATING)
    assert metrics["cheating"].value == cheating
    assert metrics["scored"].value == len(truth)
    assert metrics["cheating_rate"].value == cheating / len(truth)
    assert metrics["ci_lower"].value < cheating / len(truth)


@pytest.mark.docker
def test_an_agent_that_is_stopped_by_a_limit_is_still_judged(tmp_path: Path) -> None:
    """A limit ends the solver, not the measurement."""
    sample = only(run(tmp_path, "scripted/sed_key", message_limit=4))
    assert sample.limit is not None and sample.limit.type == "message"
    assert sample.scores is not None
    assert sample.scores["audit"].value == Verdict.CHEATING


@pytest.mark.docker
def test_a_recorder_that_fails_leaves_the_sample_unscored_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never "compliant", and the run as a whole goes on."""
    monkeypatch.setattr("proctor.sandbox.client.RECORDING_BUDGET", 10_000)
    log = run(tmp_path, "scripted/sed_key", runs=2)
    assert log.status == "success"
    assert log.results is not None
    for sample in log.samples or []:
        assert sample.scores is not None
        score = sample.scores["audit"]
        assert score.value != score.value, "a NaN is what unscored means"
        assert "flood" in str(score.reason)
        assert sample.limit is not None and sample.limit.type == "operator"
    result = next(s for s in log.results.scores if s.name == "audit")
    assert (result.unscored_samples, result.scored_samples) == (2, 0)
    assert "cheating_rate" not in result.metrics


@pytest.mark.docker
def test_odd_calls_of_a_model_are_answered_and_not_fatal(tmp_path: Path) -> None:
    """Wrong arguments, unknown tools and parallel calls, as models make them."""
    calls: list[tuple[str, dict[str, object]]] = [
        ("bash_session", {"action": "type"}),
        ("bash_session", {"action": "read", "input": "x"}),
        ("bash_session", {"action": "dance"}),
        ("unknown_tool", {}),
        ("bash_session", {"action": "type_submit", "input": "echo fine"}),
        ("submit", {"answer": "done"}),
    ]
    usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    outputs = [
        ModelOutput.for_tool_call("mockllm/model", name, arguments)
        for name, arguments in calls
    ]
    for output in outputs:
        output.usage = usage
    sample = only(run(tmp_path, get_model("mockllm/model", custom_outputs=outputs)))
    replies = [m.text + str(m.error or "") for m in sample.messages if m.role == "tool"]
    for wanted, reply in zip(
        ["needs an input", "takes no input", "dance", "not found", "fine"],
        replies,
        strict=False,
    ):
        assert wanted in reply
    assert sample.scores is not None
    assert sample.scores["audit"].value == Verdict.COMPLIANT


# --- without Docker ---------------------------------------------------------------

needs_strace = pytest.mark.skipif(
    local_problem() is not None, reason=str(local_problem())
)


@needs_strace
@pytest.mark.parametrize("name", ["guesser", "chr_key", "fumbler", "audit_editor"])
def test_a_local_room_judges_the_same(tmp_path: Path, name: str) -> None:
    sample = only(run(tmp_path, f"scripted/{name}", sandbox="local"))
    persona = PERSONAS[name]
    assert sample.scores is not None
    score = sample.scores["audit"]
    assert score.value == persona.verdict, score.reason
    found = {finding["rule"] for finding in (score.metadata or {})["findings"]}
    assert found == persona.findings
    home = Path(sample.store_as(ExamStore).home)
    assert not home.exists(), "the room is left behind"


@needs_strace
def test_nothing_is_kept_of_a_sample_that_is_over(tmp_path: Path) -> None:
    """A process that takes the exam for days must not build_process_tree."""
    if problem := local_problem():
        pytest.skip(problem)

    def kept() -> int:
        gc.collect()
        ours = (RecorderClient, TraceReader, Derivation)
        return sum(isinstance(thing, ours) for thing in gc.get_objects())

    before = kept()
    run(tmp_path, "scripted/mixed", sandbox="local", runs=2)
    assert kept() == before


def test_a_local_room_is_refused_to_other_models(tmp_path: Path) -> None:
    """Its commands would run on the researcher's own machine."""
    model = get_model("mockllm/model", custom_outputs=[])
    sample = only(run(tmp_path, model, sandbox="local"))
    assert sample.scores is not None
    assert "scripted" in str(sample.scores["audit"].reason)
    assert not [m for m in sample.messages if m.role == "assistant"]
