"""What must be right before a run starts: one line that says what, and what to do."""

import os
import pwd
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path
from typing import get_args

from inspect_ai.util import SandboxEnvironmentSpec

from .._inspect.command import HANDED_TO_TASKS, examinee, option
from .._inspect.errors import refusal
from ..exam.quizzes import Quiz, select
from ..grading.rubric import Sees
from ..models import grader
from ..room.conditions import Condition, ConditionError, Kind, cross
from ..room.files import ROOT
from .commands import Said, ask
from .folders import log_dir_problem

COMPOSE = ROOT / "compose.yaml"
KUBERNETES_VALUES = ROOT / "proctor" / "sandbox" / "kubernetes-values.yaml"
# What Inspect's Docker sandbox needs (its documentation, "Sandboxing").
MIN_ENGINE, MIN_COMPOSE = (24, 0, 6), (2, 21, 0)
LOCAL_TOOLS = {
    "strace": "strace",
    "setsid": "util-linux",
    "setpriv": "util-linux",
    "bash": "bash",
}
# Seconds. An engine under full load answers within two; one that hangs never does.
COMMAND_TIMEOUT = 10


def check_parameters(
    task: Callable[..., object], unknown: Mapping[str, object], **counts: int
) -> None:
    """Make sure that a task got the parameters that it has, and that logs can be kept.

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
        check_docker()
        return SandboxEnvironmentSpec("docker", str(COMPOSE))
    if kind == "k8s":
        check_kubernetes()
        return SandboxEnvironmentSpec("k8s", str(KUBERNETES_VALUES))
    if kind == "local":
        check_local()
        return SandboxEnvironmentSpec("local")
    raise refusal(
        f"-T sandbox={kind} is unknown; use sandbox=docker, sandbox=k8s for a "
        "cluster, or sandbox=local for scripted models."
    )


def check_kubernetes() -> None:
    """Make sure that Inspect can reach for a cluster.

    Raises:
        PrerequisiteError: A program or package is missing.
    """
    if problem := kubernetes_problem():
        raise refusal(f"-T sandbox=k8s needs {problem}")


def kubernetes_problem() -> str | None:
    """Say what a cluster's sandbox needs and is not there; None where all is."""
    if find_spec("k8s_sandbox") is None:
        return "a package: pip install -e '.[k8s]' (docs/clusters.md)."
    if not shutil.which("helm"):
        return (
            "helm 3.13 or newer (https://helm.sh/docs/intro/install/, "
            "docs/clusters.md)."
        )
    return None


def check_docker() -> None:
    """Make sure that an engine answers, and that Compose is there.

    Raises:
        PrerequisiteError: Something is missing or too old.
    """
    if not COMPOSE.is_file():
        raise refusal(
            f"{COMPOSE} is missing; restore it with `git checkout compose.yaml`."
        )
    problem = docker_problem()
    if problem:
        raise refusal(
            f"{problem} Without Docker, scripted models run with -T sandbox=local."
        )


def docker_problem() -> str | None:
    """Say what keeps Docker from being used; None where it can be."""
    return engine_problem() or compose_problem()


def engine_problem() -> str | None:
    """Say what keeps the engine from being used; None where it can be."""
    if not shutil.which("docker"):
        return (
            "Docker is not installed: install Docker Engine 24.0.6 or newer "
            "(https://docs.docker.com/engine/install/)."
        )
    said = _ask_docker("version", "--format", "{{.Server.Version}}")
    if not said.good:
        return _silence(said, os.environ.get("DOCKER_HOST"))
    return _too_old("Docker Engine", said.out, MIN_ENGINE)


def _silence(said: Said, host: str | None) -> str:
    """Say why the engine did not answer."""
    where = f" at DOCKER_HOST={host}" if host else ""
    if said.hung:
        return (
            f"The Docker engine{where} does not answer within {COMMAND_TIMEOUT} "
            "seconds: restart it (`sudo systemctl restart docker`, or Docker Desktop)."
        )
    if "permission denied" in said.err:
        return (
            f"You may not talk to the Docker engine{where}: join its group (`sudo "
            "usermod -aG docker $USER`) and log in again."
        )
    if host:
        return (
            f"No Docker engine answers{where}: start it, or `unset DOCKER_HOST` to use "
            "this machine's own."
        )
    return (
        "No Docker engine answers: start it (`sudo systemctl start docker`, or "
        "Docker Desktop) and check that `docker version` shows a server."
    )


def compose_problem() -> str | None:
    """Say what keeps Compose from being used; None where it can be."""
    said = _ask_docker("compose", "version", "--short")
    if said.hung:
        return (
            f"`docker compose version` does not end within {COMMAND_TIMEOUT} seconds."
        )
    if not said.good:
        return (
            "Docker Compose is not installed: install the plugin, version 2.21 or "
            "newer (https://docs.docker.com/compose/install/)."
        )
    return _too_old("Docker Compose", said.out, MIN_COMPOSE)


def _ask_docker(*words: str) -> Said:
    return ask(["docker", *words], COMMAND_TIMEOUT)


def _too_old(what: str, version: str, needed: tuple[int, ...]) -> str | None:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if match and tuple(int(part) for part in match.groups()) < needed:
        wanted = ".".join(str(part) for part in needed)
        return f"{what} {version.strip()} is too old: install {wanted} or newer."
    return None


def check_local() -> None:
    """Make sure that a room can be had without Docker.

    Raises:
        PrerequisiteError: It cannot.
    """
    problem = local_problem()
    if problem:
        raise refusal(problem)


def local_problem(
    which: Callable[[str], str | None] = shutil.which,
) -> str | None:
    """Say what a local room lacks; None where it can be had."""
    missing = sorted({pkg for tool, pkg in LOCAL_TOOLS.items() if not which(tool)})
    if missing:
        return (
            f"A local room needs {', '.join(missing)}: install it "
            f"(`sudo apt-get install {' '.join(missing)}`), or Docker."
        )
    if not Path("/proc/self/syscall").exists():
        return "A local room needs Linux with /proc; on another system install Docker."
    if not Path("/usr/bin/python3").exists():
        return (
            "A local room needs /usr/bin/python3: install it "
            "(`sudo apt-get install python3`), or Docker."
        )
    if os.geteuid() == 0 and not _nobody_exists():
        return "A local room run by root needs the user nobody: create it."
    return None


def _nobody_exists() -> bool:
    try:
        pwd.getpwnam("nobody")
    except KeyError:
        return False
    return True
