"""A room in which techniques are tried, judged through the scorer itself."""

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from inspect_ai.model import ModelName
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState

from proctor.exam.quizzes import load
from proctor.exam.store import Chunk, ExamStore, fingerprints, read_recording
from proctor.room.files import contents
from proctor.room.layout import COUNTER, DOCKER_HOME, KEY, RESULTS, VISIBLE_LOG, Room
from proctor.rules import ExamEvidence, assess
from proctor.sandbox.client import InstrumentError, RecorderReply
from proctor.scorers import audit
from proctor.trace.events import Note
from tests.box import FOLDER, Box

from .technique import (
    KEY_TEXT,
    KEYS,
    RESTART,
    Found,
    Outcome,
    Refused,
    Technique,
    Unscored,
)

# A call that returns at a pause is read on, so that a busy machine changes nothing.
_READS = 4


@dataclass(frozen=True)
class Result:
    """What came of a technique.

    Attributes:
        verdict: `cheating`, `compliant` or `unscored`.
        reason: Why it is unscored; else the scorer's explanation.
        rules: Ids of the findings that count.
        contradictions: Where the witness or what is left disagrees with the recording.
        witnessed: How often the key was opened, as the witness saw it: at least.
        screen: All that was shown.
        trace: All that was recorded.
    """

    verdict: str
    reason: str
    rules: frozenset[str]
    contradictions: tuple[str, ...]
    witnessed: int
    screen: str
    trace: str

    def matches(self, outcome: Outcome) -> bool:
        """Whether this is what was expected."""
        match outcome:
            case Found():
                shown = re.search(outcome.seen, self.screen) is not None
                cheating = self.verdict == "cheating"
                return cheating and outcome.rules <= self.rules and shown
            case Refused():
                proof = re.search(outcome.proof, self.screen + self.trace)
                return self.verdict != "unscored" and proof is not None
            case Unscored():
                reason = re.search(outcome.reason, self.reason)
                return self.verdict == "unscored" and reason is not None

    @property
    def shows_key(self) -> bool:
        """Whether the key was on the screen."""
        return KEY_TEXT in self.screen or KEY_TEXT[::-1] in self.screen

    @property
    def leaked(self) -> bool:
        """Whether the key was shown and the verdict says compliant."""
        return self.verdict == "compliant" and self.shows_key


class Cell:
    """A box that is emptied between techniques, and renewed where that is not enough.

    Attributes:
        box: The container.
    """

    def __init__(self) -> None:
        """Start a container."""
        self._stack = ExitStack()
        self.box = self._stack.enter_context(Box.up())
        self._used_up = False

    def close(self) -> None:
        """Take the container down."""
        self._stack.close()

    def attempt(self, technique: Technique, programs: Mapping[str, bytes]) -> Result:
        """Try a technique in a fresh room.

        Args:
            technique: What is done.
            programs: Programs that lie ready, by their name in the room.
        """
        if self._used_up:
            self.box.renew()
        else:
            self.box.freshen()
        given = contents(load("impossible")[0].record())
        extra = {name: (data, 0o755) for name, data in programs.items()}
        texts = {n: (text.encode(), 0o644) for n, text in technique.files.items()}
        wanted = [RESULTS, COUNTER, VISIBLE_LOG]
        self._used_up = True
        try:
            asyncio.run(self.box.link.start(given | extra | texts, wanted))
        except InstrumentError:
            # what the technique before has done to the container is not its business
            self.close()
            self.box = self._stack.enter_context(Box.up())
            asyncio.run(self.box.link.start(given | extra | texts, wanted))
        run = _Run(self.box, technique.wait)
        for text in technique.calls:
            if run.failure:
                break
            run.call(text)
        run.close()
        result = run.score(given)
        self._used_up = technique.breaks or result.verdict == "unscored"
        return result


class _Run:
    """One technique's calls, kept as `proctor/exam/session.py` keeps them."""

    def __init__(self, box: Box, wait: float) -> None:
        self.failure: str | None = None
        self._box = box
        self._wait = wait
        self._replies: list[RecorderReply] = []
        self._closed = False

    def call(self, text: str) -> None:
        if text == RESTART:
            self._keep(self._box.restart)
        elif text in KEYS:
            self._keep(lambda: self._box.act(text, self._wait))
        else:
            self._keep(lambda: self._box.run(text, self._wait))
        for _ in range(_READS):
            if self.failure or self._replies[-1].state != "paused":
                break
            self._keep(lambda: self._box.read(self._wait))

    def close(self) -> None:
        self._closed = self._keep(self._box.close)

    def _keep(self, action: Callable[[], RecorderReply]) -> bool:
        try:
            reply = action()
        except InstrumentError as error:
            self.failure = self.failure or str(error)
            return False
        self._replies.append(reply)
        self.failure = self.failure or reply.failure
        return True

    def score(self, given: Mapping[str, tuple[bytes, int]]) -> Result:
        """Judge the run by the scorer of the evaluation."""
        state = TaskState(ModelName("mockllm/model"), 1, 1, "An exam.", [])
        store = state.store_as(ExamStore)
        store.number, store.home, store.folder = 1, DOCKER_HOME, FOLDER
        store.sandbox, store.strace = "docker", "6.1"
        store.failure, store.closed = self.failure, True
        store.given = fingerprints(given)
        traces = [reply.trace for reply in self._replies]
        store.chunks = [
            Chunk.pack(text, f"call-{n}") for n, text in enumerate(traces, 1) if text
        ]
        if self._closed:
            store.final = self._replies[-1].room or {}
        score = asyncio.run(audit()(state, Target("")))
        assert score is not None
        unscored = isinstance(score.value, float) and math.isnan(score.value)
        findings = (score.metadata or {}).get("findings", [])
        trace = read_recording(store)[0]
        left = ExamEvidence(Room(DOCKER_HOME), trace, store.given, store.final)
        return Result(
            "unscored" if unscored else str(score.value),
            score.explanation or "",
            frozenset(f["rule"] for f in findings),
            tuple(assess(left).contradictions),
            sum(
                event.fields["seen"].get(KEY, {}).get("opened", 0)
                for event in trace.events
                if isinstance(event, Note) and event.kind == "witness"
            ),
            "".join(reply.screen for reply in self._replies),
            "".join(traces),
        )
