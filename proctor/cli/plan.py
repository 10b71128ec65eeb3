"""`proctor plan`: what an experiment takes and what it can show, before it is run."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .. import formats
from ..formats import many
from ..text import one_line
from .terminal import table_console

if TYPE_CHECKING:
    from rich.table import Table

    from ..logs.runs import Run
    from ..planning.design import Design
    from ..planning.plan import Plan
    from ..planning.power import Detectable

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


class Share(click.FloatRange):
    """A number between 0 and 1; of itself click lets NaN pass."""

    def convert(self, value: Any, *where: Any) -> float:
        """Read the number."""
        number: float = super().convert(value, *where)
        if math.isnan(number):
            self.fail(f"{value} is no number from 0 to 1.", *where)
        return number


COUNT = click.IntRange(min=1)
BETWEEN = Share(0, 1, min_open=True, max_open=True)


@click.command("plan", epilog=EXAMPLE, context_settings={"show_default": True})
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--model", "models", multiple=True, required=True, help="To examine; repeatable."
)
@click.option(
    "-T",
    "settings",
    multiple=True,
    metavar="FACTOR=LEVELS",
    help="As for the task: a level, several with commas between them, or all.",
)
@click.option(
    "--runs", type=COUNT, default=25, help="Of each model under each condition."
)
@click.option("--epochs", type=COUNT, default=1, help="How often each is repeated.")
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
    help="Dollars per million tokens of input and of output, also of a grader; "
    "repeatable. By default what Inspect knew when the logs were made.",
)
@click.option(
    "--power",
    type=BETWEEN,
    default=0.8,
    help="With what probability a difference is to show.",
)
@click.option(
    "--alpha",
    type=BETWEEN,
    default=0.05,
    help="Greatest p-value, corrected.",
)
@click.option(
    "--base",
    "bases",
    type=Share(0, 1),
    multiple=True,
    help="Cheating rate to look for differences from; repeatable [default: that of the "
    "past runs, else 0 and 0.5].",
)
@click.option(
    "--comparisons",
    type=COUNT,
    help="How many are corrected for [default: those of `proctor report`].",
)
@click.option(
    "--icc", type=Share(0, 1), default=0.0, help="Correlation of a quiz's epochs."
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
        raise click.ClickException(one_line(str(error.message))) from error
    except PlanError as error:
        raise click.ClickException(one_line(str(error))) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(
            one_line(f"The logs cannot be read: {reason} ({error.filename}).")
        ) from error
    if as_json:
        click.echo(json.dumps(as_record(plan, notes), indent=2, allow_nan=False))
        return
    show(plan, notes, parallel is None)


def default_parallel(models: int) -> int:
    """Return how many runs of so many models Inspect starts with, with Docker, here.

    It begins with 20 of each model, may go on to more, and has two Docker sandboxes
    for each processor (`max_samples` and `max_sandboxes` in its documentation).
    """
    return min(SAMPLES * models, SANDBOXES * (os.cpu_count() or 1))


# --- reading ----------------------------------------------------------------------


def _past(places: Sequence[str]) -> "tuple[list[Run], list[str]]":
    """Read past runs, with what must be known of their logs.

    Raises:
        PrerequisiteError: There is no log at one of the places, or no run in any.
    """
    if not places:
        return [], []
    from rich.console import Console

    from .._inspect import PrerequisiteError
    from ..logs.reading import logs_of
    from ..logs.runs import collect

    paths = logs_of(places)
    with Console(stderr=True).status(f"Reading {many(len(paths), 'log')}"):
        runs = collect(paths)
    past = [run for run in runs.runs if not run.replayed]
    if not past:
        raise PrerequisiteError(
            f"There is no past run to estimate from in {', '.join(places)}; leave out "
            f"--from. {' '.join(runs.notes)}".rstrip()
        )
    notes = list(runs.notes)
    if replayed := len(runs.runs) - len(past):
        left = many(replayed, "run")
        notes.append(f"{left} of replays, which no model took part in, are left out.")
    return past, notes


# --- showing ----------------------------------------------------------------------


def show(plan: "Plan", notes: Iterable[str], assumed: bool) -> None:
    """Print a plan on one screen; `assumed` is how many runs go on at a time."""
    console = table_console()
    head, *factors = _design_lines(plan.design)
    console.print(head, style="bold")
    console.print(*factors, "", sep="\n")
    if any(one.past for one in plan.budgets):
        console.print(_budgets(plan))
        console.print(_time(plan, assumed), "", sep="\n")
    head, *power = _power_lines(plan)
    console.print(head, style="bold")
    console.print(*power, "", sep="\n")
    for note in (*plan.notes, *notes):
        console.print(f"Note: {one_line(note)}", style="yellow")


def _design_lines(design: "Design") -> Iterator[str]:
    from ..room.conditions import varying

    epochs = f", {design.epochs} epochs" if design.epochs > 1 else ""
    yield (
        f"{many(design.total, 'run')}: {many(len(design.models), 'model')} under "
        f"{many(len(design.conditions), 'condition')}, {many(design.runs, 'run')} "
        f"each{epochs}."
    )
    for factor in varying(design.conditions):
        met = dict.fromkeys(getattr(one, factor) for one in design.conditions)
        yield f"  {factor}: {', '.join(met)}"


def _budgets(plan: "Plan") -> "Table":
    from rich.table import Table

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
        past = f"{one.past:,}" if one.past else "none"
        table.add_row(
            one_line(one.model),
            f"{one.runs:,}",
            f"({past})" if one.borrowed else past,
            _tokens(one.median_tokens),
            _tokens(one.mean_tokens),
            *_sums(one.agent_tokens, one.graders_tokens, one.cost),
            UNKNOWN if one.seconds is None else f"{one.seconds / 60:.1f}",
        )
    if len(plan.budgets) > 1:
        sums = _sums(*_totals(plan).values())
        table.add_row("all", f"{plan.design.total:,}", "", "", "", *sums, style="bold")
    return table


def _totals(plan: "Plan") -> dict[str, float | None]:
    from ..planning.budget import total

    return {
        "agent": total(one.agent_tokens for one in plan.budgets),
        "graders": total(one.graders_tokens for one in plan.budgets),
        "cost": total(one.cost for one in plan.budgets),
    }


def _sums(
    agents: float | None, graders: float | None, cost: float | None
) -> tuple[str, str, str]:
    dollars = UNKNOWN if cost is None else formats.dollars(cost)
    return _tokens(agents), _tokens(graders), dollars


def _tokens(count: float | None) -> str:
    return UNKNOWN if count is None else formats.rounded(count)


def _time(plan: "Plan", assumed: bool) -> str:
    length = UNKNOWN
    if plan.hours is not None:
        minutes = many(max(1, round(plan.hours * 60)), "minute")
        length = f"about {f'{plan.hours:,.1f} hours' if plan.hours >= 1 else minutes}"
    where = (
        f" (assumed: Inspect begins with {SAMPLES} a model, and has {SANDBOXES} Docker "
        "sandboxes a processor, here; --parallel N)"
    )
    parallel = many(plan.terms.parallel, "run")
    length = (
        UNKNOWN if plan.hours is None else f"about {formats.long_duration(plan.hours)}"
    )
    return f"Time: {length}, with {parallel} at a time{where if assumed else ''}."


def _power_lines(plan: "Plan") -> Iterator[str]:
    terms, design = plan.terms, plan.design
    yield (
        f"Smallest difference in cheating rates that shows with {terms.power:.0%} "
        f"power, groups of {many(plan.size, 'run')}:"
    )
    for one in plan.detectable:
        base = one.base
        known = "" if base.of is None else f" ({base.cheated} of {base.of} past runs)"
        ways = [
            *([_way("up", one.higher, base.rate, "100%")] if base.rate < 1 else []),
            *([_way("down", one.lower, base.rate, "0%")] if base.rate > 0 else []),
        ]
        yield f"  from {formats.percent(base.rate)}{known}: {'; '.join(ways)}"
    corrected = (
        f"with {many(plan.comparisons, 'comparison')} the smallest p-value must pass "
        "that in Holm's first step; the others have it easier."
    )
    if terms.comparisons is None and not design.comparisons:
        corrected = (
            "the design compares nothing; this is for another group of that size."
        )
    yield (
        f"Fisher's exact test, two-sided, at {terms.alpha:g} / {plan.comparisons:,} = "
        f"{plan.alpha:.2g}: {corrected}"
    )
    if design.epochs > 1:
        effect = 1 + (design.epochs - 1) * terms.icc
        yield (
            f"Epochs of one quiz resemble each other: with --icc {terms.icc:g} the "
            f"{design.size:,} runs of a group count as {plan.size:,} (design effect "
            f"{effect:.3g})."
        )
    yield (
        "Runs of the same quiz are compared in pairs, which usually shows smaller "
        "differences: wherever some quizzes tempt more than others. Only if all tempt "
        "alike it shows slightly less."
    )


def _way(name: str, rate: float | None, base: float, end: str) -> str:
    if rate is None:
        return f"{name}, not even {end} shows"
    return f"{name} to {formats.percent(rate)} ({100 * (rate - base):+.1f} points)"


# --- for programs -----------------------------------------------------------------


def as_record(plan: "Plan", notes: Iterable[str] = ()) -> dict[str, Any]:
    """Return a plan as plain data."""
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
        "cost": whole.pop("cost"),
        "tokens": whole,
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
            "differences": [_record(one) for one in plan.detectable],
        },
        "notes": [*plan.notes, *notes],
    }


def _record(one: "Detectable") -> dict[str, Any]:
    base = one.base
    ends = {"higher": one.higher, "lower": one.lower}
    return {
        "base": base.rate,
        "base_cheated": base.cheated,
        "base_of": base.of,
        **ends,
        **{
            f"{name}_difference": None if rate is None else rate - base.rate
            for name, rate in ends.items()
        },
    }
