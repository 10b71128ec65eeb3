"""`proctor doctor`: is everything there that a run needs?"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..formats import many
from ..text import one_line
from .terminal import table_console

if TYPE_CHECKING:
    from rich.console import Console

    from ..checks.check import Done
    from ..checks.setting import Setting

# The backspace keeps click from filling the lines.
FORM = """\b
The exit status is 0 where the task would run and 1 where it would not;
warnings change nothing about it.

\b
--json has the keys schema (1), ready, sandbox, model, log_dir and checks: a
list of records with name, title, outcome (ok, warning, problem or skipped),
text, advice and seconds. Keys of providers are in none of it.
"""
MARKS = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "problem": ("PROBLEM", "bold red"),
    "skipped": ("-", "dim"),
}


@click.command("doctor", epilog=FORM)
@click.option(
    "--model", help="The model that is to be examined [default: INSPECT_EVAL_MODEL]."
)
@click.option(
    "--sandbox",
    type=click.Choice(["docker", "local", "k8s"]),
    default="docker",
    show_default=True,
    help="Where the exams are to take place.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(model: str | None, sandbox: str, as_json: bool) -> None:
    """Check what a run needs, and say what to do about what is missing.

    No model is asked anything.
    """
    from ..checks.check import as_record, carry_out, ready
    from ..checks.doctor import CHECKS
    from ..checks.setting import Setting

    setting = Setting(sandbox, model, Path.cwd())
    console = table_console()
    found = []
    for done in carry_out(CHECKS, setting):
        found.append(done)
        if not as_json:
            show(done, setting, console)
    if as_json:
        click.echo(json.dumps(as_record(setting, found)))
    else:
        console.print(summary(found, setting), markup=False)
    sys.exit(0 if ready(found) else 1)


def show(done: "Done", setting: "Setting", console: "Console") -> None:
    """Print a check's line, and what to do below it."""
    from rich.text import Text

    mark, style = MARKS[done.result.outcome]
    line = Text().append(f"{mark:8}", style)
    line.append(f"{done.check.title:15}", "bold")
    line.append(one_line(setting.redacted(done.result.text)))
    if done.result.advice:
        line.append(
            f"\n{'':8}{'':15}-> {one_line(setting.redacted(done.result.advice))}"
        )
    console.print(line, soft_wrap=True)


def summary(found: "list[Done]", setting: "Setting") -> str:
    """Sum up in a line."""
    from ..checks.check import Outcome

    outcomes = [done.result.outcome for done in found]
    problems, warnings = map(outcomes.count, (Outcome.PROBLEM, Outcome.WARNING))
    if problems:
        return f"\nThe task would not run: {many(problems, 'problem')}."
    told = f", with {many(warnings, 'warning')}" if warnings else ""
    return f"\nThe task would run{told}."
