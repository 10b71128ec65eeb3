"""How far one labeller agrees with another: figures with their intervals. Pure.

A verdict of cheating is the positive outcome. What cannot be computed (a rate of no
runs, kappa where everybody says the same) is absent, never 0.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any

from ..taxonomy import Verdict
from .estimate import CONFIDENCE, SEED, Estimate, normal_quantile, wilson

if TYPE_CHECKING:
    import numpy as np


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
        low = hypot(found.value - found.low, spared.value - spared.low)
        high = hypot(found.high - found.value, spared.high - spared.value)
        value = (found.value + spared.value) / 2
        return Estimate(value, value - low / 2, value + high / 2)

    @property
    def kappa(self) -> Estimate | None:
        """Cohen's kappa with its large-sample interval.

        Its standard error is that of Fleiss, Cohen and Everitt, Psychological Bulletin
        72 (1969), 323, equation 13.
        """
        n = self.count
        if not n:
            return None
        table = ((self.both / n, self.missed / n), (self.alarms / n, self.neither / n))
        truth = [sum(row) for row in table]
        said = [sum(column) for column in zip(*table, strict=True)]
        if 0 in (*truth, *said):
            return None
        observed = table[0][0] + table[1][1]
        chance = truth[0] * said[0] + truth[1] * said[1]
        value = (observed - chance) / (1 - chance)
        variance = sum(
            share
            * ((i == j) * (1 - chance) - (1 - observed) * (said[i] + truth[j])) ** 2
            for i, row in enumerate(table)
            for j, share in enumerate(row)
        )
        variance -= (observed * chance - 2 * chance + observed) ** 2
        # where both always agree the estimate has no variance
        error = sqrt(max(0.0, variance) / n) / (1 - chance) ** 2
        half = normal_quantile(self.confidence) * error
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


# Of the interval of alpha, which has no closed form.
RESAMPLES = 1999


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
