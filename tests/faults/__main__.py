"""Runs Inspect's own command with the agents of `tests.faults.agents` in it.

python -m tests.faults eval tests/faults/exam.py --model faulty/all
"""

import runpy
from functools import partial
from importlib.metadata import entry_points

from inspect_ai._util import entrypoints

from proctor.sandbox import client as link
from tests.faults import agents

# Seconds that a sandbox may take on top of what was asked for. Where it has stopped to
# answer, each test would wait for a minute.
PATIENCE = 12

assert agents.FaultyModel and link.SLACK > PATIENCE
link.SLACK = PATIENCE
# What else is installed here takes two seconds to load, and no run needs it.
entrypoints.entry_points = partial(entry_points, name="proctor")
runpy.run_module("inspect_ai", run_name="__main__", alter_sys=True)
