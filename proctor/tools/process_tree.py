"""A recording in, a tree of processes out: who ran what, when, and what it touched.

For people and programs that want to see a recording rather than a verdict. Pure, like
the trace and the rules, and on the same footing as the rules: who is trusted, and what
still belongs to the recorder, is asked of the state.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ..room.layout import Room
from ..rules import Finding
from ..rules.outside import LIBRARIES, below
from ..rules.room_state import Process, RoomState
from ..text import printable
from ..trace.events import FILES_SEEN, Event, Exec, Exit, Fork, Note, Open, Special
from ..trace.reader import Trace

# What a thread's recording does not say itself: its process became another program.
REPLACED = "ended by its process becoming another program"
# Where programs, their libraries and their settings live, and what the kernel makes up:
# opened all the time by every program on its own account.
SYSTEM = (
    *LIBRARIES,
    *("/etc", "/proc", "/sys", "/dev", "/run/nscd", "/var/run/nscd"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, with what the rules say of it.

    Attributes:
        event: What happened.
        findings: Which of the tree's findings it is the evidence of, by number.
        trusted: Which of the room's programs did it, where that one could be trusted.
        preamble: It was still the recorder, on its way to become the agent's shell.
    """

    event: Event
    findings: tuple[int, ...] = ()
    trusted: str | None = None
    preamble: bool = False

    @property
    def system(self) -> bool:
        """Whether it is what the start of any program brings along.

        A library, a setting or a device that was opened to be read, the name service
        cache that was asked, a folder of the search path that lacks the program.
        """
        match self.event:
            case Open(path=path) as event:
                return below(path, ("/dev",) if event.writes else SYSTEM)
            case Special(name="connect", arguments=arguments):
                return any("/nscd/socket" in argument for argument in arguments)
            case Exec(error="ENOENT"):
                return True
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a process became.

    Attributes:
        time: When, in seconds since the epoch.
        call: During which tool call.
        path: Its file.
        argv: Its arguments, its own name first.
        folder: The current folder at that time.
        trusted: Which of the room's programs it is, where it could be trusted then.
        preamble: It is the recorder's, on its way to become the agent's shell.
    """

    time: float
    call: int
    path: str
    argv: tuple[str, ...]
    folder: str
    trusted: str | None
    preamble: bool


@dataclass(slots=True)
class ProcessRecord:
    """A process, or thread, from its start to its end.

    A process id that is used again is another process.

    Attributes:
        number: Its place in the tree's list, from 0.
        pid: Its id.
        parent: Number of the process that made it; None where nobody on record did.
        leader: Of a thread: number of the process that it belongs to.
        started: When it was made, in seconds since the epoch.
        call: During which tool call.
        program: The file that it ran last, its parent's where it never became another.
        argv: That program's arguments.
        folder: Where that program started.
        shell: Whether it is a shell that the recorder started for the agent.
        trusted: Which of the room's programs it was to its end, if it could be trusted.
        ended: When it ended; None where that is not on record.
        exit: How, in strace's words.
        programs: What it became, in turn.
        steps: What it did, in the order of time.
    """

    number: int
    pid: int
    parent: int | None
    leader: int | None
    started: float
    call: int
    program: str = ""
    argv: tuple[str, ...] = ()
    folder: str = ""
    shell: bool = False
    trusted: str | None = None
    ended: float | None = None
    exit: str | None = None
    programs: list[Program] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """Return the process as plain data."""
        record = _plain_fields(self)
        del record["steps"]
        return record | {
            "thread": self.leader is not None,
            "programs": [_plain_fields(program) for program in self.programs],
            "events": [_step_record(step) for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """A note of the recorder, with what the rules say of it.

    Attributes:
        note: The note.
        findings: Which of the tree's findings it is the evidence of, by number.
    """

    note: Note
    findings: tuple[int, ...]

    def as_record(self) -> dict[str, Any]:
        """Return the note as plain data."""
        own = {"time": self.note.time, "findings": list(self.findings)}
        return {**self.note.fields, **own}


@dataclass(slots=True)
class Call:
    """A tool call, or what came after the last one.

    Attributes:
        number: From 1.
        id: The id that Inspect's log knows it by; None for what came after the last.
        typed: What the agent typed: notes `input`.
        notes: What else the recorder noted down: shells that it started, its end.
    """

    number: int
    id: str | None
    typed: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """Return the call as plain data."""
        return {
            "number": self.number,
            "id": self.id,
            "typed": [remark.as_record() for remark in self.typed],
            "notes": [
                {"kind": remark.note.kind} | remark.as_record() for remark in self.notes
            ],
        }


@dataclass(slots=True)
class Tree:
    """All of a recording.

    Attributes:
        home: The agent's home in the sandbox.
        calls: The tool calls; number n is at index n - 1.
        processes: Every process, a parent before its children; number n at index n.
        findings: What the rules find.
        left: Numbers of those findings that no event is the evidence of: what was
            found in the state that the room was left in.
        trace: What it was made from.
    """

    home: str
    calls: list[Call]
    processes: list[ProcessRecord]
    findings: list[Finding]
    left: list[int]
    trace: Trace

    def counts(self) -> dict[str, int]:
        """Say how much there is of everything."""
        threads = sum(process.leader is not None for process in self.processes)
        return {
            "calls": sum(call.id is not None for call in self.calls),
            "events": len(self.trace.events),
            "lines": self.trace.lines,
            "unreadable": len(self.trace.unreadable),
            "processes": len(self.processes) - threads,
            "threads": threads,
            "findings": len(self.findings),
        }

    def as_record(self) -> dict[str, Any]:
        """Return calls, processes and findings as plain data."""
        owners = {
            number: process.number
            for process in self.processes
            for step in process.steps
            for number in step.findings
        }
        return {
            "calls": [call.as_record() for call in self.calls],
            "processes": [process.as_record() for process in self.processes],
            "findings": [
                finding.as_record() | {"number": number, "process": owners.get(number)}
                for number, finding in enumerate(self.findings)
            ],
        }


def build_process_tree(
    trace: Trace, calls: Sequence[str | None], room: Room, findings: Sequence[Finding]
) -> Tree:
    """Derive the tree of a recording.

    Args:
        trace: The recording.
        calls: Ids of the tool calls; number n is at index n - 1.
        room: The layout of the room in which it was made.
        findings: What the rules find in it, and in what was left of the room.
    """
    evidence = _evidence(trace.events, findings)
    state = RoomState(room)
    builder = _TreeBuilder(state, calls)
    for index, (event, process) in enumerate(state.follow(trace.events)):
        builder.take(event, process, tuple(evidence.get(index, ())))
    shown = {number for numbers in evidence.values() for number in numbers}
    return Tree(
        room.home,
        builder.calls,
        builder.processes,
        list(findings),
        [number for number in range(len(findings)) if number not in shown],
        trace,
    )


def _evidence(
    events: Sequence[Event], findings: Sequence[Finding]
) -> dict[int, list[int]]:
    """Find the event that each finding was made at.

    A finding names process and time. Two events can share both, to the microsecond;
    then it is the one that names what was touched. What was found in the state that
    the room was left in bears the time of the end, and has no event.

    Returns:
        Numbers of findings by the event's index.
    """
    wanted = {(finding.pid, finding.time) for finding in findings}
    places: defaultdict[tuple[int, float], list[int]] = defaultdict(list)
    for index, event in enumerate(events):
        closing = isinstance(event, Note) and event.kind in (FILES_SEEN, "closed")
        if (event.pid, event.time) in wanted and not closing:
            places[event.pid, event.time].append(index)
    evidence: defaultdict[int, list[int]] = defaultdict(list)
    for number, finding in enumerate(findings):
        indexes = places[finding.pid, finding.time]
        fitting = [i for i in indexes if _names(events[i], finding)] or indexes
        for index in fitting[:1]:
            evidence[index].append(number)
    return evidence


def _names(event: Event, finding: Finding) -> bool:
    paths = getattr(event, "paths", (getattr(event, "path", None),))
    return any(path and printable(path) in finding.target for path in paths)


class _TreeBuilder:
    """Takes the events in turn, and keeps who is who."""

    def __init__(self, state: RoomState, calls: Sequence[str | None]) -> None:
        self.calls = [Call(number, name) for number, name in enumerate(calls, 1)]
        self.processes: list[ProcessRecord] = []
        self._state = state
        self._latest: dict[int, ProcessRecord] = {}
        self._threads: defaultdict[int, list[ProcessRecord]] = defaultdict(list)

    def take(self, event: Event, known: Process, findings: tuple[int, ...]) -> None:
        """Take the next event, and its process as it was when that began."""
        if isinstance(event, Note):
            call = self.calls[event.call - 1]
            remarks = call.typed if event.kind == "input" else call.notes
            remarks.append(Remark(event, findings))
            if event.kind == "session":
                self._begin_shell(int(event.fields["shell"]), event)
        else:
            self._step(event, known, findings)

    def _begin_shell(self, pid: int, event: Note) -> None:
        known = self._latest.get(pid)
        if known is None or known.exit is not None:
            known = self._begin(pid, event, None, None)
        known.shell = True

    def _begin(
        self, pid: int, event: Event, parent: int | None, leader: int | None
    ) -> ProcessRecord:
        process = ProcessRecord(
            len(self.processes), pid, parent, leader, event.time, event.call
        )
        self.processes.append(process)
        self._latest[pid] = process
        return process

    def _step(self, event: Event, known: Process, findings: tuple[int, ...]) -> None:
        process = self._latest.get(event.pid)
        if process is None:
            process = self._begin(event.pid, event, None, None)
        step = Step(event, findings, known.trusted, known.preamble)
        process.steps.append(step)
        process.trusted = known.trusted
        # strace writes a fork down when it is over: where the parent had to wait for
        # the child (vfork), with a later call than that of the child's first steps
        process.call = min(process.call, event.call)
        match event:
            case Fork(error=None):
                self._fork(process, event)
            case Exec(error=None):
                self._exec(process, event, step)
            case Exit():
                process.ended, process.exit = event.time, event.how

    def _fork(self, parent: ProcessRecord, event: Fork) -> None:
        leader = None
        if "CLONE_THREAD" in event.flags:
            leader = parent.number if parent.leader is None else parent.leader
        child = self._begin(event.child, event, parent.number, leader)
        child.program, child.argv = parent.program, parent.argv
        child.folder = parent.folder
        child.trusted = self._state.process(event.child).trusted
        if leader is not None:
            self._threads[leader].append(child)

    def _exec(self, process: ProcessRecord, event: Exec, step: Step) -> None:
        process.program, process.argv = event.path, event.argv
        process.folder = event.folder
        what = event.path, event.argv, event.folder, step.trusted, step.preamble
        process.programs.append(Program(event.time, event.call, *what))
        # The thread that called execve goes on as the process, and its own recording
        # just stops; the others' ends, where on record, come right behind.
        for thread in self._threads.pop(process.number, ()):
            if thread.exit is None:
                thread.ended, thread.exit = event.time, REPLACED


def _step_record(step: Step) -> dict[str, Any]:
    event = step.event
    record = {"kind": type(event).__name__.lower(), **_plain_fields(event)}
    if isinstance(event, Open):
        record["writes"] = event.writes
    del record["pid"]
    record["findings"] = list(step.findings)
    return record


def _plain_fields(record: Any) -> dict[str, Any]:
    return {item.name: _plain(getattr(record, item.name)) for item in fields(record)}


def _plain(value: Any) -> Any:
    match value:
        case frozenset():
            return sorted(value)
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value
