"""What Inspect's command line was told.

A task or a scorer learns of it only through click's context, which Inspect leaves open
while it makes them; in Python there is none.
"""

from typing import Any

import click
from inspect_ai.model import get_model

# Inspect hands its own `model` to every task that takes any keyword.
HANDED_TO_TASKS = frozenset({"model"})


def option(name: str) -> Any:
    """Return the value of an option; None without one, or without a command."""
    context = click.get_current_context(silent=True)
    return context and context.params.get(name)


def examinee() -> str | None:
    """Return the model that a command examines, as `--model` or a setting names it.

    None in Python, where tasks are made before anything is known of the model; of
    `inspect eval-retry`, which has no such option; and with a solver of the user's own,
    which may need no model.
    """
    context = click.get_current_context(silent=True)
    if not context or "model" not in context.params or context.params.get("solver"):
        return None
    # Inspect has made it by now, so nothing is resolved here.
    return str(get_model())


def scores_a_log() -> bool:
    """Say whether this is `inspect score`, which binds roles after making scorers."""
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name == "score"
