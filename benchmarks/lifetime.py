"""A sandbox's first and last seconds, with what they cannot be shorter than.

Inspect starts a sandbox by eight commands of Docker's and ends it by two; our room is
what comes on top.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from os import getpid
from time import perf_counter, time
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import StoreModel, sandbox
from pydantic import Field
from rich.console import Console

from proctor.exam.session import close_room, enter_room
from proctor.exam.shell import shell
from proctor.exam.store import ExamStore

from .figures import BenchmarkError, Figure, Section
from .toolcalls import call
from .trials import COMPOSE, Trial, run, timed

TIMEOUT = 120
_numbers = count(1)


class Lifetime(StoreModel):
    """Of one sandbox.

    Attributes:
        ready: When it was there, in seconds since the epoch.
        opening: Seconds from then until the first prompt.
        call: Seconds of a first call, of nothing.
        closing: Seconds of ending the session, until the recording is whole.
        exec: Seconds of `sandbox().exec` of nothing.
        over: When the sample was done, in seconds since the epoch.
        container: Its name.
    """

    ready: float = Field(default=0.0)
    opening: float = Field(default=0.0)
    call: float = Field(default=0.0)
    closing: float = Field(default=0.0)
    exec: float = Field(default=0.0)
    over: float = Field(default=0.0)
    container: str = Field(default="")


async def step(state: TaskState, generate: Generate) -> None:
    """Open a room and close it."""
    life = state.store_as(Lifetime)
    life.ready = time()
    life.opening = await timed(enter_room("docker")(state, generate))
    life.call = await call(shell(), ":")
    life.exec = await timed(sandbox().exec(["true"]))
    life.container = str((await sandbox().connection()).container)
    life.closing = await timed(close_room(state.store_as(ExamStore)))
    life.over = time()


@dataclass(frozen=True)
class Bare:
    """Seconds of Docker alone, with the same image and settings.

    Attributes:
        up: `docker compose up --wait`.
        down: `docker compose down`.
        run: `docker run`.
        remove: `docker rm -f`.
    """

    up: float
    down: float
    run: float
    remove: float


def bare() -> Bare:
    """Start and end a container by Compose, and one by Docker.

    Raises:
        BenchmarkError: A command of Docker's fails.
    """
    name = f"bench-{getpid()}-{next(_numbers)}"
    compose = ["compose", "-f", str(COMPOSE), "-p", name]
    try:
        up = _docker(*compose, "up", "--detach", "--wait")
    finally:
        down = _docker(*compose, "down", "--volumes")
    said = subprocess.run(
        ["docker", *compose, "config", "--format", "json"],
        capture_output=True,
        check=True,
        timeout=TIMEOUT,
    )
    words = as_run(json.loads(said.stdout)["services"]["default"])
    try:
        ran = _docker("run", "--detach", "--name", name, *words)
    finally:
        removed = _docker("rm", "--force", "--volumes", name)
    return Bare(up, down, ran, removed)


def as_run(service: dict[str, Any]) -> list[str]:
    """Return the words of `docker run` for a service of Compose's.

    Args:
        service: One of the services that `docker compose config` prints as JSON.

    Returns:
        Options, image and command.
    """
    one = {
        "working_dir": "--workdir",
        "network_mode": "--network",
        "mem_limit": "--memory",
        "memswap_limit": "--memory-swap",
        "cpus": "--cpus",
        "pids_limit": "--pids-limit",
    }
    many = {
        "cap_drop": "--cap-drop",
        "cap_add": "--cap-add",
        "security_opt": "--security-opt",
        "tmpfs": "--tmpfs",
    }
    words = [f"{o}={service[key]}" for key, o in one.items() if key in service]
    words += [
        f"{o}={value}" for key, o in many.items() for value in service.get(key, [])
    ]
    words += ["--init"] if service.get("init") else []
    words += ["--read-only"] if service.get("read_only") else []
    return [*words, service["image"], *service["command"]]


def _docker(*words: str) -> float:
    begin = perf_counter()
    try:
        subprocess.run(
            ["docker", *words], check=True, capture_output=True, timeout=TIMEOUT
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        reason = said[0] if said else f"status {error.returncode}"
        raise BenchmarkError(f"`docker {words[0]}` failed: {reason}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"`docker {words[0]}` failed: {error}") from error
    return perf_counter() - begin


@dataclass
class Removals:
    """When containers were gone, by their names, in seconds since the epoch."""

    times: dict[str, float] = field(default_factory=dict)


@contextmanager
def removals() -> Iterator[Removals]:
    """Write down when the engine removes a container; complete at the end."""
    process = subprocess.Popen(
        ["docker", "events", "--filter", "event=destroy", "--format", "{{json .}}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    found = Removals()
    try:
        yield found
    finally:
        process.terminate()
        try:
            said, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise BenchmarkError("`docker events` does not end") from error
        for line in said.splitlines():
            event = json.loads(line)
            name = event["Actor"]["Attributes"].get("name", "")
            found.times[name] = event["timeNano"] / 1e9


def began(sample: EvalSample) -> float:
    """Say when Inspect took a sample up, in seconds since the epoch.

    That is its first event, and it comes before the sandbox is started.
    """
    first: datetime = sample.events[0].timestamp
    return first.timestamp()


def measured(repeats: int, console: Console) -> list[Section]:
    """Measure and report.

    Args:
        repeats: How often each is taken, in turn.
        console: Where progress is told.

    Raises:
        BenchmarkError: The engine does not say when a container was gone.
    """
    turns = []
    with removals() as gone:
        for number in range(1, repeats + 1):
            trial = Trial(f"start and end of a sandbox, {number} of {repeats}", step)
            [sample] = run([trial], console).samples
            turns.append((sample, bare()))
    lives = [(sample.store_as(Lifetime), bare) for sample, bare in turns]
    if missing := {life.container for life, _ in lives} - gone.times.keys():
        raise BenchmarkError(f"when {min(missing)} was gone is not known")
    starts = [began(sample) for sample, _ in turns]
    ends = [gone.times[life.container] for life, _ in lives]
    return [section(lives, starts, ends)]


def section(
    lives: Sequence[tuple[Lifetime, Bare]],
    starts: Sequence[float],
    ends: Sequence[float],
) -> Section:
    """Report what was measured.

    Args:
        lives: Of each sandbox, with Docker's own times taken right behind it.
        starts: When Inspect took each up.
        ends: When each was gone.
    """
    begun = list(zip(lives, starts, strict=True))
    ended = list(zip(lives, ends, strict=True))
    prompt = [(life.ready - t + life.opening, docker) for (life, docker), t in begun]
    gone = [(t - life.over + life.closing, docker) for (life, docker), t in ended]
    return Section(
        "Start and end of a sandbox\nA: by Inspect, with our room\nB: as it says",
        [
            Figure(
                "start to first prompt : docker compose up",
                [(all_, docker.up) for all_, docker in prompt],
            ),
            Figure(
                "start to first prompt : docker run",
                [(all_, docker.run) for all_, docker in prompt],
            ),
            Figure(
                "of it our room : all of it",
                [
                    (life.opening, all_)
                    for (life, _), (all_, _) in zip(lives, prompt, strict=True)
                ],
            ),
            Figure(
                "our room : sandbox().exec of nothing",
                [(life.opening, life.exec) for life, _ in lives],
            ),
            Figure(
                "last call to container gone : docker compose down",
                [(all_, docker.down) for all_, docker in gone],
            ),
            Figure(
                "last call to container gone : docker rm -f",
                [(all_, docker.remove) for all_, docker in gone],
            ),
            Figure(
                "of it our closing : all of it",
                [
                    (life.closing, all_)
                    for (life, _), (all_, _) in zip(lives, gone, strict=True)
                ],
            ),
        ],
    )
