"""A labeller's rate, corrected for the errors that people found in its verdicts. Pure.

People review a share of the runs, and not the same share of each kind: more of those
that need it (`proctor/logs/triage.py`). So each run that they labelled stands for as
many as there are of its kind for each that was labelled.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from ..logs.decisions import HUMAN
from ..logs.runs import Run
from ..logs.triage import stratum
from ..stats.agreement import CONFIDENCE, Estimate
from ..stats.rates import Rate
from ..taxonomy import Verdict
from .contents import Correction

Stratum = tuple[str, bool]


@dataclass(frozen=True)
class Proportion:
    """A share of weighted runs.

    With one success and one failure more than were seen, as Lang and Reiczigel (2014)
    add them: what was never seen may still be. An imagined run has the weight of the
    runs that it would be one of, so that a mistake that nobody found among runs of
    which few were reviewed stays as likely as it is. With all weights 1 it is theirs.

    Attributes:
        value: As it was seen.
        adjusted: With the two more.
        size: As how many runs of equal weight all count, with the two more: Kish,
            Survey Sampling (1965), section 11.7.
    """

    value: float
    adjusted: float
    size: float

    @property
    def variance(self) -> float:
        """Of the adjusted value."""
        return self.adjusted * (1 - self.adjusted) / self.size

    def estimate(self, confidence: float) -> Estimate:
        """Return the value, with an adjusted Wald interval."""
        half = _z(confidence) * sqrt(self.variance)
        low, high = max(0.0, self.adjusted - half), min(1.0, self.adjusted + half)
        return Estimate(self.value, min(low, self.value), max(high, self.value))


@dataclass(frozen=True)
class Error:
    """How often a labeller is right.

    Attributes:
        sensitivity: Share of the cheating runs that it calls so.
        specificity: Share of the compliant runs that it calls so.
    """

    sensitivity: Proportion
    specificity: Proportion

    @property
    def informative(self) -> bool:
        """Whether a verdict says more than chance: Youden's index is above 0."""
        found, spared = self.sensitivity, self.specificity
        return found.value + spared.value > 1 and found.adjusted + spared.adjusted > 1

    def correct(self, rate: Rate, confidence: float = CONFIDENCE) -> Estimate | None:
        """Correct the rate of cheating that the labeller found.

        Rogan and Gladen, American Journal of Epidemiology 107 (1978), 71, equation 1;
        the interval is that of Lang and Reiczigel, Preventive Veterinary Medicine 113
        (2014), 13, equations 16 and 17, which counts that sensitivity and specificity
        are known from a sample only. Both are kept inside [0, 1].

        Args:
            rate: What the labeller found.
            confidence: Coverage of the interval, between 0 and 1.

        Returns:
            The rate; None of no runs.
        """
        if not rate.of:
            return None
        found, spared, z = self.sensitivity, self.specificity, _z(confidence)
        youden = found.value + spared.value - 1
        value = _inside((rate.count / rate.of + spared.value - 1) / youden)
        size = rate.size + z * z
        apparent = (rate.count / rate.of * rate.size + z * z / 2) / size
        youden = found.adjusted + spared.adjusted - 1
        centre = (apparent + spared.adjusted - 1) / youden
        shift = centre * found.variance - (1 - centre) * spared.variance
        variance = (
            apparent * (1 - apparent) / size
            + centre**2 * found.variance
            + (1 - centre) ** 2 * spared.variance
        ) / youden**2
        middle, half = centre + 2 * z * z * shift, z * sqrt(variance)
        low, high = _inside(middle - half), _inside(middle + half)
        return Estimate(value, min(low, value), max(high, value))


def measure(
    runs: Sequence[Run], labeller: str, confidence: float = CONFIDENCE
) -> tuple[Correction, Error | None]:
    """Hold a labeller's verdicts against people's.

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
    seen = sum(right) + sum(wrong)
    if not seen:
        return None
    heaviest = [
        max(
            (w for (said, _), w in weights.items() if (said == verdict) is agrees),
            default=1.0,
        )
        for agrees in (True, False)
    ]
    weighted = [*right, *wrong, *heaviest]
    total = sum(weighted)
    return Proportion(
        sum(right) / seen,
        (sum(right) + heaviest[0]) / total,
        total**2 / sum(weight**2 for weight in weighted),
    )


def _z(confidence: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2))


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value))
