"""`proctor report`: what logs say, for the terminal, for a paper and for programs."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..text import one_line
from .terminal import table_console

if TYPE_CHECKING:
    from ..logs.runs import Runs
    from ..report.contents import Report
    from ..report.sources import Head

LOGS = "logs"
# The backspace keeps click from filling the lines.
FILES = """\b
-o DIR writes, and replaces no other file:
  report.html      one page, self-contained
  figures/         each figure as PNG and SVG
  report.json      every number, as --json prints it
  groups.csv       by model and condition; categories.csv and techniques.csv too
  comparisons.csv  of models and conditions
  agreement.csv    of labellers
  runs.csv         a line each

\b
--json has the keys schema, command, created, versions, labeller, confidence,
notes, groups, comparisons, pairings, alpha, correction, sources and runs.
Rates are shares in [0, 1] with low and high, times seconds, tokens medians of
a run unless named total; null is what is not known or does not exist. A text
in a CSV file that a spreadsheet would take for a formula begins with '.
"""


@click.command("report", epilog=FILES)
@click.argument("logs", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    help="Write a page, figures, CSV and JSON there.",
)
@click.option(
    "--label",
    default="final",
    show_default=True,
    metavar="NAME",
    help="Whose verdicts count: a score's name (audit, judge, human, ...), or final "
    "for the first of human, audit, judge and others that a run has.",
)
@click.option(
    "--judged",
    metavar="PATH",
    help="The same logs as the judge left them, where people's labels have "
    "overwritten the judge's in LOGS.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    logs: tuple[str, ...],
    output: str | None,
    label: str,
    judged: str | None,
    as_json: bool,
) -> None:
    """Report rates, comparisons and agreement of LOGS.

    LOGS are logs and folders of logs [default: logs]. By model and condition: how many
    runs cheated, with the interval of the rate, and the rate corrected for the judge's
    error where people have labelled enough runs.
    """
    from .._inspect import PrerequisiteError
    from ..report import files
    from ..report.build import ReportError
    from ..report.judged import JudgedError

    places = logs or (LOGS,)
    called = command_line(places, output, label, judged, as_json)
    try:
        if output is not None:
            files.check(Path(output))
        report = made(places, label, judged, called)
    except PrerequisiteError as error:
        raise click.ClickException(one_line(str(error.message))) from error
    except (ReportError, JudgedError) as error:
        raise click.ClickException(one_line(str(error))) from error
    except OSError as error:
        raise click.ClickException(one_line(_failed(error, output))) from error
    try:
        written = [] if output is None else files.write(report, Path(output))
    except OSError as error:
        _print(report, as_json)  # what was read is not lost
        raise click.ClickException(one_line(_failed(error, output))) from error
    _print(report, as_json)
    if written:
        click.echo(f"{len(written)} files are in {one_line(str(output))}.", err=as_json)


def _print(report: "Report", as_json: bool) -> None:
    from ..report import files, table

    if as_json:
        click.echo(files.dumps(report), nl=False)
    else:
        table.show(report, table_console())


def command_line(
    places: Sequence[str],
    output: str | None,
    label: str,
    judged: str | None,
    as_json: bool,
) -> str:
    """Return the command that makes this report."""
    words = ["proctor", "report", *places]
    words += ["--label", label] if label != "final" else []
    words += ["--judged", judged] if judged is not None else []
    words += ["-o", output] if output is not None else []
    return shlex.join([*words, *(["--json"] if as_json else [])])


def _failed(error: OSError, output: str | None) -> str:
    reason = error.strerror or str(error)
    named = f" ({error.filename})" if error.filename else ""
    if output is None:
        return f"The logs cannot be read: {reason}{named}."
    return (
        f"The report was not written to {output}: {reason}{named}. Give a folder that "
        "can be written with -o."
    )


# --- reading ----------------------------------------------------------------------


def made(
    places: Sequence[str], label: str, judged: str | None, called: str
) -> "Report":
    """Read logs and report on them.

    Raises:
        PrerequisiteError: There are no logs.
        ReportError: There is nothing to report.
        JudgedError: What the judge left is of other logs.
    """
    from datetime import UTC, datetime

    from ..logs.reading import logs_of
    from ..report.build import Origin, build
    from ..report.judged import with_judged
    from ..report.sources import read_head, settings_differ, versions

    paths = logs_of(places)
    others = logs_of([judged]) if judged is not None else []
    heads = {path: head for path in paths if (head := read_head(path))}
    planned = sum(head.planned for head in heads.values()) * (2 if others else 1)
    with _progress(planned) as read:
        runs = _collect(paths, read)
        if judged is not None:
            runs = with_judged(runs, _collect(others, read), judged)
    known: list[Head] = [heads[path] for path in runs.logs if path in heads]
    origin = Origin(
        sources={head.path: head.source for head in known},
        command=called,
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=settings_differ(known),
    )
    return build(runs, origin, label)


def _collect(paths: Sequence[Path], read: Callable[[], None]) -> "Runs":
    from ..logs.runs import collect

    return collect(paths, lambda *_: read())


@contextmanager
def _progress(planned: int) -> Iterator[Callable[[], None]]:
    """Show how many runs were read, where somebody sees it; yields what counts one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("Reading runs"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=planned or None)
        yield lambda: bar.advance(task)
