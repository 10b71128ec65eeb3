"""A rate corrected for the error of whoever found it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from .estimate import CONFIDENCE, Estimate, normal_quantile
from .rates import Rate


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

    @classmethod
    def of(
        cls,
        right: Sequence[float],
        wrong: Sequence[float],
        heaviest: tuple[float, float],
    ) -> "Proportion | None":
        """Return the share that is right.

        Args:
            right: Weights of the runs that are.
            wrong: Of the others.
            heaviest: The greatest weight that one of the former, and of the latter,
                may have.

        Returns:
            None of no runs.
        """
        seen = sum(right) + sum(wrong)
        if not seen:
            return None
        weighted = [*right, *wrong, *heaviest]
        total = sum(weighted)
        return cls(
            sum(right) / seen,
            (sum(right) + heaviest[0]) / total,
            total**2 / sum(weight**2 for weight in weighted),
        )

    @property
    def variance(self) -> float:
        """Of the adjusted value."""
        return self.adjusted * (1 - self.adjusted) / self.size

    def estimate(self, confidence: float) -> Estimate:
        """Return the value, with an adjusted Wald interval."""
        half = normal_quantile(confidence) * sqrt(self.variance)
        low, high = _inside(self.adjusted - half), _inside(self.adjusted + half)
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
        found, spared = self.sensitivity, self.specificity
        z = normal_quantile(confidence)
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


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value))
