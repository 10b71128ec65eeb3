"""What a sample keeps of its exam, and the recording read out of it again.

Everything that a scorer needs is in the sample's store: the recording in chunks, the
state the room was left in, and the reason where the instrument failed. So a score
is a function of the log, and any log can be judged again by newer rules.
"""

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from inspect_ai.util import StoreModel
from pydantic import BaseModel, Field, ValidationError

from ..room.conditions import Condition
from ..room.layout import Room
from ..sandbox.client import InstrumentError
from ..trace.reader import Trace, TraceReader

NOT_CLOSED = "the recording was not closed"


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


def fingerprints(room: Mapping[str, tuple[bytes, int]]) -> dict[str, dict[str, Any]]:
    """Return what tells later whether a room's files are as they were handed out."""
    return {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "mode": mode}
        for name, (data, mode) in room.items()
    }


def room_of(store: ExamStore) -> Room:
    """Return the layout of a sample's room."""
    return Room(store.home, Condition.of(store.condition))


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
