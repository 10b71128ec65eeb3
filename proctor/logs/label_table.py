"""Labels as a table: out of logs, into a CSV, and back, checked line by line. Pure.

A row is one decision of one reviewer; a run that nobody decided has a row whose
`reviewer`, `verdict`, `category` and `reason` are empty, to be filled in.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..taxonomy import Verdict, category_of, verdict_of
from ..text import csv_cell, from_csv_cell
from .decisions import HUMAN, Decision, DecisionError, standing
from .links import viewer_link
from .runs import AUDIT, JUDGE, Run
from .triage import Reason, queue

# What tells the run, what a reviewer sees of it, and what a reviewer says.
RUN = ("log", "sample_id", "epoch", "uuid", "model", "condition")
SEEN = ("why", "audit", "judge", "link")
SAID = ("reviewer", "verdict", "category", "reason")
COLUMNS = (*RUN, *SEEN, *SAID)
# Without these a row says nothing.
NEEDED = ("uuid", "verdict")
# The verdict with which a reviewer takes a decision back.
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class LabelRow:
    """A decision that a table asks for.

    Attributes:
        line: Its line in the file, from 1 for the head.
        run: The run.
        decision: The decision.
    """

    line: int
    run: Run
    decision: Decision


@dataclass(frozen=True)
class LabelTable:
    """What a table asks for.

    Attributes:
        rows: Decisions that are new.
        known: How many of its decisions stand already.
        empty: How many of its rows have no verdict.
        problems: What is wrong, a line each; where there are any, nothing of the table
            may be applied.
    """

    rows: tuple[LabelRow, ...]
    known: int
    empty: int
    problems: tuple[str, ...]


def export_rows(
    runs: Sequence[Run], reviewer: str | None = None, blind: bool = False
) -> list[dict[str, str]]:
    """Write runs as rows, in the order of a review.

    Args:
        runs: The runs.
        reviewer: Whose decisions; None for everybody's.
        blind: Whether to leave out what instruments say, why a run is shown, and its
            place in a review's order.
    """
    ordered = [(q.run, ", ".join(q.reasons)) for q in queue(runs, share=1)]
    if blind:
        ordered = [(run, "") for run in runs]
    rows = []
    for run, why in ordered:
        decisions = [
            decision
            for author, decision in standing(run.decisions).items()
            if reviewer in (None, author)
        ]
        shown = _run_cells(run) | ({} if blind else _seen_cells(run, why))
        said = [_said_cells(decision) for decision in decisions]
        rows += [
            {**dict.fromkeys(COLUMNS, ""), **shown, **cells}
            for cells in said or [{"reviewer": reviewer or ""}]
        ]
    return rows


def _run_cells(run: Run) -> dict[str, str]:
    return {
        "log": run.log.name,
        "sample_id": run.id,
        "epoch": str(run.epoch),
        "uuid": run.uuid,
        "model": run.model,
        "condition": json.dumps(dict(run.condition)) if run.condition else "",
        "link": viewer_link(run),
    }


def _seen_cells(run: Run, why: str) -> dict[str, str]:
    cells = {"why": why.replace(str(Reason.CLEAR), "clear")}
    for name in (AUDIT, JUDGE):
        label = run.labels.get(name)
        cells[name] = "" if label is None else str(label.verdict or "unscored")
    return cells


def _said_cells(decision: Decision) -> dict[str, str]:
    return {
        "reviewer": decision.author,
        "verdict": str(decision.verdict),
        "category": str(decision.category or ""),
        "reason": decision.reason,
    }


def write_csv(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Write rows as CSV (RFC 4180), safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: csv_cell(row[column]) for column in columns})
    return text.getvalue()


def scout_rows(runs: Iterable[Run]) -> list[dict[str, str]]:
    """Write what people decided as a validation set of Inspect Scout.

    Scout calls a transcript by the sample's uuid, and compares what a scanner says with
    `target` (https://meridianlabs-ai.github.io/inspect_scout/validation.html).
    """
    return [
        {"id": run.uuid, "target": str(label.verdict)}
        for run in runs
        if (label := run.labels.get(HUMAN)) and label.verdict is not None
    ]


# --- back -------------------------------------------------------------------------


def read_table(
    text: str, runs: Iterable[Run], reviewer: str | None = None, replace: bool = False
) -> LabelTable:
    """Read a table, and compare it with the runs that it is about.

    Args:
        text: The CSV.
        runs: The runs there are.
        reviewer: Who decided, where a row does not say.
        replace: Whether a reviewer's new verdict may replace an older one.

    Returns:
        What is to be applied, or what is wrong.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in NEEDED if name not in (reader.fieldnames or [])]
    if missing:
        found = ", ".join(reader.fieldnames or []) or "nothing"
        problem = (
            f"line 1: no column {' or '.join(missing)} among: {found}. Columns are "
            "separated by commas."
        )
        return LabelTable((), 0, 0, (problem,))
    known = {run.uuid: run for run in runs}
    problems: list[str] = []
    rows: dict[tuple[str, str], LabelRow] = {}
    standing_already = empty = 0
    try:
        for cells in reader:
            line = reader.line_num
            if not (cells["verdict"] or "").strip():
                empty += 1
                continue
            try:
                row = _row(line, cells, known, reviewer)
                _check_once(row, rows)
                if _stands(row, replace):
                    standing_already += 1
                    continue
            except DecisionError as error:
                problems.append(f"line {line}: {error}")
                continue
            rows[row.run.uuid, row.decision.author] = row
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: this is no CSV: {error}")
    return LabelTable(tuple(rows.values()), standing_already, empty, tuple(problems))


def _row(
    line: int, cells: Mapping[str, Any], known: Mapping[str, Run], reviewer: str | None
) -> LabelRow:
    """Read a row.

    Raises:
        DecisionError: Something in it is wrong.
    """
    if None in cells:
        raise DecisionError("there are more cells than columns; quote commas")
    said = {name: from_csv_cell((cell or "").strip()) for name, cell in cells.items()}
    run = known.get(said["uuid"])
    if run is None:
        raise DecisionError(f"no run {said['uuid'] or 'without a uuid'} in these logs")
    for name in ("log", "sample_id", "epoch"):
        if said.get(name) and said[name] != _run_cells(run)[name]:
            raise DecisionError(
                f"{name} {said[name]} is not that of the run {run.uuid}, "
                f"{_run_cells(run)[name]}"
            )
    author = said.get("reviewer") or reviewer
    if not author:
        raise DecisionError("nobody is named; fill in reviewer, or give --reviewer")
    return LabelRow(
        line,
        run,
        Decision(
            author=author,
            verdict=_verdict(said["verdict"]),
            category=_category(said.get("category", "")),
            reason=said.get("reason", ""),
        ),
    )


def _verdict(text: str) -> Verdict | None:
    if text.lower() == WITHDRAWN:
        return None
    if text.lower() not in tuple(Verdict):
        raise DecisionError(
            f"the verdict {text!r} is none of {', '.join(Verdict)}, {WITHDRAWN}"
        )
    return verdict_of(text)


def _category(text: str) -> Any:
    category = category_of(text)
    if text and category is None:
        raise DecisionError(f"the category {text!r} is none of the study's taxonomy")
    return category


def _check_once(row: LabelRow, rows: Mapping[tuple[str, str], LabelRow]) -> None:
    other = rows.get((row.run.uuid, row.decision.author))
    if other is not None:
        raise DecisionError(
            f"{row.decision.author} decides run {row.run.uuid} in line {other.line}, "
            "too; one of the two must go"
        )


def _stands(row: LabelRow, replace: bool) -> bool:
    """Whether a decision stands already.

    Raises:
        DecisionError: Another one of the same reviewer does.
    """
    new = row.decision
    old = standing(row.run.decisions).get(new.author)
    if old is None:
        return new.verdict is None  # nothing to withdraw
    same = (old.verdict, old.category, old.reason)
    if same == (new.verdict, new.category, new.reason):
        return True
    if old.verdict is not new.verdict and not replace:
        raise DecisionError(
            f"{new.author} decided {old.verdict} of run {row.run.uuid} on "
            f"{old.time:%Y-%m-%d %H:%M}; --replace lets the table replace that"
        )
    return False
