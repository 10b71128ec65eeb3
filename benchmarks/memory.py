"""What the instrument adds to a sandbox: memory, and processes.

Read on the host as root, of the processes that are in the container's group and were
not there before the room was opened. A page that several processes share counts to
each in parts (PSS), so this figure falls where more sandboxes run beside; private
memory does not.
"""

import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import bash_session
from inspect_ai.util import StoreModel, sandbox
from pydantic import BaseModel, Field
from rich.console import Console

from proctor.exam.session import DOCKER_AGENT, close_room, enter_room
from proctor.exam.shell import shell
from proctor.exam.store import ExamStore

from .figures import MIB, BenchmarkError, Figure, Mark, Section, mebibytes, number
from .toolcalls import call, furnish
from .trials import Trial, run

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
MARK = Mark(15 * MIB, size=True)
SHELL = "bash"
TIMEOUT = 30
# Enough for a shell, its server and the interpreter to have done all they do at first.
CALLS = ("ls", "python3 run_quiz.py 1", "B", "echo hi")
_FIELD = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


class Taken(BaseModel):
    """What a process takes.

    Attributes:
        name: Of its program.
        pss: Bytes that it has for itself, and its share of the rest.
        private: Bytes that it has for itself.
    """

    name: str
    pss: int
    private: int


class Added(StoreModel):
    """What a sandbox has more than before.

    Attributes:
        processes: The new ones.
        group: Bytes that the kernel charges it more, without its cache of files.
    """

    processes: list[Taken] = Field(default_factory=list)
    group: int = Field(default=0)

    def pss(self, *names: str) -> float:
        """Sum the processes' memory up, of all or of programs with these names."""
        return float(sum(p.pss for p in self.processes if not names or p.name in names))

    @property
    def private(self) -> float:
        """The processes' own memory."""
        return float(sum(process.private for process in self.processes))


async def of_ours(state: TaskState, generate: Generate) -> None:
    """Weigh a sandbox in which our shell has answered some calls."""
    group = await _group()
    before, charged = processes(group), memory(group)
    await enter_room("docker")(state, generate)
    tool = shell()
    for text in CALLS:
        await call(tool, text)
    _weigh(state.store_as(Added), group, before, charged)
    await close_room(state.store_as(ExamStore))


async def of_theirs(state: TaskState, generate: Generate) -> None:
    """Weigh a sandbox in which Inspect's shell has answered the same calls."""
    group = await _group()
    before, charged = processes(group), memory(group)
    await furnish()
    tool = bash_session(user=DOCKER_AGENT)
    for text in CALLS:
        await call(tool, text)
    _weigh(state.store_as(Added), group, before, charged)


def _weigh(added: Added, group: Path, before: set[int], charged: int) -> None:
    added.processes = [
        taken for pid in sorted(processes(group) - before) if (taken := weigh(pid))
    ]
    added.group = memory(group) - charged


async def _group() -> Path:
    """Find the kernel's group of the current sandbox's processes."""
    container = (await sandbox().connection()).container
    if container is None:
        raise BenchmarkError("Inspect does not say which container a sandbox is")
    said = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", container],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    try:
        return group_of((PROC / said.stdout.strip() / "cgroup").read_text())
    except OSError as error:
        raise BenchmarkError(
            "the engine's processes are not to be seen from here; run it as root where "
            "the engine runs"
        ) from error


def group_of(text: str, root: Path = GROUPS) -> Path:
    """Return the folder of a process's memory group.

    Args:
        text: Its `/proc/PID/cgroup`, of either version of cgroups.
        root: Where these are mounted.

    Raises:
        BenchmarkError: It has none.
    """
    groups = {}
    for line in text.splitlines():
        _, kinds, path = line.split(":", 2)
        groups.update(dict.fromkeys(kinds.split(","), path.lstrip("/")))
    if "memory" in groups:
        return root / "memory" / groups["memory"]
    if "" in groups:
        return root / groups[""]
    raise BenchmarkError("the container has no group of its memory")


def processes(group: Path) -> set[int]:
    """Return the processes of a group.

    Raises:
        BenchmarkError: It is gone.
    """
    try:
        return {int(line) for line in (group / "cgroup.procs").read_text().split()}
    except OSError as error:
        raise BenchmarkError(f"the container's group is gone: {error}") from error


def memory(group: Path) -> int:
    """Return what the kernel charges a group, without its cache of files, in bytes.

    What lies in a `tmpfs` counts: it is nowhere else.

    Raises:
        BenchmarkError: The kernel does not say.
    """
    try:
        pairs = (
            line.split() for line in (group / "memory.stat").read_text().split("\n")
        )
        stat = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}
        if "total_cache" in stat:  # version 1
            used = int((group / "memory.usage_in_bytes").read_text())
            return used - stat["total_cache"] + stat["total_shmem"]
        used = int((group / "memory.current").read_text())
        return used - stat["file"] + stat["shmem"]
    except (OSError, KeyError, ValueError) as error:
        raise BenchmarkError(f"the container's memory is not known: {error}") from error


def weigh(pid: int) -> Taken | None:
    """Return what a process takes; None where it has ended.

    Raises:
        BenchmarkError: It may not be asked.
    """
    folder = PROC / str(pid)
    with suppress(FileNotFoundError, ProcessLookupError):
        try:
            sizes = dict(_FIELD.findall((folder / "smaps_rollup").read_text()))
        except PermissionError as error:
            raise BenchmarkError("only root may weigh a sandbox's processes") from error
        private = int(sizes["Private_Clean"]) + int(sizes["Private_Dirty"])
        name = (folder / "comm").read_text().strip()
        return Taken(name=name, pss=int(sizes["Pss"]) * 1024, private=private * 1024)
    return None


def measured(repeats: int, console: Console) -> list[Section]:
    """Measure and report.

    Args:
        repeats: How many sandboxes of each kind are weighed, in turn.
        console: Where progress is told.
    """
    trials = [
        Trial(f"memory of {title}, {count} of {repeats}", step)
        for count in range(1, repeats + 1)
        for title, step in (("our shell", of_ours), ("Inspect's", of_theirs))
    ]
    added = [sample.store_as(Added) for sample in run(trials, console).samples]
    return [section(list(zip(added[::2], added[1::2], strict=True)))]


def section(turns: Sequence[tuple[Added, Added]]) -> Section:
    """Report what was measured, of our sandboxes and Inspect's."""
    names = sorted({p.name for ours, _ in turns for p in ours.processes})
    return Section(
        "What a sandbox has more than a bare container\n"
        "A: with our bash_session, recorder included\n"
        "B: with Inspect's",
        [
            Figure(
                "memory of the processes (PSS)",
                [(a.pss(), b.pss()) for a, b in turns],
                mebibytes,
                MARK,
            ),
            Figure(
                "memory of the processes (private)",
                [(a.private, b.private) for a, b in turns],
                mebibytes,
            ),
            Figure(
                "what the kernel charges, without cache of files",
                [(float(a.group), float(b.group)) for a, b in turns],
                mebibytes,
            ),
            Figure(
                "processes",
                [(float(len(a.processes)), float(len(b.processes))) for a, b in turns],
                number,
            ),
            *(
                Figure(
                    f"of ours: {name} (PSS) : all",
                    [(a.pss(name), a.pss()) for a, _ in turns],
                    mebibytes,
                )
                for name in names
            ),
        ],
    )
