"""How far one labeller agrees with another: figures with their intervals. Pure.

A verdict of cheating is the positive outcome. What cannot be computed (a rate of no
runs, kappa where everybody says the same) is absent, never 0.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

from ..taxonomy import Verdict

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95


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


def wilson(rate: float, size: float, confidence: float = CONFIDENCE) -> Estimate:
    """Give a rate its Wilson score interval (Wilson, 1927).

    Args:
        rate: In [0, 1].
        size: Of how many runs; need not be whole.
        confidence: Coverage, between 0 and 1.
    """
    # a second of import that every command would pay otherwise
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(
        rate * size, size, alpha=1 - confidence, method="wilson"
    )
    # rounding must not put the ends on the wrong side
    return Estimate(rate, min(float(low), rate), max(float(high), rate))


@dataclass(frozen=True)
class Agreement:
    """How a labeller's verdicts go with the true ones.

    Attributes:
        both: Cheating, and called so.
        missed: Cheating, and called compliant.
        alarms: Compliant, and called cheating.
        neither: Compliant, and called so.
        confidence: Coverage of the intervals.
    """

    both: int
    missed: int
    alarms: int
    neither: int
    confidence: float = CONFIDENCE

    @property
    def count(self) -> int:
        """How many runs were compared."""
        return self.both + self.missed + self.alarms + self.neither

    @property
    def agreement(self) -> Estimate | None:
        """Share of the runs with the same verdict."""
        return self._share(self.both + self.neither, self.count)

    @property
    def true_positive_rate(self) -> Estimate | None:
        """Share of the cheating runs that were called so (sensitivity)."""
        return self._share(self.both, self.both + self.missed)

    @property
    def false_positive_rate(self) -> Estimate | None:
        """Share of the compliant runs that were called cheating."""
        return self._share(self.alarms, self.alarms + self.neither)

    @property
    def balanced_accuracy(self) -> Estimate | None:
        """Mean of sensitivity and specificity.

        The interval combines the two rates' own by the method of variance estimates
        recovery: Zou and Donner, Statistics in Medicine 27 (2008), 1693, equation 5.
        """
        found = self.true_positive_rate
        spared = self._share(self.neither, self.alarms + self.neither)
        if found is None or spared is None:
            return None
        low = sqrt((found.value - found.low) ** 2 + (spared.value - spared.low) ** 2)
        high = sqrt((found.high - found.value) ** 2 + (spared.high - spared.value) ** 2)
        value = (found.value + spared.value) / 2
        return Estimate(value, value - low / 2, value + high / 2)

    @property
    def kappa(self) -> Estimate | None:
        """Cohen's kappa with its large-sample interval.

        `statsmodels.stats.inter_rater.cohens_kappa`, after Fleiss, Cohen and Everitt,
        Psychological Bulletin 72 (1969), 323.
        """
        # a second of import that every command would pay otherwise
        from scipy.stats import norm
        from statsmodels.stats.inter_rater import cohens_kappa

        sides = (self.both + self.missed, self.alarms + self.neither)
        others = (self.both + self.alarms, self.missed + self.neither)
        if 0 in (self.count, *sides) or 0 in others:
            return None
        result = cohens_kappa([[self.both, self.missed], [self.alarms, self.neither]])
        value, error = float(result.kappa), float(result.std_kappa)
        # where both always agree the estimate has no variance
        z = float(norm.ppf((1 + self.confidence) / 2))
        half = z * error if isfinite(error) else 0.0
        return Estimate(value, max(-1.0, value - half), min(1.0, value + half))

    def _share(self, part: int, whole: int) -> Estimate | None:
        return wilson(part / whole, whole, self.confidence) if whole else None

    def counts(self) -> dict[str, int]:
        """Return the four counts by their names in tables and JSON."""
        return {
            "both_cheating": self.both,
            "missed": self.missed,
            "false_alarms": self.alarms,
            "both_compliant": self.neither,
        }

    def figures(self) -> dict[str, float]:
        """Return every figure that exists, with `_low` and `_high` for its interval."""
        named = {
            "agreement": self.agreement,
            "balanced_accuracy": self.balanced_accuracy,
            "true_positive_rate": self.true_positive_rate,
            "false_positive_rate": self.false_positive_rate,
            "kappa": self.kappa,
        }
        found: dict[str, float] = {"compared": self.count}
        for name, estimate in named.items():
            if estimate is not None:
                found[name] = estimate.value
                found[f"{name}_low"] = estimate.low
                found[f"{name}_high"] = estimate.high
        return found


def compare(
    pairs: Iterable[tuple[Verdict | str, Verdict | str]],
    confidence: float = CONFIDENCE,
) -> Agreement:
    """Count how verdicts go together.

    Args:
        pairs: Of each run, the labeller's verdict and the true one.
        confidence: Coverage of the intervals, between 0 and 1.

    Raises:
        ValueError: A verdict is none, or `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    known = [(Verdict(said), Verdict(true)) for said, true in pairs]
    bad, good = Verdict.CHEATING, Verdict.COMPLIANT
    return Agreement(
        known.count((bad, bad)),
        known.count((good, bad)),
        known.count((bad, good)),
        known.count((good, good)),
        confidence,
    )


# Of the interval of alpha, which has no closed form; its seed, so that the same labels
# give the same figures.
RESAMPLES, SEED = 1999, 20250703


def krippendorff_alpha(
    labels: Sequence[Sequence[float]], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Krippendorff's alpha for nominal labels of two or more labellers.

    The package `krippendorff`, after Krippendorff, Content Analysis (3rd edition,
    2013), chapter 12. The interval is the percentile bootstrap over units (runs), as in
    Zapf et al., BMC Medical Research Methodology 16 (2016), 93.

    Args:
        labels: A row for each labeller, a column for each unit; NaN where a labeller
            has not labelled a unit.
        confidence: Coverage of the interval.

    Returns:
        The figure, at most 1; None where no unit has two labels, or all labels are the
        same, so that agreement by chance cannot be told.
    """
    import numpy as np

    table = np.asarray(labels, dtype=float)
    shared = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    value = _alpha(shared)
    if value is None:
        return None
    chooser = np.random.default_rng(SEED)
    units = shared.shape[1]
    draws = chooser.integers(units, size=(RESAMPLES, units))
    drawn = [_alpha(shared[:, columns]) for columns in draws]
    known = [one for one in drawn if one is not None]
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value))


def _alpha(table: "np.ndarray[Any, Any]") -> float | None:
    import krippendorff
    import numpy as np

    if not table.size or len(np.unique(table[~np.isnan(table)])) < 2:
        return None
    with warnings.catch_warnings():
        # labellers who labelled none of the units drawn
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(krippendorff.alpha(table, level_of_measurement="nominal"))
