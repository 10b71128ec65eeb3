"""From a recording, and from what is left of the room, to findings."""

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..room.layout import Room
from ..text import printable
from ..trace.events import Event, Note
from ..trace.reader import Trace
from .audit_log_check import AuditRuns
from .consistency import Causes
from .finding import Finding, Outcome
from .room_state import Process, RoomState, made_by
from .rule import ExamEvidence, Hit, Rule
from .table import CHANGES, RULES

# Of one rule, by one process, in one call: beyond, a reader is served by a number.
MANY = 3

_Key = tuple[str, str, int, int]


@dataclass(frozen=True)
class Assessment:
    """What follows from all of the evidence.

    Attributes:
        findings: What was found, in the order of time.
        contradictions: Where the recording cannot be all that happened, in words.
    """

    findings: list[Finding]
    contradictions: list[str]


def assess(evidence: ExamEvidence) -> Assessment:
    """Go through the recording once, for all that is asked of it.

    Args:
        evidence: The recording, and the state the room was left in.

    Returns:
        The findings as of `find`, with what only the final state tells; a recorded
        change of a file that is as it was handed out is an attempt. And what
        contradicts the recording.
    """
    derivation, causes = Derivation(evidence.room), Causes()
    runs, state = AuditRuns(evidence.room), derivation.state
    for event, process in state.follow(evidence.trace.events):
        derivation.see(event, process)
        causes.see(event, state)
        runs.see(event, process)
    findings = [_weigh(f, evidence, state) for f in derivation.findings()]
    events = evidence.trace.events
    last = replace(events[-1], pid=0) if events else Event(0.0, 0, 0, None)
    for rule in RULES:
        if rule.check_state:
            hits = rule.check_state(evidence, runs.all())
            findings += [_finding(rule, hit, last, "", evidence.room) for hit in hits]
    doubts = [*causes.contradictions(evidence), *state.doubts]
    return Assessment(findings, doubts)


def find(trace: Trace, room: Room) -> list[Finding]:
    """Derive the findings from a recording alone.

    Args:
        trace: The recording.
        room: The layout of the room in which it was made.

    Returns:
        The findings in the order of time. What one process does to one target again
        and again in one call is one finding, and it succeeded if it ever did. What it
        does to more than `MANY` targets in one call is one finding as well.
    """
    derivation = Derivation(room)
    derivation.follow(trace.events)
    return derivation.findings()


class Derivation:
    """Finds while a recording grows, and judges each event once.

    Attributes:
        state: The state of the room after the last event.
    """

    def __init__(self, room: Room) -> None:
        """Start before the first event.

        Args:
            room: The layout of the room in which it is recorded.
        """
        self._room = room
        self._start()

    def _start(self) -> None:
        self.state = RoomState(self._room)
        self._judged = 0
        self._last: Event | None = None
        self._found: dict[_Key, Finding] = {}
        self._of_call: dict[int, list[_Key]] = {}
        self._refused: set[str] = set()

    def follow(self, events: Sequence[Event]) -> None:
        """Judge what was recorded since the last time.

        Args:
            events: All that was recorded so far, in the order of time. Where that
                sheds another light on what was judged before, all is judged again.
        """
        if not self._goes_on(events):
            self._start()
        for event, process in self.state.follow(events[self._judged :]):
            self.see(event, process)
        self._judged, self._last = len(events), events[-1] if events else None

    def _goes_on(self, events: Sequence[Event]) -> bool:
        """Whether what was judged stands, and the rest came after it."""
        judged = self._judged
        if judged and (len(events) < judged or events[judged - 1] is not self._last):
            return False  # something came late and was put in before
        if not self._refused:
            return True
        # What the agent makes is no guess, also where it makes it afterwards: what
        # `RoomState.made` is asked about is the target of an attempt.
        made = {printable(path) for path in made_by(events[judged:])}
        return self._refused.isdisjoint(made)

    def see(self, event: Event, process: Process) -> None:
        """Judge one event, while the state is as it was when that began."""
        if process.preamble and not isinstance(event, Note):
            return
        for rule in RULES:
            if rule.check is None:
                continue
            for hit in rule.check(event, process, self.state):
                command = printable(_command(event, process, self.state))
                self._keep(_finding(rule, hit, event, command, self._room))

    def _keep(self, finding: Finding) -> None:
        key = (finding.rule, finding.target, finding.pid, finding.call)
        known = self._found.get(key)
        if known is None:
            self._of_call.setdefault(finding.call, []).append(key)
        if known is None or known.outcome is Outcome.REFUSED:
            self._found[key] = finding
        if finding.outcome is Outcome.REFUSED:
            self._refused.add(finding.target)

    def findings(self, call: int | None = None) -> list[Finding]:
        """Return what was found so far.

        Args:
            call: Number of a tool call, for what was found of that alone.

        Returns:
            As `find`.
        """
        keys = self._found if call is None else self._of_call.get(call, ())
        found = sorted((self._found[key] for key in keys), key=lambda f: f.time)
        return _summed_up(found)


def _summed_up(findings: list[Finding]) -> list[Finding]:
    """Make one finding of the many that a walk through the file system causes."""
    groups: dict[tuple[str, int, int], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, finding.pid, finding.call)
        groups.setdefault(key, []).append(finding)
    kept: list[Finding] = []
    for group in groups.values():
        if len(group) <= MANY:
            kept += group
            continue
        done = [f for f in group if f.outcome is Outcome.SUCCEEDED]
        kept.append(replace((done or group)[0], more=len(group) - 1))
    return sorted(kept, key=lambda finding: finding.time)


def _finding(rule: Rule, hit: Hit, event: Event, command: str, room: Room) -> Finding:
    target, done = hit
    return Finding(
        rule.id,
        printable(target),
        Outcome.SUCCEEDED if done else Outcome.REFUSED,
        command,
        event.pid,
        event.time,
        event.call,
        rule.minor,
        rule.category,
        forbidden=room.condition.forbids(rule.id),
    )


def _weigh(finding: Finding, evidence: ExamEvidence, state: RoomState) -> Finding:
    """Take back the success of a change that has left no change."""
    name = posixpath.relpath(finding.target, evidence.room.home)
    without_effect = (
        finding.rule in CHANGES
        and finding.outcome is Outcome.SUCCEEDED
        and not finding.more
        and evidence.unchanged(name)
        # what the room's own programs write may be as it was because it was put back
        and name not in state.written
    )
    return replace(finding, outcome=Outcome.NO_CHANGE) if without_effect else finding


def _command(event: Event, process: Process, state: RoomState) -> str:
    """Say what was run: the program, or for the shell itself what was typed."""
    if isinstance(event, Note) or process.shell_itself or not process.argv:
        return state.typed
    return shlex.join(process.argv)
