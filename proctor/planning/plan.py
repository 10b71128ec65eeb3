"""The plan as a whole: what it takes, what it shows, and what to know of both. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..logs.runs import Run
from .budget import Budget, Price, budget, hours
from .design import Design, PlanError
from .power import Base, Detectable, base_of, detectable, effective

# Base rates to show where nobody knows one: the easiest to exceed, and the hardest.
BASES = (0.0, 0.5)


@dataclass(frozen=True)
class Terms:
    """What an experiment is to show, and how surely.

    Attributes:
        alpha: Greatest adjusted p-value that counts, between 0 and 1.
        power: With what probability a difference is to show, between 0 and 1.
        icc: Correlation of the runs of one quiz over epochs, in [0, 1].
        comparisons: Over how many p-values are adjusted; None for those of the design.
        bases: Rates from which differences are looked for; empty for that of past runs.
        parallel: How many runs go on at the same time.
    """

    alpha: float = 0.05
    power: float = 0.8
    icc: float = 0.0
    comparisons: int | None = None
    bases: tuple[float, ...] = ()
    parallel: int = 1


@dataclass(frozen=True)
class Plan:
    """All of it.

    Attributes:
        design: What is planned.
        terms: What it is to show.
        budgets: What it takes, of each model.
        hours: How long it takes; None where unknown.
        comparisons: Over how many p-values are adjusted, 1 or more.
        size: As how many independent runs a group counts.
        detectable: The smallest differences that show, from each base rate.
        notes: What a reader of the figures must know, a line each.
    """

    design: Design
    terms: Terms
    budgets: tuple[Budget, ...]
    hours: float | None
    comparisons: int
    size: int
    detectable: tuple[Detectable, ...]
    notes: tuple[str, ...]

    @property
    def alpha(self) -> float:
        """Greatest p-value of one comparison that counts.

        Bonferroni's bound, which is Holm's first step: if any p-value is to count, the
        smallest must pass it.
        """
        return self.terms.alpha / self.comparisons


def plan_of(
    design: Design,
    terms: Terms,
    past: Sequence[Run] = (),
    prices: Mapping[str, Price] | None = None,
) -> Plan:
    """Say what a design takes and what it shows.

    Args:
        design: The design.
        terms: What it is to show.
        past: Past runs to estimate from.
        prices: By model.

    Raises:
        PlanError: A price is of a model that is neither planned nor a grader.
    """
    prices = prices or {}
    _check_prices(prices, design, past)
    budgets = tuple(
        budget(model, design.per_model, past, prices) for model in design.models
    )
    comparisons = max(1, terms.comparisons or design.comparisons)
    size = effective(design, terms.icc)
    known = base_of(past, design.models)
    found = [known] if known else [Base(rate) for rate in BASES]
    bases = [Base(rate) for rate in terms.bases] or found
    alpha = terms.alpha / comparisons
    return Plan(
        design=design,
        terms=terms,
        budgets=budgets,
        hours=hours(budgets, terms.parallel),
        comparisons=comparisons,
        size=size,
        detectable=tuple(detectable(b, size, alpha, terms.power) for b in bases),
        notes=tuple(_notes(budgets, past, prices)),
    )


def _check_prices(
    prices: Mapping[str, Price], design: Design, past: Sequence[Run]
) -> None:
    known = {*design.models, *(name for one in past for name in one.graders)}
    for name in prices:
        # graders are known from logs only
        if past and name not in known:
            raise PlanError(
                f"--price of {name}: neither a planned model nor a grader of the logs "
                f"is called that; those are {', '.join(sorted(known))}."
            )


def _notes(
    budgets: Sequence[Budget], past: Sequence[Run], prices: Mapping[str, Price]
) -> list[str]:
    if not past:
        return ["Without past runs (--from LOGS) tokens, cost and hours are unknown."]
    notes = []
    borrowed = [one.model for one in budgets if one.borrowed]
    if borrowed:
        notes.append(
            f"There are no past runs of {', '.join(borrowed)}: tokens and time are "
            f"those of all {len(past)} past runs, of other models, and may be far off."
        )
    if not any(one.graders for one in past):
        notes.append("No past run tells its graders' tokens; they come on top.")
    dear = [one.model for one in budgets if one.agent_cost is None]
    if dear:
        notes.append(
            f"What {', '.join(dear)} costs is unknown; give --price MODEL=IN,OUT."
        )
    graders = sorted({name for one in budgets for name in one.unpriced})
    if graders and len(dear) < len(budgets):
        notes.append(
            f"The cost is without graders: {', '.join(graders)} has no price; give "
            "--price MODEL=IN,OUT."
        )
    if prices:
        notes.append(
            "By --price all input costs the same; what a provider reads from a cache "
            "costs less."
        )
    return notes
