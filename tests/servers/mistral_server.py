"""Mistral's two protocols, conversations and chat completions, as Inspect uses them."""

from collections.abc import Iterator, Mapping
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

CHAT, CONVERSATIONS = "/v1/chat/completions", "/v1/conversations"

# status, type, code, message
ERRORS: Mapping[Problem, tuple[int, str, str, str]] = {
    "context_length": (
        400,
        "invalid_request_prompt",
        "3051",
        "Prompt contains 140000 tokens and 0 draft tokens, too large for model with "
        "131072 maximum context length",
    ),
    "too_large": (400, "invalid_request_error", "3000", "Input too large"),
    "blocked": (403, "moderation_error", "1901", "The request was moderated."),
    "bad_schema": (400, "invalid_request_schema", "3000", "Invalid schema"),
    "bad_request": (
        400,
        "invalid_request_error",
        "3000",
        "Nothing left in the script.",
    ),
    "wrong_key": (401, "invalid_api_key", "1000", "Unauthorized"),
    "forbidden": (403, "forbidden", "1900", "You cannot use this model."),
    "unknown_model": (404, "invalid_model", "1500", "Invalid model: unknown"),
    "rate_limit": (429, "rate_limited", "1300", "Rate limit exceeded"),
    "quota": (429, "service_tier_capacity_exceeded", "3505", "Capacity exceeded"),
    "server_error": (500, "internal_server_error", "1000", "Internal server error"),
    "overloaded": (503, "unreachable_backend", "1100", "Internal server error"),
}


class MistralServer(LoopbackServer):
    """`/v1/conversations` and `/v1/chat/completions`, whichever the client takes."""

    @property
    def base_url(self) -> str:
        return self.url

    def read(self, path: str, headers: Mapping[str, str], body: Any) -> Request | None:
        path = path.partition("#")[0]
        if path == CHAT:
            options, given = body, body["messages"]
            said = [(each["role"], plain(each.get("content"))) for each in given]
            entries = _chat_entries(given)
        elif path == CONVERSATIONS:
            options, given = body.get("completion_args") or {}, body["inputs"]
            if isinstance(given, str):
                given = [{"type": "message.input", "role": "user", "content": given}]
            told = body.get("instructions")
            said = [("system", told)] if told else []
            said += [(e["role"], plain(e["content"])) for e in given if "role" in e]
            entries = _conversation_entries(given)
        else:
            return None
        wanted = (options.get("response_format") or {}).get("json_schema") or {}
        return Request(
            path=path,
            headers=headers,
            body=body,
            schema=wanted.get("schema"),
            messages=tuple(said),
            entries=tuple(entries),
        )

    def aside(self, request: Request) -> Reply | None:
        return None

    def error(self, status: int, message: str) -> Reply:
        return json_reply(_error("invalid_request_error", "3000", message), status)

    def render(self, request: Request, answer: Answer) -> Reply:
        if answer.problem and not (answer.late and request.streams):
            status, *error = ERRORS[answer.problem]
            headers = {}
            if answer.retry_after is not None:
                headers["Retry-After"] = str(answer.retry_after)
            return json_reply(_error(*error), status, **headers)
        if request.path == CONVERSATIONS:
            return json_reply(conversation(request, answer))
        if not request.streams:
            return json_reply(completion(request, answer))
        events = list(chat_events(request, answer))
        if answer.problem:
            _, *error = ERRORS[answer.problem]
            events = events[: len(events) // 2]
            events.append(event(_error(*error)))
        return Reply(events, streams=True)


def _error(kind: str, code: str, message: str) -> dict[str, Any]:
    return {
        "object": "error",
        "message": message,
        "type": kind,
        "param": None,
        "code": code,
    }


# --- what the model is shown --------------------------------------------------------


def _said(kind: Any, content: Any) -> Iterator[Entry]:
    """Take content apart: a string, or chunks of text and thought."""
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    for chunk in content or ():
        if chunk["type"] == "thinking":
            yield Entry("reasoning", plain(chunk["thinking"]))
        elif chunk["type"] == "text":
            yield Entry(kind, chunk["text"])


def _chat_entries(messages: list[dict[str, Any]]) -> Iterator[Entry]:
    for message in messages:
        role, content = message["role"], message.get("content")
        if role == "tool":
            yield Entry("result", plain(content), message["tool_call_id"])
        elif role != "system":
            yield from _said(role, content)
        for call in message.get("tool_calls") or ():
            yield Entry("call", call["function"]["name"], call["id"])


def _conversation_entries(inputs: list[dict[str, Any]]) -> Iterator[Entry]:
    for item in inputs:
        if item["type"] == "function.result":
            yield Entry("result", item["result"], item["tool_call_id"])
        elif item["type"] == "function.call":
            yield Entry("call", item["name"], item["tool_call_id"])
        else:
            yield from _said(item["role"], item["content"])


# --- what it answers ----------------------------------------------------------------


def _content(request: Request, answer: Answer) -> str | list[dict[str, Any]]:
    text = answer.text_for(request)
    if not answer.reasoning:
        return text
    thought = [{"type": "text", "text": answer.reasoning}]
    chunks: list[dict[str, Any]] = [{"type": "thinking", "thinking": thought}]
    return [*chunks, {"type": "text", "text": text}] if text else chunks


def _usage(answer: Answer) -> dict[str, int]:
    usage = answer.usage
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
    }


def conversation(request: Request, answer: Answer) -> dict[str, Any]:
    """A reply of the conversations API, which has no reason for its end."""
    outputs: list[dict[str, Any]] = []
    content = _content(request, answer)
    if content or not answer.calls:
        message = {"object": "entry", "type": "message.output", "id": "msg_1"}
        outputs.append({**message, "role": "assistant", "content": content})
    for number, call in enumerate(answer.calls):
        outputs.append(
            {
                "object": "entry",
                "type": "function.call",
                "id": f"fc_{request.ident(number)}",
                "tool_call_id": request.ident(number),
                "name": call.name,
                "arguments": call.text,
            }
        )
    return {
        "object": "conversation.response",
        "conversation_id": "conv_1",
        "outputs": outputs,
        "usage": _usage(answer),
    }


def _calls(request: Request, answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": request.ident(number),
            "type": "function",
            "index": number,
            "function": {"name": call.name, "arguments": call.text},
        }
        for number, call in enumerate(answer.calls)
    ]


def _finish_reason(answer: Answer) -> str:
    if answer.calls:
        return "tool_calls"
    return {"length": "length", "window": "model_length"}.get(answer.stop, "stop")


def completion(request: Request, answer: Answer) -> dict[str, Any]:
    """A chat completion."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": _content(request, answer),
        "tool_calls": _calls(request, answer) or None,
    }
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(answer)}
    return {
        "id": "cmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.body["model"],
        "choices": [choice],
        "usage": _usage(answer),
    }


def chat_events(request: Request, answer: Answer) -> Iterator[bytes]:
    """A chat completion as a stream."""
    head = {
        "id": "cmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": request.body["model"],
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**head, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(answer.reasoning):
        thought = [{"type": "text", "text": piece}]
        yield chunk({"content": [{"type": "thinking", "thinking": thought}]})
    for piece in pieces(answer.text_for(request)):
        yield chunk({"content": piece})
    calls = _calls(request, answer)
    last = {"content": "", "tool_calls": calls} if calls else {"content": ""}
    yield chunk(last, _finish_reason(answer), usage=_usage(answer))
    yield event("[DONE]")
