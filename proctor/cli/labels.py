"""`proctor labels`: people's labels as a table, out of logs and back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..text import one_line

if TYPE_CHECKING:
    from ..logs.label_table import LabelTable
    from ..logs.runs import Runs

FORM = """\b
Columns:
  log, sample_id, epoch, uuid  which run; uuid is what counts
  model, condition             who took the exam, and what it was told
  why                          why a person should look at it, or "clear"
  audit, judge                 cheating, compliant, unscored, or empty
  link                         the run in `inspect view`
  reviewer                     who decides
  verdict                      cheating, compliant, withdrawn, or empty for none
  category                     of the study's taxonomy, or empty
  reason                       why, in the reviewer's words

A row is one decision; a run that nobody decided has a row to fill in. A cell that a
spreadsheet would take for a formula stands behind an apostrophe.
"""
FOLDER = click.Path(file_okay=False, path_type=Path)
LOGS = click.argument("places", metavar="[LOG]...", nargs=-1)
LOGS_DIR = click.option(
    "--logs",
    default="logs",
    show_default=True,
    type=FOLDER,
    help="Folder of the logs that are edited.",
)
ORIGINALS = click.option(
    "--originals",
    default="llm_judge_logs",
    show_default=True,
    type=FOLDER,
    help="Folder of the untouched logs, copied before the first edit.",
)


@click.group("labels")
def command() -> None:
    """Take people's labels out of logs, or put them in, as a CSV."""


@command.command("export", epilog=FORM)
@LOGS
@click.option("--reviewer", metavar="NAME", help="Only this reviewer's decisions.")
@click.option(
    "--blind", is_flag=True, help="Leave out what the instruments say of the runs."
)
@click.option(
    "--scout", is_flag=True, help="Write a validation set of Inspect Scout instead."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to [default: the terminal].",
)
@LOGS_DIR
def export(
    places: tuple[str, ...],
    reviewer: str | None,
    blind: bool,
    scout: bool,
    output: Path | None,
    logs: Path,
) -> None:
    """Write the labels of LOGs (default: those in --logs) as a CSV."""
    from ..logs.label_table import COLUMNS, SEEN, export_rows, scout_rows, write_csv

    runs = _runs(places, logs)
    if scout:
        columns: tuple[str, ...] = ("id", "target")
        rows = scout_rows(runs.runs)
        if not rows:
            raise click.ClickException(
                "Nobody has labelled a run of these logs; see `proctor review`."
            )
    else:
        rows = export_rows(runs.runs, reviewer, blind)
        columns = tuple(c for c in COLUMNS if not (blind and c in SEEN[:-1]))
    text = write_csv(rows, columns)
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    try:
        # a mark that spreadsheets need to read it as UTF-8; Scout does not
        output.write_text(text, "utf-8" if scout else "utf-8-sig", newline="")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error}") from error
    click.echo(f"{len(rows)} rows in {output}.", err=True)


@command.command("apply", epilog=FORM)
@click.argument("table", type=click.Path(path_type=Path, allow_dash=True))
@LOGS
@click.option("--reviewer", metavar="NAME", help="Who decided, where a row is silent.")
@click.option(
    "--replace", is_flag=True, help="Let a reviewer's verdicts replace their old ones."
)
@click.option("--check", is_flag=True, help="Only say what would be done.")
@LOGS_DIR
@ORIGINALS
def apply(
    table: Path,
    places: tuple[str, ...],
    reviewer: str | None,
    replace: bool,
    check: bool,
    logs: Path,
    originals: Path,
) -> None:
    """Enter the decisions of a CSV in LOGs (default: those in --logs).

    Nothing is changed unless every row is right. The untouched log is copied to
    --originals first. What is entered already is left out, so that the command can be
    given again after any interruption.
    """
    from ..logs.label_table import read_table

    runs = _runs(places, logs)
    asked = read_table(_text(table), runs.runs, reviewer, replace)
    if asked.problems:
        for problem in asked.problems:
            click.echo(one_line(problem), err=True)
        raise click.ClickException(
            f"{len(asked.problems)} problems in {table}; nothing was changed."
        )
    if not check:
        _enter(asked, logs, originals)
    done = "would be entered" if check else "entered"
    click.echo(
        f"{len(asked.rows)} decisions {done}, {asked.known} stood already, "
        f"{asked.empty} rows without a verdict."
    )


def _runs(places: tuple[str, ...], logs: Path) -> "Runs":
    """Read the runs of the logs.

    Raises:
        ClickException: There are none.
    """
    from .._inspect import PrerequisiteError
    from ..logs.reading import logs_of
    from ..logs.runs import collect

    try:
        paths = logs_of(places or [logs])
    except PrerequisiteError as error:
        raise click.ClickException(str(error.message)) from error
    runs = collect(paths)
    for note in runs.notes:
        click.echo(f"Note: {one_line(note)}", err=True)
    if not runs.runs:
        raise click.ClickException("There is no run in these logs.")
    return runs


def _text(table: Path) -> str:
    try:
        if str(table) == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return table.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"{table} cannot be read: {error}. It must be a CSV in UTF-8."
        ) from error


def _enter(asked: "LabelTable", logs: Path, originals: Path) -> None:
    """Enter decisions, log by log; all logs are looked at before one is changed.

    Raises:
        ClickException: They cannot be entered.
    """
    from .._inspect import PrerequisiteError
    from ..logs.journal import DecisionJournal, JournalEntry

    by_log: dict[Path, list[JournalEntry]] = {}
    for row in asked.rows:
        entry = JournalEntry(row.run.id, row.run.epoch, row.decision)
        by_log.setdefault(row.run.log, []).append(entry)
    written = 0
    try:
        journals = {
            path: DecisionJournal(path, entries[0].decision.author, logs, originals)
            for path, entries in by_log.items()
        }
        for path, entries in by_log.items():
            journals[path].write(entries)
            written += 1
    except PrerequisiteError as error:
        so_far = (
            f" {written} of {len(by_log)} logs are done; give the same command again "
            "for the rest."
        )
        told = f"{error.message}{so_far if written else ''}"
        raise click.ClickException(told) from error
