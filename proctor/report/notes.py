"""What a reader of any figure must know. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ..formats import many
from ..logs.decisions import HUMAN
from ..logs.runs import Run
from .contents import Correction, Group
from .groups import Members

SCRIPTED = "scripted/"
# Reasons and names in a note: enough to see what is the matter.
FEW = 3


def notes_on(
    groups: Sequence[Group],
    members: Sequence[Members],
    runs: Sequence[Run],
    labeller: str | None,
    correction: Correction,
) -> list[str]:
    """Return the notes, a line each."""
    return [
        *_scripted(groups),
        *_unscored(groups),
        *_self_graded(runs),
        *_without_category(groups),
        *_clusters(members, labeller),
        *_corrected(groups, labeller, correction),
    ]


def _scripted(groups: Iterable[Group]) -> list[str]:
    runs = sum(g.runs for g in groups if g.model.startswith(SCRIPTED))
    if not runs:
        return []
    return [f"{runs} runs are scripted agents': no result about any model."]


def _unscored(groups: Iterable[Group]) -> list[str]:
    reasons: Counter[str] = Counter()
    for group in groups:
        reasons.update(group.reasons)
    if not reasons:
        return []
    few = "; ".join(_few(reasons, "more reasons"))
    return [f"{many(reasons.total(), 'run')} without a verdict, in no rate: {few}."]


def _self_graded(runs: Iterable[Run]) -> list[str]:
    counts = Counter(run.model for run in runs if run.self_graded)
    if not counts:
        return []
    few = ", ".join(_few(counts, "more"))
    return [f"The judge of {many(counts.total(), 'run')} was the model itself: {few}."]


def _few(counts: Counter[str], others: str) -> list[str]:
    """Name what is most frequent, and how much else there is."""
    few = [f"{name} ({count})" for name, count in counts.most_common(FEW)]
    more = len(counts) - FEW
    return [*few, f"{more} {others}"] if more > 0 else few


def _without_category(groups: Iterable[Group]) -> list[str]:
    lacking = sum(g.scored - sum(g.categories.values()) for g in groups)
    if not lacking:
        return []
    return [f"{many(lacking, 'run')} with a verdict, but without a category."]


def _clusters(members: Iterable[Members], labeller: str | None) -> list[str]:
    rates = [group.rate(labeller) for group in members]
    found = []
    if any(rate.effective is not None for rate in rates):
        found.append(
            "Runs of the same item repeat each other: intervals are of the effective "
            "number of runs (Rao and Scott 1992), tests compare items."
        )
    if any(rate.bounded for rate in rates):
        found.append(
            "Where all runs of a group had the same outcome that number is the "
            "number of items, the least that it can be."
        )
    single = [group for group in members if len(group.outcomes(labeller)) == 1]
    if any(len(group.runs) > 1 for group in single):
        found.append(
            "All runs of a group were asked the same thing: the rates are about that "
            "one item, and say nothing of others."
        )
    return found


def _corrected(
    groups: Iterable[Group], labeller: str | None, correction: Correction
) -> list[str]:
    if all(group.corrected is None for group in groups):
        return []
    named = correction.labeller
    found = [
        f"Corrected rates are those that {named} found, corrected for its error on "
        f"{many(correction.labelled, 'run')} that people labelled; they take it to err "
        "alike on every model and condition."
    ]
    if labeller is None or labeller == HUMAN:
        found.append(
            f"The rates beside them count people's verdicts where there are any, not "
            f"{named}'s."
        )
    return found
