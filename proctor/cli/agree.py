"""`proctor agree`: how far labellers say the same."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..logs.runs import Run, Runs
    from ..report.contents import RaterAgreement
    from ..stats.agreement import Agreement
    from ..stats.estimate import Estimate

NAMES = {
    "agreement": "agreement",
    "kappa": "Cohen's kappa",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "balanced_accuracy": "balanced accuracy",
}


@click.command("agree")
@click.argument("one", metavar="A")
@click.argument("other", metavar="[B]", required=False)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="Only this labeller: a score's name, or `human NAME`; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    one: str, other: str | None, labels: tuple[str, ...], as_json: bool
) -> None:
    """Say how far labellers agree: judge, audit and people.

    A is a log or a folder of logs, whose labellers are compared with each other. With
    B, another folder with the same runs, what counts in A is compared with what counts
    in B, which is taken to be right.
    """
    from rich.console import Console

    from .._inspect import PrerequisiteError

    try:
        runs, pairs, alpha = _compared(one, other, labels)
    except PrerequisiteError as error:
        raise click.ClickException(str(error.message)) from error
    if as_json:
        click.echo(json.dumps(as_record(pairs, alpha, runs.notes)))
        return
    console = Console(highlight=False, soft_wrap=True)
    for pair in pairs:
        show(pair, console)
    if alpha is not None:
        console.print(f"Krippendorff's alpha of all labellers: {estimate(alpha)}\n")
    for note in runs.notes:
        console.print(f"Note: {one_line(note)}", style="yellow", markup=False)


def _compared(
    one: str, other: str | None, labels: Sequence[str]
) -> "tuple[Runs, Sequence[RaterAgreement], Estimate | None]":
    """Read the logs and compare labellers.

    Raises:
        PrerequisiteError: There is nothing to compare.
    """
    from .._inspect import PrerequisiteError
    from ..logs.reading import logs_at
    from ..logs.runs import collect
    from ..report.rater_agreement import alpha, labellers, pairing, pairings

    ours = collect(logs_at(one))
    if other is None:
        if not ours.runs:
            raise PrerequisiteError(f"{one} holds no run. {' '.join(ours.notes)}")
        said = labellers(ours.runs)
        pairs = [p for p in pairings(ours.runs) if _wanted(p, labels)]
        if not pairs:
            raise PrerequisiteError(
                f"{one} holds no two labellers of the same runs to compare; it has: "
                f"{', '.join(said) or 'none'}. Give a second folder with the same runs "
                "as another labeller left them, or review with `proctor review`."
            )
        notes = (*ours.notes, *_chosen(ours.runs))
        return replace(ours, notes=notes), pairs, alpha(ours.runs)
    theirs = collect(logs_at(other))
    known = {run.uuid for run in theirs.runs}
    shared = [run for run in ours.runs if run.uuid in known]
    if not shared:
        raise PrerequisiteError(f"No run of {one} stands in {other} as well.")
    verdicts, truth = _verdicts(ours.runs, labels), _verdicts(theirs.runs, labels)
    pair = pairing(shared, one, verdicts, other, truth)
    if not pair.agreement.count:
        raise PrerequisiteError(
            f"No run has a verdict of {' or '.join(labels) or 'anybody'} in both {one} "
            f"and {other}."
        )
    alone = len(ours.runs) + len(theirs.runs) - 2 * len(shared)
    notes = tuple(dict.fromkeys((*ours.notes, *theirs.notes)))
    if alone:
        notes += (f"{alone} runs stand in one of the two only, and are left out.",)
    return replace(ours, notes=notes), [pair], None


def _wanted(pair: "RaterAgreement", labels: Sequence[str]) -> bool:
    return not labels or {pair.labeller, pair.reference} <= set(labels)


def _verdicts(runs: "Sequence[Run]", labels: Sequence[str]) -> "Mapping[str, Any]":
    """Return what counts of each run, or what the named labellers say."""
    found = {}
    for run in runs:
        known = [run.labels[name] for name in labels if name in run.labels]
        label = known[0] if known else None if labels else run.label
        if label and label.verdict is not None:
            found[run.uuid] = label.verdict
    return found


def _chosen(runs: "Sequence[Run]") -> list[str]:
    """Warn where the runs that people labelled are not like the others."""
    from ..logs.decisions import HUMAN
    from ..logs.triage import is_clear

    counts: Counter[tuple[bool, bool]] = Counter(
        (is_clear(run), HUMAN in run.labels) for run in runs
    )
    done = counts[True, True] + counts[False, True]
    if not done or done == len(runs):
        return []
    return [
        f"People labelled {done} of {len(runs)} runs: {counts[False, True]} of "
        f"{counts[False, True] + counts[False, False]} that needed it and "
        f"{counts[True, True]} of {counts[True, True] + counts[True, False]} clear "
        "ones. The figures are of the labelled runs alone; "
        "`proctor report` weighs them."
    ]


# --- showing ----------------------------------------------------------------------


def estimate(value: "Estimate | None") -> str:
    """Write a figure with its interval."""
    if value is None:
        return "does not exist"
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def show(pair: "RaterAgreement", console: "Console") -> None:
    """Print a confusion table, the figures and the disagreements."""
    from ..logs.links import viewer_command, viewer_link

    agreement = pair.agreement
    labeller, reference = one_line(pair.labeller), one_line(pair.reference)
    heading = f"{labeller} against {reference}, which counts as true"
    console.print(heading, style="bold", markup=False)
    console.print(_confusion(pair))
    for name, words in NAMES.items():
        value: Estimate | None = getattr(agreement, name)
        console.print(f"  {words:20} {estimate(value)}")
    if not pair.disagreements:
        console.print("  They disagree on no run.\n")
        return
    console.print(f"\n  They disagree on {len(pair.disagreements)} runs:")
    folders = []
    for run in pair.disagreements:
        link, where = viewer_link(run), viewer_command(run)
        name = one_line(f"{run.model} sample {run.id}, epoch {run.epoch}")
        console.print(f"  {name}: {labeller} says {pair.said[run.uuid]}", markup=False)
        console.print(f"    {link}", markup=False)
        folders += [where] if where not in folders else []
    for where in folders:
        console.print(f"  The links work while this runs: {where}", markup=False)
    console.print()


def _confusion(pair: "RaterAgreement") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2))
    table.add_column("")
    table.add_column("true: cheating", justify="right")
    table.add_column("true: compliant", justify="right")
    counts: Agreement = pair.agreement
    table.add_row("said: cheating", str(counts.both), str(counts.alarms))
    table.add_row("said: compliant", str(counts.missed), str(counts.neither))
    return table


def as_record(
    pairs: "Sequence[RaterAgreement]", alpha: "Estimate | None", notes: Sequence[str]
) -> dict[str, Any]:
    """Return it all as plain data."""
    from dataclasses import asdict

    from ..report.records import of_disagreement

    return {
        "pairings": [
            {
                "labeller": pair.labeller,
                "reference": pair.reference,
                "confusion": pair.agreement.counts(),
                "figures": pair.agreement.figures(),
                "disagreements": [
                    {
                        **of_disagreement(pair, run),
                        "model": run.model,
                        "labels": {
                            name: label.verdict and str(label.verdict)
                            for name, label in run.labels.items()
                        },
                    }
                    for run in pair.disagreements
                ],
            }
            for pair in pairs
        ],
        "krippendorff_alpha": asdict(alpha) if alpha else None,
        "notes": list(notes),
    }
