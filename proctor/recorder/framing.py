"""Messages between host, client and server: a length, then that many bytes.

The client runs once for each tool call, so this imports next to nothing: `socket`
takes longer than all the rest, and `_socket`, which it is made of, does as well.
"""

# typing's own constant would import typing; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

LENGTH = 4
# A tool call's input is a few kilobytes; nothing honest comes near this.
MAX_REQUEST = 4 * 2**20


class Ended(ValueError):
    """There is no further message."""


def receive(connection: "socket", limit: int | None = None) -> bytes:
    """Read one message from a socket; as `read`."""
    return read(connection.recv, limit)


def read(source: "Callable[[int], bytes]", limit: int | None = None) -> bytes:
    """Read one message.

    Args:
        source: Returns at most so many bytes; none at the end.
        limit: How many bytes it may have; None for any number.

    Raises:
        Ended: The end comes before it begins.
        ValueError: It is too long, or cut short.
    """
    head = _exactly(source, LENGTH)
    if not head:
        raise Ended("no further message")
    size = int.from_bytes(head, "big")
    if len(head) < LENGTH:
        raise ValueError("message cut short")
    if limit is not None and size > limit:
        raise ValueError("message too long")
    message = _exactly(source, size)
    if len(message) < size:
        raise ValueError("message cut short")
    return message


def exchange(path: str, request: bytes) -> bytes:
    """Send a request to a unix socket, and return the reply.

    Raises:
        OSError: There is no server, or it went away.
        ValueError: The reply is cut short.
    """
    import _socket

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(path)
        send(connection, request)
        try:
            return receive(connection)
        except Ended as error:
            raise ValueError("no reply") from error
    finally:
        connection.close()


def send(connection: "socket", message: bytes) -> None:
    """Write one message to a socket."""
    connection.sendall(framed(message))


def framed(message: bytes) -> bytes:
    """Put the length before a message."""
    return len(message).to_bytes(LENGTH, "big") + message


def _exactly(source: "Callable[[int], bytes]", size: int) -> bytes:
    """Read so many bytes, or fewer where the end comes first."""
    data = bytearray()
    while len(data) < size:
        block = source(min(65536, size - len(data)))
        if not block:
            break
        data += block
    return bytes(data)
