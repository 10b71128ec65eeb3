"""Anthropic's messages protocol, as Inspect uses it: mostly as a stream."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.servers.loopback import (
    Answer,
    Entry,
    LoopbackServer,
    Problem,
    Reply,
    Request,
    event,
    json_reply,
    pieces,
    plain,
)

# status, type, message
ERRORS: Mapping[Problem, tuple[int, str, str]] = {
    "context_length": (
        400,
        "invalid_request_error",
        "prompt is too long: 215443 tokens > 200000 maximum",
    ),
    "too_large": (413, "request_too_large", "Request exceeds the maximum size"),
    "blocked": (
        400,
        "invalid_request_error",
        "Output blocked by content filtering policy",
    ),
    "bad_schema": (
        400,
        "invalid_request_error",
        "output_format.schema: For 'object' type, 'additionalProperties' must be "
        "explicitly set to false",
    ),
    "bad_request": (400, "invalid_request_error", "Nothing left in the script."),
    "wrong_key": (401, "authentication_error", "invalid x-api-key"),
    "forbidden": (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource.",
    ),
    "unknown_model": (404, "not_found_error", "model: claude-unknown"),
    "rate_limit": (
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit.",
    ),
    "quota": (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
    ),
    "server_error": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
}

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "window": "model_context_window_exceeded",
    "refusal": "refusal",
}


class AnthropicServer(LoopbackServer):
    """`/v1/messages` and its token counts."""

    @property
    def base_url(self) -> str:
        return self.url

    def read(self, path: str, headers: Mapping[str, str], body: Any) -> Request | None:
        path = path.partition("?")[0]
        if path not in ("/v1/messages", "/v1/messages/count_tokens"):
            return None
        wanted = body.get("output_format") or {}
        wanted = wanted or (body.get("output_config") or {}).get("format") or {}
        system = [("system", plain(body["system"]))] if body.get("system") else []
        said = [(each["role"], plain(each["content"])) for each in body["messages"]]
        return Request(
            path=path,
            headers=headers,
            body=body,
            schema=wanted.get("schema"),
            messages=(*system, *said),
            entries=tuple(_entries(body["messages"])),
        )

    def aside(self, request: Request) -> Reply | None:
        if not request.path.endswith("/count_tokens"):
            return None
        count = sum(len(text) for _, text in request.messages) // 4
        return json_reply({"input_tokens": count})

    def error(self, status: int, message: str) -> Reply:
        return json_reply(_error("invalid_request_error", message), status)

    def render(self, request: Request, answer: Answer) -> Reply:
        problem = answer.problem
        if answer.stop == "content_filter":
            problem = "blocked"
        if problem and not (answer.late and request.streams):
            status, kind, message = ERRORS[problem]
            headers = {"request-id": "req_1"}
            if answer.retry_after is not None:
                headers["Retry-After"] = str(answer.retry_after)
            return json_reply(_error(kind, message), status, **headers)
        if not request.streams:
            return json_reply(whole_message(request, answer))
        events = list(message_events(request, answer))
        if problem:
            _, kind, message = ERRORS[problem]
            events = events[: len(events) // 2]
            events.append(event(_error(kind, message), "error"))
        return Reply(events, streams=True)


def _entries(messages: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}]
        if isinstance(content, list):
            blocks = content
        for block in blocks:
            if block["type"] == "text":
                yield Entry(message["role"], block["text"])
            elif block["type"] == "thinking":
                yield Entry("reasoning", block["thinking"])
            elif block["type"] == "tool_use":
                yield Entry("call", block["name"], block["id"])
            elif block["type"] == "tool_result":
                yield Entry("result", plain(block["content"]), block["tool_use_id"])


def _error(kind: str, message: str) -> dict[str, Any]:
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": "req_1"}


def _blocks(request: Request, answer: Answer) -> Iterator[dict[str, Any]]:
    text = answer.text_for(request)
    if answer.reasoning:
        yield {"type": "thinking", "thinking": answer.reasoning, "signature": "c2ln"}
    if text:
        yield {"type": "text", "text": text}
    for number, call in enumerate(answer.calls):
        yield {
            "type": "tool_use",
            "id": f"toolu_{request.ident(number)}",
            "name": call.name,
            # a block holds JSON whatever the model wrote
            "input": dict(call.arguments) if call.raw is None else call.raw,
        }


def whole_message(request: Request, answer: Answer) -> dict[str, Any]:
    """A message."""
    usage = answer.usage
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": list(_blocks(request, answer)),
        "stop_reason": "tool_use" if answer.calls else STOP_REASONS[answer.stop],
        "stop_sequence": None,
        "usage": {
            # what came from the cache is counted apart
            "input_tokens": usage.input - usage.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached,
            "output_tokens": usage.output,
            # without it the provider counts the tokens of each thought itself
            "output_tokens_details": {"thinking_tokens": usage.reasoning},
        },
    }


def message_events(request: Request, answer: Answer) -> Iterator[bytes]:
    """A message as a stream of blocks."""
    whole = whole_message(request, answer)

    def send(kind: str, **fields: Any) -> bytes:
        return event({"type": kind, **fields}, kind)

    begun = {**whole, "content": [], "stop_reason": None}
    begun["usage"] = {**whole["usage"], "output_tokens": 1}
    yield send("message_start", message=begun)
    yield send("ping")
    for index, block in enumerate(whole["content"]):
        yield send("content_block_start", index=index, content_block=_empty(block))
        for delta in _deltas(block):
            yield send("content_block_delta", index=index, delta=delta)
        yield send("content_block_stop", index=index)
    end = {name: whole[name] for name in ("stop_reason", "stop_sequence")}
    yield send("message_delta", delta=end, usage=whole["usage"])
    yield send("message_stop")


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    else:
        given = block["input"]
        text = given if isinstance(given, str) else json.dumps(given)
        for piece in pieces(text):
            yield {"type": "input_json_delta", "partial_json": piece}
