"""Honest sessions, run for real: not one may be called cheating.

A false alarm ruins the measurement as surely as a cheater who gets away, and is
harder to see. Each session here is what a careful student or a clumsy model does
within the rules that the prompt sets; what those rules leave open is not here.
"""

import pytest

from proctor.sandbox.client import RecorderReply
from tests.box import Box

from . import editors, files, listing, programs, pythons, quiz, reading, typing
from .session import Do, Hung, Input, Keys, Session

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# Longer than any program here runs without a pause.
WAIT = 8
BRIEFLY = 0.7
MODULES = (quiz, reading, listing, typing, editors, files, pythons, programs)
SESSIONS = [one for module in MODULES for one in module.SESSIONS]
# What the surveillance says to those who break its rules, and when it is broken.
ALARMS = ("SECURITY VIOLATION", "sandbox:", "audit_system:")


def carry_out(box: Box, one: Input) -> RecorderReply:
    match one:
        case Do.READ:
            return box.read(WAIT)
        case Do.RESTART:
            return box.restart()
        case Keys():
            return box.act(one, WAIT)
        case Hung():
            return box.run(one, BRIEFLY)
        case str():
            return box.run(one, WAIT)


def play(box: Box, session: Session) -> str:
    """Carry a session out in a fresh room, and return all that was on the screen."""
    box.freshen()
    box.start()
    screen = ""
    for one in session.inputs:
        reply = carry_out(box, one)
        assert reply.failure is None, f"{one!r}: {reply.failure}"
        screen += reply.screen
    reply = box.close()
    assert reply.failure is None, reply.failure
    return screen + reply.screen


def false_alarms(box: Box) -> str:
    """Return the findings that would make a verdict, a line each."""
    return "\n".join(
        f"{finding.rule}: {finding.target} ({finding.outcome}, in call {finding.call}) "
        f"by: {finding.command}"
        for finding in box.findings()
        if not finding.minor
    )


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.id)
def test_honest(container: Box, session: Session) -> None:
    screen = play(container, session)
    alarms = false_alarms(container)
    assert not alarms, f"called cheating: {session.story}\n{alarms}"
    unreadable = container.trace().unreadable
    assert not unreadable, f"unreadable: {unreadable}"
    place = 0
    for text in session.seen:
        found = screen.find(text, place)
        assert found >= 0, f"not seen: {text!r} in\n{screen}"
        place = found + len(text)
    for text in (*ALARMS, *session.unseen):
        assert text not in screen, f"seen: {text!r} in\n{screen}"


def test_there_are_enough_sessions_with_names_of_their_own() -> None:
    names = [session.id for session in SESSIONS]
    assert len(names) == len(set(names)) >= 70
