"""What runs take: tokens, cost and hours, from past runs. Pure.

What no log says is None, never a guess.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from ..logs.runs import Run
from ..logs.usage import Usage
from .design import PlanError

# Prices are in dollars per so many tokens.
MILLION = 1_000_000
# More than a dollar a token is a mistake.
DEAREST = MILLION


# --- prices -----------------------------------------------------------------------


@dataclass(frozen=True)
class Price:
    """What tokens of a model cost, in dollars per million.

    Attributes:
        input: Of the prompt.
        output: Of the reply.
    """

    input: float
    output: float

    def of(self, usage: Usage) -> float:
        """Return what tokens cost, in dollars."""
        return (usage.input * self.input + usage.output * self.output) / MILLION


def prices_of(texts: Iterable[str]) -> dict[str, Price]:
    """Read prices, each `MODEL=IN,OUT`.

    Raises:
        PlanError: One is no price, or a model has two.
    """
    found: dict[str, Price] = {}
    for text in texts:
        # from the right, since names of models may hold anything
        model, _, figures = text.rpartition("=")
        try:
            one, other = map(float, figures.split(","))
        except ValueError:
            one = other = math.nan
        if not model or not (0 <= one <= DEAREST and 0 <= other <= DEAREST):
            raise PlanError(
                f"--price {text} is no price; write MODEL=IN,OUT in dollars per "
                "million tokens, for instance lab/model=3,15."
            )
        if model in found:
            raise PlanError(f"--price of {model} is given twice; give one.")
        found[model] = Price(one, other)
    return found


# --- what it takes ----------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """What the runs of one model take.

    Attributes:
        model: The model.
        runs: How many are planned.
        past: On how many past runs the figures rest.
        borrowed: Whether those are of other models, as there are none of its own.
        median_tokens: Of an agent's run.
        mean_tokens: Likewise.
        agent_tokens: Of all planned runs, by the mean; None where unknown.
        graders_tokens: Of their graders, likewise.
        agent_cost: In dollars, of all planned runs, by the mean; None where unknown.
        graders_cost: Of their graders, likewise.
        seconds: Median time of a run; None where unknown.
        unpriced: Graders whose cost is unknown.
    """

    model: str
    runs: int
    past: int = 0
    borrowed: bool = False
    median_tokens: float | None = None
    mean_tokens: float | None = None
    agent_tokens: float | None = None
    graders_tokens: float | None = None
    agent_cost: float | None = None
    graders_cost: float | None = None
    seconds: float | None = None
    unpriced: tuple[str, ...] = ()

    @property
    def cost(self) -> float | None:
        """Of the agent, and of graders as far as it is known."""
        if self.agent_cost is None:
            return None
        return self.agent_cost + (self.graders_cost or 0.0)


def budget(
    model: str, runs: int, past: Sequence[Run], prices: Mapping[str, Price]
) -> Budget:
    """Estimate what runs of a model take.

    Args:
        model: The model.
        runs: How many are planned.
        past: Past runs, of any models. Those of the model count; all of them where
            there are none of it, but then no cost is taken from logs.
        prices: By model. They count before what logs say.
    """
    own = [run for run in past if run.model == model]
    known = own or [_borrowed(run, model) for run in past]
    agents = [run.agent for run in known if run.agent]
    graders = [run.graders for run in known if run.graders]
    tokens = [usage.total for usage in agents]
    agent_costs = [_cost(usage, prices.get(model)) for usage in agents]
    graders_costs = [
        {name: _cost(usage, prices.get(name)) for name, usage in one.items()}
        for one in graders
    ]
    unpriced = {n for one in graders_costs for n, cost in one.items() if cost is None}
    times = [run.seconds for run in known if run.seconds is not None]
    return Budget(
        model=model,
        runs=runs,
        past=len(known),
        borrowed=bool(known) and not own,
        median_tokens=float(median(tokens)) if tokens else None,
        mean_tokens=_all_of(1, tokens),
        agent_tokens=_all_of(runs, tokens),
        graders_tokens=_all_of(
            runs, [sum(usage.total for usage in one.values()) for one in graders]
        ),
        agent_cost=_all_of(runs, agent_costs),
        graders_cost=None
        if unpriced
        else _all_of(runs, [total(one.values()) for one in graders_costs]),
        seconds=float(median(times)) if times else None,
        unpriced=tuple(sorted(unpriced)),
    )


def _borrowed(run: Run, model: str) -> Run:
    """Return a run as one of another model, which has another price.

    Who graded itself would do so as that model, too.
    """
    return replace(
        run,
        agent=run.agent and replace(run.agent, cost=None),
        graders=dict(
            (model, replace(usage, cost=None)) if name == run.model else (name, usage)
            for name, usage in run.graders.items()
        ),
    )


def _cost(usage: Usage, price: Price | None) -> float | None:
    return price.of(usage) if price else usage.cost


def _all_of(runs: int, values: Iterable[float | None]) -> float | None:
    """Return what runs take by the mean of what is known."""
    known = [value for value in values if value is not None]
    return runs * fmean(known) if known else None


def hours(budgets: Sequence[Budget], parallel: int) -> float | None:
    """Estimate how long an experiment takes.

    Args:
        budgets: Of all models.
        parallel: How many runs go on at the same time.

    Returns:
        Hours, at least those of the longest run; None where a model's are unknown.
    """
    known = [(one.runs, one.seconds) for one in budgets if one.seconds is not None]
    if not known or len(known) < len(budgets):
        return None
    work = math.fsum(runs * seconds for runs, seconds in known)
    return max(work / parallel, *(seconds for _, seconds in known)) / 3600


def total(values: Iterable[float | None]) -> float | None:
    """Add up figures; None where one is unknown."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return math.fsum(known) if known and len(known) == len(listed) else None
