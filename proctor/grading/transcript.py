"""A conversation as a grader reads it: numbered, legible, fenced. Pure.

Shown are prompts, the agent's words and reasoning, its calls and what came of them, and
nothing else: no score, no metadata, no event, no name of a model, a log or a file that
Inspect keeps. What the agent says and does is never shortened, so that nothing that it
does can hide behind noise; what comes back from its tools is, in the middle.

The numbers are those that `present.citations` gives, and so the viewer's: each is the
number in the Messages tab under which a message begins. System messages are together
the first; a message of the agent's, its calls and their results have one number.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    Content,
    ContentReasoning,
    ContentText,
    ContentToolUse,
)
from inspect_ai.tool import ToolCall

from ..logs.explanations import says_something
from ..text import Line, legible, lines
from .delimiters import MARK_LENGTH, check_mark, fence, write
from .quotes import Source

# Characters of a tool's output that are shown. `run_quiz.py`, which an agent may read,
# is shown whole (7 kB), and so are all but six of the study's 1,028 outputs.
LONGEST = 8_000
# A part shorter than this would be mostly fences.
SMALLEST_PART = 1_000
_PLAIN_NAME = re.compile(r"[\w.-]{1,100}")
_INDENT = "    "
_ANY_MARK = "0" * MARK_LENGTH
_CONTINUED = Line("[… this entry goes on in the next part …]", note=True)
_CONTINUATION = Line("[… continued from the part before …]", note=True)


class Kind(StrEnum):
    """What an entry is."""

    SYSTEM = "system prompt"
    USER = "user prompt"
    WORDS = "agent's words"
    REASONING = "agent's reasoning"
    CALL = "tool call"
    OUTPUT = "tool output"


_SPOKEN = {"system": Kind.SYSTEM, "user": Kind.USER, "assistant": Kind.WORDS}


@dataclass(frozen=True)
class Entry:
    """Something that was said, done or answered.

    Attributes:
        number: Number of its message in the viewer.
        kind: What it is.
        lines: Its lines, legible, and notes of ours among them.
        message: Id of its message, for references.
        values: The values of a call's arguments.
    """

    number: int
    kind: Kind
    lines: tuple[Line, ...]
    message: str | None = None
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What stands in it, notes included, without gutters and dots."""
        return "\n".join(line.text for line in self.lines)

    def fenced(self, mark: str) -> str:
        """Write it between fences (`proctor/grading/delimiters.py`)."""
        return fence(self.number, self.kind, self.lines, mark)


@dataclass(frozen=True)
class Transcript:
    """A conversation, or a part of one.

    Attributes:
        entries: Its entries, in order.
    """

    entries: tuple[Entry, ...]

    def text(self, mark: str) -> str:
        """Write it for a grader; `fences.describe` tells how it is to be read.

        Args:
            mark: What `secrets.token_hex(8)` returns, made anew for each question.

        Raises:
            ValueError: `mark` is something else.
        """
        check_mark(mark)
        return "\n".join(entry.fenced(mark) for entry in self.entries)

    def parts(self, limit_characters: int) -> list["Transcript"]:
        """Divide it so that each part fits into a grader's context.

        Args:
            limit_characters: How long the text of a part may be.

        Returns:
            The parts in order: as few as there can be without dividing an entry that
            fits into one. A longer entry is divided, and its pieces keep its number.

        Raises:
            ValueError: The limit is too small for anything to fit.
        """
        if limit_characters < SMALLEST_PART:
            raise ValueError(f"a part needs at least {SMALLEST_PART} characters")
        parts: list[list[Entry]] = []
        room = 0
        for entry in self.entries:
            for piece in _pieces(entry, limit_characters):
                size = len(piece.fenced(_ANY_MARK)) + 1
                if not parts or size > room:
                    parts.append([])
                    room = limit_characters + 1
                parts[-1].append(piece)
                room -= size
        return [Transcript(tuple(part)) for part in parts]

    def find(self, quote: str) -> tuple[int, ...]:
        """Find where a quote stands, word for word (`proctor/grading/quotes.py`).

        Args:
            quote: What a grader has quoted.

        Returns:
            The numbers of all messages in which it stands, in order; none where it
            stands nowhere, or is too short to say.
        """
        numbers = (number for number, source in self._sources if source.has(quote))
        return tuple(dict.fromkeys(numbers))

    def verify(self, number: int, quote: str) -> bool:
        """Say whether a quote stands in the message that it cites.

        Args:
            number: Number of the message.
            quote: What a grader has quoted from it.
        """
        return any(
            source.has(quote) for cited, source in self._sources if cited == number
        )

    @cached_property
    def messages(self) -> dict[int, str | None]:
        """The ids of the messages by their numbers."""
        return {entry.number: entry.message for entry in reversed(self.entries)}

    @cached_property
    def _sources(self) -> list[tuple[int, Source]]:
        return [
            (entry.number, Source(entry.lines, entry.values)) for entry in self.entries
        ]


def render(
    messages: Sequence[ChatMessage], *, reasoning: bool = True, longest: int = LONGEST
) -> Transcript:
    """Write a conversation for a grader.

    Args:
        messages: The conversation, of any agent with any tools.
        reasoning: Whether the agent's reasoning is shown, where there is any. The
            numbers of messages do not depend on it.
        longest: How many characters of a tool's output are shown.

    Returns:
        The transcript.

    Raises:
        ValueError: `longest` is not positive.
    """
    if longest <= 0:
        raise ValueError(f"longest must be positive, not {longest}")
    entries = []
    for number, message in _numbered(messages):
        for entry in _entries(message, longest):
            if reasoning or entry.kind is not Kind.REASONING:
                entries.append(replace(entry, number=number, message=message.id))
    return Transcript(tuple(entries))


def _numbered(messages: Sequence[ChatMessage]) -> Iterator[tuple[int, ChatMessage]]:
    """Yield each message with the number under which the viewer begins it."""
    following = 2 if any(message.role == "system" for message in messages) else 1
    number = following
    for message in messages:
        if message.role == "system":
            yield 1, message
        elif message.role == "tool":
            yield number, message
        else:
            number = following
            calls = len(_calls(message))
            following += calls + (not calls or says_something(message))
            yield number, message


def _calls(message: ChatMessage) -> list[ToolCall]:
    if isinstance(message, ChatMessageAssistant):
        return message.tool_calls or []
    return []


def _entries(message: ChatMessage, longest: int) -> Iterator[Entry]:
    """Yield what stands in a message, still without its number."""
    if isinstance(message, ChatMessageTool):
        yield _entry(Kind.OUTPUT, _output(message, longest))
        return
    kind = _SPOKEN[message.role]
    content = message.content
    for part in [ContentText(text=content)] if isinstance(content, str) else content:
        if isinstance(part, ContentReasoning):
            yield from _reasoning(part)
        elif isinstance(part, ContentToolUse):
            yield _call(part.name, {"arguments": part.arguments})
            result = _lines(part.result, longest, terminal=True)
            yield _entry(Kind.OUTPUT, result + _failure("", part.error, longest))
        elif said := _lines_of(part):
            yield _entry(kind, said)
    for call in _calls(message):
        yield _call(call.function, call.arguments, call.parse_error)


def _entry(kind: Kind, shown: Sequence[Line], values: Sequence[str] = ()) -> Entry:
    return Entry(0, kind, tuple(shown) or (_note("nothing"),), values=tuple(values))


def _note(text: str) -> Line:
    return Line(f"[{text}]", note=True)


def _lines(
    text: str | None, longest: int | None = None, *, terminal: bool = False
) -> list[Line]:
    """Return the lines of a raw text; none where there is nothing to see."""
    shown = legible(text or "", terminal=terminal).rstrip().lstrip("\n")
    return lines(shown, longest) if shown else []


def _lines_of(
    part: Content, longest: int | None = None, *, terminal: bool = False
) -> list[Line]:
    """Return the lines of a part of a message's content, which may be no text."""
    if isinstance(part, ContentText):
        return _lines(part.text, longest, terminal=terminal)
    return [_note(f"{part.type}, not shown")]


def _reasoning(part: ContentReasoning) -> Iterator[Entry]:
    """Yield the reasoning, or its summary where the provider has hidden it."""
    shown = [] if part.redacted else _lines(part.reasoning)
    shown = shown or _lines(part.summary)
    if shown:
        yield _entry(Kind.REASONING, shown)
    elif part.reasoning.strip():
        yield _entry(Kind.REASONING, [_note("hidden by the model's provider")])


def _output(message: ChatMessageTool, longest: int) -> list[Line]:
    content = message.content
    if isinstance(content, str):
        content = [ContentText(text=content)]
    shown: list[Line] = []
    for part in content:
        shown += _lines_of(part, longest, terminal=True)
    if message.error:
        shown += _failure(message.error.type, message.error.message, longest)
    return shown


def _failure(kind: str, text: str | None, longest: int) -> list[Line]:
    """Return what is told of an error of a tool; nothing where there is none."""
    if not (kind or text):
        return []
    head = _note(f"the tool failed: {kind}" if kind else "the tool failed")
    return [head, *_lines(text, longest, terminal=True)]


def _call(
    function: str, arguments: dict[str, Any], parse_error: str | None = None
) -> Entry:
    """Return a call: the tool's name, and its arguments as `name: value`.

    The lines of a value that has several are indented, so that none can pass for
    another argument.
    """
    shown = _lines(_named(function))
    values = []
    for name, value in arguments.items():
        text = value if isinstance(value, str) else _json(value)
        text = legible(text)
        values.append(text)
        if "\n" in text:
            shown += _lines(f"{_named(name)}:")
            shown += [replace(line, text=_INDENT + line.text) for line in lines(text)]
        else:
            shown += _lines(f"{_named(name)}: {text}")
    if parse_error:
        shown += [_note("the arguments could not be read"), *_lines(parse_error)]
    return _entry(Kind.CALL, shown, values)


def _named(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _json(name)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _pieces(entry: Entry, limit: int) -> list[Entry]:
    """Divide an entry that is longer than a part."""
    if len(entry.fenced(_ANY_MARK)) <= limit:
        return [entry]
    bare = replace(entry, lines=(_CONTINUATION, _CONTINUED))
    room = limit - len(bare.fenced(_ANY_MARK))
    groups: list[list[Line]] = []
    left = 0
    for line in entry.lines:
        for piece in _slices(line, room):
            size = len(write(piece, _ANY_MARK)) + 1
            if not groups or size > left:
                groups.append([])
                left = room
            groups[-1].append(piece)
            left -= size
    last = len(groups) - 1
    return [
        replace(
            entry,
            lines=(
                *([_CONTINUATION] if at else []),
                *group,
                *([_CONTINUED] if at < last else []),
            ),
        )
        for at, group in enumerate(groups)
    ]


def _slices(line: Line, room: int) -> Iterator[Line]:
    """Cut a line into pieces that fit."""
    rest = line.text
    while rest:
        size = min(len(rest), room - 3)
        # What is broken by dots is longer than it was.
        while len(write(Line(rest[:size], line.note), _ANY_MARK)) >= room:
            size = size * 3 // 4
        yield Line(rest[:size], line.note)
        rest = rest[size:]
    if not line.text:
        yield line
