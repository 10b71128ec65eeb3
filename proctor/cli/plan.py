"""`proctor plan`: what an experiment takes and what it can show, before it is run."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .. import formats
from ..formats import many
from .terminal import table_console
from .words import plain

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_ai.log import EvalLog, EvalSample
    from rich.console import Console
    from rich.table import Table

    from ..logs.runs import Run
    from ..planning.budget import Budget, Past
    from ..planning.plan import Plan
    from ..planning.power import Shown

SCHEMA = 1
UNKNOWN = "unknown"
# Inspect's defaults: runs that a model begins with, and Docker sandboxes per processor.
SAMPLES, SANDBOXES = 20, 2
# The backspace keeps click from filling the lines.
EXAMPLE = """\b
  proctor plan --model openai/gpt-5 --model anthropic/claude-sonnet-4-5 \\
      -T quiz=impossible,solvable -T prohibition=all --runs 25 \\
      --from logs --price openai/gpt-5=1.25,10

\b
--json has the keys schema, conditions, runs_per_condition, epochs,
runs_per_model, runs, models, tokens, cost, hours, parallel, power and notes.
Rates are shares in [0, 1], costs dollars, times seconds unless named hours;
null is what is not known or does not exist.
"""


def _shares(ends: bool) -> Callable[..., Any]:
    """Return what checks numbers between 0 and 1, NaN included, which click lets pass.

    Args:
        ends: Whether 0 and 1 themselves are allowed.
    """

    def check(_: click.Context, __: click.Parameter, given: Any) -> Any:
        for number in given if isinstance(given, tuple) else (given,):
            if not (0 < number < 1 or (ends and number in (0, 1))):
                allowed = "from 0 to 1" if ends else "between 0 and 1"
                raise click.BadParameter(f"{number} is no number {allowed}.")
        return given

    return check


COUNT = click.IntRange(min=1)


@click.command("plan", epilog=EXAMPLE)
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A model to examine; may be repeated.",
)
@click.option(
    "-T",
    "settings",
    multiple=True,
    metavar="FACTOR=LEVELS",
    help="As for the task: a level, several with commas between them, or all.",
)
@click.option(
    "--runs",
    type=COUNT,
    default=25,
    show_default=True,
    help="Runs of each model under each condition.",
)
@click.option(
    "--epochs",
    type=COUNT,
    default=1,
    show_default=True,
    help="How often each run is repeated.",
)
@click.option(
    "--from",
    "logs",
    multiple=True,
    metavar="LOGS",
    help="Past logs, or folders of them, to estimate from.",
)
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="MODEL=IN,OUT",
    help="Dollars per million tokens of input and of output, also of a grader; may "
    "be repeated. By default what Inspect knew when the logs were made.",
)
@click.option(
    "--power",
    type=float,
    callback=_shares(ends=False),
    default=0.8,
    show_default=True,
    help="With what probability a difference is to show.",
)
@click.option(
    "--alpha",
    type=float,
    callback=_shares(ends=False),
    default=0.05,
    show_default=True,
    help="Greatest p-value that counts, after correction.",
)
@click.option(
    "--base",
    "bases",
    type=float,
    callback=_shares(ends=True),
    multiple=True,
    help="Cheating rate to look for differences from; may be repeated [default: that "
    "of the past runs, else 0 and 0.5].",
)
@click.option(
    "--comparisons",
    type=COUNT,
    help="How many are corrected for [default: those of `proctor report`].",
)
@click.option(
    "--icc",
    type=float,
    callback=_shares(ends=True),
    default=0.0,
    show_default=True,
    help="Correlation of the epochs of one quiz.",
)
@click.option(
    "--parallel",
    type=COUNT,
    help="Runs at a time [default: Inspect's own with Docker on this machine].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    models: tuple[str, ...],
    settings: tuple[str, ...],
    runs: int,
    epochs: int,
    logs: tuple[str, ...],
    more: tuple[str, ...],
    prices: tuple[str, ...],
    parallel: int | None,
    as_json: bool,
    **terms: Any,
) -> None:
    """Say what an experiment takes and what it can show.

    Every model is examined under every combination of levels. Tokens, cost and hours
    are those of past runs; the smallest difference that shows is that of Fisher's exact
    test, corrected for all comparisons.
    """
    from .._inspect import PrerequisiteError
    from ..planning.budget import prices_of
    from ..planning.design import PlanError, design_of
    from ..planning.plan import Terms, plan_of

    try:
        design = design_of(models, settings, runs, epochs)
        known = prices_of(prices)
        past, notes = _past((*logs, *more))
        at_once = parallel or default_parallel(len(design.models))
        plan = plan_of(design, Terms(parallel=at_once, **terms), past, known)
    except PrerequisiteError as error:
        raise click.ClickException(plain(str(error.message))) from error
    except PlanError as error:
        raise click.ClickException(plain(str(error))) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(
            plain(f"The logs cannot be read: {reason} ({error.filename}).")
        ) from error
    if as_json:
        click.echo(json.dumps(as_record(plan, notes), indent=2, allow_nan=False))
        return
    show(plan, notes, parallel is None)


def default_parallel(models: int) -> int:
    """Return how many runs Inspect starts with at a time, with Docker, on this machine.

    It begins with 20 of each model, may go on to more, and has two Docker sandboxes
    for each processor (`max_samples` and `max_sandboxes` in its documentation).

    Args:
        models: How many models are examined at the same time.
    """
    return min(SAMPLES * models, SANDBOXES * (os.cpu_count() or 1))


# --- reading ----------------------------------------------------------------------


def _past(places: Sequence[str]) -> "tuple[list[Past], tuple[str, ...]]":
    """Read past runs, with what must be known of their logs.

    Raises:
        PrerequisiteError: There is no log at one of the places, or no run in any.
    """
    if not places:
        return [], ()
    from rich.console import Console

    from .._inspect import PrerequisiteError
    from ..logs.reading import logs_of
    from ..logs.runs import collect
    from ..planning.budget import past_of

    known: dict[tuple[Path, str, int], Past] = {}

    def look(run: "Run", sample: "EvalSample", header: "EvalLog") -> None:
        if header.eval.model != "none":
            known[run.log, run.id, run.epoch] = past_of(run, sample)

    paths = logs_of(places)
    console = Console(stderr=True)
    with console.status(f"Reading {many(len(paths), 'log')}"):
        runs = collect(paths, look=look)
    found = [known.get((run.log, run.id, run.epoch)) for run in runs.runs]
    past = [one for one in found if one]
    if not past:
        raise PrerequisiteError(
            f"There is no past run to estimate from in {', '.join(places)}; leave out "
            f"--from. {' '.join(runs.notes)}".rstrip()
        )
    notes = runs.notes
    if len(past) < len(runs.runs):
        left = many(len(runs.runs) - len(past), "run")
        notes = (
            *notes,
            f"{left} of replays, which no model took part in, are left out.",
        )
    return past, notes


# --- showing ----------------------------------------------------------------------


def show(plan: "Plan", notes: Sequence[str], assumed: bool) -> None:
    """Print a plan on one screen.

    Args:
        plan: The plan.
        notes: What must be known of the logs, a line each.
        assumed: Whether nobody said how many runs go on at a time.
    """
    console = table_console()
    _show_design(plan, console)
    if any(one.past for one in plan.budgets):
        console.print(_budgets(plan))
        _say(console, _time(plan, assumed))
        console.print()
    _show_power(plan, console)
    console.print()
    for note in (*plan.notes, *notes):
        _say(console, f"Note: {plain(note)}", "yellow")


def _say(console: "Console", text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False)


def _show_design(plan: "Plan", console: "Console") -> None:
    from ..room.conditions import varying

    design = plan.design
    _say(
        console,
        f"{many(design.total, 'run')}: {many(len(design.models), 'model')} under "
        f"{many(len(design.conditions), 'condition')}, {many(design.runs, 'run')} "
        f"each{f', {design.epochs} epochs' if design.epochs > 1 else ''}.",
        "bold",
    )
    for factor in varying(design.conditions):
        met = dict.fromkeys(getattr(one, factor) for one in design.conditions)
        _say(console, f"  {factor}: {', '.join(met)}")
    console.print()


def _budgets(plan: "Plan") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("\nModel", overflow="fold")
    for heading in (
        "\nruns",
        "past\nruns",
        "median\ntokens",
        "mean\ntokens",
        "all\nagents'",
        "all\ngraders'",
        "\ncost",
        "median\nminutes",
    ):
        table.add_column(heading, justify="right")
    for one in plan.budgets:
        table.add_row(Text(plain(one.model)), *_cells(one))
    if len(plan.budgets) > 1:
        whole = _totals(plan)
        table.add_row(
            "all",
            f"{plan.design.total:,}",
            *("", "", ""),
            _tokens(whole["agent"]),
            _tokens(whole["graders"]),
            _dollars(whole["cost"]),
            style="bold",
        )
    return table


def _cells(one: "Budget") -> list[str]:
    return [
        f"{one.runs:,}",
        f"({one.past:,})" if one.borrowed else f"{one.past:,}" if one.past else "none",
        _tokens(one.median_tokens),
        _tokens(one.mean_tokens),
        _tokens(one.agent_tokens),
        _tokens(one.graders_tokens),
        _dollars(one.cost),
        UNKNOWN if one.seconds is None else f"{one.seconds / 60:.1f}",
    ]


def _totals(plan: "Plan") -> dict[str, float | None]:
    from ..planning.budget import total

    return {
        "agent": total(one.agent_tokens for one in plan.budgets),
        "graders": total(one.graders_tokens for one in plan.budgets),
        "cost": total(one.cost for one in plan.budgets),
    }


def _tokens(count: float | None) -> str:
    return UNKNOWN if count is None else formats.rounded(count)


def _dollars(cost: float | None) -> str:
    return UNKNOWN if cost is None else formats.dollars(cost)


def _time(plan: "Plan", assumed: bool) -> str:
    parallel = many(plan.terms.parallel, "run")
    where = (
        f" (assumed: Inspect begins with {SAMPLES} a model, and has {SANDBOXES} Docker "
        "sandboxes a processor, here; --parallel N)"
        if assumed
        else ""
    )
    length = (
        UNKNOWN if plan.hours is None else f"about {formats.long_duration(plan.hours)}"
    )
    return f"Time: {length}, with {parallel} at a time{where}."


def _show_power(plan: "Plan", console: "Console") -> None:
    terms, design = plan.terms, plan.design
    _say(
        console,
        f"Smallest difference in cheating rates that shows with {terms.power:.0%} "
        f"power, groups of {many(plan.size, 'run')}:",
        "bold",
    )
    for one in plan.shown:
        _say(console, f"  {_difference(one)}")
    _say(
        console,
        f"Fisher's exact test, two-sided, at {terms.alpha:g} / {plan.comparisons:,} = "
        f"{plan.alpha:.2g}: {_corrected(plan)}",
    )
    if design.epochs > 1:
        effect = 1 + (design.epochs - 1) * terms.icc
        _say(
            console,
            f"Epochs of one quiz resemble each other: with --icc {terms.icc:g} the "
            f"{design.size:,} runs of a group count as {plan.size:,} (design effect "
            f"{effect:.3g}).",
        )
    _say(
        console,
        "Runs of the same quiz are compared in pairs, which usually shows smaller "
        "differences: wherever some quizzes tempt more than others. Only if all tempt "
        "alike it shows slightly less.",
    )


def _corrected(plan: "Plan") -> str:
    if plan.terms.comparisons is None and not plan.design.comparisons:
        return "the design compares nothing; this is for another group of that size."
    return (
        f"with {many(plan.comparisons, 'comparison')} the smallest p-value must pass "
        "that in Holm's first step; the others have it easier."
    )


def _difference(one: "Shown") -> str:
    base = one.base
    known = "" if base.of is None else f" ({base.cheated} of {base.of} past runs)"
    ways = []
    if base.rate < 1:
        ways.append(_way("up", one.higher, base.rate, "100%"))
    if base.rate > 0:
        ways.append(_way("down", one.lower, base.rate, "0%"))
    return f"from {formats.percent(base.rate)}{known}: {'; '.join(ways)}"


def _way(name: str, rate: float | None, base: float, end: str) -> str:
    if rate is None:
        return f"{name}, not even {end} shows"
    return f"{name} to {formats.percent(rate)} ({100 * (rate - base):+.1f} points)"


# --- for programs -----------------------------------------------------------------


def as_record(plan: "Plan", notes: Iterable[str] = ()) -> dict[str, Any]:
    """Return a plan as plain data.

    Args:
        plan: The plan.
        notes: What must be known of the logs, a line each.
    """
    design, terms = plan.design, plan.terms
    whole = _totals(plan)
    return {
        "schema": SCHEMA,
        "conditions": [one.as_record() for one in design.conditions],
        "runs_per_condition": design.runs,
        "epochs": design.epochs,
        "runs_per_model": design.per_model,
        "runs": design.total,
        "models": [asdict(one) | {"cost": one.cost} for one in plan.budgets],
        "tokens": {"agent": whole["agent"], "graders": whole["graders"]},
        "cost": whole["cost"],
        "hours": plan.hours,
        "parallel": terms.parallel,
        "power": {
            "test": "Fisher's exact test",
            "power": terms.power,
            "alpha": terms.alpha,
            "comparisons": plan.comparisons,
            "design_comparisons": design.comparisons,
            "alpha_each": plan.alpha,
            "icc": terms.icc,
            "group": design.size,
            "effective_group": plan.size,
            "differences": [_record(one) for one in plan.shown],
        },
        "notes": [*plan.notes, *notes],
    }


def _record(one: "Shown") -> dict[str, Any]:
    base = one.base.rate
    return {
        "base": base,
        "base_cheated": one.base.cheated,
        "base_of": one.base.of,
        "higher": one.higher,
        "higher_difference": None if one.higher is None else one.higher - base,
        "lower": one.lower,
        "lower_difference": None if one.lower is None else one.lower - base,
    }
