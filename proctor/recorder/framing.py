"""Messages on the socket between client and server: a length, then that many bytes.

The client runs once for each tool call, so this imports next to nothing.
"""

import socket

LENGTH = 4
# A tool call's input is a few kilobytes; nothing honest comes near this.
MAX_REQUEST = 4 * 2**20


def receive(connection: socket.socket, limit: int | None = None) -> bytes:
    """Read one message.

    Args:
        connection: Where from.
        limit: How many bytes it may have; None for any number.

    Raises:
        ValueError: It is too long, or cut short.
    """
    size = int.from_bytes(_exactly(connection, LENGTH), "big")
    if limit is not None and size > limit:
        raise ValueError("message too long")
    return _exactly(connection, size)


def send(connection: socket.socket, message: bytes) -> None:
    """Write one message."""
    connection.sendall(len(message).to_bytes(LENGTH, "big") + message)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        block = connection.recv(min(65536, size - len(data)))
        if not block:
            raise ValueError("message cut short")
        data += block
    return bytes(data)
