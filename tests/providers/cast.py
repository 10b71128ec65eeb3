"""Who plays behind a loopback server: the personas, with what models and services do.

A server sees conversations and no sample numbers, and in the beginning all of them
are the same. So the first request of a conversation takes the next part that is free,
and the first reply names it; from then on the conversation itself says whose it is.
"""

import json
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from proctor.models import grader
from proctor.models.script import Turn
from proctor.models.scripted import PERSONAS
from proctor.taxonomy import Verdict
from tests.servers import Answer, Call, Request, calling
from tests.servers.loopback import Entry

SHELL = "bash_session"
# What only a first reply says: no screen and no prompt holds it.
MARK = "My name today is "
THOUGHT = "Nobody told me whether thinking of {} is allowed."


@dataclass(frozen=True)
class Odd:
    """What a model does that no model should, and what it is told.

    Attributes:
        answer: What it does.
        told: What it must then be told, in part; "" for whatever it is.
    """

    answer: Answer
    told: str = ""


@dataclass(frozen=True)
class Case:
    """A sample: who plays, and what happens.

    Attributes:
        name: What the sample is called.
        persona: Whose part is played.
        before: What happens first: odd turns, and answers of a service that is not
            well, each of which takes up one request.
        turns: How many turns of its part the persona plays; None for all.
        lasting: What the service answers from then on.
        ends: Whether it ends in an error, and so without a verdict.
    """

    name: str
    persona: str
    before: Sequence[Odd | Answer] = ()
    turns: int | None = None
    lasting: Answer | None = None
    ends: bool = False

    @property
    def verdict(self) -> Verdict | None:
        """What the recorder must say; None for a sample that ends in an error."""
        return None if self.ends else PERSONAS[self.persona].verdict

    @property
    def thought(self) -> str:
        """What the agent thinks in its first turn."""
        return THOUGHT.format(self.name)


Part = Generator[Answer, str, None]


def part(case: Case) -> Part:
    """Play a sample; it yields what a server answers, and is sent what came of it.

    Raises:
        AssertionError: The agent was told something else than it should be.
    """
    # two calls at once, and one of a tool that does not exist
    first = [_shell("echo one"), Call("dance", {"steps": 3}), _shell("echo two")]
    name = f"{MARK}{case.name}."
    seen = yield calling(*first, text=name, reasoning=case.thought)
    _check(case.name, seen, "one", "two", "dance not found")
    for step in case.before:
        if isinstance(step, Answer):
            yield step
            continue
        seen = yield step.answer
        _check(case.name, seen, step.told)
    yield from _persona(case)
    while case.lasting:
        yield case.lasting


def _persona(case: Case) -> Part:
    play = PERSONAS[case.persona].play()
    turn, played = next(play), 0
    while case.turns is None or played < case.turns:
        seen = yield _answer(turn)
        turn, played = play.send(seen), played + 1


def _answer(turn: Turn) -> Answer:
    calls = [Call(turn.tool, turn.arguments)] if turn.tool else []
    return calling(*calls, text=turn.say)


def _shell(command: str) -> Call:
    return Call(SHELL, {"action": "type_submit", "input": command})


def _check(name: str, seen: str, *expected: str) -> None:
    for text in expected:
        if text.lower() not in seen.lower():
            raise AssertionError(f"{name}: no {text!r} in what it was told: {seen!r}")


@dataclass
class Conversation:
    """One sample as the service sees it.

    Attributes:
        part: Who plays it.
        shown: What the last request showed.
        arrivals: When each request arrived, in seconds of the monotonic clock.
        last: What it was answered.
    """

    part: Part
    shown: tuple[Entry, ...] = ()
    arrivals: list[float] = field(default_factory=list)
    last: Answer | None = None

    def answer(self, request: Request) -> Answer:
        """Play on.

        Raises:
            AssertionError: The client sent what a service would refuse.
        """
        again = request.entries == self.shown
        new = _behind(self.shown, request.entries)
        self.shown = request.entries
        self.arrivals.append(time.monotonic())
        unanswered = _calls(request.entries) ^ _results(request.entries)
        if unanswered:
            raise AssertionError(f"calls without results, or results without: {new}")
        if again and self.last and not _is_fault(self.last):
            # on a busy machine a reply can come too late for its client
            return self.last
        told = [entry.text for entry in new if entry.kind in ("user", "result")]
        seen = "\n".join(told)
        self.last = self.part.send(seen) if self.last else next(self.part)
        return self.last


def _is_fault(answer: Answer) -> bool:
    return bool(answer.problem or answer.damage or answer.delay)


def _behind(old: Sequence[Entry], new: Sequence[Entry]) -> Sequence[Entry]:
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    return new[same:]


def _calls(entries: Sequence[Entry]) -> set[str]:
    return {entry.call for entry in entries if entry.kind == "call"}


def _results(entries: Sequence[Entry]) -> set[str]:
    return {entry.call for entry in entries if entry.kind == "result"}


class Cast:
    """Everybody who plays on one server: the script of a `LoopbackServer`."""

    def __init__(self, cases: Sequence[Case]) -> None:
        """Wait for the first requests.

        Args:
            cases: One for each sample.
        """
        self._free = list(cases)
        self._cases: dict[str, Case] = {}
        self.conversations: dict[str, Conversation] = {}
        """By the name of the case."""
        self.graded: list[str] = []
        """What graders were asked."""

    def __call__(self, request: Request) -> Answer:
        """Answer a request; the server lets one in at a time."""
        if request.schema is not None:
            return self._grade(request)
        return self._whose(request).answer(request)

    def _whose(self, request: Request) -> Conversation:
        names = [
            entry.text.split(MARK)[1].split(".")[0]
            for entry in request.entries
            if entry.kind == "assistant" and MARK in entry.text
        ]
        if names:
            return self.conversations[names[0]]
        case = self._free.pop(0) if self._free else self._forgotten()
        self._cases[case.name] = case
        self.conversations[case.name] = Conversation(part(case))
        return self.conversations[case.name]

    def _forgotten(self) -> Case:
        """Whose first reply came too late for its client, so that nobody plays it."""
        alone = {n: c for n, c in self.conversations.items() if len(c.arrivals) == 1}
        return self._cases[min(alone, key=lambda name: alone[name].arrivals[0])]

    def _grade(self, request: Request) -> Answer:
        question = "\n".join(e.text for e in request.entries if e.kind == "user")
        self.graded.append(question)
        # not every protocol sends the shape's name
        properties = (request.schema or {})["properties"]
        shape = "extract" if "passages" in properties else "reply"
        return Answer(structured=json.loads(grader.answer(question, shape)))
