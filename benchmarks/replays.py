"""Whole runs at equal parallelism: the same keystrokes through our shell and Inspect's.

The load are published transcripts where they are at hand, else the scripted agents'
runs of the sample log. Which ones is fixed by a rule that names none: every n-th of all
in their order. Both sides have the same image, limits and room; ours are recorded,
judged after each call, closed and scored, Inspect's are only played.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, execute_tools
from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import Tool, ToolCall, bash_session
from inspect_ai.util import StoreModel
from pydantic import Field
from rich.console import Console

from proctor.exam.session import DOCKER_AGENT, TOOL, enter_room
from proctor.exam.shell import shell
from proctor.room.files import ROOT
from proctor.room.layout import DOCKER_HOME
from proctor.scorers import audit, quiz
from proctor.tools.replay import adapt, load_samples

from .figures import BenchmarkError, Figure, Mark, Section
from .toolcalls import furnish
from .trials import Ran, Step, Trial, run, timed

RUNS, QUICK_RUNS = 25, 5
# As many at a time as Inspect starts of itself on two processors.
AT_ONCE = 4
MARK = Mark(1 / 10)
# The runs of scripted agents that are in the repository.
SCRIPTED = ROOT / "logs" / "scripted-sample.eval"


class Played(StoreModel):
    """Seconds of one run, from the sandbox's start to the last call's answer.

    Attributes:
        seconds: The time.
        calls: How many calls were made.
    """

    seconds: float = Field(default=0.0)
    calls: int = Field(default=0)


def load(folder: Path | None, count: int) -> list[Sample]:
    """Choose recorded runs: every n-th of all, in order.

    Args:
        folder: The published logs; None for the scripted agents'.
        count: How many.

    Raises:
        BenchmarkError: There are fewer.
    """
    runs = list(load_samples(str(folder or SCRIPTED)))
    if len(runs) < count:
        # the scripted ones are few, and play again as well as others
        runs = (runs * count)[:count] if folder is None else runs
    if len(runs) < count:
        raise BenchmarkError(f"{folder} holds {len(runs)} runs, and {count} are needed")
    return [runs[place * len(runs) // count] for place in range(count)]


def calls_of(metadata: Mapping[str, Any]) -> list[ToolCall]:
    """Return a recorded run's calls, with the paths of today's room."""
    calls = []
    for turn in metadata["turns"]:
        for recorded in turn["calls"]:
            arguments = dict(recorded["arguments"])
            if isinstance(arguments.get("input"), str):
                arguments["input"] = adapt(
                    arguments["input"], metadata["start"], DOCKER_HOME
                )
            calls.append(
                ToolCall(recorded["id"], TOOL, arguments, recorded["parse_error"])
            )
    return calls


async def ours(state: TaskState, generate: Generate) -> None:
    """Play a run in our room."""

    async def whole() -> None:
        await enter_room("docker")(state, generate)
        await _play(shell(), state)

    state.store_as(Played).seconds = await timed(whole())


async def theirs(state: TaskState, generate: Generate) -> None:
    """Play a run through Inspect's shell."""

    async def whole() -> None:
        await furnish()
        await _play(bash_session(user=DOCKER_AGENT), state)

    state.store_as(Played).seconds = await timed(whole())


async def nothing(state: TaskState, generate: Generate) -> None:
    """Do nothing in a sandbox: what starting and ending it takes."""


async def _play(tool: Tool, state: TaskState) -> None:
    played = state.store_as(Played)
    for one in calls_of(state.metadata):
        # what the tool says of a call that is none is for the agent, as ever
        await execute_tools(
            [ChatMessageAssistant(content="", tool_calls=[one])], [tool]
        )
        played.calls += 1


def measured(
    repeats: int, console: Console, folder: Path | None, count: int
) -> list[Section]:
    """Measure and report.

    Args:
        repeats: How often all runs are taken on each side, in turn.
        console: Where progress is told.
        folder: The published logs; None for the scripted agents'.
        count: How many runs.
    """
    runs = load(folder, count)
    turns = []
    for number in range(1, repeats + 1):
        console.print(f"measuring: {count} runs, {number} of {repeats} ...")
        turns.append((_all(runs, nothing), _all(runs, ours), _all(runs, theirs)))
    source = "scripted agents'" if folder is None else "published"
    return [section(turns, source)]


def _all(runs: Iterable[Sample], step: Step) -> Ran:
    trials = [Trial(str(one.id), step, one.metadata) for one in runs]
    scorers = [audit(), quiz()] if step is ours else []
    return run(trials, None, at_once=AT_ONCE, scorers=scorers)


def section(turns: Sequence[tuple[Ran, Ran, Ran]], source: str) -> Section:
    """Report what was measured.

    Args:
        turns: Of each repeat: sandboxes of nothing, ours, Inspect's.
        source: Whose runs they are.
    """
    first = turns[0][1]
    count = len(first.samples)
    calls = sum(sample.store_as(Played).calls for sample in first.samples)
    singles = [
        (a.store_as(Played).seconds, b.store_as(Played).seconds)
        for _, ours_, theirs_ in turns
        for a, b in zip(ours_.samples, theirs_.samples, strict=True)
    ]
    return Section(
        f"{count} {source} runs, {calls} calls, {AT_ONCE} at a time\n"
        "A: our bash_session, recorded, judged and scored\n"
        "B: Inspect's bash_session",
        [
            Figure("one run, in a sandbox that is up", singles, mark=MARK),
            Figure(
                f"all {count}, from the first sandbox's start to the last one's end",
                [(a.seconds, b.seconds) for _, a, b in turns],
                mark=MARK,
            ),
            Figure(
                "all of ours : as many sandboxes with nothing done in them",
                [(a.seconds, none.seconds) for none, a, _ in turns],
            ),
            Figure(
                "without the time of these : likewise",
                [(a.seconds - n.seconds, b.seconds - n.seconds) for n, a, b in turns],
                mark=MARK,
            ),
        ],
    )
