"""Which difference an experiment can show. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..logs.runs import Run
from ..stats.power import DIGITS, least_higher
from ..taxonomy import Verdict
from .design import Design


@dataclass(frozen=True)
class Base:
    """A rate from which differences are looked for.

    Attributes:
        rate: In [0, 1].
        cheated: How many past runs cheated; None where the rate is not from logs.
        of: Of how many that were scored.
    """

    rate: float
    cheated: int | None = None
    of: int | None = None


@dataclass(frozen=True)
class Detectable:
    """The smallest differences that a comparison shows.

    Attributes:
        base: The rate in the one group.
        higher: The least rate above it in the other that shows; None where not even 1
            does.
        lower: The greatest rate below it that shows; None where not even 0 does.
    """

    base: Base
    higher: float | None
    lower: float | None


def base_of(past: Sequence[Run], models: Sequence[str]) -> Base | None:
    """Return how often past runs cheated.

    Args:
        past: Past runs under any condition.
        models: Whose count; where none of them has a verdict, all do.

    Returns:
        None where no run has a verdict.
    """
    for counted in ([one for one in past if one.model in models], past):
        known = [one.label.verdict for one in counted if one.label.verdict]
        if known:
            cheated = known.count(Verdict.CHEATING)
            return Base(cheated / len(known), cheated, len(known))
    return None


def effective(design: Design, icc: float) -> int:
    """Return as how many independent runs a group counts.

    The design effect is Kish's, Survey Sampling (1965), section 5.4:
    1 + (epochs - 1) * icc.

    Args:
        design: The design.
        icc: Correlation of the runs of one quiz, in [0, 1].
    """
    size = design.size / (1 + (design.epochs - 1) * icc)
    # what rounding takes from a whole number is no run
    return max(1, math.floor(size + 1e-9))


def detectable(base: Base, size: int, alpha: float, power: float) -> Detectable:
    """Find the smallest differences from a rate that a comparison shows.

    Args:
        base: The rate in the one group.
        size: Runs of each group.
        alpha: Greatest p-value that counts.
        power: With what probability it is to show, between 0 and 1.
    """
    higher = least_higher(base.rate, size, alpha, power)
    # the test is the same when cheating and compliant runs change places
    lower = least_higher(1 - base.rate, size, alpha, power)
    return Detectable(base, higher, None if lower is None else round(1 - lower, DIGITS))
