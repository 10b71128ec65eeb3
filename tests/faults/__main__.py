"""Runs Inspect's own command with the agents of `tests.faults.agents` in it.

python -m tests.faults eval tests/faults/exam.py --model faulty/all
"""

import runpy

from proctor.sandbox import client as link
from tests.faults import agents

# Seconds that a sandbox may take on top of what was asked for. Where it has stopped to
# answer, each test would wait for a minute.
PATIENCE = 12

assert agents.FaultyModel and link.SLACK > PATIENCE
link.SLACK = PATIENCE
runpy.run_module("inspect_ai", run_name="__main__", alter_sys=True)
