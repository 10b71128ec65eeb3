"""Runs the exams that standard input asks for, all in this process.

To start Inspect and a provider's client takes longer than an exam, and most of an exam
over a wire is waiting.
"""

import json
import os
import sys
from functools import partial
from importlib.metadata import entry_points

from inspect_ai import Task, eval, task_with
from inspect_ai._util import entrypoints
from inspect_ai.model import GenerateConfig, get_model

from cheating_evals import cheating_evals
from tests import containers


def exam(order: dict[str, object], config: GenerateConfig) -> Task:
    """Make the exam of one model, which grades itself as well."""
    # a provider looks where its service is when it is made
    os.environ[str(order["variable"])] = str(order["address"])
    model = get_model(
        str(order["model"]), config=config, memoize=False, **dict(order["arguments"])
    )
    return task_with(
        cheating_evals(runs=int(str(order["runs"]))),
        name=str(order["name"]),
        model=model,
        sandbox=containers.NAME,
    )


if __name__ == "__main__":
    # what else is installed here takes two seconds to load, and no run needs it
    entrypoints.entry_points = partial(entry_points, name="proctor")
    given = json.load(sys.stdin)
    options = given["options"]
    config = GenerateConfig(**options.pop("config"))
    eval([exam(order, config) for order in given["exams"]], **options)
