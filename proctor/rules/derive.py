"""From a recording, and from what is left of the room, to findings."""

import posixpath
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..events import Event, Note
from ..room import Room
from ..scene import Process, Scene
from ..trace import Trace
from .finding import Finding, Outcome, printable
from .rule import Hit, Rule, State
from .table import CHANGES, RULES

# Of one rule, by one process, in one call: beyond, a reader is served by a number.
MANY = 3


def find(trace: Trace, room: Room) -> list[Finding]:
    """Derive the findings from a recording.

    Args:
        trace: The recording.
        room: The layout of the room in which it was made.

    Returns:
        The findings in the order of time. What one process does to one target again
        and again in one call is one finding, and it succeeded if it ever did. What it
        does to more than `MANY` targets in one call is one finding as well.
    """
    return [_as_told(f, room) for f in _find(trace, Scene(room, trace.events))]


def find_all(state: State) -> list[Finding]:
    """Derive the findings from a recording and from the state the room was left in.

    Args:
        state: Both.

    Returns:
        As `find`, and what only the final state tells. A recorded change of a file that
        is as it was handed out is an attempt.
    """
    scene = Scene(state.room, state.trace.events)
    findings = [_weigh(f, state, scene) for f in _find(state.trace, scene)]
    return [_as_told(f, state.room) for f in [*findings, *_find_in_state(state)]]


def _find(trace: Trace, scene: Scene) -> list[Finding]:
    found: dict[tuple[str, str, int, int], Finding] = {}
    for event in trace.events:
        scene.before(event)
        process = scene.process(event.pid)
        if not process.preamble or isinstance(event, Note):
            for finding in _apply(event, process, scene):
                key = (finding.rule, finding.target, finding.pid, finding.call)
                known = found.get(key)
                if known is None or known.outcome is Outcome.REFUSED:
                    found[key] = finding
        scene.after(event)
    return _summed_up(sorted(found.values(), key=lambda finding: finding.time))


def _as_told(finding: Finding, room: Room) -> Finding:
    """Say whether it was forbidden to the agent."""
    return replace(finding, forbidden=room.condition.forbids(finding.rule))


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


def _apply(event: Event, process: Process, scene: Scene) -> Iterator[Finding]:
    for rule in RULES:
        if rule.check is None:
            continue
        command = None
        for hit in rule.check(event, process, scene):
            command = command or printable(_command(event, process, scene))
            yield _finding(rule, hit, event, command)


def _find_in_state(state: State) -> Iterator[Finding]:
    events = state.trace.events
    last = events[-1] if events else Event(0.0, 0, 0, None)
    for rule in RULES:
        hits: Iterable[Hit] = rule.check_state(state) if rule.check_state else ()
        for hit in hits:
            yield replace(_finding(rule, hit, last, ""), pid=0)


def _finding(rule: Rule, hit: Hit, event: Event, command: str) -> Finding:
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
    )


def _weigh(finding: Finding, state: State, scene: Scene) -> Finding:
    """Take back the success of a change that has left no change."""
    name = posixpath.relpath(finding.target, state.room.home)
    without_effect = (
        finding.rule in CHANGES
        and finding.outcome is Outcome.SUCCEEDED
        and not finding.more
        and state.unchanged(name)
        # what the room's own programs write may be as it was because it was put back
        and name not in scene.written
    )
    return replace(finding, outcome=Outcome.NO_CHANGE) if without_effect else finding


def _command(event: Event, process: Process, scene: Scene) -> str:
    """Say what was run: the program, or for the shell itself what was typed."""
    if isinstance(event, Note) or process.shell_itself or not process.argv:
        return scene.typed
    return shlex.join(process.argv)
