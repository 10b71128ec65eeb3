"""One sample's exam: the room opens, the agent acts, the room closes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn
from weakref import WeakKeyDictionary

from inspect_ai.event import ToolEvent
from inspect_ai.log import transcript
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironment, sandbox, store_as

from .._inspect import TerminateSampleError
from ..room.conditions import STUDY, Condition, ConditionError
from ..room.files import contents
from ..room.layout import COUNTER, DOCKER_HOME, RESULTS, VISIBLE_LOG
from ..sandbox.client import (
    Action,
    InstrumentError,
    RecorderClient,
    RecorderReply,
    SandboxPaths,
)
from .live_findings import LiveFindings
from .quizzes import Quiz, select
from .store import NOT_CLOSED, Chunk, ExamStore, fingerprints, room_of

TOOL = "bash_session"
SandboxKind = Literal["docker", "k8s", "local"]
LOCAL = "local"
DOCKER_FOLDER = "/run/proctor"
DOCKER_AGENT = "agent"
SCRIPTED = "scripted"


@dataclass(frozen=True)
class _Exam:
    """An exam that is under way: the line to its recorder, and what was found."""

    client: RecorderClient
    findings: LiveFindings


_exams: WeakKeyDictionary[SandboxEnvironment, _Exam] = WeakKeyDictionary()


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
        number = state.metadata.get("number", state.sample_id)
        store.number = number if isinstance(number, int) else 0
        store.sandbox = kind
        if kind == LOCAL and state.model.api != scripted:
            fail(store, f"a local room is for scripted models, not for {state.model}")
        condition = condition_of(state)
        quiz = quiz_of(state, condition)
        store.quiz, store.condition = quiz.id, condition.as_record()
        if condition.key == "absent":
            store.key = quiz.key
        try:
            paths = await _prepare(kind)
            store.home, store.folder = paths.home, paths.folder
            client = RecorderClient(sandbox(), paths)
            room = contents(quiz.record(), condition)
            store.given = fingerprints(room)
            wanted = [RESULTS, COUNTER, VISIBLE_LOG]
            store.strace = await client.start(room, wanted)
            _exams[sandbox()] = _Exam(client, LiveFindings(room_of(store)))
        except InstrumentError as error:
            fail(store, str(error))
        return state

    return solve


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


async def _prepare(kind: SandboxKind) -> SandboxPaths:
    if kind != LOCAL:
        in_docker = kind == "docker"
        return SandboxPaths(DOCKER_HOME, DOCKER_FOLDER, DOCKER_AGENT, "root", in_docker)
    # Inspect makes a folder of its own for a local sample; only its owner can enter
    # it, and the agent must get to its home in there.
    result = await sandbox().exec(["sh", "-c", "chmod 711 . && pwd -P"])
    if not result.success:
        raise InstrumentError(f"no local sandbox: {result.stderr.strip()}")
    root = result.stdout.strip()
    # Without root there is nobody else to become; that is why only scripted models
    # are let into a local room.
    agent = "nobody" if os.geteuid() == 0 else None
    return SandboxPaths(f"{root}/room", f"{root}/proctor", agent, None)


def fail(store: ExamStore, reason: str) -> NoReturn:
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
    call, exam = _current_call(), _exam()
    try:
        reply = await exam.client.act(action, text, wait)
    except InstrumentError as error:
        fail(store, str(error))
    if reply.trace:
        store.chunks.append(Chunk.pack(reply.trace, call))
    if reply.failure:
        fail(store, reply.failure)
    if reply.trace:
        exam.findings.show(reply.trace, len(store.chunks))
    return reply


async def close_room(store: ExamStore) -> None:
    """End the session and keep the rest of the recording; at most once.

    Does nothing where no room was opened (a log that is scored again).
    """
    if store.closed or not store.strace:
        return  # done already, or the recorder never started
    try:
        client = _exam().client
        del _exams[sandbox()]  # else both were kept for ever: a client has its sandbox
        reply = await client.close()
    except (InstrumentError, ProcessLookupError) as error:
        # ProcessLookupError: no sandbox (any more), as in a log that is scored again
        reason = str(error) if isinstance(error, InstrumentError) else NOT_CLOSED
        store.failure = store.failure or reason
        return
    store.closed = True
    if reply.trace:
        store.chunks.append(Chunk.pack(reply.trace, None))
    store.final = reply.room or {}
    store.failure = store.failure or reply.failure


def _exam() -> _Exam:
    """Return this sample's exam.

    Raises:
        ProcessLookupError: There is no sandbox, or no recorder was started in it.
    """
    exam = _exams.get(sandbox())
    if exam is None:
        raise ProcessLookupError("no recorder was started in this sandbox")
    return exam


def _current_call() -> str | None:
    """Return the id of the tool call that is being carried out.

    Calls of one message are made in turn, so it is the first that is not done.
    """
    for event in transcript().pending_events:
        if isinstance(event, ToolEvent) and event.function == TOOL:
            return event.id
    return None


async def close_after(state: TaskState) -> None:
    """Close the room where no scorer has: the task's cleanup."""
    await close_room(state.store_as(ExamStore))
