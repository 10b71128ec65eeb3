"""A server on this machine that answers a client as its script says.

What a model service can do to us is data here: an `Answer`. The servers of the
two protocols turn the same answers into what each service would send, so one
table of answers serves the real clients of both.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

Stop = Literal["stop", "length", "window", "refusal", "content_filter"]
"""Why the model stopped.

`window`: the context is full in the middle of the reply. Anthropic has a stop
reason for it, OpenAI says `length`. `content_filter` is a stop reason at OpenAI,
and a 400 at Anthropic.
"""

Problem = Literal[
    "context_length",
    "too_large",
    "blocked",
    "bad_schema",
    "bad_request",
    "wrong_key",
    "forbidden",
    "unknown_model",
    "rate_limit",
    "quota",
    "server_error",
    "overloaded",
]
"""What a service refuses a request for, each in its own words and status."""

Damage = Literal["garbage", "page", "empty_body", "broken", "ends_early", "hangup"]
"""What happens to a reply on its way.

`garbage`: HTTP 200 and what is no JSON, though it says so. `page`: 200 and the HTML
of some gateway. `empty_body`: 200 and nothing. `broken`: the connection breaks in
the middle of the body. `ends_early`: the body is half of what it should be, and ends
as if it were whole. `hangup`: the connection is closed before a single byte.
"""

INSTEAD: Mapping[Damage, bytes] = {
    "garbage": b"upstream connect error",
    "page": b"<html><body>Bad gateway</body></html>",
    "empty_body": b"",
}


@dataclass(frozen=True)
class Usage:
    """Tokens as the service counts them; `cached` is a part of `input`.

    `reasoning` is a part of `output`.
    """

    input: int = 120
    output: int = 30
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """All that is paid for."""
        return self.input + self.output


@dataclass(frozen=True)
class Call:
    """A tool call of the model."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    raw: str | None = None
    """Sent in the place of the arguments, where what is sent is to be no JSON."""

    @property
    def text(self) -> str:
        """The arguments as they are sent."""
        return json.dumps(self.arguments) if self.raw is None else self.raw


@dataclass(frozen=True)
class Answer:
    """What a server does with one request. See the functions below for the kinds."""

    text: str = ""
    structured: Any = None
    """Sent as JSON instead of `text` to a request that carries a schema."""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    stop: Stop = "stop"
    usage: Usage = Usage()
    problem: Problem | None = None
    retry_after: float | None = None
    late: bool = False
    """The problem arises in the middle of a stream that began well."""
    damage: Damage | None = None
    delay: float = 0.0
    """Seconds before the first byte."""

    def text_for(self, request: "Request") -> str:
        """The text as this request asked for it."""
        if self.structured is not None and request.schema is not None:
            return json.dumps(self.structured)
        return self.text


def reply(text: str, **more: Any) -> Answer:
    """A normal reply."""
    return Answer(text=text, **more)


def structured(value: Any, otherwise: str = "No schema was sent.") -> Answer:
    """A reply in the shape asked for, and `otherwise` if none was."""
    return Answer(text=otherwise, structured=value)


def calling(*calls: Call, text: str = "", reasoning: str = "") -> Answer:
    """One tool call or several at once."""
    return Answer(text=text, reasoning=reasoning, calls=calls)


def refusal(text: str = "I cannot help with that.") -> Answer:
    """The model declines."""
    return Answer(text=text, stop="refusal")


def truncated(text: str) -> Answer:
    """A reply that ran into its token limit."""
    return Answer(text=text, stop="length")


def filtered(text: str = "") -> Answer:
    """A reply that the service's content filter stopped."""
    return Answer(text=text, stop="content_filter")


def failure(
    problem: Problem, *, retry_after: float | None = None, late: bool = False
) -> Answer:
    """An error in the service's own shape, `late` in the middle of a stream."""
    return Answer(
        text="Half of it", problem=problem, retry_after=retry_after, late=late
    )


def damaged(damage: Damage, text: str = "A reply that does not arrive.") -> Answer:
    """A reply that something happens to on its way."""
    return Answer(text=text, damage=damage)


def slow(seconds: float, answer: Answer | None = None) -> Answer:
    """The answer (or a plain reply), but late."""
    fields = vars(answer or reply("At last."))
    return Answer(**{**fields, "delay": seconds})


Kind = Literal["user", "assistant", "reasoning", "call", "result"]


@dataclass(frozen=True)
class Entry:
    """A piece of the conversation as the model is shown it.

    Services cut a conversation into messages in different ways, and clients join
    neighbours; the order of the pieces is the same for all.
    """

    kind: Kind
    text: str
    call: str = ""
    """What ties a result to its call."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the reply must match, wherever the protocol puts it."""
    messages: tuple[tuple[str, str], ...] = ()
    """Role and text of all that the model is shown, instructions first."""
    entries: tuple[Entry, ...] = ()
    """The conversation without instructions."""

    def ident(self, number: int) -> str:
        """An id that no other reply of the conversation has; nine digits.

        Mistral refuses any other.
        """
        return f"{len(self.entries):05d}{number:04d}"

    @property
    def streams(self) -> bool:
        """Does the client want the reply as a stream of events?"""
        return bool(self.body.get("stream"))


@dataclass(frozen=True)
class Reply:
    """What goes over the wire: a JSON body, or the events of a stream."""

    parts: Sequence[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    streams: bool = False


Script = Iterable[Answer] | Callable[[Request], Answer]


def always(answer: Answer) -> Callable[[Request], Answer]:
    """The same to every request."""
    return lambda request: answer


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """A reply that is one JSON document."""
    return Reply([json.dumps(body).encode()], status, headers)


def event(data: Any, name: str | None = None) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def pieces(text: str, size: int = 12) -> list[str]:
    """The text as a stream brings it."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def plain(content: Any) -> str:
    """The text of a message, whether a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content or ())


class LoopbackServer(ABC):
    """Plays a script to whoever connects, and keeps what was asked.

    A script that is at its end answers with an error that no client tries again,
    so a request too many fails the test that made it. What a script that is a
    function raises is raised again when the server closes.
    """

    def __init__(self, script: Script, key: str | None = None) -> None:
        """Listen at a free port.

        Args:
            script: What to answer.
            key: Who does not show this is turned away; None for no such check.
        """
        self.requests: list[Request] = []
        """What asked for a reply of the model, in the order of arrival."""
        self.asides: list[Request] = []
        """What the clients ask on their own: token counts, what the service can do."""
        self.turned_away = 0
        """How many requests showed another key."""
        self._key = key
        self._script = script if callable(script) else _in_turn(list(script))
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._listening = False
        self._fault: Exception | None = None

    @property
    def url(self) -> str:
        """Where a client connects, without the protocol's own path."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    @abstractmethod
    def base_url(self) -> str:
        """What the protocol's client takes as its base URL."""

    @abstractmethod
    def read(self, path: str, headers: Mapping[str, str], body: Any) -> Request | None:
        """The request, or None for a path that the service does not have."""

    @abstractmethod
    def aside(self, request: Request) -> Reply | None:
        """The reply to what is no generation, None if the request is one."""

    @abstractmethod
    def render(self, request: Request, answer: Answer) -> Reply:
        """What the service would send."""

    @abstractmethod
    def error(self, status: int, message: str) -> Reply:
        """An error in the protocol's shape."""

    def __enter__(self) -> Self:
        serve = self._http.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        self._listening = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if self._fault and not error:
            raise self._fault

    def close(self) -> None:
        """Stop listening, and let go of those who wait. Again is harmless."""
        self._closing.set()
        if self._listening:
            self._http.shutdown()
            self._listening = False
        self._http.server_close()

    def respond(
        self, path: str, headers: Mapping[str, str], body: Any
    ) -> tuple[Reply, Damage | None]:
        """What to send, and what is to happen to it."""
        request = self.read(path, headers, body)
        if request is None:
            return self.error(404, f"no such path: {path}"), None
        if self._key and not any(self._key in text for text in headers.values()):
            with self._lock:
                self.turned_away += 1
            return self.render(request, failure("wrong_key")), None
        with self._lock:
            known = self.aside(request)
            (self.requests if known is None else self.asides).append(request)
            if known is not None:
                return known, None
            try:
                answer = self._script(request)
            except Exception as fault:
                self._fault = self._fault or fault
                return self.error(400, f"the script failed: {fault!r}"), None
        self._closing.wait(answer.delay)
        return self.render(request, answer), answer.damage


def _in_turn(answers: list[Answer]) -> Callable[[Request], Answer]:
    left = iter(answers)
    return lambda request: next(left, failure("bad_request"))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: LoopbackServer


class _Handler(BaseHTTPRequestHandler):
    """One connection; closed after its reply, so that none outlives a test."""

    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        self.close_connection = True
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = self.rfile.read(length)
        if len(sent) < length:
            return  # the client is gone
        body = json.loads(sent or b"{}")
        reply, damage = self.server.owner.respond(self.path, headers, body)
        # a client that did not want to wait is gone: its own business
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(reply, damage)

    def _send(self, reply: Reply, damage: Damage | None) -> None:
        if damage == "hangup":
            return
        if damage and damage in INSTEAD:
            reply = Reply([INSTEAD[damage]])
        if reply.streams:
            self._send_events(reply, damage)
        else:
            self._send_document(reply, b"".join(reply.parts), damage)

    def _send_document(self, reply: Reply, body: bytes, damage: Damage | None) -> None:
        half = body[: len(body) // 2]
        promised = half if damage == "ends_early" else body
        kind = "text/html" if damage == "page" else "application/json"
        self._send_head(reply, kind, "Content-Length", len(promised))
        self.wfile.write(half if damage == "broken" else promised)

    def _send_events(self, reply: Reply, damage: Damage | None) -> None:
        self._send_head(reply, "text/event-stream", "Transfer-Encoding", "chunked")
        halved = damage in ("broken", "ends_early")
        for part in reply.parts[: len(reply.parts) // 2] if halved else reply.parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if damage != "broken":
            self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, reply: Reply, kind: str, framing: str, size: object) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", kind)
        self.send_header(framing, str(size))
        self.send_header("Connection", "close")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what happened is in the server's requests."""
