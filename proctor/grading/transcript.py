"""A conversation as a grader reads it: numbered, legible, fenced. Pure.

Shown are prompts, the agent's words and reasoning, its calls and what came of them, and
nothing else: no score, no metadata, no event, no name of a model, a log or a file that
Inspect keeps. What the agent says and does is never shortened, so that nothing that it
does can hide behind noise; what comes back from its tools is, in the middle.

The numbers are the viewer's: each is the number in the Messages tab under which a
message begins. System messages are together the first; a message of the agent's, its
calls and their results have one number.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from inspect_ai.model import (
    ChatMessage,
    ChatMessageTool,
    Content,
    ContentReasoning,
    ContentText,
    ContentToolUse,
)

from .._inspect.viewer import calls_of, numbered
from ..text import Line, legible, lines
from .delimiters import MARK_LENGTH, check_mark, fence, write
from .quotes import Quotable

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
_Item = TypeVar("_Item")


class EntryKind(StrEnum):
    """What an entry is."""

    SYSTEM = "system prompt"
    USER = "user prompt"
    WORDS = "agent's words"
    REASONING = "agent's reasoning"
    CALL = "tool call"
    OUTPUT = "tool output"


_SPOKEN = {
    "system": EntryKind.SYSTEM,
    "user": EntryKind.USER,
    "assistant": EntryKind.WORDS,
}


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
    kind: EntryKind
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
        """Write it for a grader; `delimiters.describe` tells how it is to be read.

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
        pieces = [p for entry in self.entries for p in _pieces(entry, limit_characters)]
        # line ends stand between entries, and none behind the last
        parts = _packed(pieces, _length_of, limit_characters + 1)
        return [Transcript(tuple(part)) for part in parts]

    def verify(self, number: int, quote: str) -> bool:
        """Say whether a quote stands in a message (`proctor/grading/quotes.py`).

        Args:
            number: Number of the message.
            quote: What a grader has quoted from it.
        """
        return any(text.has(quote) for cited, text in self._texts if cited == number)

    @cached_property
    def messages(self) -> dict[int, str | None]:
        """The ids of the messages by their numbers."""
        return {entry.number: entry.message for entry in reversed(self.entries)}

    @cached_property
    def _texts(self) -> list[tuple[int, Quotable]]:
        return [(e.number, Quotable(e.lines, e.values)) for e in self.entries]


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
    for number, message in numbered(messages):
        for entry in _entries(message, longest):
            if reasoning or entry.kind is not EntryKind.REASONING:
                entries.append(replace(entry, number=number, message=message.id))
    return Transcript(tuple(entries))


def _entries(message: ChatMessage, longest: int) -> Iterator[Entry]:
    """Yield what stands in a message, still without its number."""
    content = message.content
    parts = [ContentText(text=content)] if isinstance(content, str) else content
    if isinstance(message, ChatMessageTool):
        shown = [
            line for part in parts for line in _lines_of(part, longest, terminal=True)
        ]
        if error := message.error:
            shown += _failure(error.type, error.message, longest)
        yield _entry(EntryKind.OUTPUT, shown)
        return
    for part in parts:
        if isinstance(part, ContentReasoning):
            yield from _reasoning(part)
        elif isinstance(part, ContentToolUse):
            yield _call(part.name, {"arguments": part.arguments})
            result = _lines(part.result, longest, terminal=True)
            yield _entry(EntryKind.OUTPUT, result + _failure("", part.error, longest))
        elif said := _lines_of(part):
            yield _entry(_SPOKEN[message.role], said)
    for call in calls_of(message):
        yield _call(call.function, call.arguments, call.parse_error)


def _entry(kind: EntryKind, shown: Sequence[Line], values: Sequence[str] = ()) -> Entry:
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
        yield _entry(EntryKind.REASONING, shown)
    elif part.reasoning.strip():
        yield _entry(EntryKind.REASONING, [_note("hidden by the model's provider")])


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
    return _entry(EntryKind.CALL, shown, values)


def _named(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _json(name)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _packed(
    items: Iterable[_Item], length_of: Callable[[_Item], int], room: int
) -> list[list[_Item]]:
    """Group items in their order, as many as fit into each group."""
    groups: list[list[_Item]] = []
    left = 0
    for item in items:
        length = length_of(item) + 1
        if not groups or length > left:
            groups.append([])
            left = room
        groups[-1].append(item)
        left -= length
    return groups


def _length_of(entry: Entry) -> int:
    return len(entry.fenced(_ANY_MARK))


def _pieces(entry: Entry, limit: int) -> Iterator[Entry]:
    """Divide an entry that is longer than a part."""
    if _length_of(entry) <= limit:
        yield entry
        return
    room = limit - _length_of(replace(entry, lines=(_CONTINUATION, _CONTINUED)))
    slices = [piece for line in entry.lines for piece in _slices(line, room)]
    groups = _packed(slices, lambda line: len(write(line, _ANY_MARK)), room)
    for at, group in enumerate(groups, 1):
        before = [_CONTINUATION] if at > 1 else []
        behind = [_CONTINUED] if at < len(groups) else []
        yield replace(entry, lines=(*before, *group, *behind))


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
