"""What runs take: tokens, cost and hours, from past runs. Pure.

What no log says is None, never a guess.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from .design import PlanError

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ModelUsage

    from ..logs.runs import Run

# Prices are in dollars per so many tokens.
MILLION = 1_000_000
# More than a dollar a token is a mistake.
DEAREST = MILLION
# Tokens, dollars or seconds of a run: what exceeds it no run has used.
LARGEST = 10**12


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

    def of(self, usage: "Usage") -> float:
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


# --- past runs --------------------------------------------------------------------


@dataclass(frozen=True)
class Usage:
    """Tokens of a run.

    Attributes:
        input: Of prompts, those from a cache included.
        output: Of replies, reasoning included.
        cost: What Inspect made of them, in dollars; None where it knew no price.
    """

    input: int
    output: int
    cost: float | None = None

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input + self.output


@dataclass(frozen=True)
class Past:
    """A run that was made.

    Attributes:
        model: Who took the exam.
        cheated: Whether it cheated; None where it is unscored.
        seconds: How long it took; None where unknown.
        agent: What the model used; None where the log does not say.
        graders: What graders used, by model; empty where the log does not say.
    """

    model: str
    cheated: bool | None = None
    seconds: float | None = None
    agent: Usage | None = None
    graders: Mapping[str, Usage] = field(default_factory=dict)


def past_of(run: "Run", sample: "EvalSample") -> Past:
    """Take what a plan needs from a run.

    Args:
        run: The run.
        sample: The same, as it stands in the log; its transcript is not needed.
    """
    from ..taxonomy import Verdict

    used = {name: _usage(one) for name, one in (sample.model_usage or {}).items()}
    agent = used.pop(run.model, None)
    judged = _judged(sample)
    if judged and agent and not used and judged.total < agent.total:
        # The model graded itself: its tokens are the judge's as well. What Inspect
        # says that they cost stays with the agent.
        used = {run.model: replace(judged, cost=0.0)}
        agent = Usage(
            max(0, agent.input - judged.input),
            max(0, agent.output - judged.output),
            agent.cost,
        )
    verdict = run.label.verdict
    return Past(
        run.model,
        None if verdict is None else verdict is Verdict.CHEATING,
        _sane(run.seconds),
        agent if agent and agent.total else None,
        {name: usage for name, usage in used.items() if usage.total},
    )


def _usage(usage: "ModelUsage") -> Usage:
    from .._inspect.files import tokens_read

    prompts, replies = tokens_read(usage), usage.output_tokens
    return Usage(_count(prompts), _count(replies), _sane(usage.total_cost))


def _count(value: object) -> int:
    return value if isinstance(value, int) and _sane(value) is not None else 0


def _sane(value: float | None) -> float | None:
    """Return a figure of a log; None where it is no such thing, as logs may hold."""
    return value if value is not None and 0 <= value <= LARGEST else None


def _judged(sample: "EvalSample") -> Usage | None:
    """Return what our judge says that its graders used."""
    from ..logs.runs import JUDGE

    score = (sample.scores or {}).get(JUDGE)
    known = (score.metadata if score else None) or {}
    prompts = _count(known.get("input_tokens"))
    replies = _count(known.get("output_tokens"))
    return Usage(prompts, replies) if prompts + replies else None


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
    model: str, runs: int, past: Sequence[Past], prices: Mapping[str, Price]
) -> Budget:
    """Estimate what runs of a model take.

    Args:
        model: The model.
        runs: How many are planned.
        past: Past runs, of any models. Those of the model count; all of them where
            there are none of it, but then no cost is taken from logs.
        prices: By model. They count before what logs say.
    """
    own = [one for one in past if one.model == model]
    known = own or past
    tokens = [one.agent.total for one in known if one.agent]
    graders = [_graders(one, model) for one in known if one.graders]
    unpriced = {
        name
        for by_model in graders
        for name, usage in by_model.items()
        if _cost(usage, prices.get(name)) is None
    }
    return Budget(
        model=model,
        runs=runs,
        past=len(known),
        borrowed=bool(known) and not own,
        median_tokens=float(median(tokens)) if tokens else None,
        mean_tokens=_mean(tokens),
        agent_tokens=_times(runs, _mean(tokens)),
        graders_tokens=_times(
            runs, _mean([sum(u.total for u in g.values()) for g in graders])
        ),
        agent_cost=_times(runs, _mean(_agents_costs(known, model, prices))),
        graders_cost=None
        if unpriced
        else _times(runs, _mean([_sum_of(by_model, prices) for by_model in graders])),
        seconds=_or_none(median, [one.seconds for one in known]),
        unpriced=tuple(sorted(unpriced)),
    )


def _graders(one: Past, planned: str) -> dict[str, Usage]:
    """Return a run's graders as they would be of the planned model's."""
    if one.model == planned or one.model not in one.graders:
        return dict(one.graders)
    own = replace(one.graders[one.model], cost=None)  # another model, another price
    return {n: u for n, u in one.graders.items() if n != one.model} | {planned: own}


def _agents_costs(
    past: Iterable[Past], planned: str, prices: Mapping[str, Price]
) -> list[float]:
    used = [
        one.agent if one.model == planned else replace(one.agent, cost=None)
        for one in past
        if one.agent
    ]
    costs = [_cost(usage, prices.get(planned)) for usage in used]
    return [cost for cost in costs if cost is not None]


def _cost(usage: Usage, price: Price | None) -> float | None:
    return price.of(usage) if price else usage.cost


def _sum_of(usages: Mapping[str, Usage], prices: Mapping[str, Price]) -> float:
    """Add up costs, all of which are known."""
    costs = [_cost(usage, prices.get(name)) for name, usage in usages.items()]
    return math.fsum(cost for cost in costs if cost is not None)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _or_none(
    figure: Callable[[list[float]], float], values: Iterable[float | None]
) -> float | None:
    known = [value for value in values if value is not None]
    return float(figure(known)) if known else None


def _times(runs: int, mean: float | None) -> float | None:
    return None if mean is None else runs * mean


def hours(budgets: Sequence[Budget], parallel: int) -> float | None:
    """Estimate how long an experiment takes.

    Args:
        budgets: Of all models.
        parallel: How many runs go on at the same time.

    Returns:
        Hours, at least those of the longest run; None where a model's are unknown.
    """
    times = [(one.runs, one.seconds) for one in budgets]
    known = [(runs, seconds) for runs, seconds in times if seconds is not None]
    if not known or len(known) < len(times):
        return None
    work = math.fsum(runs * seconds for runs, seconds in known)
    longest = max(seconds for _, seconds in known)
    return max(work / parallel, longest) / 3600


def total(values: Iterable[float | None]) -> float | None:
    """Add up figures; None where one is unknown."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return math.fsum(known) if known and len(known) == len(listed) else None
