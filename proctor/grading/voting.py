"""Votes of graders, and what a majority of them decides.

Each vote is one structured question. A reply that cannot be read is asked for once
more; then the vote is unusable, and an unusable vote is never a verdict.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    ResponseSchema,
)
from inspect_ai.util import LimitExceededError, json_schema
from pydantic import BaseModel

from ..taxonomy import Verdict
from .reply import Evidence, Reply, ReplyError

# One question, and one repair.
ATTEMPTS = 2
# Of a request that a provider did not answer, where nobody has set another number.
MAX_RETRIES = 5
# Of a raw reply so much is kept; a grader that writes on and on is no evidence.
RAW_LIMIT = 20_000
# Of a provider's error so much is told: its message is a line, its page a book.
_TOLD = 500
# What Inspect wraps a provider's error in; the error itself is the cause.
_WRAPPERS = ("RetryError", "ModelGenerateError")


@dataclass
class Asked:
    """What became of one question.

    Attributes:
        grader: The model that was asked.
        value: What it answered; None where the answer cannot be used.
        failure: Why it cannot be used.
        raw: Its replies as they came.
        calls: How many times it was asked.
        input_tokens: What it read, as the provider counts.
        output_tokens: What it wrote.
    """

    grader: str
    value: Any = None
    failure: str | None = None
    raw: list[str] = field(default_factory=list)
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, other: "Asked") -> None:
        """Take over another question's outcome, and count its costs as well."""
        self.value, self.failure = other.value, other.failure
        self.raw += other.raw
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens


class TooLong(Exception):
    """The question does not fit into the grader's context.

    Attributes:
        asked: What it cost to learn that; None where nobody was asked.
    """

    def __init__(self, asked: Asked | None = None) -> None:
        """Keep what was asked."""
        super().__init__()
        self.asked = asked


async def ask(
    grader: Model,
    system: str,
    question: str,
    shape: type[BaseModel],
    parse: Callable[[str], BaseModel],
) -> Asked:
    """Put one structured question.

    Args:
        grader: Who is asked.
        system: What it is told first.
        question: The question.
        shape: The shape of the answer: the provider enforces it where it can.
        parse: Reads an answer strictly, wherever it comes from.

    Returns:
        The answer, or the reason why there is none. A failure of the provider is such a
        reason, too.

    Raises:
        TooLong: The question does not fit into the grader's context.
        LimitExceededError: The sample has used up what it may.
    """
    asked = Asked(str(grader))
    messages: list[ChatMessage] = [
        ChatMessageSystem(content=system),
        ChatMessageUser(content=question),
    ]
    schema = ResponseSchema(
        name=shape.__name__.lower(),
        json_schema=json_schema(shape),
        strict=True,  # without it OpenAI takes a schema for a wish
    )
    config = GenerateConfig(response_schema=schema)
    if grader.config.max_retries is None:
        config.max_retries = MAX_RETRIES  # Inspect would try without end
    for _ in range(ATTEMPTS):
        try:
            output = await grader.generate(messages, config=config)
        except LimitExceededError:
            raise
        except Exception as error:  # each provider has its own
            asked.calls += 1
            asked.failure = f"no reply but {_told(error)}"
            return asked
        _count(asked, output)
        if output.stop_reason == "model_length":
            raise TooLong(asked)
        asked.failure = _unusable(output)
        if asked.failure:
            return asked
        try:
            asked.value, asked.failure = parse(output.completion), None
            return asked
        except ReplyError as error:
            asked.failure = _line(str(error))
        messages += [ChatMessageAssistant(content=output.completion), _repair(asked)]
    return asked


def _count(asked: Asked, output: ModelOutput) -> None:
    asked.calls += 1
    asked.raw.append(output.completion[:RAW_LIMIT])
    if output.usage:
        usage = output.usage
        # what was read from or written to a cache was read as well
        cached = (usage.input_tokens_cache_read or 0) + (
            usage.input_tokens_cache_write or 0
        )
        asked.input_tokens += usage.input_tokens + cached
        asked.output_tokens += usage.output_tokens


def _unusable(output: ModelOutput) -> str | None:
    """Say why there is no reply to read."""
    if output.stop_reason == "content_filter":
        return "the grader refused, or a filter stopped it (content_filter)"
    if output.stop_reason != "stop":
        # of any other end the text may be the service's own words, or half a reply
        return f"the grader did not come to an end ({output.stop_reason})"
    if isinstance(output.message.content, list) and any(
        isinstance(part, ContentText) and part.refusal
        for part in output.message.content
    ):
        return "the grader refused to answer"
    return None


def _repair(asked: Asked) -> ChatMessageUser:
    return ChatMessageUser(
        content=f"That cannot be used: {asked.failure} Answer again, with one JSON "
        "object of the shape that was asked for and nothing else."
    )


def _told(error: BaseException) -> str:
    """Say what a provider's error was, below what Inspect has wrapped around it."""
    while error.__cause__ and type(error).__name__ in _WRAPPERS:
        error = error.__cause__
    status = getattr(error, "status_code", None)
    name = type(error).__name__ + (f" ({status})" if status else "")
    return f"{name}: {_message(error) or 'no reason given'}"


def _message(error: BaseException) -> str:
    """Return the service's own words: around them stand ids that no two calls share."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error")
        said = (inner if isinstance(inner, dict) else body).get("message")
        if isinstance(said, str) and said.strip():
            return _line(said)
    lines = str(error).strip().splitlines()
    return _line(lines[0]) if lines else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:_TOLD]


@dataclass
class Vote:
    """A vote: an answer whose evidence was checked.

    Attributes:
        asked: The question and what became of it.
        unverified: Evidence that does not stand in the message it cites.
        mark: The mark of the fences in this question.
        parts: In how many parts the transcript was read; 0 where none was small enough.
    """

    asked: Asked
    unverified: list[Evidence] = field(default_factory=list)
    mark: str = ""
    parts: int = 1

    @property
    def reply(self) -> Reply | None:
        """The answer, where it can be used."""
        return self.asked.value if self.asked.failure is None else None

    @property
    def verified(self) -> list[Evidence]:
        """The evidence that stands where it is said to."""
        reply = self.reply
        return [e for e in reply.evidence if e not in self.unverified] if reply else []

    def as_record(self) -> dict[str, Any]:
        """Return the vote as plain data."""
        asked = self.asked
        record = {
            "grader": asked.grader,
            "usable": self.reply is not None,
            "failure": asked.failure,
            "calls": asked.calls,
            "input_tokens": asked.input_tokens,
            "output_tokens": asked.output_tokens,
            "raw": asked.raw,
            "mark": self.mark,
            "parts": self.parts,
        }
        if self.asked.value is None:
            return record
        reply = self.asked.value.model_dump(mode="json")
        reply["evidence"] = [
            one.model_dump() | {"verified": one not in self.unverified}
            for one in self.asked.value.evidence
        ]
        return record | {"reply": reply}


def new_mark() -> str:
    """Return a mark that no transcript can know."""
    return secrets.token_hex(8)


def needed(votes: int) -> int:
    """Return how many of some votes are a majority, and must be usable at least."""
    return votes // 2 + 1


def decided(cast: Sequence[Vote], votes: int) -> bool:
    """Whether the votes that are left can change nothing any more.

    Args:
        cast: The votes so far.
        votes: How many there are in all.
    """
    tally = _tally(cast)
    left = votes - len(cast)
    won = max(tally.values(), default=0) >= needed(votes)
    lost = sum(tally.values()) + left < needed(votes)
    return won or lost or left == 0


def majority(cast: Sequence[Vote], votes: int) -> Verdict | str:
    """Draw the verdict.

    Args:
        cast: All votes that were asked for.
        votes: How many there were to be.

    Returns:
        The verdict of most of the usable votes; where there is none, the reason.
    """
    tally = _tally(cast)
    usable = sum(tally.values())
    if usable < needed(votes):
        reasons = {vote.asked.failure for vote in cast if vote.asked.failure}
        why = "; ".join(sorted(reason for reason in reasons if reason))
        return f"{usable} of {len(cast)} votes can be used: {why}"
    (first, most), *others = tally.most_common()
    if others and others[0][1] == most:
        return f"the usable votes are split, {most} to {most}"
    return first


def _tally(cast: Sequence[Vote]) -> Counter[Verdict]:
    return Counter(vote.reply.verdict for vote in cast if vote.reply)
