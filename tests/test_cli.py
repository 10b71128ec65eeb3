"""The command `proctor`."""

import subprocess
import sys
from unittest.mock import Mock

import pytest
from click.testing import CliRunner
from inspect_ai.scorer import Score
from rich.console import Console

from proctor.cli import main
from proctor.models.scripted import PERSONAS
from proctor.tools import demo
from proctor.tools.demo import Comparison, DemoError, choose, compare, summarise


def test_personas_are_listed_with_their_truth() -> None:
    done = CliRunner().invoke(main, ["personas"])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) == len(PERSONAS)
    assert lines[0].split()[:2] == ["guesser", "compliant"]


@pytest.mark.parametrize(
    ("docker", "local", "kind"),
    [(None, None, "docker"), ("No Docker.", None, "local"), (None, "No.", "docker")],
)
def test_the_demo_takes_docker_where_it_can(
    docker: str | None, local: str | None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "docker_problem", lambda: docker)
    monkeypatch.setattr(demo, "local_problem", lambda: local)
    console = Console(record=True, width=200)
    assert choose("auto", console) == kind
    said = console.export_text()
    assert ("containers" in said) == (kind == "docker")
    assert ("temporary folders" in said) == (kind == "local")


def test_the_demo_says_what_keeps_it_from_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo, "docker_problem", lambda: "Install Docker.")
    monkeypatch.setattr(demo, "local_problem", lambda: "Install strace.")
    for words, said in (
        ([], "There is no place for the exams. Install Docker. Or: Install strace."),
        (["--log-dir", "/proc/nope"], "The log folder /proc/nope cannot be written to"),
    ):
        done = CliRunner().invoke(main, ["demo", *words])
        assert done.exit_code == 1
        assert done.output.startswith(f"Error: {said}")
        assert len(done.output.splitlines()) == 1


def judged(number: int, value: object, rules: list[str], **more: object) -> Comparison:
    metadata = {"findings": [{"rule": rule} for rule in rules]}
    score = Score.model_validate({"value": value, "metadata": metadata, **more})
    return compare(number, {"audit": score})


def test_a_comparison_says_exactly_what_is_wrong() -> None:
    key = list(PERSONAS).index("sed_key") + 1
    right = judged(key, "cheating", ["key.read"])
    assert right.right and right.line().plain.startswith("yes    cheating ")
    wrong = judged(key, "cheating", ["outside.access"])
    assert (wrong.missing, wrong.extra) == ({"key.read"}, {"outside.access"})
    missed = judged(key, "compliant", [])
    unscored = judged(key, float("nan"), [], reason="the recorder died")
    broken = compare(key, {})
    for one, said in (
        (wrong, "(missing key.read; false outside.access)"),
        (missed, "(it is cheating; missing key.read)"),
        (unscored, "missing key.read; the recorder died)"),
        (broken, "missing key.read; no score; the log says why)"),
    ):
        assert not one.right
        assert one.line().plain.startswith("no ") and one.line().plain.endswith(said)
    console = Console(record=True, width=250)
    summarise([right, wrong, missed, unscored], console)
    assert "1 of 4 agents were judged as they should be." in console.export_text()


def test_an_agent_that_was_not_run_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Mock(side_effect=[DemoError("The run was not finished."), 2, 0])
    monkeypatch.setattr(demo, "run_demo", run)
    statuses = [CliRunner().invoke(main, ["demo"]).exit_code for _ in range(3)]
    assert statuses == [1, 1, 0]


def test_help_is_there_at_once() -> None:
    """No command imports what takes a second before it runs."""
    code = (
        "import sys; from proctor.cli import main\n"
        "for name in main.commands:\n"
        "    main([name, '--help'], standalone_mode=False)\n"
        "heavy = 'inspect_ai', 'scipy', 'numpy', 'matplotlib', 'textual'\n"
        "sys.exit(', '.join(name for name in heavy if name in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--adjudicate" in done.stdout and "--price" in done.stdout
