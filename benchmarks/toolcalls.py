"""One agent's run: through our shell, through it without its channel, and Inspect's.

The calls go through Inspect's `execute_tools`, as an agent's do. All agents are the
same user in the same room with the same surveillance in its shell; ours are recorded
and judged after each call, Inspect's is not.
"""

import asyncio
import io
import tarfile
from collections.abc import Sequence
from time import perf_counter
from unittest.mock import patch

from inspect_ai.model import ChatMessageAssistant, execute_tools
from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import Tool, ToolCall, bash_session
from inspect_ai.util import StoreModel, sandbox
from pydantic import Field
from rich.console import Console

from proctor.exam.quizzes import load
from proctor.exam.session import DOCKER_AGENT, TOOL, close_room, enter_room
from proctor.exam.shell import shell
from proctor.exam.store import ExamStore
from proctor.room.files import contents
from proctor.room.layout import DOCKER_HOME, RESULTS
from proctor.sandbox.channel import ChannelError, DockerChannel

from .figures import BenchmarkError, Figure, Mark, Section
from .trials import Trial, run, timed

# What an honest agent types: a look around, and three of the questions.
CALLS = (
    *("ls", "echo hi", "ls -la"),
    *("python3 run_quiz.py 1", "B", "python3 run_quiz.py 2", "C"),
    *("python3 run_quiz.py 3", "A"),
)
# What the results file then says, on all sides: three wrong answers, two to go.
EXPECTED = "11100"
# Calls behind the first, by what they do: positions in CALLS.
LATER = {
    "echo hi": (1,),
    "ls -la (under surveillance)": (2,),
    "python3 run_quiz.py N": (3, 5, 7),
    "answering a question": (4, 6, 8),
}
# Floors take a tenth of a second each, and so are taken more often than a run.
FLOOR_REPEATS = 5
OF_BASH_SESSION = Mark(1 / 30)
OF_EXEC = Mark(1.5)
OF_A_RUN = Mark(1 / 10)


class Timing(StoreModel):
    """Seconds of one run.

    Attributes:
        opening: From the sandbox's start to before the first call.
        calls: Each call.
        closing: After the last call, until the recording is whole.
        echo: A call of `echo hi`.
        exec: `sandbox().exec` of nothing, right behind each of these.
        docker: `docker exec` of nothing, right behind each of these.
    """

    opening: float = Field(default=0.0)
    calls: list[float] = Field(default_factory=list)
    closing: float = Field(default=0.0)
    echo: list[float] = Field(default_factory=list)
    exec: list[float] = Field(default_factory=list)
    docker: list[float] = Field(default_factory=list)

    @property
    def run(self) -> float:
        """The whole run, from the sandbox's start to its end."""
        return self.opening + sum(self.calls) + self.closing


async def run_ours(state: TaskState, generate: Generate) -> None:
    """Time a run through our shell, recorded and judged, and the floors below it."""
    timing = state.store_as(Timing)
    timing.opening = await timed(enter_room("docker")(state, generate))
    tool = shell()
    timing.calls = [await call(tool, text) for text in CALLS]
    await _check()
    await _floors(timing, tool)
    timing.closing = await timed(close_room(state.store_as(ExamStore)))


async def run_without_channel(state: TaskState, generate: Generate) -> None:
    """Do the same where each request is an exec, as in other sandboxes."""

    async def refuse(container: str, folder: str, user: str) -> DockerChannel:
        raise ChannelError("switched off")

    with patch("proctor.sandbox.client.open_docker", refuse):
        await run_ours(state, generate)


async def run_theirs(state: TaskState, generate: Generate) -> None:
    """Time a run through Inspect's shell, which records nothing."""
    timing = state.store_as(Timing)
    timing.opening = await timed(furnish())
    timing.calls = [await call(bash_session(user=DOCKER_AGENT), t) for t in CALLS]
    await _check()


async def call(tool: Tool, text: str) -> float:
    """Type a line as a model does, and return the call's seconds.

    Raises:
        BenchmarkError: The tool refused it.
    """
    asked = ToolCall("call", TOOL, {"action": "type_submit", "input": text})
    message = ChatMessageAssistant(content="", tool_calls=[asked])
    begin = perf_counter()
    result = await execute_tools([message], [tool])
    time = perf_counter() - begin
    error = getattr(result.messages[0], "error", None)
    if error:
        raise BenchmarkError(f"`{text}`: {error.message}")
    return time


async def furnish() -> None:
    """Put the room's files into a container without our recorder.

    Raises:
        BenchmarkError: They do not get there.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, (data, mode) in contents(load("impossible")[0].record()).items():
            record = tarfile.TarInfo(name)
            record.size, record.mode = len(data), mode
            tar.addfile(record, io.BytesIO(data))
    command = ["tar", "-x", "-C", DOCKER_HOME]
    result = await sandbox().exec(command, input=archive.getvalue(), user=DOCKER_AGENT)
    if not result.success:
        raise BenchmarkError(f"the room's files: {result.stderr.strip()}")


async def _check() -> None:
    """Make sure that what was timed has happened."""
    results = await sandbox().exec(["cat", f"{DOCKER_HOME}/{RESULTS}"])
    if results.stdout.strip() != EXPECTED:
        raise BenchmarkError(
            f"the run left {results.stdout.strip()!r} as results, not {EXPECTED!r}"
        )


async def _floors(timing: Timing, tool: Tool) -> None:
    """Take a call and what it cannot be faster than, in turn."""
    container = (await sandbox().connection()).container
    if container is None:
        raise BenchmarkError("Inspect does not say which container a sandbox is")
    taken = [
        (
            await call(tool, "echo hi"),
            await timed(sandbox().exec(["true"])),
            await timed(_docker_exec(container)),
        )
        for _ in range(FLOOR_REPEATS)
    ]
    timing.echo, timing.exec, timing.docker = map(list, zip(*taken, strict=True))


async def _docker_exec(container: str) -> None:
    process = await asyncio.create_subprocess_exec("docker", "exec", container, "true")
    if await process.wait():
        raise BenchmarkError("`docker exec` of nothing failed")


def measured(repeats: int, console: Console) -> list[Section]:
    """Measure and report.

    Args:
        repeats: How often each of the three runs is taken, in turn.
        console: Where progress is told.
    """
    kinds = {
        "our shell": run_ours,
        "our shell without its channel": run_without_channel,
        "Inspect's shell": run_theirs,
    }
    trials = [
        Trial(f"{title}, run {number} of {repeats}", step)
        for number in range(1, repeats + 1)
        for title, step in kinds.items()
    ]
    timings = [sample.store_as(Timing) for sample in run(trials, console).samples]
    return sections(timings[::3], timings[1::3], timings[2::3])


def sections(
    ours: Sequence[Timing], without: Sequence[Timing], theirs: Sequence[Timing]
) -> list[Section]:
    """Report what was measured; run n of each side was taken in turn with the others'.

    Args:
        ours: Runs through our shell.
        without: Runs through our shell without its channel.
        theirs: Runs through Inspect's.
    """
    turns = list(zip(ours, theirs, strict=True))
    later = [i for indices in LATER.values() for i in indices]
    by_kind = [
        Figure(name, _calls(turns, indices), mark=mark)
        for name, indices, mark in [
            ("any later call", later, OF_BASH_SESSION),
            *((f"a later call: {n}", i, OF_BASH_SESSION) for n, i in LATER.items()),
        ]
    ]
    first = [(a.opening + a.calls[0], b.opening + b.calls[0]) for a, b in turns]
    return [
        Section(
            "Tool calls in a sandbox that is up\n"
            "A: our bash_session, recorded and judged after each call\n"
            "B: Inspect's bash_session, not recorded",
            [
                Figure("room opened and first call answered", first),
                *by_kind,
                Figure(
                    f"whole run of {len(CALLS)} calls, ours with its closing",
                    [(a.run, b.run) for a, b in turns],
                    mark=OF_A_RUN,
                ),
            ],
        ),
        Section(
            "Floors of a tool call (A : B)",
            [
                *_above("our echo hi", ours, None),
                *_above("our echo hi without the channel", without, OF_EXEC),
                Figure(
                    "sandbox().exec : docker exec, both of nothing",
                    [
                        pair
                        for side in (*ours, *without)
                        for pair in zip(side.exec, side.docker, strict=True)
                    ],
                ),
            ],
        ),
    ]


def _calls(
    turns: Sequence[tuple[Timing, Timing]], indices: Sequence[int]
) -> list[tuple[float, float]]:
    return [(a.calls[i], b.calls[i]) for a, b in turns for i in indices]


def _above(what: str, runs: Sequence[Timing], mark: Mark | None) -> list[Figure]:
    """Hold calls against both floors."""
    return [
        Figure(
            f"{what} : sandbox().exec of nothing",
            [pair for one in runs for pair in zip(one.echo, one.exec, strict=True)],
            mark=mark,
        ),
        Figure(
            f"{what} : docker exec of nothing",
            [pair for one in runs for pair in zip(one.echo, one.docker, strict=True)],
        ),
    ]
