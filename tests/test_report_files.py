"""A report's files: whole or not at all, and safe in a spreadsheet."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from proctor.report import files, page
from proctor.report.contents import Report
from proctor.report.files import cell, check, dumps, write
from tests.report_examples import hostile, minimal
from tests.test_report_table import HOSTILE, everything

TABLES = {
    "agreement.csv",
    "categories.csv",
    "comparisons.csv",
    "groups.csv",
    "runs.csv",
    "techniques.csv",
}


@pytest.fixture(scope="module")
def report() -> Report:
    return everything()


@pytest.fixture(scope="module")
def folder(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all files of it."""
    folder = tmp_path_factory.mktemp("paper") / "new" / "report"
    written = write(report, folder)
    assert all(path.is_file() and path.stat().st_size for path in written)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_is_written_into_a_new_folder(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == TABLES | {"report.html", "report.json", "figures"}
    drawn = {path.suffix for path in (folder / "figures").iterdir()}
    assert drawn == {".png", ".svg"}


def test_numbers_in_tables_are_those_of_the_report(
    report: Report, folder: Path
) -> None:
    """To the last digit: a paper is made of these."""
    data = json.loads((folder / "report.json").read_text())
    for row, group, told in zip(
        rows(folder / "groups.csv"), report.groups, data["groups"], strict=True
    ):
        assert group.rate is not None and group.corrected is not None
        assert float(row["rate"]) == group.rate.value == told["rate"]["value"]
        assert float(row["rate_low"]) == group.rate.low == told["rate"]["low"]
        assert float(row["corrected_high"]) == told["corrected"]["high"]
        assert int(row["cheating"]) == told["cheating"] == group.cheating
    assert len(rows(folder / "runs.csv")) == len(data["runs"]) == 80
    assert len(rows(folder / "categories.csv")) == 4 * 6
    compared = rows(folder / "comparisons.csv")
    assert [float(row["p"]) for row in compared] == [c.p for c in report.comparisons]
    (agreed,) = rows(folder / "agreement.csv")
    kappa = report.pairings[0].agreement.kappa
    assert kappa is not None and float(agreed["kappa"]) == kappa.value


def test_a_run_has_a_line_with_what_each_labeller_says(folder: Path) -> None:
    row = rows(folder / "runs.csv")[8]
    assert (row["verdict"], row["verdict_judge"], row["verdict_human"]) == (
        "compliant",
        "cheating",
        "compliant",
    )
    assert row["first_finding_at_call"] == "3"


def test_keys_are_those_of_the_help(report: Report) -> None:
    """Programs read these; one that goes is another schema."""
    from proctor.cli.report import FILES

    data = json.loads(dumps(report), parse_constant=pytest.fail)
    assert data["schema"] == 1
    told = " ".join(FILES.split("--json has the keys")[1].split()).split(".")[0]
    assert set(data) == set(told.replace(" and ", ", ").strip().split(", "))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("a=1", "a=1"),
        ("", ""),
        (None, None),
        (-0.25, -0.25),
        (True, "true"),
        ("\x1b[2J\u202e\udcff", "\\x1b[2J\\u202e\\udcff"),
    ],
)
def test_no_cell_is_a_formula(value: object, written: object) -> None:
    assert cell(value) == written


def test_hostile_text_is_written(tmp_path: Path) -> None:
    """Whatever a log holds, there is a report, and each file can be read."""
    write(everything(f"={HOSTILE}"), tmp_path)
    for path in tmp_path.iterdir():
        if path.is_file():
            path.read_text(encoding="utf-8")
    cells = [v for row in rows(tmp_path / "groups.csv") for v in row.values()]
    assert not [text for text in cells if text.startswith("=")]
    assert (tmp_path / "report.json").read_text().isascii()


# --- what is there ----------------------------------------------------------------


def test_other_files_stay_and_older_ones_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "groups.csv").write_text("old")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.png").write_text("mine")
    write(minimal(), tmp_path)
    write(minimal(), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert (tmp_path / "figures" / "mine.png").read_text() == "mine"
    assert len(rows(tmp_path / "groups.csv")) == 1
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_fails_in_the_middle_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """A full disk, Ctrl-C: the report of yesterday is whole, and no rest lies there."""
    write(minimal(), tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    def fail(*_: object) -> str:
        raise error

    monkeypatch.setattr(page, "render", fail)
    with pytest.raises(type(error)):
        write(hostile({"other": "x"}), tmp_path)
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert after == before
    with pytest.raises(type(error)):
        write(minimal(), tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


def test_a_folder_in_the_place_of_a_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").mkdir()
    with pytest.raises(IsADirectoryError, match=r"runs\.csv is a folder"):
        write(minimal(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["runs.csv"]


def test_a_file_in_the_place_of_the_folder_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(OSError):
        check(tmp_path / "report")
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        check(tmp_path / "report")


def test_checking_leaves_nothing(tmp_path: Path) -> None:
    check(tmp_path / "a" / "b")
    check(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_table_without_a_line_has_its_headings(tmp_path: Path) -> None:
    """One group, one labeller, no finding: programs still find the columns."""
    write(minimal(), tmp_path)
    for name, first in (
        ("techniques", "task,model,condition,technique,runs,of\n"),
        ("comparisons", "factor,one,other,within,test,count,p\n"),
        ("agreement", "labeller,reference\n"),
    ):
        assert (tmp_path / f"{name}.csv").read_text() == first


def test_tables_have_the_same_columns_on_all_lines(report: Report) -> None:
    """One run with more to tell must not move the others' cells."""
    for table in files.tables(report).values():
        columns: list[Any] = [list(row) for row in table]
        assert all(titles == columns[0] for titles in columns)
