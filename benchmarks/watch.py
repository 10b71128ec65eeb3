"""What a run takes of the machine while it lasts, and what it leaves behind.

A run's containers are known by their Compose project, and a project is known as the
run's own because a process of the run has named it: other runs on the same engine,
whatever their names, are left out.
"""

import re
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from .figures import BenchmarkError

PROC = Path("/proc")
# Names of projects as Inspect makes them (its documentation, "Sandboxing").
PROJECT = re.compile(rb"\0(inspect-[a-z0-9_-]+-i[a-z0-9]{6,})\0")
LABEL = "com.docker.compose.project"
# Seconds. A `docker compose up` takes half a second and more, so each is seen.
PERIOD = 0.25
# The engine is asked less often: it takes its time, and from the run.
ASKED = 8
LISTS = {"containers": "ps", "volumes": "volume ls", "networks": "network ls"}
TIMEOUT = 60


@dataclass
class Peaks:
    """The most that a run took at any one time.

    Attributes:
        containers: Running containers.
        processes: Processes on the host, outside containers: Inspect and its children.
        inspect: Their memory, in bytes.
        machine: How much less memory the machine had free than before, in bytes; what
            runs beside counts, too.
    """

    containers: int = 0
    processes: int = 0
    inspect: int = 0
    machine: int = 0


def children_of(parents: dict[int, int], root: int) -> set[int]:
    """Return a process and all that come from it.

    Args:
        parents: The parent of each process.
        root: The process.
    """
    found = {root}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def projects_named(command: bytes) -> set[str]:
    """Return the projects that a command line names.

    Args:
        command: The line as in `/proc/PID/cmdline`, each word ended by a zero byte.
    """
    return {name.decode("ascii") for name in PROJECT.findall(b"\0" + command)}


@dataclass
class Watch:
    """Watches a process and all that it starts, in a thread of its own.

    Attributes:
        root: The process.
        peaks: What it took.
        projects: The Compose projects that it had.
    """

    root: int
    peaks: Peaks = field(default_factory=Peaks)
    projects: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Start to watch."""
        self._over = threading.Event()
        self._free = free_memory()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        for number in count(1):
            if self._over.wait(PERIOD):
                return
            self._look()
            if number % ASKED == 0:
                self._ask()

    def _look(self) -> None:
        family = children_of(_parents(), self.root)
        for process in family:
            with suppress(OSError):
                command = (PROC / str(process) / "cmdline").read_bytes()
                self.projects |= projects_named(command)
        peaks = self.peaks
        peaks.processes = max(peaks.processes, len(family))
        peaks.inspect = max(peaks.inspect, sum(map(_memory, family)))
        peaks.machine = max(peaks.machine, self._free - free_memory())

    def _ask(self) -> None:
        with suppress(BenchmarkError):  # a busy engine is asked again
            running = len(own("containers", self.projects, running=True))
            self.peaks.containers = max(self.peaks.containers, running)


def _parents() -> dict[int, int]:
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # behind the name, which is in brackets and may hold anything
            rest = (folder / "stat").read_text(errors="replace").rpartition(")")[2]
            parents[int(folder.name)] = int(rest.split()[1])
    return parents


def _memory(process: int) -> int:
    """Return the memory that a process has for itself, and its share of the rest."""
    with suppress(OSError):
        text = (PROC / str(process) / "smaps_rollup").read_text()
        if match := re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE):
            return int(match[1]) * 1024
    return 0  # it has ended meanwhile


def free_memory() -> int:
    """Return how much memory the machine can still give, in bytes."""
    text = Path("/proc/meminfo").read_text()
    match = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    if match is None:
        raise BenchmarkError("/proc/meminfo does not say how much memory there is.")
    return int(match[1]) * 1024


def own(kind: str, projects: Iterable[str], *, running: bool = False) -> list[str]:
    """List what the engine has of some projects.

    Args:
        kind: `containers`, `volumes` or `networks`.
        projects: The projects.
        running: Leave out containers that do not run.

    Returns:
        Their ids, or for volumes their names.

    Raises:
        BenchmarkError: The engine does not answer.
    """
    known = set(projects)
    name = "Name" if kind == "volumes" else "ID"
    line = f'{{{{.Label "{LABEL}"}}}} {{{{.{name}}}}}'
    command = LISTS[kind].split(" ")
    if kind == "containers" and not running:
        command.append("--all")
    said = _docker(*command, "--format", line)
    pairs = [text.split(" ") for text in said.splitlines()]
    return [name for project, name in pairs if project in known]


def left_behind(projects: Iterable[str]) -> dict[str, list[str]]:
    """List what is still there of a run's projects; nothing where all is gone.

    Raises:
        BenchmarkError: The engine does not answer.
    """
    known = set(projects)
    found = {kind: own(kind, known) for kind in LISTS}
    return {kind: names for kind, names in found.items() if names}


def _docker(*words: str) -> str:
    try:
        return subprocess.run(
            ["docker", *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"`docker {words[0]}` failed: {error}") from error
