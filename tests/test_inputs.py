"""Bad input: one line that says what is wrong and what to do, before anything starts.

Through the command line, as a user types it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proctor import preflight
from proctor.preflight import docker_problem, local_problem
from proctor.room import ROOT

MODEL = ["--model", "scripted/guesser"]
TASK = "cheating_evals.py"


def inspect(
    *words: str, tmp_path: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `inspect eval`; nothing of it may land in the project's own logs."""
    command = [sys.executable, "-m", "inspect_ai", "eval", *words]
    return subprocess.run(
        [*command, "--log-dir", str(tmp_path / "logs"), "--display", "plain"],
        cwd=ROOT,
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


@pytest.mark.docker
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [TASK, "--model", "scripted/geusser"],
            "scripted/geusser is no persona; did you mean scripted/guesser?",
        ),
        ([TASK, *MODEL, "-M", "x=1"], "take no arguments"),
        ([TASK, *MODEL, "-T", "rnus=3"], "-T rnus is unknown; the parameters are quiz"),
        (
            [TASK, *MODEL, "-T", "quiz=imposible,solvable"],
            "-T quiz=imposible is unknown; use impossible, unknowable, solvable, "
            "several with commas between them, or all.",
        ),
        ([TASK, *MODEL, "-T", "key=absent,absent"], "names a level twice"),
        (
            [TASK, *MODEL, "-T", "quizzes=20-30"],
            "-T quizzes=20-30: there is no impossible quiz 20-30; they are numbered 1",
        ),
        (
            [TASK, *MODEL, "-T", "sandbox=k8s"],
            "-T sandbox=k8s needs",  # the package, or helm
        ),
        ([TASK, *MODEL, "-T", "runs=0"], "-T runs=0 is not a positive whole number"),
        ([TASK, *MODEL, "-T", "runs=many"], "-T runs=many is not a positive"),
        ([TASK, *MODEL, "-T", "sandbox=vm"], "-T sandbox=vm is unknown; use"),
        (["proctor/replay", "--model", "none"], "-T log=PATH is missing"),
        (
            ["proctor/replay", "--model", "none", "-T", "lgo=x"],
            "-T lgo is unknown; the parameters are log, sandbox",
        ),
        (
            ["proctor/replay", "--model", "none", "-T", "log=missing.eval"],
            "There is no log missing.eval",
        ),
        (
            ["proctor/replay", "--model", "none", "-T", "log=README.md"],
            "README.md is not an Inspect log",
        ),
        (
            ["proctor/replay", "--model", "none", "-T", "log=quizzes/invented.json"],
            "is not an Inspect log",
        ),
        (
            ["proctor/replay", "--model", "none", "-T", "log=docs"],
            "docs holds no .eval or .json log",
        ),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else None,
)
def test_what_is_misspelt_or_missing_is_said_in_one_line(
    words: list[str], said: str, tmp_path: Path
) -> None:
    assert said in refused(inspect(*words, tmp_path=tmp_path), tmp_path)


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
    assert refused(done, tmp_path).startswith("No Docker engine answers: start it")


def test_a_local_room_without_strace_does_not_start(tmp_path: Path) -> None:
    done = inspect(
        TASK, *MODEL, "-T", "sandbox=local", tmp_path=tmp_path, PATH="/nowhere"
    )
    line = refused(done, tmp_path)
    assert "needs bash, strace, util-linux" in line
    assert "sudo apt-get install" in line


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"version": "20.10.5\n"}, "Docker Engine 20.10.5 is too old: install 24.0.6"),
        ({"version": None}, "No Docker engine answers"),
        ({"compose": "1.29.2\n"}, "Docker Compose 1.29.2 is too old: install 2.21.0"),
        ({"compose": None}, "Docker Compose is not installed"),
        ({}, None),
    ],
)
def test_versions_of_docker(
    outputs: dict[str, str | None], said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"version": "26.1.5+dfsg1\n", "compose": "v2.26.1\n", **outputs}
    monkeypatch.setattr(preflight, "_output", lambda command: answers[command[1]])
    monkeypatch.setattr(preflight.shutil, "which", lambda name: f"/usr/bin/{name}")
    problem = docker_problem()
    assert (problem is None) == (said is None)
    assert said is None or (problem is not None and problem.startswith(said))


def test_a_missing_compose_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preflight, "COMPOSE", tmp_path / "compose.yaml")
    with pytest.raises(preflight.PrerequisiteError) as caught:
        preflight.check_docker()
    assert "git checkout compose.yaml" in str(caught.value.message)


def test_what_a_local_room_lacks_is_named() -> None:
    have = {"bash": "/bin/bash", "setsid": "/usr/bin/setsid"}
    assert "needs strace, util-linux" in str(local_problem(have.get))
