"""Messages on the socket between client and server: a length, then JSON."""

import json
import socket
import struct
from typing import Any

HEADER = struct.Struct(">I")
# A tool call's input is a few kilobytes; nothing honest comes near this.
MAX_REQUEST = 4 * 2**20


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message.

    Raises:
        ValueError: It is too long, cut, or no JSON object.
    """
    (size,) = HEADER.unpack(exactly(connection, HEADER.size))
    if size > MAX_REQUEST:
        raise ValueError("request too long")
    message = json.loads(exactly(connection, size))
    if not isinstance(message, dict):
        raise ValueError("request is no object")
    return message


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(message).encode("ascii")
    connection.sendall(HEADER.pack(len(data)) + data)


def exactly(connection: socket.socket, size: int) -> bytes:
    """Read a number of bytes.

    Raises:
        ValueError: The connection ended before.
    """
    data = bytearray()
    while len(data) < size:
        block = connection.recv(min(65536, size - len(data)))
        if not block:
            raise ValueError("message cut short")
        data += block
    return bytes(data)
