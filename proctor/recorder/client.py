"""Carries one request from standard input to the server, and its reply back."""

import sys

from .framing import exchange


def main(path: str) -> int:
    """Carry one request.

    Args:
        path: The server's socket.

    Returns:
        An exit status: 0, or 3 where the server cannot be reached.
    """
    try:
        reply = exchange(path, sys.stdin.buffer.read())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 3
    sys.stdout.buffer.write(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
