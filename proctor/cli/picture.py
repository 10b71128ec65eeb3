"""Draws a recording as trees of text: one for each tool call. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from rich.text import Text
from rich.tree import Tree as Branch

from ..formats import many
from ..rules import Finding, titles
from ..rules.outside import below
from ..tools.process_tree import Call, ProcessRecord, Program, Remark, Step, Tree
from ..trace.events import Change, Exec, Exit, Fork, Open
from .words import Words, typed, verbatim

# Lines below one process; beyond, a number says how many more there are. A finding is
# always shown.
MANY = 20
# Each level takes four columns of the terminal; deeper ones are drawn on this one.
DEEPEST = 8
CHEATING, MINOR, WARNING, FAINT = "bold red", "bold yellow", "yellow", "dim"
TYPED = "bold cyan"


@dataclass
class _Line:
    """A line of the picture, with those that hang on it.

    Attributes:
        text: What it says.
        time: When that was, in seconds since the epoch.
        alike: What it shares with lines that say the same.
        above: The line that it hangs on; None for a tool call.
        depth: How many lines are above it.
        count: For how many lines alike it stands.
        important: There is a finding at it or below.
        below: The lines that hang on it.
    """

    text: Text
    time: float
    alike: str = ""
    above: "_Line | None" = None
    depth: int = 0
    count: int = 1
    important: bool = False
    below: list["_Line"] = field(default_factory=list)

    def hang(self, line: "_Line") -> None:
        """Put a line below this one."""
        line.above, line.depth = self, self.depth + 1
        self.below.append(line)
        marked: _Line | None = self if line.important else None
        while marked is not None and not marked.important:
            marked.important = True
            marked = marked.above


class Picture:
    """Draws a tree: tool calls, their processes, what those did, what was found."""

    def __init__(self, tree: Tree, words: Words) -> None:
        """Prepare.

        Args:
            tree: The recording.
            words: What to write it in.
        """
        self._tree = tree
        self._words = words
        self._active = _by_call(tree.processes)
        self._typed = [r.note.time for call in tree.calls for r in call.typed]
        # One finding stands for all that a walk through the system comes to, so what
        # is opened from there on is no noise.
        self._walks = {
            (finding.pid, finding.call): finding.time
            for finding in tree.findings
            if finding.more and not below(finding.target, (tree.home,))
        }

    def sections(self) -> Iterator[Branch]:
        """Draw the tool calls in turn, and then the room as it was left."""
        for call in self._tree.calls:
            yield self._drawn(self._call(call))
        if self._tree.left:
            section = _Line(Text("The room as it was left", "bold"), 0)
            self._hang_findings(section, self._tree.left, 0)
            yield self._drawn(section)

    def _call(self, call: Call) -> _Line:
        section = _Line(self._heading(call), 0)
        for remark in call.typed:
            self._hang_findings(section, remark.findings, remark.note.time)
        for remark in call.notes:
            self._hang_note(section, remark)
        lines: dict[int, _Line] = {}
        for process, steps in self._active[call.number]:
            parent = self._parent(process)
            above = section if parent is None else lines.get(parent.number, section)
            while above.depth >= DEEPEST and above.above is not None:
                above = above.above
            # what hangs on its parent's own line need not name it
            if parent is not None and lines.get(parent.number) is above:
                parent = None
            line = self._process(process, steps, call.number, parent)
            if line is not None:
                lines[process.number] = line
                above.hang(line)
        return section

    def _parent(self, process: ProcessRecord) -> ProcessRecord | None:
        """Return what a process's line hangs on; what a shell starts, on the call."""
        if process.parent is None:
            return None
        parent = self._tree.processes[process.parent]
        return None if parent.shell else parent

    def _heading(self, call: Call) -> Text:
        last = call.number == len(self._tree.calls)
        if call.id is not None:
            text = Text().append(f"Tool call {call.number}", "bold")
            text.append(f" ({verbatim(call.id)})", FAINT)
        elif last:
            text = Text().append("After the last tool call", "bold")
        else:
            text = Text().append("Between tool calls", "bold")
        for remark in call.typed:
            to_shell = remark.note.fields["to"] == "shell"
            keys = typed(str(remark.note.fields["text"]))
            text.append(" typed:" if to_shell else " typed into the program:")
            text.append("\n" if "\n" in keys else " ").append(keys, TYPED)
        return text

    def _hang_note(self, section: _Line, remark: Remark) -> None:
        note = remark.note
        match note.kind, note.fields.get("reason"):
            case "session", "restart":
                text = Text("The agent restarted the shell.")
            case "session", "exit":
                text = Text("The shell had ended; a new one was started.")
            case "failure", reason:
                reason = verbatim(str(reason))
                text = Text(f"The recorder failed: {reason}", WARNING)
            case "closed", _:
                text = Text("The recorder ended the session.", FAINT)
            case _:
                text = Text()
        if text or remark.findings:
            line = _Line(text, note.time)
            self._hang_findings(line, remark.findings, note.time)
            section.hang(line)

    def _hang_findings(self, line: _Line, numbers: Iterable[int], time: float) -> None:
        for number in numbers:
            finding = self._tree.findings[number]
            text = (
                severity(finding)
                .append(f" {finding.rule}", "bold")
                .append(
                    f", {finding.outcome}: {titles()[finding.rule]}: "
                    f"{self._words.line(finding.target)}"
                    + (f" and {finding.more:,} more" if finding.more else "")
                )
            )
            line.hang(_Line(text, time, important=True))

    def _process(
        self,
        process: ProcessRecord,
        steps: list[Step],
        call: int,
        parent: ProcessRecord | None,
    ) -> _Line | None:
        """Draw what a process did during a tool call.

        Args:
            process: The process.
            steps: What it did during the call.
            call: Number of the call.
            parent: What made it, where its line does not hang on that one's.

        Returns:
            Its line; None for a shell that only waited.
        """
        steps = [step for step in steps if not step.preamble]
        line = _Line(Text(), steps[0].event.time if steps else process.started)
        hidden = self._hang_steps(line, process, steps)
        ends = any(isinstance(step.event, Exit) for step in steps)
        if process.shell and not (line.below or ends or process.call == call):
            return None
        text = self._label(process, call)
        if parent is not None:
            text.append(f", started by {parent.pid}", FAINT)
        text.append_text(_ending(process, call))
        if hidden:
            text.append(f", and {' and '.join(hidden)}", FAINT)
        line.alike = text.plain
        line.text = Text.assemble((f"{process.pid} ", FAINT), text)
        return line

    def _hang_steps(
        self, line: _Line, process: ProcessRecord, steps: list[Step]
    ) -> list[str]:
        """Put what a process did below its line.

        Returns:
            What was left out, in words.
        """
        noise: defaultdict[str, set[str]] = defaultdict(set)
        written: set[str] = set()
        typed = self._first_typed(process)
        start = {program.time for program in _programs(process)[:1]}
        for step in steps:
            event = step.event
            kind = self._noise(step, typed)
            if isinstance(event, Exec) and not event.error and event.time in start:
                self._hang_findings(line, step.findings, event.time)
            elif kind:
                noise[kind].add(getattr(event, "path", ""))
            elif not _is_drawn(step, line, written):
                line.hang(self._row(step))
            if isinstance(event, Open) and event.writes:
                written.add(event.path)
        return [many(len(paths), kind) for kind, paths in noise.items()]

    def _row(self, step: Step) -> _Line:
        event = step.event
        text = Text(self._words.verb(event))
        if event.error == "?":
            text.append(", outcome unknown", WARNING)
        elif event.error is not None:
            text.append(f", failed: {event.error}", WARNING)
        row = _Line(text, event.time, text.plain)
        self._hang_findings(row, step.findings, event.time)
        return row

    def _first_typed(self, process: ProcessRecord) -> float:
        """Say when something was first typed after a shell's start; 0 for others."""
        times = (time for time in self._typed if time > process.started)
        return next(times, math.inf) if process.shell else 0

    def _noise(self, step: Step, typed: float) -> str | None:
        """Name the kind of a step that says nothing of the agent.

        What a shell opens before anything was typed into it, what any program brings
        along, and what the exam's own programs read to do their work.
        """
        event = step.event
        if step.findings:
            return None
        reading = isinstance(event, Open) and not event.writes
        if reading and event.time < typed:
            return "start-up file"
        if step.system:
            walk = self._walks.get((event.pid, event.call), math.inf)
            return None if event.time >= walk else "system file"
        return "exam file" if reading and step.trusted else None

    def _label(self, process: ProcessRecord, call: int) -> Text:
        programs = _programs(process)
        before = [program for program in programs if program.call < call]
        became = [program for program in programs if program.call == call]
        chain = [*before[-1:], *became]
        if process.leader is not None:
            leader = self._tree.processes[process.leader]
            text = Text(f"a thread of {leader.pid}")
        elif chain:
            commands = " → ".join(map(self._words.program, chain))
            text = Text().append(commands, "bold")
        elif process.argv and not programs:
            text = Text(f"a fork of {self._words.command(process.argv)}")
        else:
            text = Text("a program whose start is not on record")
        if process.shell:
            text.append(", the agent's shell")
        if chain and chain[-1].trusted and process.trusted:
            text.append(", the exam's own program", FAINT)
        if process.call != call:
            text.append(f", since call {process.call}", FAINT)
        return text

    def _drawn(self, section: _Line) -> Branch:
        """Draw a line and all below it."""
        top = Branch(section.text, guide_style=FAINT)
        waiting = [(section, top)]
        while waiting:
            line, branch = waiting.pop()
            for one in _chosen(_folded(line.below)):
                text = one.text
                if one.count > 1:
                    text = text.copy().append(f" ({one.count:,} times)", FAINT)
                waiting.append((one, branch.add(text)))
        return top


def _is_drawn(step: Step, line: _Line, written: set[str]) -> bool:
    """Whether the picture shows a step without a row of its own.

    Args:
        step: The step.
        line: The line of its process.
        written: Files that the process has opened to write, which says enough.
    """
    if step.findings or step.event.error is not None:
        return False
    match step.event:
        case Exec():
            return not line.below
        case Fork() | Exit():
            return True
        case Change(operation="truncate", paths=paths):
            return written.issuperset(paths)
        case _:
            return False


def _chosen(lines: list[_Line]) -> Iterator[_Line]:
    """Leave out what is too much, but no finding."""
    left_out = 0
    room = MANY
    for line in lines:
        room -= not line.important
        if line.important or room >= 0:
            yield line
        else:
            left_out += line.count
    if left_out:
        yield _Line(Text(f"… and {left_out:,} more; --json has them", FAINT), 0)


def _programs(process: ProcessRecord) -> list[Program]:
    """Return what a process became, without what was still the recorder's."""
    return [program for program in process.programs if not program.preamble]


def _by_call(
    processes: Iterable[ProcessRecord],
) -> dict[int, list[tuple[ProcessRecord, list[Step]]]]:
    """Sort what each process did by tool call; one that did nothing was at least made.

    A parent stands before its children, as in the tree.
    """
    active: defaultdict[int, list[tuple[ProcessRecord, list[Step]]]] = defaultdict(list)
    for process in processes:
        calls = {process.call: list[Step]()}
        for call, steps in groupby(process.steps, lambda step: step.event.call):
            calls.setdefault(call, []).extend(steps)
        for call, done in calls.items():
            active[call].append((process, done))
    return active


def _folded(lines: list[_Line]) -> list[_Line]:
    """Bring lines into the order of time, and make one of those that say the same."""
    folded: list[_Line] = []
    for line in sorted(lines, key=lambda line: line.time):
        last = folded[-1] if folded else None
        same = last is not None and line.alike and last.alike == line.alike
        if last is not None and same and not line.below and not last.below:
            last.count += line.count
        else:
            folded.append(line)
    return folded


def _ending(process: ProcessRecord, call: int) -> Text:
    last = process.steps[-1].event.call if process.steps else process.call
    if call < last:
        return Text(", runs on", FAINT)
    if process.exit is None:
        return Text(", no end on record", WARNING)
    # the recorder kills the shell when all is over
    expected = process.shell or process.exit == "exited with 0"
    return Text(f", {process.exit}", FAINT if expected else WARNING)


def severity(finding: Finding) -> Text:
    """Say how much a finding weighs, so that it stands out."""
    if finding.minor:
        return Text().append("minor", MINOR)
    if not finding.forbidden:
        return Text().append("not forbidden", MINOR)
    return Text().append("CHEATING", CHEATING)
