"""What the recording costs the agent's own commands."""

import json
from pathlib import Path

from inspect_ai.util import sandbox

from proctor.exam import DOCKER_AGENT, DOCKER_FOLDER
from proctor.room import DOCKER_HOME

from .figures import BenchmarkError, Figure, Section

# Each takes about a tenth of a second unrecorded, so that one process more or less
# on the machine is not the figure.
COMMANDS = {
    "shell built-in, 30,000 times": "for ((i=0; i<30000; i++)); do :; done",
    "ls -la, 20 times": "for ((i=0; i<20; i++)); do /bin/ls -la /usr/bin; done",
    "Python start, 5 times": "for ((i=0; i<5; i++)); do python3 -c pass; done",
    "1,000 files opened": "for ((i=0; i<1000; i++)); do : < /etc/passwd; done",
}
TIMEOUT = 600
SCRIPT = Path(__file__).with_name("inside.py")
Times = dict[str, list[tuple[float, float]]]


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
        [Figure(name, pairs) for name, pairs in times.items()],
    )
