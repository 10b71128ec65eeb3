"""Measures everything and prints one table."""

import argparse
import sys
from tempfile import TemporaryDirectory

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import StoreModel
from pydantic import Field
from rich.console import Console

from proctor.exam import enter_room
from proctor.preflight import docker_problem
from proctor.room import ROOT

from . import judging, machine, recording, toolcalls
from .figures import BenchmarkError, Section, show
from .recording import Times
from .toolcalls import Timing

COMPOSE = ROOT / "benchmarks" / "compose.yaml"
REPEATS, QUICK_REPEATS = 5, 1
# What takes a tenth of a second is taken more often than what takes half a minute.
SHORT = 4


class Inside(StoreModel):
    """What was measured inside the container."""

    times: Times = Field(default_factory=dict)


@solver
def measure(repeats: int, console: Console) -> Solver:
    """Build the step that measures what its sample says."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        console.print(f"measuring: {state.input_text} ...", highlight=False)
        match state.metadata["what"]:
            case "ours":
                await toolcalls.run_ours(state, generate)
            case "theirs":
                await toolcalls.run_theirs(state, generate)
            case _:
                await enter_room("docker")(state, generate)
                times = await recording.measure(SHORT * repeats)
                state.store_as(Inside).times = times
        return state

    return solve


def run(repeats: int, console: Console) -> list[EvalSample]:
    """Run all samples, one at a time, and return them in order.

    Raises:
        BenchmarkError: One of them failed.
    """
    wanted = [
        (what, f"{title}, run {number} of {repeats}")
        for number in range(1, repeats + 1)
        for what, title in (("ours", "our shell"), ("theirs", "Inspect's shell"))
    ]
    wanted.append(("inside", "the cost of recording"))
    task = Task(
        dataset=[Sample(input=text, metadata={"what": what}) for what, text in wanted],
        solver=measure(repeats, console),
        sandbox=("docker", str(COMPOSE)),
        name="benchmarks",
    )
    with TemporaryDirectory() as folder:
        [log] = inspect_eval(
            task,
            model="mockllm/model",  # never asked anything
            max_samples=1,
            log_dir=folder,
            display="none",
            score=False,
        )
        if log.status != "success":
            reason = log.error.message if log.error else "no reason given"
            raise BenchmarkError(f"the run failed: {reason.splitlines()[0]}")
        # read while the log is there: Inspect loads samples when they are asked for
        samples = sorted(log.samples or [], key=lambda sample: int(sample.id))
    for sample in samples:
        if sample.limit:
            failure = sample.store.get("ExamStore:failure")
            raise BenchmarkError(f"{sample.input}: ended early, {failure}")
    return samples


def report(samples: list[EvalSample], repeats: int) -> list[Section]:
    """Turn what was measured into figures."""
    *runs, inside = samples
    ours, theirs = (
        [sample.store_as(Timing) for sample in runs[start::2]] for start in (0, 1)
    )
    return [
        *toolcalls.sections(ours, theirs),
        recording.section(inside.store_as(Inside).times),
        judging.section(ours[-1].recording, ours[-1].run, SHORT * repeats),
    ]


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help=f"runs a side ({REPEATS})"
    )
    parser.add_argument("--quick", action="store_true", help="one run a side")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")
    repeats = QUICK_REPEATS if options.quick else options.repeats
    try:
        problem = docker_problem()
        if problem:
            raise BenchmarkError(problem)
        place = machine.describe()
        samples = run(repeats, Console(stderr=True))
        show(report(samples, repeats), place, Console())
    except BenchmarkError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
