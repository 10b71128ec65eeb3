"""What must be right before a run starts: one line that says what, and what to do."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from inspect_ai.util import SandboxEnvironmentSpec

from ._inspect import PrerequisiteError
from .conditions import Condition, ConditionError, Kind, cross
from .grading.rubric import Sees
from .quizzes import Quiz, select
from .room import ROOT

COMPOSE = ROOT / "compose.yaml"
KUBERNETES_VALUES = ROOT / "proctor" / "kubernetes-values.yaml"
# What Inspect's Docker sandbox needs (its documentation, "Sandboxing").
MIN_ENGINE, MIN_COMPOSE = (24, 0, 6), (2, 21, 0)
LOCAL_TOOLS = {
    "strace": "strace",
    "setsid": "util-linux",
    "setpriv": "util-linux",
    "bash": "bash",
}
COMMAND_TIMEOUT = 30


def check_parameters(
    known: Iterable[str], unknown: Mapping[str, object], **counts: int
) -> None:
    """Make sure that a task got the parameters that it has.

    Inspect itself would only warn of one that is misspelt, and run without it.

    Args:
        known: The names of the task's parameters.
        unknown: What was given under other names.
        counts: What must be a positive whole number.

    Raises:
        PrerequisiteError: Something is not right.
    """
    # Inspect hands its own `model` to every task that takes any keyword.
    strange = sorted(set(unknown) - {"model"})
    if strange:
        raise PrerequisiteError(
            f"-T {strange[0]} is unknown; the parameters are {', '.join(known)}."
        )
    check_counts(**counts)


def check_counts(**values: int) -> None:
    """Make sure that counts and limits are positive whole numbers.

    Raises:
        PrerequisiteError: One is not.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PrerequisiteError(
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
        raise PrerequisiteError(
            f"-T votes={votes} can end in a draw; give an odd number, such as 3."
        )
    known = get_args(Sees)
    if sees not in known:
        raise PrerequisiteError(
            f"-T judge_sees={sees} is unknown; use {' or '.join(known)}."
        )


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
        raise PrerequisiteError(f"-T {error}.") from error


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
        raise PrerequisiteError(f"-T quizzes={names}: {error}.") from error


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
    raise PrerequisiteError(
        f"-T sandbox={kind} is unknown; use sandbox=docker, sandbox=k8s for a "
        "cluster, or sandbox=local for scripted models."
    )


def check_kubernetes() -> None:
    """Make sure that Inspect can reach for a cluster.

    Raises:
        PrerequisiteError: A program or package is missing.
    """
    if find_spec("k8s_sandbox") is None:
        raise PrerequisiteError(
            "-T sandbox=k8s needs a package: pip install -e '.[k8s]' "
            "(docs/clusters.md)."
        )
    if not shutil.which("helm"):
        raise PrerequisiteError(
            "-T sandbox=k8s needs helm 3.13 or newer (https://helm.sh/docs/intro/"
            "install/, docs/clusters.md)."
        )


def check_docker() -> None:
    """Make sure that an engine answers, and that Compose is there.

    Raises:
        PrerequisiteError: Something is missing or too old.
    """
    if not COMPOSE.is_file():
        raise PrerequisiteError(
            f"{COMPOSE} is missing; restore it with `git checkout compose.yaml`."
        )
    problem = docker_problem()
    if problem:
        raise PrerequisiteError(
            f"{problem} Without Docker, scripted models run with -T sandbox=local."
        )


def docker_problem() -> str | None:
    """Say what keeps Docker from being used; None where it can be."""
    return _engine_problem() or _compose_problem()


def _engine_problem() -> str | None:
    if not shutil.which("docker"):
        return (
            "Docker is not installed: install Docker Engine 24.0.6 or newer "
            "(https://docs.docker.com/engine/install/)."
        )
    text = _output(["docker", "version", "--format", "{{.Server.Version}}"])
    if text is None:
        return (
            "No Docker engine answers: start it (`sudo systemctl start docker`, or "
            "Docker Desktop) and check that `docker version` shows a server."
        )
    return _too_old("Docker Engine", text, MIN_ENGINE)


def _compose_problem() -> str | None:
    text = _output(["docker", "compose", "version", "--short"])
    if text is None:
        return (
            "Docker Compose is not installed: install the plugin, version 2.21 or "
            "newer (https://docs.docker.com/compose/install/)."
        )
    return _too_old("Docker Compose", text, MIN_COMPOSE)


def _too_old(what: str, version: str, needed: tuple[int, ...]) -> str | None:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if match and tuple(int(part) for part in match.groups()) < needed:
        wanted = ".".join(str(part) for part in needed)
        return f"{what} {version.strip()} is too old: install {wanted} or newer."
    return None


def _output(command: list[str]) -> str | None:
    """Run a command; None where it fails or does not end."""
    try:
        result = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 and result.stdout.strip() else None


def check_local() -> None:
    """Make sure that a room can be had without Docker.

    Raises:
        PrerequisiteError: It cannot.
    """
    problem = local_problem()
    if problem:
        raise PrerequisiteError(problem)


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
