"""Answers one request per tool call on a socket that only root can open.

The server owns the session. Once that has failed, every further request is answered
with the reason.
"""

from __future__ import annotations

import json
import select
import socket

from .framing import MAX_REQUEST, receive, send
from .recording import Loss
from .session import IDLE_TICK, Session

# typing takes half a megabyte in each sandbox; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Raw recording sent with one reply; the rest follows on request.
TRACE_LIMIT = 4 * 2**20


class RequestHandler:
    """Answers requests in order, and loses nothing of what it has answered.

    A request has a `number`, and says of which reply it knows (`got`). One that is
    asked twice, because the line broke, is carried out once. What was recorded goes
    with every further reply until one has arrived, and what was written to the terminal
    with every further one to an action.
    """

    def __init__(self, session: Session) -> None:
        """Open.

        Args:
            session: What requests are about.
        """
        self._session = session
        self._number = 0
        self._reply: dict[str, Any] = {}
        # recorded and written to the terminal, and not known to have arrived
        self._sent, self._shown = "", list[tuple[int, str]]()
        self.over = False

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request.

        Raises:
            ValueError: It is none.
        """
        kind, number = request.get("kind"), request.get("number")
        if kind not in ("act", "close", "drain") or not isinstance(number, int):
            raise ValueError("not a request")
        if number == self._number:
            return self._reply
        if request.get("got") == self._number:
            self._sent, self._shown = "", []
        self._number, self._reply = number, self._carry_out(kind, request)
        self._sent = self._reply["trace"]
        final = kind in ("close", "drain") and request.get("final")
        self.over = bool(final) and not self._reply["more"]
        return self._reply

    def _carry_out(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        reply: dict[str, Any] = {"state": "failed"}
        if not session.failure:
            try:
                if kind == "act":
                    reply["state"] = session.act(
                        request["action"], request["text"], request["wait"]
                    )
                    session.check()
                elif kind == "close":
                    reply["room"] = session.close()
                    reply["state"] = "closed"
            except Loss as loss:
                session.fail(loss)
        try:
            text, more = session.recording.take(TRACE_LIMIT)
        except Loss as loss:
            text, more = "", False
            session.fail(loss)
        if kind == "act":
            self._shown += session.screen.read()
        reply.update(
            screen=self._shown[:] if kind == "act" else [],
            trace=self._sent + text,
            more=more,
            failure=session.failure,
        )
        return reply


def serve(listener: socket.socket, session: Session) -> None:
    """Answer requests, one at a time, until the session is closed."""
    handler = RequestHandler(session)
    while not handler.over:
        ready, _, _ = select.select([listener], [], [], IDLE_TICK)
        try:
            session.idle()
        except Loss as loss:
            session.fail(loss)
        if not ready:
            continue
        connection, _ = listener.accept()
        with connection:
            try:
                request = json.loads(receive(connection, MAX_REQUEST))
                reply = handler.answer(request)
                send(connection, json.dumps(reply).encode("ascii"))
            except (OSError, ValueError, AttributeError):
                continue  # the caller went away, or sent nonsense
    session.kill()
