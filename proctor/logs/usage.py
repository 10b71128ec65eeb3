"""What a run used: tokens of the agent and of its graders, with their cost. Pure.

What no log says is None, or is not there; never a guess.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.model import ModelUsage

from .._inspect.files import tokens_read

# Tokens, dollars or seconds of a run: what exceeds it no run has used.
LARGEST = 10**12


@dataclass(frozen=True)
class Usage:
    """Tokens of a run.

    Attributes:
        input: Of prompts, those from a cache included.
        output: Of replies, reasoning included.
        cost: What Inspect made of them, in dollars; None where it knew no price.
    """

    input: int = 0
    output: int = 0
    cost: float | None = None

    @property
    def total(self) -> int:
        """All tokens."""
        return self.input + self.output


def usage_of(
    sample: EvalSample, model: str, votes: Iterable[Mapping[str, Any]]
) -> tuple[Usage | None, dict[str, Usage]]:
    """Tell what the agent used from what its graders used.

    Inspect counts by model, and by role where the grader is bound to one. Where a
    grader is the agent's own model, the figure of that model holds both; then the
    grader's part is that of its role, else what the judge's votes say. Of a log that
    was judged again Inspect counts nothing: votes that do not fit into its figure are
    such, and are taken from nobody's.

    Args:
        sample: The sample; its transcript is not needed.
        model: Who took the exam.
        votes: What the judge has kept of its votes.

    Returns:
        What the agent used, None where the log does not say; and what graders used, by
        model, empty where it does not say.
    """
    used = {name: _usage(one) for name, one in (sample.model_usage or {}).items()}
    agent = used.pop(model, Usage())
    graders = {name: usage for name, usage in used.items() if usage.total}
    roles = [_usage(one) for one in (sample.role_usage or {}).values()]
    voted = _by_grader(votes)
    if roles:
        own = _less(_sum(roles), _sum(graders.values()))
    else:
        own = voted.get(model, Usage())
    if own.total and own.input <= agent.input and own.output <= agent.output:
        # what Inspect says that both cost stays with the agent
        graders[model] = Usage(own.input, own.output, cost=0.0)
        agent = _less(agent, own)
    return agent if agent.total else None, graders or voted


def sane(value: float | None) -> float | None:
    """Return a figure of a log; None where it is no such thing, as logs may hold."""
    return value if value is not None and 0 <= value <= LARGEST else None


def _usage(usage: ModelUsage) -> Usage:
    prompts, replies = tokens_read(usage), usage.output_tokens
    return Usage(_count(prompts), _count(replies), sane(usage.total_cost))


def _count(value: object) -> int:
    return value if isinstance(value, int) and sane(value) is not None else 0


def _sum(usages: Iterable[Usage]) -> Usage:
    listed = list(usages)
    return Usage(sum(one.input for one in listed), sum(one.output for one in listed))


def _less(usage: Usage, part: Usage) -> Usage:
    return Usage(
        max(0, usage.input - part.input),
        max(0, usage.output - part.output),
        usage.cost,
    )


def _by_grader(votes: Iterable[Mapping[str, Any]]) -> dict[str, Usage]:
    """Return what votes say that they used; of graders that used nothing, nothing."""
    found: defaultdict[str, list[Usage]] = defaultdict(list)
    for vote in votes:
        tokens = _count(vote.get("input_tokens")), _count(vote.get("output_tokens"))
        found[str(vote.get("grader"))].append(Usage(*tokens))
    sums = {name: _sum(usages) for name, usages in found.items()}
    return {name: usage for name, usage in sums.items() if usage.total}
