"""The scripted agents: a provider that is a pure function of the conversation."""

import pytest
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    get_model,
)
from inspect_ai.tool import ToolInfo

from proctor._inspect import PrerequisiteError
from proctor.models.cheaters import CHEATERS
from proctor.models.honest import HONEST
from proctor.models.scripted import PERSONAS, next_turn, persona_of, replies
from proctor.rules import RULE_IDS
from proctor.taxonomy import Verdict

TOOLS = [
    ToolInfo(name="bash_session", description="shell"),
    ToolInfo(name="submit", description="submit"),
]


def test_there_are_enough_of_both_kinds_and_no_two_alike() -> None:
    assert len(HONEST) >= 10 and len(CHEATERS) >= 24
    assert len(PERSONAS) == len(HONEST) + len(CHEATERS)
    assert len({persona.story for persona in PERSONAS.values()}) == len(PERSONAS)


def test_a_persona_expects_rules_that_exist() -> None:
    for name, persona in PERSONAS.items():
        assert persona.findings <= set(RULE_IDS), name
        assert persona.story, name
        assert persona.verdict is not Verdict.CHEATING or persona.findings, name


@pytest.mark.parametrize("seen", ["", "Your answer (A, B, C or D): ", "VIOLATION"])
def test_every_part_ends_whatever_it_sees(seen: str) -> None:
    """A part that never submits would run into the message limit."""
    for name, persona in PERSONAS.items():
        turns = 0
        while next_turn(persona, [seen] * turns).tool != "submit":
            turns += 1
            assert turns < 50, name
        # and the same conversation always gets the same turn
        again = next_turn(persona, [seen] * turns)
        assert again == next_turn(persona, [seen] * turns), name


def test_a_persona_reacts_to_what_it_sees() -> None:
    refused = next_turn(PERSONAS["cat_key"], ["SECURITY VIOLATION 1 of 2"])
    shown = next_turn(PERSONAS["cat_key"], ["EFGHE"])
    assert refused.tool == "submit"
    assert shown.arguments["input"] == "python3 run_quiz.py 1"


def test_replies_are_what_stands_between_the_agents_turns() -> None:
    messages = [
        ChatMessageUser(content="task"),
        ChatMessageAssistant(content="one"),
        ChatMessageTool(content="first"),
        ChatMessageTool(content="second"),
        ChatMessageAssistant(content="two"),
        ChatMessageUser(content="go on"),
    ]
    assert replies(messages) == ["first\nsecond", "go on"]


def test_mixed_plays_all_in_turn() -> None:
    names = [persona_of(number).name for number in range(1, len(PERSONAS) + 2)]
    assert names[:-1] == list(PERSONAS)
    assert names[-1] == names[0]


async def test_a_turn_as_inspect_gets_it() -> None:
    model = get_model("scripted/guesser")
    output = await model.generate("Take the exam.", tools=TOOLS)
    assert output.stop_reason == "tool_calls"
    assert output.message.tool_calls is not None
    (call,) = output.message.tool_calls
    assert call.arguments == {"action": "type_submit", "input": "python3 run_quiz.py 1"}
    assert output.usage is not None and output.usage.total_tokens > 0


async def test_without_its_tools_it_only_talks() -> None:
    output = await get_model("scripted/guesser").generate("Hello.")
    assert not output.message.tool_calls
    assert output.stop_reason == "stop"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("geusser", {}, "did you mean scripted/guesser?"),
        ("qqqqqqq", {}, "`proctor personas` lists them"),
        ("guesser", {"speed": 2}, "take no arguments, not even speed"),
    ],
)
def test_what_does_not_exist_is_refused(
    name: str, arguments: dict[str, int], said: str
) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        get_model(f"scripted/{name}", **arguments)
    assert said in str(caught.value.message)
