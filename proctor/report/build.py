"""From runs to a report. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..logs.decisions import HUMAN
from ..logs.runs import PRECEDENCE, Run, Runs, by_precedence
from ..stats.correction import Error
from ..stats.estimate import CONFIDENCE
from .comparisons import compare_all
from .contents import Correction, Report, Source
from .correction import measure
from .groups import grouped, summarise
from .notes import notes_on
from .rater_agreement import alpha, pairings

FINAL = "final"


class ReportError(ValueError):
    """There is nothing to report; the message is one line that says why."""


@dataclass(frozen=True)
class Origin:
    """What a report was made of, and by what.

    Attributes:
        sources: The logs, by path.
        command: The command line.
        versions: Of Python and the packages.
        created: When, as ISO 8601.
        notes: On the logs, a line each.
    """

    sources: Mapping[Path, Source] = field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    notes: tuple[str, ...] = ()


def build(
    collected: Runs,
    origin: Origin,
    label: str = FINAL,
    confidence: float = CONFIDENCE,
) -> Report:
    """Report on runs.

    Args:
        collected: The runs.
        origin: Where they are from.
        label: Whose verdicts count: a score's name, or "final".
        confidence: Coverage of the intervals, between 0 and 1.

    Raises:
        ReportError: There is no run, or no such label.
    """
    runs = collected.runs
    if not runs:
        raise ReportError(" ".join(["The logs hold no run.", *collected.notes]))
    labeller = _labeller(runs, label)
    members = grouped(runs)
    correction, error = _correction(runs, labeller, confidence)
    groups = tuple(
        summarise(group, labeller, correction.labeller, error, confidence)
        for group in members
    )
    return Report(
        groups=groups,
        comparisons=compare_all(members, labeller, confidence),
        pairings=pairings(runs),
        alpha=alpha(runs),
        correction=correction,
        notes=(
            *collected.notes,
            *origin.notes,
            *notes_on(groups, members, runs, labeller, correction),
        ),
        labeller=label,
        sources=_counted(origin.sources, runs),
        command=origin.command,
        versions=origin.versions,
        created=origin.created,
        runs=runs,
        confidence=confidence,
    )


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Return the names of those who labelled, those first who count more."""
    return by_precedence(sorted({name for run in runs for name in run.labels}))


def _labeller(runs: Sequence[Run], label: str) -> str | None:
    """Return the score's name; None for what counts of each run.

    Raises:
        ReportError: There is no such score.
    """
    names = labels_of(runs)
    if label in names:
        return label
    if label == FINAL:
        return None
    raise ReportError(
        f"No run has a label {label}; there is {', '.join([FINAL, *names])}."
    )


def _correction(
    runs: Sequence[Run], labeller: str | None, confidence: float
) -> tuple[Correction, Error | None]:
    """Measure whose rate is to be corrected: who is shown, or speaks for people."""
    machines = [name for name in labels_of(runs) if name != HUMAN]
    if labeller is not None and labeller != HUMAN:
        return measure(runs, labeller, confidence)
    if len(machines) == 1 or set(machines) & set(PRECEDENCE):
        return measure(runs, machines[0], confidence)
    labelled = sum(HUMAN in run.labels for run in runs)
    if not machines:
        missing = "no run has a label but people's, so there is no error to correct"
        return Correction(HUMAN, labelled, missing=missing), None
    missing = (
        f"several have labelled, and none counts more ({', '.join(machines)}); choose "
        "one with --label"
    )
    return Correction(machines[0], labelled, missing=missing), None


def _counted(sources: Mapping[Path, Source], runs: Sequence[Run]) -> tuple[Source, ...]:
    """Say of each log how many of its runs count."""
    counts = Counter(run.log for run in runs)
    return tuple(replace(source, runs=counts[path]) for path, source in sources.items())
