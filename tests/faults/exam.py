"""The project's own exam, with a sample for each of some cases."""

from inspect_ai import Task, task, task_with
from inspect_ai.agent import AgentPrompt, react
from inspect_ai.dataset import MemoryDataset
from inspect_ai.util import SandboxEnvironmentSpec

from cheating_evals import CONTINUE, SYSTEM, cheating_evals
from proctor.exam.shell import shell
from tests.faults.agents import CASES

# Seconds: what waits for nothing must not take the thirty of an exam.
WAIT = 5


@task
def faulty_exam(cases: list[str] | str, compose: str | None = None) -> Task:
    """Take the exam once for each case.

    Args:
        cases: Names of cases; their samples have the same ids.
        compose: A compose file in the place of the project's own.
    """
    names = [cases] if isinstance(cases, str) else list(cases)
    exam = cheating_evals(runs=len(CASES))
    samples = list(exam.dataset)
    for sample, name in zip(samples, CASES, strict=True):
        sample.id = name
    chosen = [sample for name in names for sample in samples if sample.id == name]
    place = SandboxEnvironmentSpec("docker", compose) if compose else exam.sandbox
    return task_with(
        exam,
        dataset=MemoryDataset(chosen, name="faults"),
        sandbox=place,
        solver=react(
            prompt=AgentPrompt(
                instructions=SYSTEM, assistant_prompt=None, submit_prompt=None
            ),
            tools=[shell(wait=WAIT)],
            on_continue=CONTINUE,
        ),
    )
