"""Carries one request from standard input to the server, and its reply back."""

import socket
import sys

from .framing import receive, send


def main(path: str) -> int:
    """Carry one request.

    Args:
        path: The server's socket.

    Returns:
        An exit status: 0, or 3 where the server cannot be reached.
    """
    request = sys.stdin.buffer.read()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(path)
            send(connection, request)
            reply = receive(connection)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 3
    sys.stdout.buffer.write(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
