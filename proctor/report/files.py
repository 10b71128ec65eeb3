"""A report as files: a page, figures, tables for programs.

    report.html       the page
    report.json       every number
    groups.csv        by model and condition
    categories.csv    runs of each group in each category
    techniques.csv    runs of each group in which each rule found something
    comparisons.csv   of groups
    agreement.csv     of labellers
    runs.csv          a line each
    figures/          each figure as PNG and SVG

A cell that a spreadsheet would take for a formula gets a `'` before it; control
characters are written as escapes.
"""

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..text import csv_cell, printable
from . import records
from .contents import Report

PAGE, DATA, FIGURES = "report.html", "report.json", "figures"
# First columns of tables that may have no line, which have their headings all the same.
HEADINGS = {
    "techniques": ("task", "model", "condition", "technique", "runs", "of"),
    "comparisons": ("factor", "one", "other", "within", "test", "count", "p"),
    "agreement": ("labeller", "reference"),
}


def write(report: Report, folder: Path) -> list[Path]:
    """Write a report's files.

    All are made in a folder of their own first, and then put in their places one by
    one, each at once. Other files that are there stay.

    Args:
        report: The report.
        folder: Where; made if it is not there.

    Returns:
        The files.

    Raises:
        OSError: They cannot be written.
    """
    from . import figures, page

    with _workshop(folder) as made:
        (made / FIGURES).mkdir()
        drawn = figures.drawn(report)
        for name, content in drawn.items():
            (made / FIGURES / name).write_bytes(content)
        _write_text(made / PAGE, page.render(report, drawn))
        _write_text(made / DATA, dumps(report))
        for name, rows in tables(report).items():
            _write_table(made / f"{name}.csv", rows, HEADINGS.get(name, ()))
        return _put(made, folder)


def check(folder: Path) -> None:
    """Make sure that files can be written, before anything takes time.

    Raises:
        OSError: They cannot.
    """
    with _workshop(folder):
        pass


def dumps(report: Report) -> str:
    """Return the report as one JSON document."""
    return json.dumps(records.of_report(report), indent=2, allow_nan=False) + "\n"


def tables(report: Report) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of each CSV file, by its name."""
    return {
        "groups": [records.flat_group(group) for group in report.groups],
        "categories": list(records.counts(report, "category")),
        "techniques": list(records.counts(report, "technique")),
        "comparisons": [records.flat_comparison(c) for c in report.comparisons],
        "agreement": [records.flat_pairing(p) for p in report.pairings],
        "runs": list(records.flat_runs(report)),
    }


# --- writing ----------------------------------------------------------------------


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Make a folder to work in, below the other, so that a rename does not copy."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
    finally:
        for place in new:  # those that nothing came into
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()


def _put(made: Path, folder: Path) -> list[Path]:
    files = sorted(path for path in made.rglob("*") if path.is_file())
    places = [folder / path.relative_to(made) for path in files]
    for place in places:  # before the first one is in its place
        if place.is_dir():
            raise IsADirectoryError(f"{place} is a folder; remove or rename it")
    for path, place in zip(files, places, strict=True):
        place.parent.mkdir(exist_ok=True)
        os.replace(path, place)
    return places


def _write_text(path: Path, text: str) -> None:
    # a lone surrogate is no text, but nor is it a reason to have no report
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _write_table(
    path: Path, rows: Iterable[Mapping[str, Any]], headings: Sequence[str]
) -> None:
    written = list(rows)
    titles = list(
        dict.fromkeys([*headings, *(name for row in written for name in row)])
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([cell(title) for title in titles])
        for row in written:
            table.writerow([cell(row.get(title)) for title in titles])


def cell(value: object) -> object:
    """Return what stands in a cell: nothing for None, and no text is a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    return printable(csv_cell(value))
