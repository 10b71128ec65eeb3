"""`proctor labels`: out of logs, into a table, and back."""

import csv
import io
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result
from inspect_scout import validation_set

from proctor.cli import main
from proctor.logs.label_table import COLUMNS, export_rows, read_table, write_csv
from proctor.logs.runs import collect
from tests.example_logs import judge, log_of, sample, usual_runs, written
from tests.killing import killed_at
from tests.test_journal import decided

Cells = dict[str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with two logs of six runs each."""
    written(log_of(usual_runs(), name="a"), tmp_path / "logs", "a.eval")
    others = [
        run.model_copy(update={"uuid": f"{run.uuid}-b"}, deep=True)
        for run in usual_runs()
    ]
    written(log_of(others, name="b"), tmp_path / "logs", "b.eval")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["labels", *arguments])


def exported(*arguments: str) -> list[Cells]:
    done = proctor("export", *arguments)
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def table(folder: Path, rows: list[Cells]) -> str:
    path = folder / "table.csv"
    path.write_text(write_csv([dict.fromkeys(COLUMNS, "") | r for r in rows], COLUMNS))
    return str(path)


def decisions(folder: Path) -> dict[str, dict[str, list[tuple[str, str]]]]:
    return {path.name: decided(path) for path in sorted(folder.glob("logs/*.eval"))}


def test_every_run_has_a_row_those_that_need_it_first(folder: Path) -> None:
    rows = exported()
    assert len(rows) == 12 and list(rows[0]) == list(COLUMNS)
    whys = [row["why"] for row in rows]
    assert whys.index("clear") == 8 and set(whys[8:]) == {"clear"}
    assert {row["audit"] for row in rows} == {"cheating", "compliant", "unscored"}
    assert not any(row["verdict"] or row["reviewer"] for row in rows)


def test_a_blind_table_says_nothing_of_the_instruments(folder: Path) -> None:
    """Neither in words nor by its order: the runs stand as in the logs."""
    rows = exported("--blind", "--reviewer", "ann")
    assert not {"audit", "judge", "why"} & set(rows[0])
    assert [row["sample_id"] for row in rows] == [*"123456"] * 2
    assert {row["reviewer"] for row in rows} == {"ann"}


def test_what_is_filled_in_is_entered(folder: Path) -> None:
    rows = [row for row in exported() if row["sample_id"] in "25"]
    verdicts = {"2": ("compliant", "normal play"), "5": ("cheating", "")}
    for row in rows:
        row["verdict"], row["category"] = verdicts[row["sample_id"]]
        row["reason"] = "=SUM(A1), as I said\nand more"
    done = proctor("apply", table(folder, rows), "--reviewer", "ann")
    assert (
        done.stdout == "4 decisions entered, 0 stood already, 0 rows without a verdict."
        "\n"
    )
    each = {"2": [("ann", "compliant")], "5": [("ann", "cheating")]}
    assert decisions(folder) == {"a.eval": each, "b.eval": each}
    assert sorted(path.name for path in (folder / "llm_judge_logs").iterdir()) == [
        "a.eval",
        "b.eval",
    ]
    again = [row for row in exported() if row["verdict"]]
    assert {row["reason"] for row in again} == {"'=SUM(A1), as I said\nand more"}
    runs = collect(sorted(folder.glob("logs/*.eval"))).runs
    assert {d.reason for run in runs for d in run.decisions} == {
        "=SUM(A1), as I said\nand more"
    }
    back = proctor("apply", table(folder, again))
    assert back.stdout.startswith("0 decisions entered, 4 stood already")


def test_an_untouched_export_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.glob("logs/*.eval")}
    done = proctor("apply", table(folder, exported()), "--reviewer", "ann")
    assert done.stdout.startswith("0 decisions entered") and "12 rows" in done.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert not (folder / "llm_judge_logs").exists()


RIGHT = {"uuid": "uuid-1-1", "verdict": "compliant", "reviewer": "ann"}
WRONG: dict[str, tuple[list[Cells], str]] = {
    "an unknown run": ([RIGHT, RIGHT | {"uuid": "nix"}], "line 3: no run nix"),
    "no run": ([RIGHT | {"uuid": ""}], "line 2: no run without a uuid"),
    "a wrong verdict": (
        [RIGHT | {"verdict": "guilty"}],
        "the verdict 'guilty'",
    ),
    "a wrong category": (
        [RIGHT | {"category": "fun"}],
        "line 2: the category 'fun' is none",
    ),
    "a category of the other verdict": (
        [RIGHT | {"category": "modified sandbox"}],
        "line 2: the category modified sandbox does not go with",
    ),
    "no reviewer": ([RIGHT | {"reviewer": ""}], "line 2: nobody is named"),
    "another sample": (
        [RIGHT | {"sample_id": "2"}],
        "line 2: sample_id 2 is not that of the run",
    ),
    "another log": ([RIGHT | {"log": "b.eval"}], "line 2: log b.eval is not that"),
    "a run twice": (
        [RIGHT, RIGHT | {"verdict": "cheating"}],
        "line 3: ann decides run uuid-1-1 in line 2, too",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_nothing_is_changed_unless_every_row_is_right(folder: Path, case: str) -> None:
    """A table that is half entered is worse than one that is refused."""
    rows, problem = WRONG[case]
    fine = {"uuid": "uuid-6-1-b", "verdict": "cheating", "reviewer": "ann"}
    before = {path: path.read_bytes() for path in folder.glob("logs/*.eval")}
    done = proctor("apply", table(folder, [*rows, fine]))
    assert done.exit_code == 1 and "nothing was changed" in done.output
    assert problem in done.output
    assert {path: path.read_bytes() for path in before} == before


TEXTS: dict[str, tuple[str, str]] = {
    "no verdict column": ("uuid;verdict\nx;y\n", "no column uuid or verdict"),
    "nothing": ("", "among: nothing"),
    "too many cells": ("uuid,verdict\nuuid-1-1,cheating,x\n", "more cells than"),
    "an open quote": ('uuid,verdict\n"uuid-1-1,cheating\n', "this is no CSV"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_what_is_no_table_is_refused(folder: Path, case: str) -> None:
    text, problem = TEXTS[case]
    (folder / "t.csv").write_text(text)
    done = proctor("apply", "t.csv", "--reviewer", "ann")
    assert done.exit_code == 1 and problem in done.output


def test_files_that_cannot_be_read_or_written(folder: Path) -> None:
    (folder / "latin.csv").write_bytes("uuid,verdict\nü,\n".encode("latin-1"))
    for arguments in (
        ("apply", "nix.csv"),
        ("apply", "latin.csv"),
        ("apply", "logs"),
        ("export", "-o", "nix/table.csv"),
        ("export", "nix"),
        ("export", "--scout"),
    ):
        done = proctor(*arguments)
        assert done.exit_code == 1 and done.stderr.startswith("Error: "), arguments
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_reviewer_is_not_overruled_by_accident(folder: Path) -> None:
    """A table exported before somebody changed their mind must not undo that."""
    entered = proctor("apply", table(folder, [RIGHT]))
    assert entered.exit_code == 0
    other = table(folder, [RIGHT | {"verdict": "cheating"}])
    refused = proctor("apply", other)
    assert refused.exit_code == 1 and "line 2: ann decided compliant" in refused.output
    assert proctor("apply", other, "--replace").exit_code == 0
    both = [("ann", "compliant"), ("ann", "cheating")]
    assert decisions(folder)["a.eval"] == {"1": both}
    gone = table(folder, [RIGHT | {"verdict": "withdrawn"}])
    assert proctor("apply", gone, "--replace").exit_code == 0
    assert not [row for row in exported() if row["verdict"]]


def test_a_second_reviewer_may_contradict(folder: Path) -> None:
    proctor("apply", table(folder, [RIGHT]))
    done = proctor("apply", table(folder, [RIGHT | {"verdict": "cheating"}]))
    assert done.exit_code == 1
    bob = RIGHT | {"verdict": "cheating", "reviewer": "bob"}
    assert proctor("apply", table(folder, [bob])).exit_code == 0
    rows = [row for row in exported() if row["uuid"] == "uuid-1-1"]
    assert [(row["reviewer"], row["verdict"]) for row in rows] == [
        ("ann", "compliant"),
        ("bob", "cheating"),
    ]
    assert "reviewers disagree" in rows[0]["why"]


def test_check_only_says_what_would_be_done(folder: Path) -> None:
    done = proctor("apply", "--check", table(folder, [RIGHT]))
    assert done.stdout.startswith("1 decisions would be entered")
    assert decisions(folder) == {"a.eval": {}, "b.eval": {}}


def test_scout_reads_what_is_written_for_it(folder: Path) -> None:
    """Inspect Scout's own reader; its ids are the samples' uuids."""
    proctor("apply", table(folder, [RIGHT]))
    assert proctor("export", "--scout", "-o", "scout.csv").exit_code == 0
    cases = validation_set("scout.csv").cases
    assert [(case.id, case.target) for case in cases] == [("uuid-1-1", "compliant")]


def test_hostile_ids_stay_in_their_cells(tmp_path: Path) -> None:
    name = '=cmd|"/c calc"!A1,\n\u202e'
    path = written(log_of([sample(name, judge=judge("cheating"))]), tmp_path)
    runs = collect([path]).runs
    text = write_csv(export_rows(runs), COLUMNS)
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["sample_id"] == f"'{name}"
    row |= {"verdict": "cheating", "reviewer": "ann"}
    read = read_table(write_csv([row], COLUMNS), runs)
    assert not read.problems and read.rows[0].run.id == name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "step"), [(os, "fsync"), (os, "replace"), (shutil, "copyfile")]
)
def test_a_kill_of_apply_loses_nothing(
    tmp_path: Path, module: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at each step of a kind: a second call with the same table completes."""
    for number in range(1, 20):
        folder = tmp_path / str(number)
        for name in "ab":
            runs = [sample(1, uuid=name, judge=judge("cheating"))]
            written(log_of(runs, name=name), folder / "logs", f"{name}.eval")
        rows = [RIGHT | {"uuid": name} for name in "ab"]
        before = {path: path.read_bytes() for path in folder.glob("logs/*.eval")}
        monkeypatch.chdir(folder)
        filled = table(folder, rows)

        def apply(_: object = None, filled: str = filled) -> None:
            assert proctor("apply", filled).exit_code == 0

        status, _ = killed_at(number, [(module, step)], apply)
        decisions(folder)  # which reads every log
        apply()
        assert decisions(folder) == {
            f"{name}.eval": {"1": [("ann", "compliant")]} for name in "ab"
        }
        for path, content in before.items():
            assert (folder / "llm_judge_logs" / path.name).read_bytes() == content
        if status == 0:
            break
    assert status == 0 and number > 2
