"""Labels that people have put in the place of the judge's own. Pure.

Where a review overwrote the scores of a log, without Inspect's history of edits, the
verdicts in it are people's. What the judge had said stands in another copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..logs.decisions import HUMAN
from ..logs.runs import Label, Run, Runs


class JudgedError(ValueError):
    """The copies do not go together; the message is one line that says why."""


def with_judged(reviewed: Runs, judged: Runs, named: str) -> Runs:
    """Take the instruments' labels from another copy of the logs.

    In a log that holds decisions people's labels are known, and stay. In another one
    what counts of a run is theirs.

    Args:
        reviewed: The runs as people labelled them.
        judged: The same runs as the instruments did.
        named: How the user calls the other copy.

    Raises:
        JudgedError: No run stands in both.
    """
    theirs = {run.uuid: run for run in judged.runs}
    decided = {run.log for run in reviewed.runs if run.decisions}
    runs = tuple(
        _merged(run, theirs[run.uuid], run.log in decided)
        if run.uuid in theirs
        else run
        for run in reviewed.runs
    )
    shared = [run for run in runs if run.uuid in theirs]
    if not shared:
        raise JudgedError(
            f"No run of the logs stands in {named}, too; --judged takes a copy of the "
            "same logs as the judge left them."
        )
    return replace(
        reviewed, runs=runs, notes=(*reviewed.notes, *_notes(runs, shared, named))
    )


def _merged(run: Run, judged: Run, decided: bool) -> Run:
    labels = judged.machines
    if not decided:
        labels[HUMAN] = run.label
    elif HUMAN in run.labels:
        labels[HUMAN] = run.labels[HUMAN]
    return replace(
        run,
        labels=labels,
        split=judged.split,
        self_graded=judged.self_graded,
        stopped_honestly=judged.stopped_honestly,
    )


def _notes(runs: Sequence[Run], shared: Sequence[Run], named: str) -> list[str]:
    changed = sum(_differs(run.labels) for run in shared)
    notes = [
        f"Labels in the logs count as people's; those of the judge are from {named}. "
        f"They differ in {changed} of {len(shared)} runs."
    ]
    if len(shared) < len(runs):
        notes.append(
            f"{len(runs) - len(shared)} of {len(runs)} runs do not stand in {named}; "
            "their labels count as the log has them."
        )
    return notes


def _differs(labels: Mapping[str, Label]) -> bool:
    human = labels.get(HUMAN)
    return human is not None and any(
        label.verdict is not human.verdict
        for name, label in labels.items()
        if name != HUMAN
    )
