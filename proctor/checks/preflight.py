"""What must be right before a run starts: one line that says what, and what to do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, getfile, signature, unwrap
from pathlib import Path
from typing import get_args

from inspect_ai.util import SandboxEnvironmentSpec

from .._inspect.command import HANDED_TO_TASKS, examinee, option
from .._inspect.errors import refusal
from ..exam.quizzes import Quiz, select
from ..grading.rubric import Sees
from ..models import grader
from ..room.conditions import Condition, ConditionError, Kind, cross
from .docker import COMPOSE, docker_problem, restore
from .machine import (
    RUNNING,
    kubernetes_problem,
    local_problem,
    log_dir_problem,
    version_problem,
)

KUBERNETES_VALUES = RUNNING / "sandbox" / "kubernetes-values.yaml"


def check_parameters(
    task: Callable[..., object], unknown: Mapping[str, object], **counts: int
) -> None:
    """Make sure that a task got the parameters that it has, and can run and be logged.

    Inspect itself would only warn of a parameter that is misspelt, and run without it.

    Args:
        task: The task.
        unknown: What was given under other names.
        counts: What must be a positive whole number.

    Raises:
        PrerequisiteError: Something is not right.
    """
    strange = sorted(set(unknown) - HANDED_TO_TASKS)
    if strange:
        parameters = signature(task).parameters.values()
        known = [p.name for p in parameters if p.kind is not Parameter.VAR_KEYWORD]
        raise refusal(
            f"-T {strange[0]} is unknown; the parameters are {', '.join(known)}."
        )
    if wrong := version_problem(Path(getfile(unwrap(task))).parent):
        raise refusal(wrong)
    check_counts(**counts)
    check_log_dir()


def check_log_dir() -> None:
    """Make sure that the log can be written, where a command says where it goes.

    Inspect itself finds a folder that cannot be made with a traceback, and a full disk
    only when the containers are up.

    Raises:
        PrerequisiteError: It cannot.
    """
    log_dir = option("log_dir")
    if problem := log_dir and log_dir_problem(str(log_dir)):
        raise refusal(problem)


def check_examinee() -> None:
    """Make sure that there is a model to examine, where a command says which.

    Raises:
        PrerequisiteError: There is none.
    """
    name = examinee()
    if problem := name and examinee_problem(name):
        raise refusal(problem)


def examinee_problem(name: str) -> str | None:
    """Say why a name is not that of a model that can take the exam; None if it may be.

    Args:
        name: Provider and name, with a slash between them.
    """
    provider, _, rest = name.partition("/")
    if provider == "none":
        return (
            "No model is named: add --model PROVIDER/NAME, such as --model "
            "openai/gpt-5, or --model scripted/mixed, which needs no key."
        )
    if not rest:
        return (
            f"--model {name} names no model: add its name, such as --model "
            f"{provider}/NAME."
        )
    if name == f"scripted/{grader.NAME}":
        return (
            f"{name} only grades: use it with --model-role grader={name}, and take "
            "another as --model, such as scripted/mixed."
        )
    return None


def check_counts(**values: int) -> None:
    """Make sure that counts and limits are positive whole numbers.

    Raises:
        PrerequisiteError: One is not.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise refusal(
                f"-T {name}={value} is not a positive whole number; give one, or "
                "leave the parameter out."
            )


def check_judge(votes: int, sees: str) -> None:
    """Make sure that a judge can be had.

    Args:
        votes: How many votes it asks for at most.
        sees: What graders are shown.

    Raises:
        PrerequisiteError: One of both is none.
    """
    check_counts(votes=votes)
    if votes % 2 == 0:
        raise refusal(
            f"-T votes={votes} can end in a draw; give an odd number, such as 3."
        )
    known = get_args(Sees)
    if sees not in known:
        raise refusal(f"-T judge_sees={sees} is unknown; use {' or '.join(known)}.")


def check_conditions(**given: object) -> list[Condition]:
    """Make the conditions that a task's parameters ask for.

    Args:
        given: The value of each factor's parameter.

    Raises:
        PrerequisiteError: A level does not exist.
    """
    try:
        return cross(given)
    except ConditionError as error:
        raise refusal(f"-T {error}.") from error


def check_quizzes(
    conditions: Iterable[Condition], names: object
) -> dict[Kind, Sequence[Quiz]]:
    """Load the quizzes that conditions ask for.

    Args:
        conditions: The conditions.
        names: Value of the parameter `quizzes`.

    Raises:
        PrerequisiteError: There is no such quiz, or the bank is damaged.
    """
    try:
        kinds = {condition.quiz for condition in conditions}
        return {kind: select(kind, names) for kind in kinds}  # type: ignore[arg-type]
    except ValueError as error:
        raise refusal(f"-T quizzes={names}: {error}.") from error


def check_sandbox(kind: str) -> SandboxEnvironmentSpec:
    """Make sure that a kind of sandbox can be had.

    Args:
        kind: `docker`, `k8s` or `local`.

    Returns:
        What a task takes as its sandbox.

    Raises:
        PrerequisiteError: It cannot; the message says what to do.
    """
    if kind == "docker":
        if not COMPOSE.is_file():
            raise refusal(f"{COMPOSE} is missing: {restore(COMPOSE)}.")
        if wrong := docker_problem():
            raise refusal(
                f"{wrong} Without Docker, scripted models run with -T sandbox=local."
            )
        return SandboxEnvironmentSpec("docker", str(COMPOSE))
    if kind == "k8s":
        if wrong := kubernetes_problem():
            raise refusal(f"-T sandbox=k8s needs {wrong}")
        return SandboxEnvironmentSpec("k8s", str(KUBERNETES_VALUES))
    if kind == "local":
        if wrong := local_problem():
            raise refusal(wrong)
        return SandboxEnvironmentSpec("local")
    raise refusal(
        f"-T sandbox={kind} is unknown; use sandbox=docker, sandbox=k8s for a "
        "cluster, or sandbox=local for scripted models."
    )
