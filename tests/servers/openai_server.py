"""OpenAI's two protocols, chat completions and responses, as Inspect uses them."""

import re
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

# What Inspect's provider asks a reasoning model once, to learn whether the account
# may see summaries; it is no part of anybody's script.
PROBE = "Please say 'hello, world'"

# status, type, code, message
ERRORS: Mapping[Problem, tuple[int, str, str | None, str]] = {
    "context_length": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your "
        "messages resulted in 200012 tokens. Please reduce the length of the "
        "messages.",
    ),
    "too_large": (
        400,
        "invalid_request_error",
        "string_above_max_length",
        "Invalid 'messages[0].content': string too long. Expected a string with "
        "maximum length 10485760, but got a string with length 10485761 instead.",
    ),
    "blocked": (
        400,
        "invalid_request_error",
        "invalid_prompt",
        "Invalid prompt: your prompt was flagged as potentially violating our "
        "usage policy.",
    ),
    "bad_schema": (
        400,
        "invalid_request_error",
        None,
        "Invalid schema for response_format: 'additionalProperties' is required to "
        "be supplied and to be false.",
    ),
    "bad_request": (400, "invalid_request_error", None, "Nothing left in the script."),
    "wrong_key": (
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: sk-wrong.",
    ),
    "forbidden": (
        403,
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    "unknown_model": (
        404,
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    "rate_limit": (
        429,
        "tokens",
        "rate_limit_exceeded",
        "Rate limit reached for gpt-4o on tokens per min (TPM).",
    ),
    "quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": (
        500,
        "server_error",
        None,
        "The server had an error while processing your request.",
    ),
    "overloaded": (
        503,
        "server_error",
        None,
        "The engine is currently overloaded, please try again later.",
    ),
}


class OpenAIServer(LoopbackServer):
    """`/v1/chat/completions` and `/v1/responses`, whichever the client takes."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def read(self, path: str, headers: Mapping[str, str], body: Any) -> Request | None:
        if path == "/v1/chat/completions":
            given = body.get("response_format", {}).get("json_schema") or {}
            messages = body["messages"]
        elif path in ("/v1/responses", "/v1/responses/input_tokens"):
            given = body.get("text", {}).get("format") or {}
            messages = body["input"]
        else:
            return None
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        return Request(
            path=path,
            headers=headers,
            body=body,
            schema=given.get("schema"),
            messages=tuple(
                (message["role"], plain(message["content"]))
                for message in messages
                if "role" in message
            ),
            entries=tuple(_entries(messages)),
        )

    def aside(self, request: Request) -> Reply | None:
        if request.path.endswith("/input_tokens"):
            count = sum(len(text) for _, text in request.messages) // 4
            body = {"object": "response.input_tokens", "input_tokens": count}
            return json_reply(body)
        if request.body.get("input") == PROBE:
            return self.render(request, Answer(text="hello, world"))
        return None

    def error(self, status: int, message: str) -> Reply:
        kind = "invalid_request_error"
        return json_reply({"error": _error(kind, None, message)}, status)

    def render(self, request: Request, answer: Answer) -> Reply:
        fault = strict_fault(request)
        if fault:
            return self.error(400, f"Invalid schema for response_format: {fault}")
        chat = request.path.endswith("/chat/completions")
        if answer.problem and not (answer.late and request.streams):
            status, *error = ERRORS[answer.problem]
            headers = {"x-request-id": "req_1"}
            if answer.retry_after is not None:
                headers["Retry-After"] = str(answer.retry_after)
            return json_reply({"error": _error(*error)}, status, **headers)
        if not request.streams:
            body = completion(request, answer) if chat else response(request, answer)
            return json_reply(body)
        events = list((chat_events if chat else response_events)(request, answer))
        if answer.problem:
            _, *error = ERRORS[answer.problem]
            events = events[: len(events) // 2]
            if chat:
                events.append(event({"error": _error(*error)}))
            else:
                late = {"type": "error", "sequence_number": len(events)}
                events.append(event(late | _error(*error[1:]), "error"))
        return Reply(events, streams=True)


def _entries(messages: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """Take a conversation apart; the two protocols share no kind of message."""
    for message in messages:
        kind = message.get("role") or message["type"]
        text = plain(message.get("content"))
        if kind in ("function_call_output", "tool"):
            ident = message.get("call_id") or message["tool_call_id"]
            yield Entry("result", plain(message.get("output")) or text, ident)
        elif kind == "function_call":
            yield Entry("call", message["name"], message["call_id"])
        elif kind == "reasoning":
            yield Entry("reasoning", plain(message["summary"]))
        elif kind == "user":
            yield Entry("user", text)
        elif kind == "assistant":
            if message.get("reasoning_content"):
                yield Entry("reasoning", message["reasoning_content"])
            yield Entry("assistant", text)
            for call in message.get("tool_calls") or ():
                yield Entry("call", call["function"]["name"], call["id"])


def _error(*given: str | None) -> dict[str, str | None]:
    # a stream's error event has no type of this kind: `type` names the event
    code, message = given[-2:]
    error = {"code": code, "message": message, "param": None}
    return {"type": given[0], **error} if len(given) == 3 else error


def strict_fault(request: Request) -> str | None:
    """What OpenAI refuses in a schema that must be followed strictly."""
    body = request.body
    given = (body.get("response_format") or {}).get("json_schema") or {}
    given = given or body.get("text", {}).get("format") or {}
    if not given:
        return None
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", given["name"]):
        return f"the name {given['name']!r} has characters that are not allowed"
    if not given.get("strict"):
        return None
    if given["schema"].get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'"
    return next(_faults(given["schema"], "schema"), None)


def _faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    properties = schema.get("properties") or {}
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"'additionalProperties' must be false in {place}"
        if set(schema.get("required") or ()) != set(properties):
            yield f"'required' must name every property in {place}"
    for name, inner in properties.items():
        yield from _faults(inner, f"{place}.{name}")
    if schema.get("items"):
        yield from _faults(schema["items"], f"{place}.items")
    for number, inner in enumerate(schema.get("anyOf") or ()):
        yield from _faults(inner, f"{place}.anyOf[{number}]")


def _finish_reason(answer: Answer) -> str:
    if answer.calls:
        return "tool_calls"
    if answer.stop == "content_filter":
        return "content_filter"
    return "length" if answer.stop in ("length", "window") else "stop"


def _chat_usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _chat_calls(request: Request, answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{request.ident(number)}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.text},
        }
        for number, call in enumerate(answer.calls)
    ]


def _chat_message(request: Request, answer: Answer) -> dict[str, Any]:
    text = answer.text_for(request)
    refused = answer.stop == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused or (answer.calls and not text) else text,
        "refusal": text if refused else None,
    }
    if answer.reasoning:
        # not OpenAI's own field, but that of the services that speak its protocol
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = _chat_calls(request, answer)
    return message


def completion(request: Request, answer: Answer) -> dict[str, Any]:
    """A chat completion."""
    choice = {
        "index": 0,
        "message": _chat_message(request, answer),
        "logprobs": None,
        "finish_reason": _finish_reason(answer),
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.body["model"],
        "choices": [choice],
        "usage": _chat_usage(answer),
    }


def chat_events(request: Request, answer: Answer) -> Iterator[bytes]:
    """A chat completion as a stream."""
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": request.body["model"],
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**head, "choices": [choice], "usage": None})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(answer.reasoning):
        yield chunk({"reasoning_content": piece})
    field = "refusal" if answer.stop == "refusal" else "content"
    for piece in pieces(answer.text_for(request)):
        yield chunk({field: piece})
    for number, call in enumerate(_chat_calls(request, answer)):
        arguments = call["function"]["arguments"]
        call["function"]["arguments"] = ""
        yield chunk({"tool_calls": [{"index": number, **call}]})
        for piece in pieces(arguments):
            inner = {"index": number, "function": {"arguments": piece}}
            yield chunk({"tool_calls": [inner]})
    yield chunk({}, _finish_reason(answer))
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield event({**head, "choices": [], "usage": _chat_usage(answer)})
    yield event("[DONE]")


def _output(request: Request, answer: Answer) -> Iterator[dict[str, Any]]:
    text = answer.text_for(request)
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        yield {"type": "reasoning", "id": f"rs_{request.ident(0)}", "summary": summary}
    if text or not answer.calls:
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
        if answer.stop == "refusal":
            part = {"type": "refusal", "refusal": text}
        complete = answer.stop in ("stop", "refusal")
        yield {
            "type": "message",
            "id": f"msg_{request.ident(0)}",
            "role": "assistant",
            "status": "completed" if complete else "incomplete",
            "content": [part],
        }
    for number, call in enumerate(answer.calls):
        yield {
            "type": "function_call",
            "id": f"fc_{request.ident(number)}",
            "call_id": f"call_{request.ident(number)}",
            "name": call.name,
            "arguments": call.text,
            "status": "completed",
        }


def response(request: Request, answer: Answer) -> dict[str, Any]:
    """A response of the responses API."""
    usage = answer.usage
    reasons = {"length": "max_output_tokens", "window": "max_output_tokens"}
    reasons["content_filter"] = "content_filter"
    reason = reasons.get(answer.stop)
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": request.body["model"],
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": list(_output(request, answer)),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.total,
        },
    }


def response_events(request: Request, answer: Answer) -> Iterator[bytes]:
    """A response as a stream: its items, pieces of its text, and all of it."""
    whole = response(request, answer)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    begun["incomplete_details"] = None
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(whole["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty = {**item, "content": []} if item["type"] == "message" else item
        events.append({"type": "response.output_item.added", "item": empty, **place})
        text = item["content"][0].get("text", "") if item["type"] == "message" else ""
        for piece in pieces(text):
            delta = {"delta": piece, "content_index": 0, "logprobs": [], **place}
            events.append({"type": "response.output_text.delta", **delta})
        events.append({"type": "response.output_item.done", "item": item, **place})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    for number, data in enumerate(events):
        yield event({**data, "sequence_number": number}, data["type"])
