"""The experiment that is planned: which models, under which conditions. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations

from ..room.conditions import FACTORS, STUDY, Condition, ConditionError, cross, varying

# Runs of a group; of more, all outcomes take minutes to go through.
MOST = 100_000


class PlanError(ValueError):
    """What is planned does not exist; the message says what to write instead."""


@dataclass(frozen=True)
class Design:
    """An experiment: every model under every condition.

    Attributes:
        models: The models.
        conditions: The conditions.
        runs: How many of each model under each condition.
        epochs: How often each of them is repeated.
    """

    models: tuple[str, ...]
    conditions: tuple[Condition, ...]
    runs: int
    epochs: int = 1

    @property
    def size(self) -> int:
        """Runs of one group: a model under one condition."""
        return self.runs * self.epochs

    @property
    def per_model(self) -> int:
        """Runs of one model."""
        return self.size * len(self.conditions)

    @property
    def total(self) -> int:
        """All runs."""
        return self.per_model * len(self.models)

    @property
    def comparisons(self) -> int:
        """How many comparisons `proctor report` makes of it.

        Groups that differ in one thing, the model or one factor:
        `report.comparisons.compare_all`.
        """
        models, conditions = len(self.models), len(self.conditions)
        alike = sum(len(varying(p)) == 1 for p in combinations(self.conditions, 2))
        return math.comb(models, 2) * conditions + alike * models


def design_of(
    models: Sequence[str], settings: Iterable[str], runs: int, epochs: int
) -> Design:
    """Read what is planned.

    Args:
        models: Names of models, also several in one with commas between them.
        settings: The task's parameters, each `factor=levels`.
        runs: How many of each model under each condition.
        epochs: How often each of them is repeated.

    Raises:
        PlanError: A model is named twice, a parameter is no factor, a level does not
            exist, or there are too many runs.
    """
    names = [name.strip() for one in models for name in one.split(",")]
    if not all(names):
        raise PlanError("A model has no name; write --model PROVIDER/MODEL.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise PlanError(f"--model {twice[0]} is given twice; name each model once.")
    try:
        conditions = cross(STUDY.as_record() | factors(settings))
    except ConditionError as error:
        raise PlanError(f"-T {error}.") from error
    design = Design(tuple(names), tuple(conditions), runs, epochs)
    if design.size > MOST:
        raise PlanError(
            f"{design.size:,} runs of each model and condition are more than can be "
            f"planned ({MOST:,}); give less --runs or --epochs."
        )
    return design


def factors(settings: Iterable[str]) -> dict[str, str]:
    """Read parameters of the task that are factors.

    Args:
        settings: Each `factor=levels`, with hyphens or underscores in the name.

    Raises:
        PlanError: One is not a factor, has no value, or is given twice.
    """
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name.strip().replace("-", "_")
        if name not in FACTORS:
            raise PlanError(f"-T {name} is no factor; {_instead(name)}")
        if not equals or not value.strip():
            raise PlanError(f"-T {name} has no value; write -T {name}=LEVEL, or =all.")
        if name in found:
            raise PlanError(
                f"-T {name} is given twice; write its levels with commas between them."
            )
        found[name] = value
    return found


def _instead(name: str) -> str:
    if name in ("runs", "epochs"):
        return f"write --{name} N."
    close = get_close_matches(name, FACTORS, 1)
    return f"did you mean {close[0]}?" if close else f"use {', '.join(FACTORS)}."
