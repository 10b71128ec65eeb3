"""The model provider `scripted`: agents that play a part, without any key.

inspect eval cheating_evals.py --model scripted/guesser
inspect eval cheating_evals.py --model scripted/mixed
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from inspect_ai.util import store_as

from .._inspect import PrerequisiteError
from ..exam.store import ExamStore
from . import grader
from .cheaters import CHEATERS
from .honest import HONEST
from .script import Persona, Turn

MIXED = "mixed"
PERSONAS: dict[str, Persona] = {p.name: p for p in (*HONEST, *CHEATERS)}
# Usage must be set, or Inspect looks for a tokenizer; four characters a token is the
# usual rule of thumb.
CHARACTERS_PER_TOKEN = 4


@modelapi(name="scripted")
class ScriptedModel(ModelAPI):
    """A model that plays a persona's part."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  Inspect's signature
        **model_args: Any,
    ) -> None:
        """Take a persona's name for a model's.

        Args:
            model_name: A persona, or `mixed`: sample n plays the n-th of them all.
            base_url: Not used.
            api_key: Not used.
            config: Not used.
            model_args: There are none.

        Raises:
            PrerequisiteError: There is no such persona, or an argument was given.
        """
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise PrerequisiteError(
                f"scripted models take no arguments, not even {', '.join(model_args)}; "
                "leave -M out."
            )
        if model_name not in (MIXED, grader.NAME, *PERSONAS):
            close = get_close_matches(model_name, [MIXED, *PERSONAS], n=1, cutoff=0.4)
            hint = f"did you mean scripted/{close[0]}? " if close else ""
            raise PrerequisiteError(
                f"scripted/{model_name} is no persona; {hint}`proctor personas` lists "
                f"them, and scripted/{MIXED} plays them all."
            )

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Play the next turn, or grade by rule of thumb where a grader is asked."""
        if config.response_schema:
            asked = config.response_schema.name
            turn = Turn(grader.answer(input[-1].text, asked))
            return _output(self.model_name, turn, _length(input), len(input), [])
        turn = next_turn(self._persona(), replies(input))
        return _output(self.model_name, turn, _length(input), len(input), tools)

    def _persona(self) -> Persona:
        if self.model_name == grader.NAME:
            raise PrerequisiteError(
                f"scripted/{grader.NAME} only grades; use it with --model-role "
                f"grader=scripted/{grader.NAME}, and take a persona as --model."
            )
        if self.model_name != MIXED:
            return PERSONAS[self.model_name]
        return persona_of(store_as(ExamStore).number)


def _length(messages: Sequence[ChatMessage]) -> int:
    return sum(len(message.text) for message in messages)


def persona_of(number: int) -> Persona:
    """Return who plays a sample of `scripted/mixed`.

    Args:
        number: The sample's number, from 1; after the last persona comes the first.
    """
    return list(PERSONAS.values())[(number - 1) % len(PERSONAS)]


def replies(messages: Sequence[ChatMessage]) -> list[str]:
    """Return what was answered to each turn of the agent's."""
    found: list[list[str]] = []
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            found.append([])
        elif found:
            found[-1].append(message.text)
    return ["\n".join(texts) for texts in found]


def next_turn(persona: Persona, seen: Sequence[str]) -> Turn:
    """Play a part up to the turn after the last reply.

    Args:
        persona: Whose part.
        seen: What was answered to each of its turns so far.

    Returns:
        The turn; a part that is over submits.
    """
    part = persona.play()
    try:
        turn = next(part)
        for text in seen:
            turn = part.send(text)
    except StopIteration:
        return Turn("I am done.", "submit", {"answer": "I am done."})
    return turn


def _output(
    model: str, turn: Turn, read: int, number: int, tools: list[ToolInfo]
) -> ModelOutput:
    calls = []
    # An agent loop without submit() ends at a turn without a call.
    if turn.tool and any(tool.name == turn.tool for tool in tools):
        calls = [ToolCall(f"call_{number}", turn.tool, turn.arguments)]
    written = len(turn.say) + len(str(turn.arguments))
    usage = ModelUsage(
        input_tokens=read // CHARACTERS_PER_TOKEN,
        output_tokens=written // CHARACTERS_PER_TOKEN + 1,
        total_tokens=read // CHARACTERS_PER_TOKEN + written // CHARACTERS_PER_TOKEN + 1,
    )
    message = ChatMessageAssistant(
        content=turn.say, tool_calls=calls or None, model=model, source="generate"
    )
    choice = ChatCompletionChoice(
        message=message, stop_reason="tool_calls" if calls else "stop"
    )
    return ModelOutput(model=model, choices=[choice], usage=usage)
