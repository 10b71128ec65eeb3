"""Google's Gemini protocol, as Inspect uses it: whole replies, or a stream if asked."""

import re
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

PATH = re.compile(
    r"/v1(beta)?/models/(?P<model>[^:/]+)"
    r":(?P<method>generateContent|streamGenerateContent|countTokens)(\?.*)?"
)

# code, status, message
ERRORS: Mapping[Problem, tuple[int, str, str]] = {
    "context_length": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed "
        "(1048576).",
    ),
    "too_large": (
        400,
        "INVALID_ARGUMENT",
        "Request payload size exceeds the limit: 20971520 bytes.",
    ),
    "blocked": (400, "INVALID_ARGUMENT", "The prompt was blocked."),
    "bad_schema": (400, "INVALID_ARGUMENT", "Invalid JSON schema."),
    "bad_request": (400, "INVALID_ARGUMENT", "Nothing left in the script."),
    # a key that is none is no 401 there
    "wrong_key": (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
    ),
    "forbidden": (
        403,
        "PERMISSION_DENIED",
        "Your project has been denied access. Please contact support.",
    ),
    "unknown_model": (
        404,
        "NOT_FOUND",
        "models/gemini-unknown is not found for API version v1beta, or is not "
        "supported for generateContent.",
    ),
    "rate_limit": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    "quota": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    "server_error": (500, "INTERNAL", "An internal error has occurred."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded."),
}

FINISH = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "window": "MAX_TOKENS",
    "refusal": "STOP",
    "content_filter": "SAFETY",
}


class GoogleServer(LoopbackServer):
    """`generateContent`, as a stream too, and its token counts."""

    @property
    def base_url(self) -> str:
        return self.url

    def read(self, path: str, headers: Mapping[str, str], body: Any) -> Request | None:
        found = PATH.fullmatch(path)
        if not found:
            return None
        contents = body["contents"]
        system = plain((body.get("systemInstruction") or {}).get("parts"))
        said = [(each["role"], plain(each["parts"])) for each in contents]
        return Request(
            path=path,
            headers=headers,
            # the protocol has the two of them in the path
            body={
                **body,
                "model": found["model"],
                "stream": found["method"].startswith("stream"),
            },
            schema=(body.get("generationConfig") or {}).get("responseJsonSchema"),
            messages=(*([("system", system)] if system else []), *said),
            entries=tuple(_entries(contents)),
        )

    def aside(self, request: Request) -> Reply | None:
        if ":countTokens" not in request.path:
            return None
        count = sum(len(text) for _, text in request.messages) // 4
        return json_reply({"totalTokens": count})

    def error(self, status: int, message: str) -> Reply:
        return json_reply(_error(status, "INVALID_ARGUMENT", message), status)

    def render(self, request: Request, answer: Answer) -> Reply:
        if answer.problem and not (answer.late and request.streams):
            code, status, message = ERRORS[answer.problem]
            headers = {}
            if answer.retry_after is not None:
                headers["Retry-After"] = str(answer.retry_after)
            return json_reply(_error(code, status, message), code, **headers)
        if not request.streams:
            return json_reply(whole_reply(request, answer))
        events = list(reply_events(request, answer))
        if answer.problem:
            events = events[: len(events) // 2]
            events.append(event(_error(*ERRORS[answer.problem])))
        return Reply(events, streams=True)


def _error(code: int, status: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status}}


def _entries(contents: Any) -> Iterator[Entry]:
    for message in contents:
        speaks = message["role"] == "model"
        for part in message["parts"]:
            if "functionCall" in part:
                call = part["functionCall"]
                yield Entry("call", call["name"], call.get("id") or call["name"])
            elif "functionResponse" in part:
                given = part["functionResponse"]
                # under "output" or "error"
                text = "\n".join(str(each) for each in given["response"].values())
                yield Entry("result", text, given.get("id") or given["name"])
            elif part.get("thought"):
                yield Entry("reasoning", part["text"])
            elif "text" in part:
                yield Entry("assistant" if speaks else "user", part["text"])


def _parts(request: Request, answer: Answer) -> Iterator[dict[str, Any]]:
    text = answer.text_for(request)
    if answer.reasoning:
        yield {"text": answer.reasoning, "thought": True}
    if text:
        yield {"text": text}
    for number, call in enumerate(answer.calls):
        part: dict[str, Any] = {
            "functionCall": {"name": call.name, "args": dict(call.arguments)}
        }
        if number == 0:
            # only the first of several carries it
            part["thoughtSignature"] = "c2lnbmF0dXJl"
        yield part


def _finish(answer: Answer) -> dict[str, Any]:
    # arguments that are no JSON never leave the service: it says so in their place
    raw = next((call.raw for call in answer.calls if call.raw is not None), None)
    if raw is not None:
        said = f"Malformed function call: {raw}"
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": said}
    return {"finishReason": FINISH[answer.stop]}


def _document(
    request: Request, answer: Answer, parts: list[dict[str, Any]], end: dict[str, Any]
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, **end}
    if parts:
        candidate["content"] = {"role": "model", "parts": parts}
    usage = answer.usage
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": usage.input,
            "cachedContentTokenCount": usage.cached,
            # thoughts are counted apart
            "candidatesTokenCount": usage.output - usage.reasoning,
            "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": usage.total,
        },
        "modelVersion": request.body["model"],
        "responseId": "response-1",
    }


def whole_reply(request: Request, answer: Answer) -> dict[str, Any]:
    """A reply in one piece."""
    end = _finish(answer)
    hidden = end["finishReason"] in ("SAFETY", "MALFORMED_FUNCTION_CALL")
    parts = [] if hidden else list(_parts(request, answer))
    return _document(request, answer, parts, end)


def reply_events(request: Request, answer: Answer) -> Iterator[bytes]:
    """A reply as a stream: each event is a whole document with a piece of it."""
    end = _finish(answer)
    hidden = end["finishReason"] in ("SAFETY", "MALFORMED_FUNCTION_CALL")
    sent: list[list[dict[str, Any]]] = []
    for part in [] if hidden else _parts(request, answer):
        if "text" in part:
            sent += [[{**part, "text": piece}] for piece in pieces(part["text"])]
        else:
            sent.append([part])
    *first, last = sent or [[]]
    for parts in first:
        yield event(_document(request, answer, parts, {}))
    yield event(_document(request, answer, last, end))
