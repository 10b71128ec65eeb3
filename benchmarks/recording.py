"""What the recording costs the agent's own commands."""

import json
from pathlib import Path

from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import StoreModel, sandbox
from pydantic import Field
from rich.console import Console

from proctor.exam.session import DOCKER_AGENT, DOCKER_FOLDER, enter_room
from proctor.room.layout import DOCKER_HOME

from .figures import BenchmarkError, Figure, Mark, Section
from .trials import Trial, run

PYTHON = "Python start, 5 times"
# A fixed part of the standard library: small, and without tests.
COMPILED = "/usr/lib/python3*/email /usr/lib/python3*/json /usr/lib/python3*/logging"
# Each takes about a tenth of a second unrecorded, so that one process more or less
# on the machine is not the figure.
COMMANDS = {
    "shell built-in, 30,000 times": "for ((i=0; i<30000; i++)); do :; done",
    "ls -la, 20 times": "for ((i=0; i<20; i++)); do /bin/ls -la /usr/bin; done",
    PYTHON: "for ((i=0; i<5; i++)); do python3 -c pass; done",
    "1,000 files opened": "for ((i=0; i<1000; i++)); do : < /etc/passwd; done",
    # there is no C compiler in the room; the agent may write where it compiles to
    "compiling Python modules": (
        f"PYTHONPYCACHEPREFIX=/tmp/compiled python3 -m compileall -q -f {COMPILED}"
    ),
}
MARKS = {PYTHON: Mark(1.5)}
# Commands take tenths of a second, and so are taken more often than whole runs.
SHORT = 4
TIMEOUT = 600
SCRIPT = Path(__file__).with_name("inside.py")
Times = dict[str, list[tuple[float, float]]]


class Inside(StoreModel):
    """What was measured inside the container."""

    times: Times = Field(default_factory=dict)


def measured(repeats: int, console: Console) -> list[Section]:
    """Measure and report.

    Args:
        repeats: Taken so many times `SHORT`.
        console: Where progress is told.
    """

    async def step(state: TaskState, generate: Generate) -> None:
        await enter_room("docker")(state, generate)
        state.store_as(Inside).times = await measure(SHORT * repeats)

    [sample] = run([Trial("the cost of recording", step)], console).samples
    return [section(sample.store_as(Inside).times)]


async def measure(repeats: int) -> Times:
    """Time the commands in the current sandbox, with and without recording.

    A room must be open there, for its recorder says how strace is called.

    Raises:
        BenchmarkError: They did not run.
    """
    setup = {
        "folder": DOCKER_FOLDER,
        "home": DOCKER_HOME,
        "agent": DOCKER_AGENT,
        "commands": COMMANDS,
        "repeats": repeats,
    }
    result = await sandbox().exec(
        ["python3", "-I", "-c", SCRIPT.read_text(encoding="utf-8")],
        input=json.dumps(setup),
        user="root",
        timeout=TIMEOUT,
    )
    if not result.success:
        reason = result.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BenchmarkError(f"the cost of recording: {reason[0]}")
    times: Times = json.loads(result.stdout)
    return times


def section(times: Times) -> Section:
    """Report what was measured."""
    return Section(
        "Commands in the container\nA: under the recorder's strace\nB: without",
        [Figure(name, pairs, mark=MARKS.get(name)) for name, pairs in times.items()],
    )
