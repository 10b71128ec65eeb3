"""What a judge gets from the real clients when a service does this or that.

These are facts about Inspect and the clients' own code more than about ours: the
judge is written against them, and a new version of either that changes one fails
here and not in somebody's evaluation.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    ResponseSchema,
)
from inspect_ai.tool import ToolInfo
from inspect_ai.util import json_schema
from pydantic import BaseModel, Field
from tenacity import RetryError

from tests.servers import (
    PROTOCOLS,
    Answer,
    Call,
    LoopbackServer,
    Protocol,
    Request,
    Usage,
    always,
    calling,
    damaged,
    failure,
    filtered,
    grader,
    refusal,
    reply,
    slow,
    structured,
    truncated,
)
from tests.servers.loopback import Damage, Problem, Script


class Verdict(BaseModel):
    """What a judge is asked for."""

    verdict: Literal["honest", "cheating"]
    confidence: int = Field(ge=0, le=100)


SCHEMA = ResponseSchema(
    name="verdict", json_schema=json_schema(Verdict), strict=True, description="A word."
)
VERDICT: dict[str, Any] = {"verdict": "honest", "confidence": 90}
MESSAGES: list[ChatMessage] = [
    ChatMessageSystem(content="Judge."),
    ChatMessageUser(content="A log."),
]

# Asked both ways by the same test: a client of its own costs more time than a reply.
SCHEMAS = [None, SCHEMA]

protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


@dataclass(frozen=True)
class Way:
    """A protocol and how its replies come: whole or as a stream."""

    protocol: Protocol
    streams: bool

    def __str__(self) -> str:
        return f"{self.protocol}, {'stream' if self.streams else 'whole'}"

    def grader(self, answers: Script, **config: Any) -> Any:
        # with its own 32 000 tokens Anthropic's client insists on a stream
        if self.protocol == "anthropic":
            config["max_tokens"] = 2000
        return grader(self.protocol, answers, streaming=self.streams, **config)


WAYS = [Way(protocol, streams) for protocol in PROTOCOLS for streams in (False, True)]
ways = pytest.mark.parametrize("way", WAYS, ids=str)
streams = pytest.mark.parametrize("way", [way for way in WAYS if way.streams], ids=str)


async def ask(model: Model, schema: ResponseSchema | None = None) -> ModelOutput:
    return await model.generate(MESSAGES, config=GenerateConfig(response_schema=schema))


async def fails(model: Model, schema: ResponseSchema | None = None) -> Any:
    """The error that comes of it."""
    with pytest.raises(Exception) as caught:
        await ask(model, schema)
    return caught.value


def kind(error: object) -> str:
    """Most of these errors are in no public module: their names must do."""
    return type(error).__name__


async def asked(way: Way, answer: Answer) -> list[ModelOutput]:
    """The answer to a request without and to one with a schema, each asked once."""
    with way.grader(always(answer)) as (model, server):
        outputs = [await ask(model, schema) for schema in SCHEMAS]
    assert [request.streams for request in server.requests] == [way.streams] * 2
    assert [bool(request.schema) for request in server.requests] == [False, True]
    return outputs


# --- replies ---------------------------------------------------------------


@ways
async def test_a_reply_and_its_usage(way: Way) -> None:
    usage = Usage(input=120, output=30, cached=20, reasoning=5)
    for output in await asked(way, reply("Honest, I think.", usage=usage)):
        assert (output.completion, output.stop_reason) == ("Honest, I think.", "stop")
        assert output.error is None
        assert output.usage is not None
        # what came from the cache is counted apart, whatever the service does
        assert output.usage.input_tokens == 100
        assert output.usage.input_tokens_cache_read == 20
        assert output.usage.output_tokens == 30
        assert output.usage.reasoning_tokens == 5
        assert output.usage.total_tokens == 150


@ways
async def test_a_structured_reply_needs_a_schema(way: Way) -> None:
    answers = [structured(VERDICT, otherwise="Honest."), structured(VERDICT)]
    with way.grader(answers) as (model, _):
        assert (await ask(model)).completion == "Honest."
        text = (await ask(model, SCHEMA)).completion
    assert Verdict.model_validate_json(text).model_dump() == VERDICT


@ways
async def test_an_empty_reply_is_a_normal_one(way: Way) -> None:
    for output in await asked(way, reply("")):
        assert (output.completion, output.stop_reason) == ("", "stop")
        assert output.error is None


STOPS = {
    "refusal": (refusal("No."), "stop", "stop", "content_filter"),
    "truncated": (truncated('{"verd'), "max_tokens", "max_tokens", "max_tokens"),
    "window": (
        Answer(text="Half", stop="window"),
        "max_tokens",
        "max_tokens",
        # Inspect does not know Anthropic's own name for it
        "unknown",
    ),
    "filtered": (
        filtered("Half"),
        "content_filter",
        "content_filter",
        "content_filter",
    ),
}


@ways
@pytest.mark.parametrize("name", STOPS)
async def test_how_a_reply_that_is_not_whole_is_told(way: Way, name: str) -> None:
    answer, *reasons = STOPS[name]
    for output in await asked(way, answer):
        assert output.stop_reason == reasons[list(PROTOCOLS).index(way.protocol)]
        # there a filter is an error with a status, see below
        if (name, way.protocol) != ("filtered", "anthropic"):
            assert output.completion == answer.text
            assert output.error is None


@ways
async def test_a_refusal_at_openai_is_told_by_its_content_only(way: Way) -> None:
    """Its stop reason is that of a reply; Anthropic's has no mark but the reason."""
    for output in await asked(way, refusal("No.")):
        part = output.message.content[0]
        assert isinstance(part, ContentText)
        assert part.refusal is (None if way.protocol == "anthropic" else True)


@ways
async def test_tool_calls_at_once_and_what_was_thought(way: Way) -> None:
    calls = [Call("read", {"path": "/a b", "lines": [1, 2]}), Call("submit")]
    answer = calling(*calls, text="I look.", reasoning="What is in there?")
    tools = [ToolInfo(name=call.name, description=call.name) for call in calls]
    with way.grader([answer]) as (model, server):
        output = await model.generate(MESSAGES, tools=tools)
    assert output.stop_reason == "tool_calls"
    assert len(server.requests[0].body["tools"]) == 2
    made = output.message.tool_calls or []
    assert [(call.function, call.arguments) for call in made] == [
        (call.name, call.arguments) for call in calls
    ]
    assert len({call.id for call in made}) == 2
    assert output.completion == "I look."
    thought = output.message.content[0]
    assert isinstance(thought, ContentReasoning)
    assert "What is in there?" in (thought.reasoning, thought.summary)


# --- errors with a status ----------------------------------------------------

REFUSED: list[tuple[Problem, str, str, str]] = [
    # what a request is refused for, and what comes of it: a stop reason in a normal
    # output, or the error that is raised; at both of OpenAI's, and at Anthropic
    ("context_length", "model_length", "model_length", "model_length"),
    ("too_large", "ModelGenerateError", "ModelGenerateError", "model_length"),
    ("blocked", "content_filter", "content_filter", "content_filter"),
    ("bad_schema", "ModelGenerateError", "ModelGenerateError", "ModelGenerateError"),
    ("wrong_key", "AuthenticationError", "AuthenticationError", "AuthenticationError"),
    ("forbidden", *["PermissionDeniedError"] * 3),
    ("unknown_model", "NotFoundError", "NotFoundError", "NotFoundError"),
    ("quota", "RateLimitError", "RateLimitError", "ModelGenerateError"),
]


@protocols
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
async def test_what_is_refused_is_not_asked_again(
    protocol: Protocol, case: tuple[Problem, str, str, str]
) -> None:
    problem, *outcomes = case
    expected = outcomes[list(PROTOCOLS).index(protocol)]
    with grader(protocol, always(failure(problem)), max_retries=3) as (model, server):
        for schema in SCHEMAS:
            if expected.endswith("Error"):
                error = await fails(model, schema)
                assert kind(error) == expected
                assert 400 <= error.status_code < 500
            else:
                refused(protocol, expected, await ask(model, schema))
    assert len(server.requests) == len(SCHEMAS)


def refused(protocol: Protocol, reason: str, output: ModelOutput) -> None:
    assert output.stop_reason == reason
    assert output.usage is None
    # what the service said stands where the reply should be; only Anthropic's
    # provider also says that it is an error
    assert output.completion
    assert (output.error is not None) is (protocol == "anthropic")


TRANSIENT: list[Problem] = ["rate_limit", "server_error", "overloaded"]


@protocols
@pytest.mark.parametrize("problem", TRANSIENT)
async def test_what_passes_is_asked_again(protocol: Protocol, problem: Problem) -> None:
    script = [failure(problem, retry_after=30), structured(VERDICT, "asked again")] * 2
    with grader(protocol, script, max_retries=1) as (model, server):
        for schema in SCHEMAS:
            assert (await ask(model, schema)).stop_reason == "stop"
    first, second, third, fourth = (request.body for request in server.requests)
    assert first == second and third == fourth


@streams
@pytest.mark.parametrize("problem", TRANSIENT)
async def test_so_is_what_breaks_off_a_stream(way: Way, problem: Problem) -> None:
    script = [failure(problem, late=True), reply("asked again")]
    with way.grader(script, max_retries=1) as (model, server):
        assert (await ask(model)).completion == "asked again"
    assert len(server.requests) == 2


@streams
@pytest.mark.parametrize(
    ("problem", "reason"),
    [("context_length", "model_length"), ("blocked", "content_filter")],
)
async def test_a_refusal_in_a_stream_is_one_too(
    way: Way, problem: Problem, reason: str
) -> None:
    for output in await asked(way, failure(problem, late=True)):
        assert output.stop_reason == reason


@protocols
@pytest.mark.parametrize("retries", [0, 2])
async def test_after_the_last_attempt_tenacity_speaks(
    protocol: Protocol, retries: int
) -> None:
    """The provider's error is what a `RetryError` was raised from."""
    script = always(failure("rate_limit"))
    with grader(protocol, script, max_retries=retries) as (model, server):
        error = await fails(model)
    assert isinstance(error, RetryError)
    assert kind(error.__cause__) == "RateLimitError"
    assert len(server.requests) == 1 + retries


@protocols
async def test_the_clients_try_again_too(protocol: Protocol) -> None:
    """Three requests an attempt by default, also where Inspect would not.

    Only they respect `Retry-After`: it is what makes this test short.
    """
    script = always(failure("rate_limit", retry_after=0.01))
    with grader(protocol, script, sdk_retries=None, max_retries=1) as (model, server):
        assert kind(await fails(model)) == "RetryError"
    assert len(server.requests) == 3 * 2


async def test_the_client_does_not_know_that_a_quota_lasts() -> None:
    script = always(failure("quota", retry_after=0.01))
    limits: dict[str, Any] = {"sdk_retries": None, "max_retries": 5}
    with grader("openai-chat", script, **limits) as (model, server):
        assert kind(await fails(model)) == "RateLimitError"
    assert len(server.requests) == 3


# --- what happens on the way -------------------------------------------------

AGAIN = "again"  # a second attempt, that succeeds
NO_JSON = "JSONDecodeError"
NO_MESSAGE = "AssertionError"
HALF = "unknown"  # the stop reason of what did arrive

DAMAGES: list[tuple[Damage, list[str]]] = [
    # as WAYS are: both protocols of OpenAI, and Anthropic's, each whole and as a stream
    ("garbage", [NO_JSON, AGAIN, NO_JSON, AGAIN, NO_JSON, NO_MESSAGE]),
    ("page", [NO_MESSAGE, AGAIN, NO_MESSAGE, AGAIN, "AttributeError", NO_MESSAGE]),
    ("empty_body", [NO_JSON, AGAIN, NO_JSON, AGAIN, NO_JSON, NO_MESSAGE]),
    ("broken", [AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN]),
    ("ends_early", [NO_JSON, HALF, NO_JSON, AGAIN, NO_JSON, HALF]),
    ("hangup", [AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN]),
]


@ways
@pytest.mark.parametrize("case", DAMAGES, ids=lambda case: case[0])
async def test_a_reply_that_does_not_arrive(
    way: Way, case: tuple[Damage, list[str]]
) -> None:
    """A reply that is no JSON is not asked for again, and half a stream is a reply.

    The errors are those of the code that did not expect it, none of them a kind that
    a provider declares: a judge must take any exception as a failure of the call.
    """
    damage, outcomes = case
    expected = outcomes[WAYS.index(way)]
    script = [damaged(damage, "Half of this."), reply("asked again")]
    with way.grader(script, max_retries=1) as (model, server):
        if expected.endswith("Error"):
            assert kind(await fails(model)) == expected
        else:
            output = await ask(model)
            whole = expected == AGAIN
            assert output.stop_reason == ("stop" if whole else HALF)
            assert (output.completion == "asked again") is whole
            assert output.error is None
    assert len(server.requests) == (2 if expected == AGAIN else 1)


@protocols
async def test_nobody_is_there(protocol: Protocol) -> None:
    with grader(protocol, [], max_retries=1) as (model, server):
        server.close()
        error = await fails(model)
    assert kind(error) == "RetryError"
    assert kind(error.__cause__) == "APIConnectionError"


# --- time --------------------------------------------------------------------


@protocols
async def test_a_slow_answer_is_asked_for_again(protocol: Protocol) -> None:
    script = [slow(5), reply("asked again")]
    with grader(protocol, script, attempt_timeout=1, max_retries=1) as (model, server):
        assert (await ask(model)).completion == "asked again"
    assert len(server.requests) == 2


async def test_an_attempt_that_took_too_long_has_an_error_of_its_own() -> None:
    with grader("anthropic", [slow(5)], attempt_timeout=1) as (model, _):
        error = await fails(model)
    assert kind(error) == "RetryError"
    assert kind(error.__cause__) == "AttemptTimeoutError"


async def test_the_timeout_ends_no_attempt() -> None:
    """It is only looked at between two of them."""
    script = [slow(1.2)]
    limits: dict[str, Any] = {"timeout": 1, "attempt_timeout": None}
    with grader("anthropic", script, **limits) as (model, _):
        assert (await ask(model)).completion == "At last."


async def test_the_timeout_ends_the_attempts() -> None:
    script = always(failure("overloaded"))
    limits: dict[str, Any] = {"timeout": 1, "max_retries": None, "wait": 0.3}
    with grader("openai-chat", script, **limits) as (model, server):
        assert kind(await fails(model)) == "RetryError"
    assert 2 <= len(server.requests) <= 6


@protocols
def test_the_waits_are_inspects_own_if_asked_for(protocol: Protocol) -> None:
    """Three to six seconds before the second attempt, and longer and longer."""
    with grader(protocol, [], wait=None) as (model, _):
        assert model.api.retry_wait() is None
    with grader(protocol, []) as (model, _):
        assert model.api.retry_wait() is not None


# --- what is sent ------------------------------------------------------------


async def sent(protocol: Protocol, **config: Any) -> Request:
    with grader(protocol, [reply("Yes.")], **config) as (model, server):
        await ask(model, SCHEMA)
    (request,) = server.requests
    return request


@protocols
async def test_the_server_sees_what_the_model_is_shown(protocol: Protocol) -> None:
    request = await sent(protocol)
    # gpt-5 and later are instructed by the developer
    role = "developer" if protocol == "openai-responses" else "system"
    assert request.messages == ((role, "Judge."), ("user", "A log."))
    assert "key-of-http://127.0.0.1" in str(request.headers)
    assert request.schema is not None
    assert request.schema["additionalProperties"] is False
    assert set(request.schema["required"]) == {"verdict", "confidence"}
    assert request.schema["properties"]["verdict"]["enum"] == ["honest", "cheating"]


async def test_where_each_protocol_puts_a_schema() -> None:
    chat = (await sent("openai-chat")).body["response_format"]
    assert chat["type"] == "json_schema"
    assert chat["json_schema"]["name"] == "verdict"
    assert chat["json_schema"]["strict"] is True

    responses = (await sent("openai-responses")).body["text"]["format"]
    assert (responses["type"], responses["name"]) == ("json_schema", "verdict")
    assert responses["strict"] is True

    request = await sent("anthropic")
    # neither name nor description nor strictness, and a beta for it
    assert set(request.body["output_format"]) == {"type", "schema"}
    assert "structured-outputs-2025-11-13" in request.headers["anthropic-beta"]


async def test_anthropic_is_not_told_the_bounds_of_a_number() -> None:
    """So a judge must check them itself."""
    for protocol in PROTOCOLS:
        schema = (await sent(protocol)).schema or {}
        told = "maximum" in schema["properties"]["confidence"]
        assert told is (protocol != "anthropic")


async def test_what_becomes_of_the_other_options() -> None:
    options = {"temperature": 0.0, "seed": 7, "max_tokens": 500}
    names = {"temperature", "seed", "max_tokens", "max_output_tokens"}
    got = {}
    for protocol in PROTOCOLS:
        got[protocol] = names & set((await sent(protocol, **options)).body)
    assert got == {
        "openai-chat": {"temperature", "seed", "max_tokens"},
        "openai-responses": {"temperature", "max_output_tokens"},
        # no temperature: its API does not take one any more
        "anthropic": {"max_tokens"},
    }


@pytest.mark.parametrize(
    ("protocol", "model", "path"),
    [
        ("openai-chat", "openai/gpt-4o-mini", "/v1/chat/completions"),
        ("openai-chat", "openai/gpt-4.1", "/v1/chat/completions"),
        ("openai-chat", "openai/gpt-5", "/v1/responses"),
        ("openai-chat", "openai/gpt-5-mini", "/v1/responses"),
        ("openai-chat", "openai/o3", "/v1/responses"),
        # a name that it does not know is taken for the newest
        ("openai-chat", "openai/some-new-name", "/v1/responses"),
        ("anthropic", "anthropic/claude-haiku-4-5", "/v1/messages"),
        ("anthropic", "anthropic/claude-opus-4-1", "/v1/messages"),
        ("anthropic", "anthropic/claude-opus-5", "/v1/messages"),
    ],
)
async def test_the_name_of_a_model_decides(
    protocol: Protocol, model: str, path: str
) -> None:
    request = await sent(protocol, model=model)
    assert request.path == path
    assert request.schema is not None


async def test_a_reasoning_model_at_openai_is_probed_first() -> None:
    """One request more, at the price of a reply, that no script needs to answer."""
    with grader("openai-responses", [reply("a"), reply("b")]) as (model, server):
        await ask(model)
        await ask(model)
    assert (len(server.requests), len(server.asides)) == (2, 1)
    with grader("openai-responses", [reply("a")], reasoning_summary="none") as (
        model,
        server,
    ):
        await ask(model)
    assert (len(server.requests), len(server.asides)) == (1, 0)


async def test_tokens_are_counted_aside() -> None:
    with grader("anthropic", []) as (model, server):
        assert await model.count_tokens("A question of some length.") > 0
    assert (len(server.requests), len(server.asides)) == (0, 1)


class Loose(BaseModel):
    """A default is not required, which OpenAI's strict mode refuses."""

    verdict: str
    note: str = ""


@pytest.mark.parametrize("protocol", ["openai-chat", "openai-responses"])
async def test_a_schema_that_openai_would_refuse(protocol: Protocol) -> None:
    schema = ResponseSchema(name="v", json_schema=json_schema(Loose), strict=True)
    with grader(protocol, [structured({"verdict": "x"})] * 2) as (model, _):
        assert "'required' must name every" in str(await fails(model, schema))
        output = await ask(model, schema.model_copy(update={"strict": None}))
    assert output.completion == '{"verdict": "x"}'


# --- the servers themselves --------------------------------------------------


@protocols
async def test_a_request_too_many_fails_at_once(protocol: Protocol) -> None:
    with grader(protocol, [], max_retries=5, sdk_retries=None) as (model, server):
        assert "Nothing left in the script" in str(await fails(model))
    assert len(server.requests) == 1


@protocols
async def test_a_script_can_answer_by_what_was_asked(protocol: Protocol) -> None:
    def echo(request: Request) -> Answer:
        return reply(f"You said: {request.messages[-1][1]}")

    said = [f"number {number}" for number in range(6)]
    with grader(protocol, echo) as (model, server):
        outputs = await asyncio.gather(*(model.generate(each) for each in said))
    assert [output.completion for output in outputs] == [
        f"You said: {each}" for each in said
    ]
    assert len(server.requests) == len(said)


@protocols
async def test_what_a_script_asserts_reaches_the_test(protocol: Protocol) -> None:
    def strict(request: Request) -> Answer:
        raise AssertionError("not what was expected")

    with (
        pytest.raises(AssertionError, match="not what was expected"),
        grader(protocol, strict, max_retries=3) as (model, server),
    ):
        assert "the script failed" in str(await fails(model))
        assert len(server.requests) == 1


@protocols
def test_a_server_can_be_closed_again(protocol: Protocol) -> None:
    make, _ = PROTOCOLS[protocol]
    server: LoopbackServer = make([])
    with server:
        server.close()
    server.close()
    make([]).close()


@protocols
async def test_it_does_not_wait_for_its_own_slow_answers(protocol: Protocol) -> None:
    with grader(protocol, [slow(60)]) as (model, server):
        asking = asyncio.create_task(ask(model))
        while not server.requests:
            await asyncio.sleep(0.01)
        server.close()
        assert (await asking).completion == "At last."
