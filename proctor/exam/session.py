"""One sample's exam: the room opens, the agent acts, the room closes.

Everything that a scorer needs is in the sample's store: the recording in chunks, the
state the room was left in, and the reason where the instrument failed. So a score
is a function of the log, and any log can be judged again by newer rules.
"""

import base64
import hashlib
import os
import zlib
from collections.abc import Mapping
from typing import Any, Literal
from weakref import WeakKeyDictionary

from inspect_ai.event import ToolEvent
from inspect_ai.log import Transcript, transcript
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironment, StoreModel, sandbox, store_as
from pydantic import BaseModel, Field, ValidationError

from .._inspect import TerminateSampleError
from ..logs.explanations import note
from ..room.conditions import STUDY, Condition, ConditionError
from ..room.files import contents
from ..room.layout import COUNTER, DOCKER_HOME, RESULTS, VISIBLE_LOG, Room
from ..rules import Derivation, Finding
from ..sandbox.client import (
    Action,
    InstrumentError,
    RecorderClient,
    RecorderReply,
    SandboxPaths,
)
from ..trace.reader import Trace, TraceReader
from .quizzes import Quiz, select

TOOL = "bash_session"
SandboxKind = Literal["docker", "k8s", "local"]
LOCAL = "local"
DOCKER_FOLDER = "/run/proctor"
DOCKER_AGENT = "agent"
NOT_CLOSED = "the recording was not closed"
SCRIPTED = "scripted"
# Findings are looked for after each call up to this many events; beyond, only at the
# end, so that an agent that makes a million of them does not slow its own run down.
INLINE_EVENTS = 50_000
# Of one call, so many findings are shown behind it; a reader has long seen enough.
SHOWN = 20

# The lines to the recorders of the samples that are running.
_clients: WeakKeyDictionary[SandboxEnvironment, RecorderClient] = WeakKeyDictionary()
# What was judged of them, by their transcript.
_followings: "WeakKeyDictionary[Transcript, _LiveFindings]" = WeakKeyDictionary()


class Chunk(BaseModel):
    """What was recorded during one tool call.

    Attributes:
        call: Id of the tool call; None for what came after the last one.
        data: The text, compressed by zlib and written in base64.
        lines: How many lines it has.
        size: How many bytes it has, uncompressed.
        sha256: Hash of the uncompressed text.
    """

    call: str | None = None
    data: str
    lines: int
    size: int
    sha256: str

    @classmethod
    def pack(cls, text: str, call: str | None) -> "Chunk":
        """Compress a piece of recording."""
        raw = text.encode("utf-8")
        return cls(
            call=call,
            data=base64.b64encode(zlib.compress(raw, 9)).decode("ascii"),
            lines=text.count("\n"),
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
        )

    def text(self) -> str:
        """Return the recording.

        Raises:
            InstrumentError: It is not what was recorded.
        """
        try:
            raw = zlib.decompress(base64.b64decode(self.data, validate=True))
            text = raw.decode("utf-8")
        except (ValueError, zlib.error) as error:
            raise InstrumentError("the recording in the log is damaged") from error
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            raise InstrumentError("the recording in the log was changed")
        return text


class ExamStore(StoreModel):
    """What a sample keeps of its exam.

    Attributes:
        number: Which sample of the run this is, from 1.
        home: The agent's home in the sandbox; empty where no room was opened.
        quiz: Id of the quiz.
        condition: What the agent was told and given, by factor.
        key: The right answers, where they are marked after the exam; else empty.
        sandbox: Kind of the sandbox.
        folder: The recorder's folder in the sandbox.
        strace: Version of the tracer.
        chunks: The recording. Only ever appended to: each change is logged.
        failure: Why the recording cannot be trusted; None while it can.
        cut_off: Whether the sample was ended for that before its agent was done.
        closed: Whether the session was ended and the recording is whole.
        given: SHA-256 and mode of each file that was put into the room, by name.
        final: The room's files at the end, by name.
    """

    number: int = Field(default=0)
    home: str = Field(default="")
    quiz: str = Field(default="")
    condition: dict[str, str] = Field(default_factory=dict)
    key: str = Field(default="")
    sandbox: str = Field(default="")
    folder: str = Field(default="")
    strace: str = Field(default="")
    chunks: list[Chunk] = Field(default_factory=list)
    failure: str | None = Field(default=None)
    cut_off: bool = Field(default=False)
    closed: bool = Field(default=False)
    given: dict[str, Any] = Field(default_factory=dict)
    final: dict[str, Any] = Field(default_factory=dict)


@solver
def enter_room(kind: SandboxKind = "docker", scripted: str = SCRIPTED) -> Solver:
    """Open the room: put its files and the recorder in place, and start the shell.

    Args:
        kind: The kind of sandbox.
        scripted: The provider whose models are let into a local room, because nothing
            but a script decides what they do.

    Returns:
        A setup step. Where the recorder does not start it ends the sample, which is
        then unscored with the reason.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        store = state.store_as(ExamStore)
        store.number = _number(state)
        store.sandbox = kind
        if kind == LOCAL and state.model.api != scripted:
            fail(store, f"a local room is for scripted models, not for {state.model}")
        condition = condition_of(state)
        quiz = quiz_of(state, condition)
        store.quiz, store.condition = quiz.id, condition.as_record()
        if condition.key == "absent":
            store.key = quiz.key
        try:
            place = await _prepare(kind)
            store.home, store.folder = place.home, place.folder
            client = RecorderClient(sandbox(), place)
            room = contents(quiz.record(), condition)
            store.given = fingerprints(room)
            wanted = [RESULTS, COUNTER, VISIBLE_LOG]
            store.strace = await client.start(room, wanted)
            _clients[sandbox()] = client
        except InstrumentError as error:
            fail(store, str(error))
        return state

    return solve


def fingerprints(room: Mapping[str, tuple[bytes, int]]) -> dict[str, dict[str, Any]]:
    """Return what tells later whether a room's files are as they were handed out."""
    return {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "mode": mode}
        for name, (data, mode) in room.items()
    }


def _number(state: TaskState) -> int:
    number = state.metadata.get("number", state.sample_id)
    return number if isinstance(number, int) else 0


def condition_of(state: TaskState) -> Condition:
    """Say what an agent was told and given.

    Where nothing says so, as in logs of other tasks, it is taken to be as in the study.
    """
    told = state.metadata.get("condition")
    try:
        return Condition.of(told if isinstance(told, Mapping) else {})
    except ConditionError:
        return STUDY


def quiz_of(state: TaskState, condition: Condition) -> Quiz:
    """Return the quiz of a sample: the one it names, else the first of its kind."""
    name = state.metadata.get("quiz")
    return select(condition.quiz, [name] if name else None)[0]


def room_of(store: ExamStore) -> Room:
    """Return the layout of a sample's room."""
    return Room(store.home, Condition.of(store.condition))


async def _prepare(kind: SandboxKind) -> SandboxPaths:
    if kind != LOCAL:
        return _place(kind, DOCKER_HOME, DOCKER_FOLDER)
    # Inspect makes a folder of its own for a local sample; only its owner can enter
    # it, and the agent must get to its home in there.
    result = await sandbox().exec(["sh", "-c", "chmod 711 . && pwd -P"])
    if not result.success:
        raise InstrumentError(f"no local sandbox: {result.stderr.strip()}")
    root = result.stdout.strip()
    return _place(kind, f"{root}/room", f"{root}/proctor")


def _place(kind: str, home: str, folder: str) -> SandboxPaths:
    if kind != LOCAL:
        return SandboxPaths(home, folder, DOCKER_AGENT, "root", kind == "docker")
    # Without root there is nobody else to become; that is why only scripted models
    # are let into a local room.
    return SandboxPaths(home, folder, "nobody" if os.geteuid() == 0 else None, None)


def fail(store: ExamStore, reason: str) -> None:
    """Record that the instrument failed, and end the sample.

    Raises:
        TerminateSampleError: Always; Inspect then ends the agent and calls the
            scorers, which find the reason in the store.
    """
    if store.failure is None:
        store.failure = reason
    store.cut_off = True
    raise TerminateSampleError(f"Instrument failure: {store.failure}")


async def act(action: Action, text: str, wait: float) -> RecorderReply:
    """Let the agent act, keep what was recorded, and show what was found.

    Args:
        action: What to do.
        text: What is typed.
        wait: Seconds to wait for the program at most.

    Raises:
        TerminateSampleError: The recording cannot be trusted any more.
    """
    store = store_as(ExamStore)
    if not store.folder:
        raise RuntimeError(
            "There is no exam room: the task's setup has not run. Use the shell in "
            "a task whose setup is proctor's enter_room()."
        )
    if store.failure:
        fail(store, store.failure)
    call = _current_call()
    try:
        reply = await _client().act(action, text, wait)
    except InstrumentError as error:
        fail(store, str(error))
        raise  # not reached: fail() raises
    _keep(store, reply, call)
    if reply.failure:
        fail(store, reply.failure)
    if reply.trace:
        show_findings(store)
    return reply


async def close_room(store: ExamStore) -> None:
    """End the session and keep the rest of the recording; at most once.

    Does nothing where no room was opened (a log that is scored again).
    """
    if store.closed or not store.strace:
        return  # done already, or the recorder never started
    try:
        client = _client()
        del _clients[sandbox()]  # else both were kept for ever: a line has its sandbox
        reply = await client.close()
    except (InstrumentError, ProcessLookupError) as error:
        # ProcessLookupError: no sandbox (any more), as in a log that is scored again
        reason = str(error) if isinstance(error, InstrumentError) else NOT_CLOSED
        store.failure = store.failure or reason
        return
    store.closed = True
    _keep(store, reply, None)
    store.final = reply.room or {}
    store.failure = store.failure or reply.failure


def _client() -> RecorderClient:
    """Return the line to this sample's recorder.

    Raises:
        ProcessLookupError: There is no sandbox, or no recorder was started in it.
    """
    client = _clients.get(sandbox())
    if client is None:
        raise ProcessLookupError("no recorder was started in this sandbox")
    return client


def _keep(store: ExamStore, reply: RecorderReply, call: str | None) -> None:
    if reply.trace:
        store.chunks.append(Chunk.pack(reply.trace, call))


def _current_call() -> str | None:
    """Return the id of the tool call that is being carried out.

    Calls of one message are made in turn, so it is the first that is not done.
    """
    for event in transcript().pending_events:
        if isinstance(event, ToolEvent) and event.function == TOOL:
            return event.id
    return None


def chunks(store: ExamStore, since: int = 0) -> list[Chunk]:
    """Return the recording's chunks; what comes out of a log is plain data.

    Args:
        store: The sample's.
        since: How many of the first are left out.

    Raises:
        InstrumentError: They are not what was written.
    """
    try:
        return [Chunk.model_validate(record) for record in store.chunks[since:]]
    except ValidationError as error:
        raise InstrumentError("the recording in the log is damaged") from error


def read_recording(store: ExamStore) -> tuple[Trace, list[str | None]]:
    """Read the recording out of the store.

    Returns:
        The trace, whose events name a call by its number from 1, and the ids of the
        calls: number n is at index n - 1.

    Raises:
        InstrumentError: The recording in the log is damaged.
    """
    reader = TraceReader()
    calls: list[str | None] = []
    for chunk in chunks(store):
        calls.append(chunk.call)
        reader.feed(chunk.text(), len(calls))
    return reader.trace(), calls


class _LiveFindings:
    """What was read and judged of a sample so far, so that no call is judged twice."""

    def __init__(self, room: Room) -> None:
        self.reader = TraceReader()
        self.derivation = Derivation(room)
        self.calls = 0


def _followed(store: ExamStore) -> list[Finding]:
    """Return what was found of the latest tool call."""
    key = transcript()
    known = _followings.get(key)
    if known is None:
        known = _followings[key] = _LiveFindings(room_of(store))
    for chunk in chunks(store, known.calls):
        known.calls += 1
        known.reader.feed(chunk.text(), known.calls)
    known.derivation.follow(known.reader.trace().events)
    return known.derivation.findings(known.calls)


def show_findings(store: ExamStore) -> None:
    """Write the findings of the latest tool call behind it into the transcript."""
    if sum(chunk.lines for chunk in store.chunks) > INLINE_EVENTS:
        return
    findings = _followed(store)
    for finding in findings[:SHOWN]:
        transcript().info(note(finding), source="proctor")
    more = len(findings) - SHOWN
    if more > 0:
        transcript().info(f"And {more} more: the score has them all.", source="proctor")


async def close_after(state: TaskState) -> None:
    """Close the room where no scorer has: the task's cleanup."""
    await close_room(state.store_as(ExamStore))
