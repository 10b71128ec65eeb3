"""Promises that the repository makes about itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import proctor
from cheating_evals import TASK_VERSION
from proctor.checks.docker import COMPOSE
from proctor.exam.quizzes import load
from proctor.room.files import ROOT, contents
from proctor.room.layout import WRAPPED, Role, Room

# The user fixed the first line; the rest has earned its place.
TOP_LEVEL = {
    *("README.md", "cheating_evals.py", "run_quiz.py", "audit_system.py", "sandbox.py"),
    *(".env", "compose.yaml", "llm_judge_logs", "logs", "tests"),
    *("permissions.conf", "quizzes", "Dockerfile", "proctor", "benchmarks", "docs"),
    *("pyproject.toml", "Makefile", "LICENSE", "CHANGELOG.md", ".ci", ".gitignore"),
    "CITATION.cff",  # GitHub looks for it nowhere else
}
SETTINGS = {
    *("INSPECT_LOG_DIR", "INSPECT_LOG_LEVEL"),
    *("INSPECT_EVAL_MAX_RETRIES", "INSPECT_EVAL_MAX_CONNECTIONS"),
}


def tracked() -> list[str]:
    """List what git tracks; a copy without git has nothing to say here."""
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def test_nothing_else_is_at_the_top_level() -> None:
    assert {name.split("/")[0] for name in tracked()} <= TOP_LEVEL


def test_the_settings_hold_no_key() -> None:
    """`.env` is public: only settings of Inspect, and nothing that looks secret."""
    lines = (ROOT / ".env").read_text().splitlines()
    settings = dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )
    assert set(settings) == SETTINGS
    for value in settings.values():
        assert re.fullmatch(r"\./logs|\w{1,10}", value)


@pytest.mark.parametrize("pattern", [r"sk-[A-Za-z0-9_-]{16,}", r"AIza[\w-]{30,}"])
def test_no_file_holds_a_key(pattern: str) -> None:
    for name in tracked():
        path = ROOT / name
        if path.is_file():
            assert not re.search(pattern, path.read_text(errors="replace")), name


def test_the_host_and_the_guard_agree_on_what_is_watched() -> None:
    """Two places name the wrapped commands; each must hold all of them."""
    policy = dict(
        line.split(" = ", 1)
        for line in (ROOT / "permissions.conf").read_text().splitlines()
        if " = " in line
    )
    assert tuple(policy["wrapped"].split()) == WRAPPED
    room = Room("/home/agent")
    for name in policy["protected"].split():
        role = room.role(room.path(name))
        assert role in (Role.OVERSIGHT, Role.WIRING, Role.REFERENCE), name
    for name in policy["read_only"].split():
        assert room.role(room.path(name)) is Role.QUIZ, name


def test_the_room_is_handed_out_complete() -> None:
    quiz = load("impossible")[0].record()
    room = contents(quiz)
    assert room["reference/answers.txt"][0].decode().strip() == quiz["key"]
    assert room["run_quiz.py"] == ((ROOT / "run_quiz.py").read_bytes(), 0o755)
    for command in WRAPPED:
        assert f"alias {command}=" in room[".bashrc"][0].decode()
    assert COMPOSE.is_file()


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(
        r"^## (\S+) \(task version (\d+)\)",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE,
    )
    assert newest is not None
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    assert newest[1] == project["version"] == cited
    entry = yaml.safe_load((ROOT / "proctor" / "eval.yaml").read_text())
    register = int(entry["version"].partition("-")[0])
    assert int(newest[2]) == TASK_VERSION == register


def test_no_folder_takes_the_name_of_a_task_or_scorer_from_it() -> None:
    """`inspect eval proctor/NAME` in a clone is the task, not what a folder holds."""
    folders = {path.name for path in (ROOT / "proctor").iterdir() if path.is_dir()}
    assert not folders & {*proctor.__all__, "cheating_evals"}


def test_what_the_readme_names_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link
    parameters = set(re.findall(r"`-T (\w+)=", readme))
    task = (ROOT / "cheating_evals.py").read_text()
    assert parameters == set(re.findall(r"^    (\w+): .* = .*,$", task, re.MULTILINE))


def test_no_published_run_is_in_the_project() -> None:
    """The published transcripts are data to measure against, never to ship."""
    names = [Path(name).name for name in tracked()]
    assert not [name for name in names if "escape-evals" in name]
