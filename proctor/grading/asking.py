"""One structured question to a grader: asked, repaired once, and read strictly.

A reply that cannot be read is asked for once more; after that there is none. A service
that fails, a refusal, a reply that was cut: each ends with the reason, in one line.
"""

from dataclasses import dataclass, field

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

from .._inspect.errors import cause_of
from .._inspect.files import tokens_read
from .reply import ReplyError, Shape, parse

# One question, and one repair.
ATTEMPTS = 2
# Of a request that a provider did not answer, where nobody has set another number.
MAX_RETRIES = 5
# Of a raw reply so much is kept; a grader that writes on and on is no evidence.
RAW_LIMIT = 20_000
# Of a provider's error so much is told: its message is a line, its page a book.
_TOLD = 500


class NoAnswerError(Exception):
    """There is no reply that can be used; the message says why, in one line."""


class TooLongError(Exception):
    """The question does not fit into the grader's context."""


@dataclass
class GraderCalls:
    """A grader, and what it was asked for one vote.

    Attributes:
        grader: The model.
        raw: Its replies as they came.
        count: How many times it was asked.
        input_tokens: What it read, as the provider counts.
        output_tokens: What it wrote.
    """

    grader: Model
    raw: list[str] = field(default_factory=list)
    count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    async def ask(self, system: str, question: str, shape: type[Shape]) -> Shape:
        """Put one structured question.

        Args:
            system: What the grader is told first.
            question: The question.
            shape: The shape of the answer: the provider enforces it where it can, and
                it is read strictly wherever it comes from.

        Returns:
            The answer.

        Raises:
            NoAnswerError: There is none.
            TooLongError: The question does not fit into the grader's context.
            LimitExceededError: The sample has used up what it may.
        """
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
        if self.grader.config.max_retries is None:
            config.max_retries = MAX_RETRIES  # Inspect would try without end
        failure = ""
        for _ in range(ATTEMPTS):
            said = await self._generate(messages, config)
            try:
                return parse(said, shape)
            except ReplyError as error:
                failure = _line(str(error))
            repair = (
                f"That cannot be used: {failure} Answer again, with one JSON object of "
                "the shape that was asked for and nothing else."
            )
            messages += [
                ChatMessageAssistant(content=said),
                ChatMessageUser(content=repair),
            ]
        raise NoAnswerError(failure)

    async def _generate(
        self, messages: list[ChatMessage], config: GenerateConfig
    ) -> str:
        """Return what a grader says, where it came to an end by itself."""
        self.count += 1
        try:
            output = await self.grader.generate(messages, config=config)
        except LimitExceededError:
            raise
        except Exception as error:  # each provider has its own
            raise NoAnswerError(f"no reply but {_told(error)}") from error
        self.raw.append(output.completion[:RAW_LIMIT])
        if output.usage:
            self.input_tokens += tokens_read(output.usage)
            self.output_tokens += output.usage.output_tokens
        if output.stop_reason == "model_length":
            raise TooLongError
        if failure := _unfinished(output):
            raise NoAnswerError(failure)
        return output.completion


def _unfinished(output: ModelOutput) -> str | None:
    """Say why there is no reply to read; None where there is one."""
    if output.stop_reason == "content_filter":
        return "the grader refused, or a filter stopped it (content_filter)"
    if output.stop_reason != "stop":
        # of any other end the text may be the service's own words, or half a reply
        return f"the grader did not come to an end ({output.stop_reason})"
    content = output.message.content
    if not isinstance(content, str) and any(
        isinstance(part, ContentText) and part.refusal for part in content
    ):
        return "the grader refused to answer"
    return None


def _told(error: Exception) -> str:
    """Say what a provider's error was."""
    cause = cause_of(error)
    status = getattr(cause, "status_code", None)
    name = type(cause).__name__ + (f" ({status})" if status else "")
    return f"{name}: {_message(cause) or 'no reason given'}"


def _message(error: BaseException) -> str:
    """Return the service's own words: around them stand ids that no two calls share."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error")
        said = (inner if isinstance(inner, dict) else body).get("message")
        if isinstance(said, str) and said.strip():
            return _line(said)
    return _line(next(iter(str(error).strip().splitlines()), ""))


def _line(text: str) -> str:
    return " ".join(text.split())[:_TOLD]
