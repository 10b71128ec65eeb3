"""`proctor review`: a person looks at runs and decides."""

import getpass
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..formats import many
from ..text import printable
from .labels import LOGS, LOGS_DIR, ORIGINALS
from .terminal import table_console

if TYPE_CHECKING:
    from rich.table import Table

    from ..logs.journal import DecisionJournal
    from ..review.opening import Opened
    from ..review.state import ReviewState


@click.command("review")
@LOGS
@click.option(
    "--reviewer",
    metavar="NAME",
    help="Who decides [default: `git config user.name`, else the login name].",
)
@click.option(
    "--blind",
    is_flag=True,
    help="Hide judge and audit until you have decided. The same runs come in a random "
    "order, since their place in the queue would tell.",
)
@click.option(
    "--adjudicate",
    is_flag=True,
    help="Only the runs whose reviewers disagree, to decide between them.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1),
    help="How many of the clear runs are shown [default: 0.2].",
)
@click.option("--all", "everything", is_flag=True, help="Every run; the queue first.")
@LOGS_DIR
@ORIGINALS
@click.option("--list", "listing", is_flag=True, help="Print the queue, and end.")
def command(
    places: tuple[str, ...],
    reviewer: str | None,
    blind: bool,
    adjudicate: bool,
    share: float | None,
    everything: bool,
    logs: Path,
    originals: Path,
    listing: bool,
) -> None:
    """Review the runs in LOG (logs or folders; by default the folder of --logs).

    First come the runs that need a person: judge and audit disagree, votes are split, a
    verdict is missing, the judge was the model itself, cheating succeeded. Then comes a
    random share of the clear ones, so that missed cheating can be estimated. Each
    decision is on the disk at once, and in the log when the review ends; what is
    interrupted goes on where it was.
    """
    if adjudicate and everything:
        raise click.UsageError("--adjudicate and --all exclude each other.")
    if not listing:
        _check_terminal()
    from .._inspect import PrerequisiteError
    from ..logs.triage import SHARE
    from ..review.opening import opened, runs_of
    from ..review.seen import Seen
    from ..review.state import Mode, ReviewState, choose

    if not places and not logs.is_dir():
        raise click.ClickException(
            f"There is no folder {printable(str(logs))}; name a LOG, or where logs are "
            "with --logs."
        )
    mode = Mode(blind, adjudicate, SHARE if share is None else share, everything)
    author = _reviewer(reviewer)
    try:
        with opened(
            places or (logs,), author, logs, originals, reserve=not listing
        ) as found:
            read, notes = runs_of(found)
            items = choose(read, mode)
            state = ReviewState(author, items, mode, Seen(logs, author))
            if listing:
                _print_queue(state)
            _say_all([*_entered(found), *found.troubles, *notes])
            if not listing:
                _review(state, found)
    except PrerequisiteError as error:
        raise click.ClickException(printable(str(error.message))) from error
    except OSError as error:
        raise click.ClickException(printable(str(error))) from error


def _check_terminal() -> None:
    """Refuse to start where no screen can be drawn, or no key be read.

    Raises:
        ClickException: This is no such terminal.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb":
        return
    raise click.ClickException(
        "`proctor review` needs a terminal. Without one, label the runs in a table: "
        "`proctor labels export`, then `proctor labels apply`; or see the queue with "
        "`proctor review --list`."
    )


def _reviewer(given: str | None) -> str:
    """Return who reviews.

    Raises:
        ClickException: Nobody knows.
    """
    name = given if given is not None else _known_name()
    if not name.strip():
        raise click.ClickException("Nobody knows who you are; give --reviewer NAME.")
    return name.strip()


def _known_name() -> str:
    try:
        done = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False
        )
        if done.stdout.strip():
            return done.stdout
    except (OSError, UnicodeDecodeError):
        pass
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


# --- a review ---------------------------------------------------------------------


def _review(state: "ReviewState", found: "Opened") -> None:
    from ..review.opening import enter
    from ..review.screen import ReviewApp, is_light

    if state.items:
        count = sum(count for _, count in found.entered)
        told = f"Entered from an interrupted review: {many(count, 'decision')}."
        left_out = [f"Left out: {one}" for one in found.troubles]
        notes = [*([told] if count else []), *left_out]
        ReviewApp(state, notes, light=is_light()).run()
    try:
        entered, troubles = enter(found.journals)
    except KeyboardInterrupt:
        raise click.ClickException(
            "Interrupted. Every decision is safe on the disk; run the command again."
        ) from None
    _sum_up(state, entered, found.journals)
    if troubles:
        raise click.ClickException(printable("\n".join(troubles)))


def _entered(found: "Opened") -> list[str]:
    return [
        f"{many(count, 'decision')} of an interrupted review "
        f"{'is' if count == 1 else 'are'} now in {journal.log}."
        for journal, count in found.entered
    ]


def _sum_up(
    state: "ReviewState",
    entered: "Sequence[tuple[DecisionJournal, int]]",
    journals: "Sequence[DecisionJournal]",
) -> None:
    """Say what was decided, where it is, and what to do next."""
    progress = state.progress
    counts = [
        f"{count} {verdict}" for verdict, count in progress.taken.items() if count
    ]
    total = sum(progress.taken.values())
    made = f"{many(total, 'run')} decided by {state.author}"
    if not state.items:
        what = "whose reviewers disagree" if state.mode.adjudicate else "to review"
        _say(f"There is no run {what}.")
    else:
        _say(f"{made}: {', '.join(counts)}." if counts else f"{made}.")
        left = f"{progress.left} of {many(progress.runs, 'run')} left"
        skipped = f", {progress.skipped} of them skipped" if progress.skipped else ""
        _say(f"{left}{skipped}.")
    for journal, count in entered:
        _say(
            f"{journal.log}: {many(count, 'decision')} entered; "
            f"as it was: {journal.original}"
        )
    if progress.left:
        _say("The same command goes on where you are.")
    logs = shlex.join(map(str, _places([journal.source for journal in journals])))
    _say(f"Next: proctor agree {logs}")
    _say(f"      proctor report {logs}")


def _places(logs: "Sequence[Path]") -> "Sequence[Path]":
    """Name logs by their folder, where they are all that is in it."""
    from ..logs.reading import logs_at

    (folder, *others) = {log.parent for log in logs}
    if others or set(logs_at(folder)) != set(logs):
        return logs
    return [folder]


# --- the queue --------------------------------------------------------------------


def _print_queue(state: "ReviewState") -> None:
    table_console().print(_table(state))
    progress = state.progress
    _say(
        f"{many(progress.runs, 'run')} to review, {progress.decided} decided by "
        f"{state.author}.",
        err=True,
    )


def _table(state: "ReviewState") -> "Table":
    from rich.table import Table

    from ..review.rows import line

    blind = state.mode.blind
    table = Table(box=None, pad_edge=False)
    for name in ("#", "decided", "model", "sample", "epoch", "log"):
        table.add_column(name)
    if not blind:
        table.add_column("why")
    for number, (item, made) in enumerate(state.listing(), 1):
        run = item.run
        facts = [str(number), str(made.verdict) if made else "", line(run.model)]
        facts += [line(run.id), str(run.epoch), line(run.log.name)]
        if not blind:
            facts.append(", ".join(item.reasons))
        table.add_row(*facts)
    return table


# --- words ------------------------------------------------------------------------


def _say(text: str, err: bool = False) -> None:
    click.echo(printable(text), err=err)


def _say_all(notes: Sequence[str]) -> None:
    for note in notes:
        _say(note, err=True)
