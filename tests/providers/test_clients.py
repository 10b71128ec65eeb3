"""What the clients of Google and Mistral make of what a service does.

As `tests/servers/test_servers.py` does for OpenAI and Anthropic: facts about Inspect
and the clients that a new version of either may change. What nobody tries again must
end a sample at once; what passes must not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from inspect_ai.model import GenerateConfig, Model, get_model
from tenacity import wait_fixed

from tests.providers.runs import WIRES
from tests.servers import (
    Answer,
    LoopbackServer,
    damaged,
    failure,
    filtered,
    reply,
    surroundings,
)
from tests.servers.loopback import Damage, Problem, truncated

NAMES = ["google", "google-stream", "mistral", "mistral-stream"]
ways = pytest.mark.parametrize("name", NAMES)


@contextmanager
def asked(name: str, *answers: Answer) -> Iterator[tuple[Model, LoopbackServer]]:
    """A model that is tried twice, and the service that answers it."""
    wire = WIRES[name]
    with (
        wire.server(answers, "key-of-nobody") as server,
        surroundings(),
    ):
        model = get_model(
            wire.model,
            base_url=server.base_url,
            api_key="key-of-nobody",
            config=GenerateConfig(max_retries=1, attempt_timeout=10),
            memoize=False,
            **wire.arguments,
        )
        with patch.object(model.api, "retry_wait", lambda: wait_fixed(0.01)):
            yield model, server


LASTING: list[Problem] = ["wrong_key", "forbidden", "unknown_model", "bad_schema"]


@ways
async def test_what_is_refused_is_not_asked_again(name: str) -> None:
    for problem in LASTING:
        with asked(name, failure(problem)) as (model, server):
            with pytest.raises(Exception) as caught:
                await model.generate("A question.")
            assert "key-of-nobody" not in str(caught.value)
        assert len(server.requests) == 1, problem


PASSING: list[Problem] = ["rate_limit", "server_error", "overloaded"]


@ways
async def test_what_passes_is_asked_again(name: str) -> None:
    ill = [*map(failure, PASSING), damaged("broken"), damaged("hangup")]
    for answer in ill:
        with asked(name, answer, reply("Well again.")) as (model, server):
            assert (await model.generate("A question.")).completion == "Well again."
        assert len(server.requests) == 2, answer


DAMAGES: list[Damage] = ["garbage", "page", "empty_body", "ends_early"]


# What passes for a reply all the same: half of a stream, and nothing at all.
TAKEN: dict[str, dict[Damage, str]] = {
    "google": {"empty_body": "(no content)"},
    "google-stream": {"ends_early": "Half of this"},
    "mistral-stream": {"ends_early": "Half of this"},
}


@ways
async def test_what_is_no_reply_is_an_error_or_says_no_more_than_came(
    name: str,
) -> None:
    taken: dict[Damage, str] = {}
    for damage in DAMAGES:
        with asked(name, damaged(damage, "Half of this, no more")) as (model, _):
            try:
                taken[damage] = (await model.generate("A question.")).completion
            except Exception:  # any kind: none of them is declared
                continue
    assert taken == TAKEN.get(name, {})


@ways
async def test_why_a_reply_ended(name: str) -> None:
    """Mistral's conversations do not say it: a cut reply looks like a whole one."""
    expected = {
        "google": ("max_tokens", "content_filter"),
        "mistral": ("stop", "stop"),
        "mistral-stream": ("max_tokens", "stop"),
    }
    answers = [truncated("Half"), filtered("Half")]
    with asked(name, *answers) as (model, _):
        reasons = [(await model.generate("A question.")).stop_reason for _ in answers]
    assert tuple(reasons) == expected.get(name, expected["google"])
