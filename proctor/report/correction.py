"""How often a labeller is right, as the runs that people labelled show. Pure.

People review a share of the runs, and not the same share of each kind: more of those
that need it (`proctor/logs/triage.py`). So each run that they labelled stands for as
many as there are of its kind for each that was labelled.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..logs.decisions import HUMAN
from ..logs.runs import Run
from ..logs.triage import stratum
from ..stats.correction import Error, Proportion
from ..stats.estimate import CONFIDENCE
from ..taxonomy import Verdict
from .contents import Correction

Stratum = tuple[str, bool]


def measure(
    runs: Sequence[Run], labeller: str, confidence: float = CONFIDENCE
) -> tuple[Correction, Error | None]:
    """Compare a labeller's verdicts with people's.

    Args:
        runs: All runs.
        labeller: Name of the score.
        confidence: Coverage of the intervals, between 0 and 1.

    Returns:
        What was measured, and by what to correct; None where that cannot be, and then
        the former says why.
    """
    mine = [run for run in runs if run.said_by(labeller).verdict is not None]
    both = [run for run in mine if run.said_by(HUMAN).verdict is not None]
    lacking = _lacking(mine, both, labeller)
    if lacking:
        return Correction(labeller, len(both), missing=lacking), None
    weights = _weights(mine, both, labeller)
    sides = {
        verdict: _proportion(both, weights, labeller, verdict) for verdict in Verdict
    }
    found, spared = sides[Verdict.CHEATING], sides[Verdict.COMPLIANT]
    if found is None or spared is None:
        none = Verdict.CHEATING if found is None else Verdict.COMPLIANT
        missing = (
            f"people called none of the {len(both)} runs that they labelled {none}, so "
            f"nothing is known of how often {labeller} is right about such runs; "
            "review more of them (`proctor review --share 1`)"
        )
        return Correction(labeller, len(both), missing=missing), None
    measured = Correction(
        labeller, len(both), found.estimate(confidence), spared.estimate(confidence)
    )
    error = Error(found, spared)
    if not error.informative:
        missing = (
            f"{labeller} is no better than chance on the runs that people labelled "
            "(sensitivity and specificity together are not above 1)"
        )
        return replace(measured, missing=missing), None
    return measured, error


def _lacking(mine: Sequence[Run], both: Sequence[Run], labeller: str) -> str | None:
    """Say which labels must be there first."""
    if not mine:
        return f"{labeller} has no verdict on any run"
    if not both:
        return (
            f"no run has a verdict of {labeller} and of a person; review some "
            "(`proctor review`), or, where people's labels have overwritten those of "
            "the judge, give the logs as the judge left them (`--judged PATH`)"
        )
    all_of, labelled = _count(mine, labeller), _count(both, labeller)
    for kind, count in all_of.items():
        if not labelled[kind]:
            verdict, clear = kind
            which = "clear" if clear else "doubtful"
            how = (
                "`proctor review --share 0.2`, or more" if clear else "`proctor review`"
            )
            return (
                f"of the {count} {which} runs that {labeller} calls {verdict} people "
                f"have labelled none; review some of them ({how})"
            )
    return None


def _count(runs: Iterable[Run], labeller: str) -> Counter[Stratum]:
    return Counter(stratum(run, labeller) for run in runs)


def _weights(
    mine: Iterable[Run], both: Iterable[Run], labeller: str
) -> dict[Stratum, float]:
    """Return for how many runs a labelled one stands, by kind."""
    labelled = _count(both, labeller)
    return {
        kind: count / labelled[kind] for kind, count in _count(mine, labeller).items()
    }


def _proportion(
    both: Iterable[Run],
    weights: dict[Stratum, float],
    labeller: str,
    verdict: Verdict,
) -> Proportion | None:
    """Return the share of the runs with a verdict that the labeller gives it, too."""
    right: list[float] = []
    wrong: list[float] = []
    for run in both:
        if run.said_by(HUMAN).verdict is verdict:
            agrees = run.said_by(labeller).verdict is verdict
            (right if agrees else wrong).append(weights[stratum(run, labeller)])
    heaviest = [
        max(
            (w for (said, _), w in weights.items() if (said == verdict) is agrees),
            default=1.0,
        )
        for agrees in (True, False)
    ]
    return Proportion.of(right, wrong, (heaviest[0], heaviest[1]))
