"""A figure with its interval, and Wilson's of a rate. Standard library only."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
# Of all that is drawn at random: the same runs give the same figures.
SEED = 20250703


@dataclass(frozen=True)
class Estimate:
    """A figure.

    Attributes:
        value: The figure.
        low: Lower end of its interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors an interval reaches to either side.

    Args:
        confidence: Coverage, between 0 and 1.
    """
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(rate: float, size: float, confidence: float = CONFIDENCE) -> Estimate:
    """Give a rate its score interval.

    Wilson, Journal of the American Statistical Association 22 (1927), 209: the rates x
    with (rate - x)^2 <= z^2 x (1 - x) / size.

    Args:
        rate: In [0, 1].
        size: Of how many runs, above 0; need not be whole.
        confidence: Coverage, between 0 and 1.
    """
    z = normal_quantile(confidence)
    scale = 1 + z * z / size
    centre = (rate + z * z / (2 * size)) / scale
    half = z * sqrt(rate * (1 - rate) / size + (z / (2 * size)) ** 2) / scale
    # rounding must not put the ends on the wrong side
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(rate, min(low, rate), max(high, rate))
