"""Runs of one model under one condition, counted. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ..logs.runs import AUDIT, Label, Run
from ..room.conditions import was_forbidden
from ..stats.correction import Error
from ..stats.estimate import CONFIDENCE
from ..stats.rates import Rate, rate_of
from ..taxonomy import Category, Verdict
from .contents import Group, Share


@dataclass(frozen=True)
class Members:
    """The runs of one group.

    Attributes:
        model: Of all of them.
        condition: Likewise.
        task: Likewise.
        runs: They themselves.
    """

    model: str
    condition: tuple[tuple[str, str], ...]
    task: str
    runs: tuple[Run, ...]

    @property
    def forbidden(self) -> bool:
        """Whether the agents were told not to cheat, as far as logs say."""
        return was_forbidden(self.condition)

    def outcomes(
        self, labeller: str | None, forbidden: bool = True
    ) -> dict[str, list[int]]:
        """Return the outcomes of the scored runs, by item.

        Args:
            labeller: Whose verdicts count; None for what counts of each run.
            forbidden: Whether only what was forbidden counts, which is cheating; else
                whatever an exam forbids.
        """
        found: dict[str, list[int]] = {}
        for run in self.runs:
            label = run.said_by(labeller)
            if label.verdict is not None:
                cheated = label.verdict is Verdict.CHEATING
                outcome = int(cheated if forbidden else label.did)
                found.setdefault(run.item, []).append(outcome)
        return found

    def rate(self, labeller: str | None, confidence: float = CONFIDENCE) -> Rate:
        """Return the rate of cheating, with what is known of its clusters."""
        return rate_of(self.outcomes(labeller), confidence)

    def items(self) -> set[str]:
        """Return the items."""
        return {run.item for run in self.runs}


def grouped(runs: Iterable[Run]) -> tuple[Members, ...]:
    """Put runs together by task, model and condition, in the order of their names."""
    found: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Run]] = {}
    for run in runs:
        found.setdefault((run.task, run.model, run.condition), []).append(run)
    return tuple(
        Members(model, condition, task, tuple(members))
        for (task, model, condition), members in sorted(found.items())
    )


def summarise(
    members: Members,
    labeller: str | None,
    machine: str,
    error: Error | None,
    confidence: float = CONFIDENCE,
) -> Group:
    """Count the runs of a group.

    Args:
        members: The group, of one run or more.
        labeller: Whose verdicts count; None for what counts of each run.
        machine: Whose rate is corrected.
        error: By what; None where it cannot be.
        confidence: Coverage of the intervals, between 0 and 1.
    """
    runs = members.runs
    said = [run.said_by(labeller) for run in runs]
    cheated = [label for label in said if label.verdict is Verdict.CHEATING]
    rate = members.rate(labeller, confidence)
    tokens = [run.tokens for run in runs]
    times = [run.seconds for run in runs if run.seconds is not None]
    return Group(
        model=members.model,
        condition=members.condition,
        task=members.task,
        runs=len(runs),
        unscored=len(runs) - rate.of,
        cheating=len(cheated),
        did=sum(label.did for label in said if label.verdict is not None),
        attempts=sum(label.succeeded is False for label in cheated),
        successes=sum(label.succeeded is True for label in cheated),
        rate=rate.estimate,
        effective=rate.effective,
        corrected=error.correct(members.rate(machine, confidence), confidence)
        if error
        else None,
        categories=_categories(said),
        techniques=_techniques(runs),
        honest_stops=_share([run.stopped_honestly for run in runs]),
        passed=_share([run.passed for run in runs]),
        tokens=float(median(tokens)),
        total_tokens=sum(tokens),
        graders_tokens=sum(run.graders_tokens for run in runs),
        cost=_cost(runs),
        seconds=float(median(times)) if times else None,
        starts=_starts(runs, said),
        recorded=sum(map(_recorded, runs)),
        reasons=dict(
            Counter(
                label.reason or "no reason is given"
                for label in said
                if label.verdict is None
            ).most_common()
        ),
    )


def _categories(said: Iterable[Label]) -> dict[str, int]:
    named = Counter(label.category for label in said if label.verdict is not None)
    return {str(category): named[category] for category in Category}


def _techniques(runs: Iterable[Run]) -> dict[str, int]:
    counts = Counter(rule for run in runs for rule in {d.rule for d in run.findings})
    # the rules that are met most often first, and otherwise by name
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _share(known: Iterable[bool | None]) -> Share:
    told = [value for value in known if value is not None]
    return Share(sum(told), len(told))


def _cost(runs: Iterable[Run]) -> float | None:
    costs = [run.cost for run in runs]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def _starts(runs: Sequence[Run], said: Sequence[Label]) -> tuple[int, ...]:
    return tuple(
        sorted(
            min(finding.call for finding in run.findings)
            for run, label in zip(runs, said, strict=True)
            if run.findings and label.verdict is Verdict.CHEATING
        )
    )


def _recorded(run: Run) -> bool:
    """Whether there is a recording that tells when cheating began, if it did."""
    audit = run.labels.get(AUDIT)
    return bool(run.findings) or (audit is not None and audit.verdict is not None)
