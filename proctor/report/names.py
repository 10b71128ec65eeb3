"""What models and groups are called: by what tells them from the others. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..room.conditions import as_text
from .contents import Group


@dataclass(frozen=True)
class Name:
    """What a group is called.

    Attributes:
        title: The model, without its provider where that still tells it; or, where
            there is only one model, what tells its groups apart.
        detail: What else tells it from other groups; may be empty.
    """

    title: str
    detail: str = ""

    @property
    def line(self) -> str:
        """Both on one line."""
        return ", ".join(filter(None, (self.title, self.detail)))


def names_of(groups: Sequence[Group]) -> list[Name]:
    """Call each group by what tells it from the others."""
    short = shortened(group.model for group in groups)
    factors, several = differing(groups), several_tasks(groups)
    names = []
    for group in groups:
        task = group.task if several else ""
        detail = ", ".join(filter(None, (group.told_apart(factors), task)))
        alone = len(short) == 1 and detail
        names.append(Name(detail) if alone else Name(short[group.model], detail))
    return names


def shortened(models: Iterable[str]) -> dict[str, str]:
    """Return each model's name without its providers, where that still tells it."""
    ends = {model: model.rsplit("/", 1)[-1] for model in models}
    times = Counter(ends.values())
    return {
        model: end if end and times[end] == 1 else model for model, end in ends.items()
    }


def several_tasks(groups: Sequence[Group]) -> bool:
    """Whether groups are of more than one task."""
    return len({group.task for group in groups}) > 1


def differing(groups: Sequence[Group]) -> list[str]:
    """Return the factors that are not the same in all groups."""
    conditions = [dict(group.condition) for group in groups]
    factors = dict.fromkeys(factor for condition in conditions for factor in condition)
    return [f for f in factors if len({c.get(f) for c in conditions}) > 1]


def constant(groups: Sequence[Group]) -> str:
    """Return what holds of all groups, on one line; may be empty."""
    factors = differing(groups)
    first = groups[0].condition if groups else ()
    return as_text((f, level) for f, level in first if f not in factors)
