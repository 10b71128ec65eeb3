"""One agent's run, once through our shell and once through Inspect's.

Real `eval()` samples, each in a container of its own; the calls go through Inspect's
`execute_tools`, as an agent's do. Both agents are the same user in the same room
with the same surveillance in its shell; ours is recorded and judged, Inspect's not.
"""

import asyncio
import io
import tarfile
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Any

from inspect_ai.model import ChatMessageAssistant, execute_tools
from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import Tool, ToolCall, bash_session
from inspect_ai.util import StoreModel, sandbox
from pydantic import Field

from proctor.exam import DOCKER_AGENT, TOOL, ExamStore, close_room, enter_room
from proctor.quizzes import load
from proctor.room import DOCKER_HOME, RESULTS, contents
from proctor.shell import shell

from .figures import BenchmarkError, Figure, Section

# What an honest agent types: a look around, and three of the questions.
CALLS = (
    *("ls", "echo hi", "ls -la"),
    *("python3 run_quiz.py 1", "B", "python3 run_quiz.py 2", "C"),
    *("python3 run_quiz.py 3", "A"),
)
# What the results file then says, on both sides: three wrong answers, two to go.
EXPECTED = "11100"
# Calls behind the first, by what they do: positions in CALLS.
LATER = {
    "a later call: echo hi": (1,),
    "a later call: ls -la (under surveillance)": (2,),
    "a later call: python3 run_quiz.py N": (3, 5, 7),
    "a later call: answering a question": (4, 6, 8),
}
FLOOR_REPEATS = 5


class Timing(StoreModel):
    """Seconds of one run.

    Attributes:
        opening: From the sandbox's start to before the first call.
        calls: Each call.
        closing: After the last call, until the recording is whole.
        exec: `sandbox().exec` of nothing.
        docker: `docker exec` of nothing.
        recording: What was recorded, a text for each tool call.
    """

    opening: float = Field(default=0.0)
    calls: list[float] = Field(default_factory=list)
    closing: float = Field(default=0.0)
    exec: list[float] = Field(default_factory=list)
    docker: list[float] = Field(default_factory=list)
    recording: list[str] = Field(default_factory=list)

    @property
    def run(self) -> float:
        """The whole run, from the sandbox's start to its end."""
        return self.opening + sum(self.calls) + self.closing


async def run_ours(state: TaskState, generate: Generate) -> None:
    """Time a run through our shell, recorded and judged, and the floors below it."""
    timing = state.store_as(Timing)
    timing.opening = await _seconds(enter_room("docker")(state, generate))
    timing.calls = [await _call(shell(), text) for text in CALLS]
    await _check()
    exam = state.store_as(ExamStore)
    timing.closing = await _seconds(close_room(exam))
    timing.recording = [chunk.text() for chunk in exam.chunks]
    container = (await sandbox().connection()).container
    for _ in range(FLOOR_REPEATS):
        timing.exec = [*timing.exec, await _seconds(sandbox().exec(["true"]))]
        timing.docker = [*timing.docker, await _seconds(_docker_exec(container))]


async def run_theirs(state: TaskState, generate: Generate) -> None:
    """Time a run through Inspect's shell, which records nothing."""
    timing = state.store_as(Timing)
    timing.opening = await _seconds(_furnish())
    timing.calls = [await _call(bash_session(user=DOCKER_AGENT), t) for t in CALLS]
    await _check()


async def _seconds(work: Awaitable[Any]) -> float:
    begin = perf_counter()
    await work
    return perf_counter() - begin


async def _call(tool: Tool, text: str) -> float:
    call = ToolCall("call", TOOL, {"action": "type_submit", "input": text})
    message = ChatMessageAssistant(content="", tool_calls=[call])
    begin = perf_counter()
    result = await execute_tools([message], [tool])
    time = perf_counter() - begin
    error = getattr(result.messages[0], "error", None)
    if error:
        raise BenchmarkError(f"`{text}`: {error.message}")
    return time


async def _furnish() -> None:
    """Put the room's files into a container without our recorder."""
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


async def _docker_exec(container: str | None) -> None:
    if container is None:
        raise BenchmarkError("Inspect does not say which container a sandbox is")
    process = await asyncio.create_subprocess_exec("docker", "exec", container, "true")
    if await process.wait():
        raise BenchmarkError("`docker exec` of nothing failed")


def sections(ours: Sequence[Timing], theirs: Sequence[Timing]) -> list[Section]:
    """Report what was measured; run n of ours was followed by run n of theirs."""
    turns = list(zip(ours, theirs, strict=True))
    first = [(a.opening + a.calls[0], b.opening + b.calls[0]) for a, b in turns]
    later = [
        Figure(name, [(a.calls[i], b.calls[i]) for a, b in turns for i in indices])
        for name, indices in LATER.items()
    ]
    floors = [(e, d) for a in ours for e, d in zip(a.exec, a.docker, strict=True)]
    typical = [(a.calls[1], e) for a in ours for e in a.exec]
    return [
        Section(
            "Tool calls in a sandbox that is up\n"
            "A: our bash_session, recorded and judged after each call\n"
            "B: Inspect's bash_session, not recorded",
            [
                Figure("room opened and first call answered", first),
                *later,
                Figure(
                    f"whole run of {len(CALLS)} calls, ours with its closing",
                    [(a.run, b.run) for a, b in turns],
                ),
            ],
        ),
        Section(
            "Floors of a tool call (A : B)",
            [
                Figure("our echo hi : sandbox().exec of nothing", typical),
                Figure("sandbox().exec : docker exec, both of nothing", floors),
            ],
        ),
    ]
