"""Checks of Docker: the engine, the room's image, the tracer in it, what is left over.

Each asks the command `docker`, as Inspect does, so that it is sent where Inspect's
commands will be sent.
"""

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from ..formats import many
from ..recorder.launch import MIN_STRACE
from ..recorder.terminal import strace_command
from ..room.files import ROOT
from .check import Outcome, Result, ok, problem, skipped, warning
from .commands import Said, ask
from .machine import GIB, MIB, free_space, size
from .setting import Setting

COMPOSE = ROOT / "compose.yaml"
# What Inspect's Docker sandbox needs (its documentation, "Sandboxing").
MIN_ENGINE, MIN_COMPOSE = (24, 0, 6), (2, 21, 0)
# Seconds. An engine under full load answers within two, and one that hangs never does;
# a container starts within one, on a loaded machine ten.
QUICK, START = 10, 40
# An image of 270 MB, and the packages that it is built of.
MIN_BUILD_SPACE = GIB
# Where less is free, not even a container can be made.
MIN_RUN_SPACE = 100 * MIB
# How Inspect names what it starts (its documentation, "Sandboxing").
INSPECT_PROJECT = re.compile(r"inspect-[a-z\d_-]*-i[a-z\d]{6,}")
MAX_SANDBOXES = "INSPECT_EVAL_MAX_SANDBOXES"
# Lists what a run may leave behind, and names the Compose project of each.
LEFT_BEHIND = {
    "container": ("ps", "--all"),
    "network": ("network", "ls"),
    "volume": ("volume", "ls"),
}
OF_PROJECT = '{{.Label "com.docker.compose.project"}}'
# A runtime whose kernel is not Linux: the recorder would miss what programs do.
NO_KERNEL = ("runsc", "gvisor")
SEEN = "/run/proctor/doctor"


def restore(file: Path) -> str:
    """Say how a file of the package's comes back."""
    return f"reinstall proctor, or in a clone `git checkout {file.name}`"


def docker_problem() -> str | None:
    """Say what keeps Docker from being used; None where it can be."""
    for result in (engine(), compose_version()):
        if result.outcome is Outcome.PROBLEM:
            return result.text
    return None


def engine(setting: Setting | None = None) -> Result:
    """Ask for the engine's version, and whether this user may ask."""
    if not shutil.which("docker"):
        return problem(
            "Docker is not installed: install Docker Engine 24.0.6 or newer "
            "(https://docs.docker.com/engine/install/)."
        )
    said = _docker("version", "--format", "{{.Server.Version}} {{.Client.Version}}")
    if not said.good:
        return problem(_silence(said, os.environ.get("DOCKER_HOST")))
    server, _, client = said.out.strip().partition(" ")
    return _recent("Docker Engine", server, MIN_ENGINE, f"{server}, command {client}")


def _silence(said: Said, host: str | None) -> str:
    """Say why the engine did not answer."""
    where = f" at DOCKER_HOST={host}" if host else ""
    if said.hung:
        return (
            f"The Docker engine{where} does not answer within {QUICK} "
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


def compose_version() -> Result:
    """Ask for the version of Compose."""
    said = _docker("compose", "version", "--short")
    if said.hung:
        return problem(f"`docker compose version` does not end within {QUICK} seconds.")
    if not said.good:
        return problem(
            "Docker Compose is not installed: install the plugin, version 2.21 or "
            "newer (https://docs.docker.com/compose/install/)."
        )
    version = said.out.strip()
    return _recent("Docker Compose", version, MIN_COMPOSE, version.removeprefix("v"))


def _recent(what: str, version: str, needed: tuple[int, ...], told: str) -> Result:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if match and tuple(map(int, match.groups())) < needed:
        wanted = ".".join(map(str, needed))
        return problem(f"{what} {version} is too old: install {wanted} or newer.")
    return ok(told)


def compose(setting: Setting) -> Result:
    """Ask for the version of Compose, and whether it can read the room's file."""
    found = compose_version()
    if found.outcome is Outcome.OK:
        if not COMPOSE.is_file():
            return problem(f"{COMPOSE} is missing", restore(COMPOSE))
        room()
    return found


def room() -> dict[str, Any]:
    """Return the room's service, as Compose understands its file.

    Raises:
        ValueError: It does not.
    """
    said = _docker("compose", "-f", str(COMPOSE), "config", "--format", "json")
    if not said.good:
        raise ValueError(f"{COMPOSE} cannot be read: {said.last_line}")
    found: dict[str, Any] = json.loads(said.out)["services"]["default"]
    return found


def image(setting: Setting) -> Result:
    """Look for the room's image; the first run builds it."""
    name = str(room()["image"])
    said = _docker("image", "inspect", name, "--format", "{{.Created}}")
    if said.good:
        return ok(f"{name}, built {said.out.strip()[:10]}")
    if "No such image" not in said.err:
        return problem(f"`docker image inspect {name}` fails: {said.last_line}")
    dockerfile = COMPOSE.with_name("Dockerfile")
    if not dockerfile.is_file():
        return problem(
            f"{name} is not built, and {dockerfile} is missing", restore(dockerfile)
        )
    return warning(
        f"{name} is not built; the first run builds it, from the network",
        f"to see now whether it can: docker compose -f {COMPOSE} build",
    )


def tracer(setting: Setting) -> Result:
    """Ask the strace in the image for its version."""
    name = _built()
    if name is None:
        return _not_built()
    said = ask(
        ["docker", "run", "--rm", "--network", "none", name, "strace", "-V"], START
    )
    match = re.search(r"version (\d+)\.(\d+)", said.out)
    if not said.good or not match:
        return problem(f"strace does not run in {name}: {said.last_line}", _rebuild())
    if (int(match[1]), int(match[2])) < MIN_STRACE:
        return problem(f"strace {match[1]}.{match[2]} in {name} is too old", _rebuild())
    return ok(f"{match[1]}.{match[2]}")


def ptrace(setting: Setting) -> Result:
    """Trace a program in a room, as the recorder does, with the rights it has there."""
    if _built() is None:
        return _not_built()
    project = f"proctor-doctor-{os.getpid()}"
    said = ask(
        [
            *("docker", "compose", "-f", str(COMPOSE), "-p", project),
            *("run", "--rm", "-T", "--no-deps", "default", "sh", "-c", traced()),
        ],
        START,
    )
    if said.hung:
        names = _docker("ps", "-aq", "--filter", f"label={_LABEL}={project}").out
        if names.split():
            _docker("rm", "--force", *names.split())
        return problem(f"a room does not start and end within {START} seconds")
    return judged(said)


_LABEL = "com.docker.compose.project"


def traced() -> str:
    """Write what is run in a room: a shell of the agent's that starts `true`, traced.

    Returns:
        A command of a shell, which prints the recording.
    """
    agent = (
        "setpriv --reuid agent --regid agent --init-groups --no-new-privs "
        "--bounding-set=-all --inh-caps=-all"
    )
    # two commands, or the shell becomes the first instead of starting it
    program = f"{shlex.join(strace_command(SEEN + '/t'))} {agent} sh -c '/bin/true; :'"
    return "\n".join(
        [
            "set -e",
            f"mkdir {SEEN}",
            program,
            f"{agent} sleep 60 & other=$!",
            # what has another user's rights, and not just its own parent's
            "for _ in $(seq 200); do",
            '[ "$(stat -c %U /proc/$other)" = agent ] && break; sleep 0.02; done',
            # by which the recorder knows that a program waits for input
            "head -c 1 /proc/$other/syscall > /dev/null",
            f"cat {SEEN}/t.*",
        ]
    )


def judged(said: Said) -> Result:
    """Judge what was recorded in a room.

    Args:
        said: How the command of `traced` ended.
    """
    if not said.good:
        return problem(
            f"programs cannot be watched in the room: {said.last_line}",
            "the engine must be no gVisor (docs/clusters.md) and leave the room "
            "SYS_PTRACE and its usual seccomp profile (compose.yaml)",
        )
    if not re.search(r' execve\("/bin/true"', said.out):
        return problem("strace does not see programs start in the room", _RUNC)
    return ok("a traced program was seen, with the room's rights")


_RUNC = "give Docker the runtime runc: no recorder works in gVisor (docs/clusters.md)"


def runtime(setting: Setting) -> Result:
    """Look at the engine's default runtime."""
    name = str(_info().get("DefaultRuntime", ""))
    if any(word in name.lower() for word in NO_KERNEL):
        return problem(f"the engine's default runtime is {name}", _RUNC)
    return ok(name or "not said")


def disk(setting: Setting) -> Result:
    """See how much room there is where Docker keeps images and containers."""
    folder = Path(str(_info().get("DockerRootDir", "")))
    host = setting.environment.get("DOCKER_HOST", "unix://")
    if not host.startswith("unix://") or not folder.is_dir():
        return ok(f"{folder} of the engine's own machine is not looked at")
    free = free_space(folder)
    built = _built() is not None
    text = f"{size(free)} free in {folder}"
    needed = MIN_RUN_SPACE if built else MIN_BUILD_SPACE
    if free < needed:
        return problem(f"{text}, and {size(needed)} are needed", _PRUNE)
    if free < 2 * GIB:
        return warning(text, _PRUNE)
    return ok(text)


_PRUNE = "make room: `docker system df` shows what takes it, `docker image prune` frees"


def memory(setting: Setting) -> Result:
    """Compare the engine's memory with what the sandboxes of a run may take."""
    total = int(_info().get("MemTotal", 0))
    each = int(room().get("mem_limit", 0))
    given = setting.environment.get(MAX_SANDBOXES, "")
    # Inspect's default with Docker
    sandboxes = int(given) if given.isdigit() else 2 * (os.cpu_count() or 1)
    return enough_memory(total, each, sandboxes)


def enough_memory(total: int, each: int, sandboxes: int) -> Result:
    """Say whether memory is enough.

    Args:
        total: The engine's, in bytes; 0 where it does not say.
        each: What a sandbox may take, in bytes.
        sandboxes: How many run at a time.
    """
    if not total or not each:
        return ok("not said")
    need = f"{sandboxes} sandboxes at a time may take {size(each * sandboxes)}"
    if total < each:
        return problem(f"{size(total)}, and one sandbox may take {size(each)}")
    if total < each * sandboxes:
        return warning(
            f"{size(total)}, and {need}", f"add --max-sandboxes {total // each}"
        )
    return ok(f"{size(total)}; {need}")


def left_over(setting: Setting) -> Result:
    """Look for what earlier runs have left behind."""
    found: dict[str, dict[str, int]] = {}
    for kind, words in LEFT_BEHIND.items():
        said = _docker(*words, "--format", OF_PROJECT)
        if said.status != 0:
            return problem(f"`docker {' '.join(words)}` fails: {said.last_line}")
        for project in filter(INSPECT_PROJECT.fullmatch, said.out.split()):
            kinds = found.setdefault(project, {})
            kinds[kind] = kinds.get(kind, 0) + 1
    return of_earlier_runs(found)


def of_earlier_runs(found: dict[str, dict[str, int]]) -> Result:
    """Say what is left over.

    Args:
        found: How many things of each kind there are, by project.
    """
    if not found:
        return ok("nothing of earlier runs")
    counts = {
        kind: sum(kinds.get(kind, 0) for kinds in found.values())
        for kind in LEFT_BEHIND
    }
    told = ", ".join(many(count, kind) for kind, count in counts.items() if count)
    first = min(found)
    clean = (
        f"inspect sandbox cleanup docker {first}; without the name, and when no run is "
        "going on, it removes them all"
    )
    if not any(kinds.get("container") for kinds in found.values()):
        kind = next(iter(found[first]))
        # Inspect's command finds a project by its containers
        clean = (
            f"docker {kind} rm $(docker {kind} ls -q --filter label={_LABEL}={first})"
        )
    return warning(
        f"{told} of {many(len(found), 'sandbox', 'sandboxes')} of Inspect's, of runs "
        "that are going on or were killed",
        f"remove what is of no run that is going on: {clean}",
    )


def _info() -> dict[str, Any]:
    said = _docker("info", "--format", "{{json .}}")
    if not said.good:
        raise ValueError(f"`docker info` fails: {said.last_line}")
    found: dict[str, Any] = json.loads(said.out)
    return found


def _built() -> str | None:
    name = str(room()["image"])
    return name if _docker("image", "inspect", name).good else None


def _not_built() -> Result:
    return skipped("not looked at: the image is not built")


def _rebuild() -> str:
    return f"build it anew: docker compose -f {COMPOSE} build --no-cache"


def _docker(*words: str) -> Said:
    return ask(["docker", *words], QUICK)
