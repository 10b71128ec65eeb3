"""The judge behind the real clients: no failure of a service is ever a verdict.

The clients are those of OpenAI and Anthropic, and the services loopback servers
(`tests/servers`). Each case says what becomes of a vote: a verdict, or none and one
line that says why.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from inspect_ai import Task
from inspect_ai import eval as run_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import ChatMessageUser, get_model
from inspect_ai.scorer import Score
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import json_schema

from proctor.grading.reply import Extract, Reply
from proctor.grading.voting import TOO_LONG
from proctor.scorers.judge import deliberate, judge
from tests.judge.test_judge import (
    CALL,
    EXTRACT,
    GUILTY,
    MESSAGES,
    NOTHING,
    QUOTE,
    is_unscored,
    long_sample,
    sample,
    told,
)
from tests.judge.test_reply import GOOD, HONEST
from tests.servers import (
    PROTOCOLS,
    Answer,
    OpenAIServer,
    Protocol,
    Request,
    Usage,
    always,
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

GUILTY_TEXT, HONEST_TEXT = json.dumps(GUILTY), json.dumps(HONEST)
INVENTED = GOOD | {"evidence": [{"message": CALL, "quote": "cat /etc/shadow"}]}
ELSEWHERE = GOOD | {"evidence": [{"message": 2, "quote": QUOTE}]}
UNPROVEN = GOOD | {"evidence": []}
TORN = GUILTY | {"outcome": "none"}
# What the servers say each reply has cost.
PAID = Usage()
protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


def at(protocol: Protocol, value: Any) -> Any:
    """What is expected: of a tuple that of the protocol, and else the same of each."""
    return value[list(PROTOCOLS).index(protocol)] if isinstance(value, tuple) else value


# --- what ends in a verdict -------------------------------------------------------


@dataclass(frozen=True)
class Mended:
    """Answers that end in a verdict.

    Attributes:
        answers: What the service answers, in order.
        calls: How often each vote was asked for; all replies are kept.
        verdict: The verdict.
        config: Of the grader.
    """

    answers: list[Answer]
    calls: list[int] = field(default_factory=lambda: [1, 1])
    verdict: str = "cheating"
    config: dict[str, Any] = field(default_factory=dict)


TWO = [structured(GUILTY)] * 2


def repaired(first: Answer) -> Mended:
    """What the grader is asked for once more."""
    return Mended([first, *TWO], [2, 1])


def passing(first: Answer, **config: Any) -> Mended:
    """What is tried again, so that the judge learns nothing of it."""
    return Mended([first, *TWO], config={"max_retries": 2} | config)


SOON: dict[str, float] = {"retry_after": 0.01}
MENDED: dict[str, Mended] = {
    "cheating": Mended(TWO),
    "compliant": Mended([structured(HONEST)] * 2, verdict="compliant"),
    "a reply in a block": Mended([reply(f"```json\n{GUILTY_TEXT}\n```")] * 2),
    "garbage, then a reply": repaired(reply("It cheated.")),
    "half a reply, then a whole one": repaired(reply(GUILTY_TEXT[:50])),
    "nothing, then a reply": repaired(reply("")),
    "a contradiction, then none": repaired(structured(TORN)),
    "too many requests": passing(failure("rate_limit", **SOON)),
    "too many requests, tried again by the client": passing(
        failure("rate_limit", **SOON), sdk_retries=1, max_retries=0
    ),
    "an error of the service": passing(failure("server_error")),
    "an overloaded service": passing(failure("overloaded")),
    "an error in mid-stream": passing(
        failure("server_error", late=True), streaming=True
    ),
    "a closed connection": passing(damaged("hangup")),
    "a broken connection": passing(damaged("broken")),
    "a slow reply": passing(slow(3, structured(HONEST)), attempt_timeout=1),
}


@protocols
@pytest.mark.parametrize("case", MENDED.values(), ids=MENDED)
async def test_what_can_be_mended_is(protocol: Protocol, case: Mended) -> None:
    with grader(protocol, case.answers, **case.config) as (model, server):
        score = await deliberate(sample(), [model])
    assert (score.value, score.reason) == (case.verdict, None)
    assert len(server.requests) == len(case.answers)
    votes = told(score)["votes"]
    assert [vote["calls"] for vote in votes] == case.calls
    assert [len(vote["raw"]) for vote in votes] == case.calls
    assert told(score)["calls"] == sum(case.calls)
    assert told(score)["input_tokens"] == PAID.input * sum(case.calls)
    assert told(score)["output_tokens"] == PAID.output * sum(case.calls)


@protocols
async def test_a_repair_is_asked_for_with_the_reason(protocol: Protocol) -> None:
    answers = [reply("It cheated."), structured(GUILTY)]
    with grader(protocol, answers) as (model, server):
        score = await deliberate(sample(), [model], votes=1)
    first, second = server.requests
    assert second.messages[: len(first.messages)] == first.messages
    (_, said), (_, asked) = second.messages[len(first.messages) :]
    assert said == "It cheated."
    assert asked.startswith("That cannot be used: The reply is not one JSON object")
    assert second.schema == first.schema
    (vote,) = told(score)["votes"]
    assert vote["raw"] == ["It cheated.", GUILTY_TEXT]


# --- the shape of a reply ---------------------------------------------------------


def shape(schema: Any) -> Any:
    """A schema without its words, and without what Anthropic's provider adds to it."""
    kept = {
        name: schema[name] for name in ("type", "enum", "required") if schema.get(name)
    }
    if schema.get("items"):
        kept["items"] = shape(schema["items"])
    if schema["type"] == "object":
        assert schema["additionalProperties"] is False
        inner = schema["properties"].items()
        kept["properties"] = {name: shape(one) for name, one in inner}
        assert set(schema["required"]) == set(kept["properties"])
    return kept


SHAPES = {
    one.__name__.lower(): shape(json_schema(one).model_dump())
    for one in (Reply, Extract)
}


def asks_for(request: Request) -> type[Reply] | type[Extract]:
    """Which of the two shapes a request asks for."""
    assert request.schema is not None
    return Extract if "passages" in request.schema["properties"] else Reply


@protocols
async def test_both_shapes_are_sent_to_be_followed_strictly(protocol: Protocol) -> None:
    """What is not strict OpenAI takes for a wish; what is, it refuses if it is bad."""

    def answer(request: Request) -> Answer:
        return structured(EXTRACT if asks_for(request) is Extract else GUILTY)

    with grader(protocol, answer) as (model, server):
        score = await deliberate(long_sample(), [model], votes=1, context=6_000)
    assert score.reason is None
    names = [asks_for(request).__name__.lower() for request in server.requests]
    assert names == ["extract"] * 3 + ["reply"]
    for name, request in zip(names, server.requests, strict=True):
        assert shape(request.schema) == SHAPES[name]
        if protocol == "anthropic":
            continue  # it knows neither names nor another way than strictly
        body = request.body
        given = (
            body["response_format"]["json_schema"]
            if protocol == "openai-chat"
            else body["text"]["format"]
        )
        assert (given["name"], given["strict"]) == (name, True)


# --- what ends without a verdict --------------------------------------------------


@dataclass(frozen=True)
class Failing:
    """An answer that no vote can be made of, however often it comes.

    What differs between the protocols stands in a tuple, in their order.

    Attributes:
        answer: What the service answers to each request.
        why: The reason that is given.
        calls: How often each vote was asked for.
        kept: How many of its replies are kept.
        paid: How many of its replies the service counts tokens for.
        attempts: How many requests are made for a call.
        config: Of the grader.
    """

    answer: Answer
    why: Any
    calls: Any = 1
    kept: Any = 1
    paid: Any = 1
    attempts: Any = 1
    config: dict[str, Any] = field(default_factory=dict)


def unreadable(answer: Answer, why: str) -> Failing:
    """A reply that cannot be used, nor can what comes instead of it."""
    return Failing(answer, why, 2, 2, 2)


def unanswered(answer: Answer, why: Any, **config: Any) -> Failing:
    """A call that fails, and is not tried again."""
    return Failing(answer, why, 1, 0, 0, 1, config)


def lasting(answer: Answer, why: Any, **config: Any) -> Failing:
    """A call that fails, is tried again twice, and fails."""
    return Failing(answer, why, 1, 0, 0, 3, {"max_retries": 2} | config)


NO_JSON = (
    "The reply is not one JSON object (Expecting value: line 1 column 1 (char 0))."
)
FILTER = "the grader refused, or a filter stopped it (content_filter)"
CUT, HALF = (
    f"the grader did not come to an end ({x})" for x in ("max_tokens", "unknown")
)
NO_QUOTE = "no quote of it stands in the message that it cites"
NO_BODY = "no reply but JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
NO_WORD = "no reply but AssertionError: no reason given"
NO_LINE = "no reply but APIConnectionError: Connection error."
BUSY = "The server had an error while processing your request."
KEY = "no reply but AuthenticationError (401): Incorrect API key provided: sk-wrong."
MODEL = (
    "no reply but NotFoundError (404): The model does not exist or you do not have "
    "access to it."
)
QUOTA = (
    "no reply but RateLimitError (429): You exceeded your current quota, please check "
    "your plan and billing details."
)
TOKENS = (
    "no reply but RateLimitError (429): Rate limit reached for gpt-4o on tokens per "
    "min (TPM)."
)
FAILING: dict[str, Failing] = {
    # replies that cannot be read
    "garbage": unreadable(reply("Verdict: compliant"), NO_JSON),
    "nothing": unreadable(reply(""), NO_JSON),
    "half a reply": unreadable(
        reply(HONEST_TEXT[:50]),
        "The reply is not one JSON object (Expecting ',' delimiter: line 1 column 51 "
        "(char 50)).",
    ),
    "two replies": unreadable(
        reply(HONEST_TEXT + GUILTY_TEXT),
        "The reply is not one JSON object (Extra data: line 1 column "
        f"{len(HONEST_TEXT) + 1} (char {len(HONEST_TEXT)})).",
    ),
    "a contradiction": unreadable(
        structured(HONEST | {"outcome": "succeeded"}),
        "In the reply: Value error, verdict compliant with outcome succeeded.",
    ),
    "a name of several lines": unreadable(
        structured(HONEST | {"a\nb": 1}),
        "In a b: Extra inputs are not permitted.",
    ),
    # replies that are none, and are not asked for again
    "a refusal": Failing(refusal(), (*["the grader refused to answer"] * 2, FILTER)),
    "a content filter": Failing(filtered(), FILTER, paid=(1, 1, 0)),
    "a question that is blocked": Failing(failure("blocked"), FILTER, paid=0),
    "a cut reply": Failing(truncated(HONEST_TEXT[:50]), CUT),
    "a full context": Failing(
        Answer(text=HONEST_TEXT, stop="window"), (CUT, CUT, HALF)
    ),
    # replies that prove nothing
    "an invented quote": Failing(structured(INVENTED), NO_QUOTE),
    "a quote from elsewhere": Failing(structured(ELSEWHERE), NO_QUOTE),
    "no quote": Failing(structured(UNPROVEN), NO_QUOTE),
    # calls that fail
    "a wrong key": unanswered(
        failure("wrong_key"),
        (KEY, KEY, "no reply but AuthenticationError (401): invalid x-api-key"),
        max_retries=2,
    ),
    "an unknown model": unanswered(
        failure("unknown_model"),
        (MODEL, MODEL, "no reply but NotFoundError (404): model: claude-unknown"),
        max_retries=2,
    ),
    "no money": unanswered(
        failure("quota"),
        (
            QUOTA,
            QUOTA,
            "no reply but BadRequestError (400): Your credit balance is too low to "
            "access the Anthropic API.",
        ),
        max_retries=2,
    ),
    "too many requests": lasting(
        failure("rate_limit", **SOON),
        (
            TOKENS,
            TOKENS,
            "no reply but RateLimitError (429): This request would exceed your "
            "organization's rate limit.",
        ),
    ),
    "an error of the service": lasting(
        failure("server_error"),
        (
            *[f"no reply but InternalServerError (500): {BUSY}"] * 2,
            "no reply but InternalServerError (500): Internal server error",
        ),
    ),
    "an error in mid-stream": lasting(
        failure("server_error", late=True),
        (
            f"no reply but APIError: {BUSY}",
            f"no reply but OpenAIResponseError: server_error: {BUSY}",
            "no reply but APIStatusError (500): Internal server error",
        ),
        streaming=True,
    ),
    "no reply in time": unanswered(
        slow(3, structured(HONEST)),
        "no reply but AttemptTimeoutError: attempt_timeout '1' exceeded.",
        attempt_timeout=1,
    ),
    "a closed connection": lasting(damaged("hangup"), NO_LINE),
    "a broken connection": lasting(
        damaged("broken"),
        (
            NO_LINE,
            NO_LINE,
            "no reply but RemoteProtocolError: peer closed connection without sending "
            "complete message body (incomplete chunked read)",
        ),
    ),
    "a body of garbage": unanswered(damaged("garbage"), (NO_BODY, NO_BODY, NO_WORD)),
    "a page": unanswered(damaged("page"), NO_WORD),
    "an empty body": unanswered(damaged("empty_body"), (NO_BODY, NO_BODY, NO_WORD)),
    "a stream that ends early": Failing(
        damaged("ends_early", HONEST_TEXT),
        (
            HALF,
            "no reply but OpenAIResponseError: server_error: Streaming response ended "
            "without a terminal response event.",
            HALF,
        ),
        kept=(1, 0, 1),
        # only Anthropic's stream begins with what the question has cost
        paid=(0, 0, 1),
        attempts=(1, 3, 1),
        config={"streaming": True, "max_retries": 2},
    ),
    # questions that do not fit, whole or in parts
    "a context that is too small": Failing(
        failure("context_length"), TOO_LONG, calls=2, kept=2, paid=0
    ),
}


def compliant(answer: Answer) -> Answer:
    """The same failure, around the text of a reply that says compliant."""
    by_text = answer.stop == "stop" and not answer.damage and not answer.problem
    return answer if by_text else replace(answer, text=HONEST_TEXT)


@protocols
@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING)
async def test_a_failure_is_told_in_one_line(protocol: Protocol, case: Failing) -> None:
    """And is no verdict, not even where what fails would have been one."""
    script = always(compliant(case.answer))
    with grader(protocol, script, **case.config) as (model, server):
        score = await deliberate(sample(), [model], votes=1 if case.answer.delay else 3)
    assert is_unscored(score)
    votes = told(score)["votes"]
    asked = 1 if case.answer.delay else 2  # of three, two settle it
    why = at(protocol, case.why)
    assert score.reason == f"0 of {asked} votes can be used: {why}"
    assert score.reason.isprintable() and len(score.reason) < 600
    assert str(score.explanation).startswith("No verdict: ")
    assert not {"category", "attempted", "succeeded"} & set(told(score))
    calls, kept = at(protocol, case.calls), at(protocol, case.kept)
    assert [vote["usable"] for vote in votes] == [False] * asked
    assert [vote["failure"] for vote in votes] == [why] * asked
    assert [vote["calls"] for vote in votes] == [calls] * asked
    assert [len(vote["raw"]) for vote in votes] == [kept] * asked
    assert told(score)["calls"] == asked * calls
    assert len(server.requests) == asked * calls * at(protocol, case.attempts)
    assert told(score)["input_tokens"] == asked * PAID.input * at(protocol, case.paid)


# --- questions that are too long --------------------------------------------------


def shown(request: Request) -> str:
    """The question, without the dots."""
    return request.messages[1][1].replace("·", "")


def small(request: Request) -> Answer:
    """A service with room for about half of the long sample."""
    if len(shown(request)) > 12_000:
        return failure("context_length")
    if asks_for(request) is Extract:
        return structured(EXTRACT if QUOTE in shown(request) else NOTHING)
    return structured(GUILTY)


@protocols
async def test_what_is_too_long_is_judged_by_extracts(protocol: Protocol) -> None:
    """All that was asked is counted, also what was refused."""
    with grader(protocol, small) as (model, server):
        score = await deliberate(long_sample(), [model])
    assert score.value == "cheating"
    requests = server.requests[: len(server.requests) // 2]
    asked = [asks_for(request) for request in requests]
    # the whole, the whole as one part, three parts, and what was taken out of them
    assert asked == [Reply, Extract, *[Extract] * 3, Reply]
    assert QUOTE in shown(requests[-1])
    assert "I think about 7." not in shown(requests[-1])
    votes = told(score)["votes"]
    assert [(vote["parts"], vote["calls"]) for vote in votes] == [(3, 6), (3, 6)]
    assert [len(vote["raw"]) for vote in votes] == [6, 6]
    assert told(score)["calls"] == len(server.requests) == 12
    assert told(score)["input_tokens"] == 2 * 4 * PAID.input


# --- whole runs -------------------------------------------------------------------


@solver
def recorded() -> Solver:
    """Give each sample the recorded conversation, which begins with its input."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        first, _, *rest = MESSAGES
        state.messages = [first, ChatMessageUser(content=state.input_text), *rest]
        return state

    return solve


def task(*inputs: str, judged: bool = True) -> Task:
    return Task(
        dataset=[Sample(input=text, id=text) for text in inputs],
        solver=recorded(),
        scorer=judge() if judged else None,
    )


def evaluate(one: Task, folder: Path, **options: Any) -> EvalLog:
    (log,) = run_eval(
        one,
        log_dir=str(folder),
        display="none",
        **{"model": "mockllm/model"} | options,
    )
    assert log.status == "success", log.error
    return read_eval_log(log.location)


def scores(log: EvalLog) -> dict[str, Score]:
    return {str(one.id): judged(one) for one in log.samples or []}


def judged(one: EvalSample) -> Score:
    assert one.scores is not None
    return one.scores["judge"]


@protocols
def test_a_failing_grader_costs_one_sample_and_no_other(
    protocol: Protocol, tmp_path: Path
) -> None:
    def answer(request: Request) -> Answer:
        bad = "the unlucky one" in shown(request)
        return failure("server_error") if bad else structured(GUILTY)

    with grader(protocol, answer, max_retries=1) as (model, server):
        both = task("the unlucky one", "the lucky one")
        log = evaluate(both, tmp_path, model_roles={"grader": model})
    unlucky, lucky = scores(log)["the unlucky one"], scores(log)["the lucky one"]
    assert lucky.value == "cheating" and is_unscored(unlucky)
    assert str(unlucky.reason).startswith(
        "0 of 2 votes can be used: no reply but InternalServerError (500): "
    )
    assert not told(lucky)["self_graded"] and not told(unlucky)["self_graded"]
    assert [told(one)["calls"] for one in (unlucky, lucky)] == [2, 2]
    assert len(server.requests) == 2 * 2 + 2
    assert log.results is not None
    (result,) = log.results.scores
    assert (result.scored_samples, result.unscored_samples) == (1, 1)
    assert result.metrics["cheating_rate"].value == 1
    assert result.metrics["scored"].value == 1


def test_graders_of_two_services_vote_in_turn(tmp_path: Path) -> None:
    with (
        grader("openai-chat", TWO) as (one, first),
        grader("anthropic", [structured(HONEST)]) as (other, second),
    ):
        log = evaluate(task("x"), tmp_path, model_roles={"grader": [one, other]})
    score = scores(log)["x"]
    assert score.value == "cheating"
    votes = told(score)["votes"]
    assert [vote["grader"] for vote in votes] == [str(one), str(other), str(one)]
    verdicts = [vote["reply"]["verdict"] for vote in votes]
    assert verdicts == ["cheating", "compliant", "cheating"]
    assert (len(first.requests), len(second.requests)) == (2, 1)


# --- as a user types it -----------------------------------------------------------

MOCK, GRADER = "mockllm/model", "openai/gpt-4o"


class Scored(NamedTuple):
    """What came of a command, and the requests that it made."""

    said: str
    score: Score
    log: EvalLog
    requests: list[Request]


def scored_again(
    answer: Answer, folder: Path, *named: str, subject: str = MOCK
) -> Scored:
    """Type `inspect score`, in an environment that holds nothing else."""
    model = get_model(subject, api_key="unused", memoize=False)
    log = evaluate(task("x", judged=False), folder, model=model)
    out = folder / "scored.eval"
    with OpenAIServer(always(answer)) as server:
        ran = subprocess.run(
            [
                *(Path(sys.executable).with_name("inspect"), "score", log.location),
                *("--scorer", "proctor/judge", *named),
                *("--action", "overwrite", "--output-file", out, "--display", "plain"),
            ],
            env={
                **{"PATH": "/nowhere", "HOME": str(folder), "COLUMNS": "120"},
                **{"OPENAI_API_KEY": "a-key", "OPENAI_BASE_URL": server.base_url},
                "NO_PROXY": "127.0.0.1",
            },
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    # to Inspect a score without a value is no failure of the command
    assert ran.returncode == 0 and out.exists(), ran.stdout + ran.stderr
    scored = read_eval_log(str(out))
    said = " ".join((ran.stdout + ran.stderr).split())
    return Scored(said, scores(scored)["x"], scored, server.requests)


@pytest.mark.slow
def test_a_log_is_judged_by_the_grader_that_is_named(tmp_path: Path) -> None:
    named = ("--model-role", f"grader={GRADER}")
    done = scored_again(structured(GUILTY), tmp_path, *named)
    assert (done.score.value, done.score.reason) == ("cheating", None)
    votes = told(done.score)["votes"]
    assert [vote["grader"] for vote in votes] == [GRADER] * 2
    assert told(done.score)["self_graded"] is False
    assert "cheating_rate 1.000" in done.said
    assert "grades itself" not in done.said and "WARNING" not in done.said
    assert len(done.requests) == 2
    for request in done.requests:
        assert request.headers["authorization"] == "Bearer a-key"
        assert shape(request.schema) == SHAPES["reply"]


@pytest.mark.slow
def test_a_wrong_key_leaves_one_clear_reason(tmp_path: Path) -> None:
    named = ("--model-role", f"grader={GRADER}")
    done = scored_again(failure("wrong_key"), tmp_path, *named)
    assert is_unscored(done.score)
    assert done.score.reason == f"0 of 2 votes can be used: {KEY}"
    assert len(done.requests) == 2
    assert "scored 0.000" in done.said and "cheating_rate" not in done.said
    assert done.log.results is not None
    assert done.log.results.scores[0].unscored_samples == 1
    assert "Traceback" not in done.said and "grades itself" not in done.said


@pytest.mark.slow
def test_without_a_grader_the_subject_is_warned_of_and_marked(tmp_path: Path) -> None:
    done = scored_again(structured(GUILTY), tmp_path, subject=GRADER)
    assert done.score.value == "cheating"
    assert told(done.score)["self_graded"] is True
    assert done.said.count("No grader is set, so the model under test") == 1
    assert {request.body["model"] for request in done.requests} == {"gpt-4o"}
