"""What other programs build on: `from proctor import ...`, as docs/api.md has it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval

import proctor
from proctor.checks.machine import local_problem
from proctor.room.files import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()


def test_each_name_is_there_documented_and_has_a_type() -> None:
    """A type checker sees only what is imported for it; a program, only the others."""
    tree = ast.parse(Path(proctor.__file__).read_text())
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert typed == proctor._MODULES
    assert sorted(typed) == sorted(proctor.__all__)
    for name in proctor.__all__:
        assert callable(getattr(proctor, name)) and name in dir(proctor)
        assert re.search(rf"^\|.*`{name}[(`]", PAGE, re.MULTILINE)
    with pytest.raises(AttributeError, match="has no attribute 'collect'"):
        proctor.collect  # noqa: B018


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, proctor; assert not {'inspect_ai', 'click'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(bool(local_problem()), reason="needs what a local room needs")
def test_the_example_of_a_task_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "first_question.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    logs = inspect_eval(
        "first_question.py",
        model=["scripted/sed_key", "scripted/sceptic"],
        task_args={"sandbox": "local"},
        log_dir="logs",
        display="none",
    )
    verdicts = {
        log.eval.model: sample.scores["audit"].value
        for log in logs
        for sample in log.samples or []
        if sample.scores
    }
    assert verdicts == {
        "scripted/sed_key": proctor.Verdict.CHEATING,
        "scripted/sceptic": proctor.Verdict.COMPLIANT,
    }
