"""Model services on this machine, for tests through the real clients.

with grader("anthropic", [structured({"verdict": "honest"})]) as (model, server):
    output = await model.generate("...", config=GenerateConfig(...))
assert len(server.requests) == 1
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from inspect_ai.model import GenerateConfig, Model, get_model
from rich.traceback import Traceback
from tenacity import wait_fixed

from tests.servers.anthropic_server import AnthropicServer
from tests.servers.loopback import (
    Answer,
    Call,
    LoopbackServer,
    Request,
    Script,
    Usage,
    always,
    calling,
    damaged,
    failure,
    filtered,
    refusal,
    reply,
    slow,
    structured,
    truncated,
)
from tests.servers.openai_server import OpenAIServer

__all__ = [
    "PROTOCOLS",
    "Answer",
    "AnthropicServer",
    "Call",
    "LoopbackServer",
    "OpenAIServer",
    "Protocol",
    "Request",
    "Usage",
    "always",
    "calling",
    "damaged",
    "failure",
    "filtered",
    "grader",
    "refusal",
    "reply",
    "slow",
    "structured",
    "surroundings",
    "truncated",
]

Protocol = Literal["openai-chat", "openai-responses", "anthropic"]

# The names decide: Inspect takes the responses API for gpt-5 and later, the o series,
# codex, and every name that it does not know.
PROTOCOLS: dict[Protocol, tuple[Callable[[Script], LoopbackServer], str]] = {
    "openai-chat": (OpenAIServer, "openai/gpt-4o"),
    "openai-responses": (OpenAIServer, "openai/gpt-5.1"),
    "anthropic": (AnthropicServer, "anthropic/claude-sonnet-4-6"),
}

# What would send the clients elsewhere, or make them show another key.
FOREIGN = ("ANTHROPIC_AUTH_TOKEN", "OPENAI_SAFETY_IDENTIFIER", "SSL_CERT_FILE")
OWN = {
    "NO_PROXY": "127.0.0.1",
    # No certificate is trusted: nothing here needs one, a request that goes astray
    # gets none, and a client that reads none is made in half the time.
    "SSL_CERT_DIR": str(Path(__file__).parent),
}


def _in_a_word(traceback: Traceback, *_: object) -> Iterator[str]:
    return iter(["(no traceback in colour: see tests/servers)"])


@contextmanager
def surroundings() -> Iterator[None]:
    """An environment that leads nowhere else, and errors that cost no time.

    Inspect keeps a rendering in colour of each failed attempt for its log, and that
    takes ten times as long as the attempt.
    """
    with (
        patch.dict(os.environ, OWN),
        patch.object(Traceback, "__rich_console__", _in_a_word),
    ):
        for foreign in FOREIGN:
            os.environ.pop(foreign, None)
        yield


@contextmanager
def grader(
    protocol: Protocol,
    answers: Script,
    *,
    model: str | None = None,
    streaming: bool | None = None,
    sdk_retries: int | None = 0,
    wait: float | None = 0.01,
    **config: Any,
) -> Iterator[tuple[Model, LoopbackServer]]:
    """A model behind the protocol's real client, and the server that answers it.

    Args:
        protocol: which service to play.
        answers: one for each request, or a function of the request.
        model: another name than the protocol's usual one.
        streaming: Inspect's model argument; None leaves it to the provider.
        sdk_retries: how often the client itself tries again before Inspect hears of
            it; None for its default of two, with waits of about 0.5 and 1 second.
        wait: seconds that Inspect waits before it tries again; None for its own
            waits, the first of three to six seconds.
        config: `GenerateConfig`; nothing is tried again unless `max_retries` is here.
    """
    make, name = PROTOCOLS[protocol]
    arguments: dict[str, Any] = {}
    if streaming is not None:
        arguments["streaming"] = streaming
    if sdk_retries is not None:
        arguments["max_retries"] = sdk_retries
    config = {"max_retries": 0, "timeout": 30, "attempt_timeout": 10} | config
    with make(answers) as server, surroundings():
        made = get_model(
            model or name,
            base_url=server.base_url,
            # one per server: Inspect shares what it learns of a service by key
            api_key=f"key-of-{server.url}",
            config=GenerateConfig(**config),
            memoize=False,
            **arguments,
        )
        if wait is None:
            yield made, server
        else:
            # the public door to the waits: a provider says how long they are
            with patch.object(made.api, "retry_wait", lambda: wait_fixed(wait)):
                yield made, server
