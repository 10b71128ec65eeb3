"""Runs what is measured as samples of a real `eval()`, each in its own container."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from rich.console import Console
from rich.markup import escape

from proctor.room.files import ROOT

from .figures import BenchmarkError

# The exam room's own, but for a system that can be written to: Inspect's tools need it.
# Both sides of each comparison have it.
COMPOSE = ROOT / "benchmarks" / "compose.yaml"

Step = Callable[[TaskState, Generate], Awaitable[None]]


@dataclass(frozen=True)
class Trial:
    """One sample.

    Attributes:
        text: What is measured, in words.
        step: What is done in the sandbox, and keeps in the store what it measures.
        metadata: What the step needs to know.
    """

    text: str
    step: Step
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Ran:
    """A run that is over.

    Attributes:
        samples: In the order of the trials.
        seconds: How long it took, from its start to its end.
        log: With the samples.
    """

    samples: list[EvalSample]
    seconds: float
    log: EvalLog


@solver
def measure(trials: Sequence[Trial], console: Console | None) -> Solver:
    """Build the solver that takes each sample's own step."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        trial = trials[int(state.sample_id) - 1]
        if console:
            console.print(f"measuring: {escape(trial.text)} ...", highlight=False)
        await trial.step(state, generate)
        state.completed = True
        return state

    return solve


def run(
    trials: Sequence[Trial],
    console: Console | None,
    *,
    at_once: int = 1,
    scorers: Sequence[Scorer] = (),
) -> Ran:
    """Run trials, in order.

    Args:
        trials: The trials.
        console: Where each is announced; None for nowhere.
        at_once: How many samples run at a time.
        scorers: What scores them, if anything does.

    Raises:
        BenchmarkError: One of them failed.
    """
    task = Task(
        dataset=[
            Sample(input=trial.text, id=number, metadata=dict(trial.metadata or {}))
            for number, trial in enumerate(trials, 1)
        ],
        solver=measure(trials, console),
        scorer=list(scorers) or None,
        sandbox=("docker", str(COMPOSE)),
        name="benchmarks",
    )
    with TemporaryDirectory() as folder:
        begin = perf_counter()
        [log] = inspect_eval(
            task,
            model="mockllm/model",  # never asked anything
            max_samples=at_once,
            max_sandboxes=at_once,
            log_dir=folder,
            display="none",
            score=bool(scorers),
        )
        time = perf_counter() - begin
        if log.status != "success":
            reason = log.error.message if log.error else "no reason given"
            raise BenchmarkError(f"the run failed: {reason.splitlines()[0]}")
        # read while the log is there: Inspect loads samples when they are asked for
        log.samples = sorted(log.samples or [], key=lambda sample: int(sample.id))
    for sample in log.samples:
        if sample.limit:
            failure = sample.store.get("ExamStore:failure")
            raise BenchmarkError(f"{sample.input}: ended early, {failure}")
    return Ran(log.samples, time, log)


async def timed(work: Awaitable[Any]) -> float:
    """Return the seconds that some work takes."""
    begin = perf_counter()
    await work
    return perf_counter() - begin
