"""Bad input: one line, what is wrong and what to do, before anything starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from inspect_ai import eval as inspect_eval
from rich.text import Text

from proctor._inspect.errors import PrerequisiteError, refusal
from proctor.checks import docker, machine, preflight
from proctor.checks.commands import Said
from proctor.checks.docker import docker_problem
from proctor.checks.machine import local_problem, version_problem
from proctor.room.files import ROOT

MODEL = ["--model", "scripted/guesser"]
TASK = "cheating_evals.py"


def inspect(
    *words: str,
    tmp_path: Path,
    log_dir: str = "",
    folder: Path = ROOT,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run `inspect eval`; nothing of it may land in the project's own logs."""
    command = [sys.executable, "-m", "inspect_ai", "eval", *words]
    return subprocess.run(
        [*command, "--log-dir", log_dir or str(tmp_path / "logs"), "--display=plain"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def refused(done: subprocess.CompletedProcess[str], tmp_path: Path) -> str:
    """Check that a run was refused in one line, and return that line."""
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    logs = tmp_path / "logs"
    assert not logs.exists() or not list(logs.iterdir())
    return lines[0]


REPLAY = "proctor/replay"


@pytest.mark.docker
@pytest.mark.parametrize(
    ("task", "given", "said"),
    [
        (TASK, {"rnus": 3}, "-T rnus is unknown; the parameters are quiz, prohibition"),
        (
            TASK,
            {"quiz": ["imposible", "solvable"]},
            "-T quiz=imposible is unknown; use impossible, unknowable, solvable, "
            "several with commas between them, or all.",
        ),
        (TASK, {"key": ["absent", "absent"]}, "names a level twice"),
        (
            TASK,
            {"quizzes": "20-30"},
            "-T quizzes=20-30: there is no impossible quiz 20-30; they are numbered 1",
        ),
        (TASK, {"sandbox": "k8s"}, "-T sandbox=k8s needs"),  # the package, or helm
        (TASK, {"runs": 0}, "-T runs=0 is not a positive whole number"),
        (TASK, {"runs": "many"}, "-T runs=many is not a positive"),
        (TASK, {"sandbox": "vm"}, "-T sandbox=vm is unknown; use"),
        (REPLAY, {}, "-T log=PATH is missing"),
        (REPLAY, {"lgo": "x"}, "-T lgo is unknown; the parameters are log, sandbox"),
        (REPLAY, {"log": "missing.eval"}, "There is no log missing.eval"),
        (REPLAY, {"log": "README.md"}, "README.md is not an Inspect log"),
        (REPLAY, {"log": "quizzes/invented.json"}, "is not an Inspect log"),
        (REPLAY, {"log": "docs"}, "docs holds no .eval or .json log"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_is_misspelt_or_missing_is_said_in_one_line(
    task: str,
    given: dict[str, object],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(PrerequisiteError) as caught:
        inspect_eval(
            task,
            model=None if task == REPLAY else "scripted/guesser",
            task_args=given,
            log_dir=str(tmp_path / "logs"),
            display="none",
        )
    line = Text.from_markup(str(caught.value.message)).plain
    assert said in line and "\n" not in line
    assert not list(tmp_path.rglob("*.eval"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--model", "scripted/geusser"],
            "scripted/geusser is no persona; did you mean scripted/guesser?",
        ),
        ([*MODEL, "-M", "x=1"], "take no arguments"),
        ([*MODEL, "-T", "quiz=solvable,imposible"], "-T quiz=imposible is unknown"),
    ],
)
def test_so_it_is_on_the_command_line(
    words: list[str], said: str, tmp_path: Path
) -> None:
    assert said in refused(inspect(TASK, *words, tmp_path=tmp_path), tmp_path)


def test_without_docker_nothing_starts(tmp_path: Path) -> None:
    done = inspect(TASK, *MODEL, tmp_path=tmp_path, PATH="/nowhere")
    line = refused(done, tmp_path)
    assert line.startswith("Docker is not installed: install Docker Engine")
    assert "-T sandbox=local" in line


@pytest.mark.docker
def test_without_an_engine_nothing_starts(tmp_path: Path) -> None:
    done = inspect(
        TASK, *MODEL, tmp_path=tmp_path, DOCKER_HOST="unix:///nowhere/docker.sock"
    )
    assert refused(done, tmp_path).startswith(
        "No Docker engine answers at DOCKER_HOST=unix:///nowhere/docker.sock: start it"
    )


@pytest.mark.parametrize(
    ("model", "log_dir", "said"),
    [
        (
            ["--model", "scripted/grader"],
            "",
            "scripted/grader only grades: use it with --model-role",
        ),
        ([], "", "No model is named: add --model PROVIDER/NAME"),
        (MODEL, "/proc/nope", "The log folder /proc/nope cannot be written to"),
    ],
)
def test_what_inspect_would_find_only_in_the_middle_is_said_at_once(
    model: list[str], log_dir: str, said: str, tmp_path: Path
) -> None:
    """Without these the containers are up before it fails, or there is a traceback."""
    done = inspect(
        *(TASK, *model), tmp_path=tmp_path, log_dir=log_dir, INSPECT_EVAL_MODEL=""
    )
    assert refused(done, tmp_path).startswith(said)


def test_who_can_take_the_exam() -> None:
    for name, said in (
        ("openai/gpt-5", None),
        ("scripted/mixed", None),
        ("openai/", "--model openai/ names no model: add its name"),
        ("none/none", "No model is named"),
        ("scripted/grader", "scripted/grader only grades"),
    ):
        problem = preflight.examinee_problem(name)
        assert (problem or "").startswith(said or "") and bool(problem) == bool(said)


def test_no_model_is_asked_for_where_none_may_be_needed() -> None:
    """In Python, in `eval-retry`, and with a solver of the user's own."""
    preflight.check_examinee()
    for params in ({"log_dir": "x"}, {"model": None, "solver": "other.py"}):
        context = click.Context(click.Command("eval"))
        context.params = dict(params)
        with context.scope():
            preflight.check_examinee()


def test_a_full_disk_is_found_before_containers_are_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = click.Context(click.Command("eval"))
    context.params = {"log_dir": str(tmp_path / "logs")}
    with context.scope():
        preflight.check_log_dir()
        monkeypatch.setattr("proctor.checks.machine.free_space", lambda folder: 2**20)
        with pytest.raises(PrerequisiteError) as caught:
            preflight.check_log_dir()
    assert str(caught.value.message).startswith("Only 1 MiB are free for logs in")


def test_inspect_prints_a_refusal_as_it_was_meant() -> None:
    """It reads messages as markup, which would take the name of an extra out."""
    text = "pip install -e '.[k8s]' and [bold]"
    assert Text.from_markup(str(refusal(text).message)).plain == text


def test_a_local_room_without_strace_does_not_start(tmp_path: Path) -> None:
    done = inspect(
        TASK, *MODEL, "-T", "sandbox=local", tmp_path=tmp_path, PATH="/nowhere"
    )
    line = refused(done, tmp_path)
    assert "needs bash, strace, util-linux" in line
    assert "sudo apt-get install" in line


ENGINE, COMPOSE = Said(0, "26.1.5+dfsg1\n", ""), Said(0, "v2.26.1\n", "")
HUNG, REFUSED = Said(None, "", "", hung=True), Said(1, "", "Cannot connect")


@pytest.mark.parametrize(
    ("host", "engine", "compose", "said"),
    [
        (None, ENGINE, COMPOSE, None),
        (None, Said(0, "20.10.5\n", ""), COMPOSE, "Engine 20.10.5 is too old: install"),
        (None, ENGINE, Said(0, "1.29.2\n", ""), "Compose 1.29.2 is too old: install"),
        (None, ENGINE, REFUSED, "Docker Compose is not installed"),
        (None, ENGINE, HUNG, "compose version` does not end within 10 seconds"),
        (None, REFUSED, COMPOSE, "No Docker engine answers: start it"),
        (None, HUNG, COMPOSE, "engine does not answer within 10 seconds: restart it"),
        (None, Said(1, "", "permission denied while"), COMPOSE, "You may not talk to"),
        ("tcp://h", HUNG, COMPOSE, "engine at DOCKER_HOST=tcp://h does not answer"),
        ("tcp://h", REFUSED, COMPOSE, "`unset DOCKER_HOST`"),
    ],
)
def test_what_keeps_docker_from_being_used(
    host: str | None,
    engine: Said,
    compose: Said,
    said: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has another remedy."""
    answers = {"version": engine, "compose": compose}
    monkeypatch.setattr(docker, "ask", lambda command, limit: answers[command[1]])
    monkeypatch.setattr(docker.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    problem = docker_problem()
    assert (problem is None) == (said is None)
    assert str(said) in str(problem)


def test_a_missing_compose_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preflight, "COMPOSE", tmp_path / "compose.yaml")
    with pytest.raises(PrerequisiteError) as caught:
        preflight.check_sandbox("docker")
    assert "git checkout compose.yaml" in str(caught.value.message)


def test_what_a_local_room_lacks_is_named() -> None:
    have = {"bash": "/bin/bash", "setsid": "/usr/bin/setsid"}
    assert "needs strace, util-linux" in str(local_problem(have.get))


@pytest.mark.parametrize("safe", ["", "1"])
def test_a_second_version_of_the_package_is_refused(safe: str, tmp_path: Path) -> None:
    """The task of one version under the rules of another has the results of neither.

    Python takes the package from where the command is typed, unless told not to.
    """
    shutil.copy(ROOT / TASK, tmp_path)
    shutil.copytree(ROOT / "proctor", tmp_path / "proctor")
    done = inspect(
        *(TASK, *MODEL), tmp_path=tmp_path, folder=tmp_path, PYTHONSAFEPATH=safe
    )
    line = refused(done, tmp_path)
    running = ROOT if safe else tmp_path
    assert line.startswith(f"Two versions of proctor meet: {running / 'proctor'} is")
    assert f"pip install -e '{running}'" in line
    assert version_problem(ROOT) is None


def test_a_clone_is_told_from_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone's task under an installed package; elsewhere there is only the latter."""
    installed = tmp_path / "site-packages" / "proctor"
    installed.mkdir(parents=True)
    monkeypatch.setattr(machine, "RUNNING", installed)
    monkeypatch.setattr(machine, "_installed", lambda: installed)
    assert f"pip install -e '{ROOT}'" in str(version_problem(ROOT))
    assert version_problem(tmp_path) is None
