"""Carries requests from standard input to the server, and its replies back, in turn.

Where the host can keep one program running in the sandbox, this is it; it ends with
its input. A request that it could not carry can be asked again in another way.
"""

import sys

from .framing import Ended, exchange, framed, read


def main(path: str) -> int:
    """Carry requests until there are no more.

    Args:
        path: The server's socket.

    Returns:
        An exit status: 0, or 3 where the server cannot be reached.
    """
    try:
        while True:
            request = read(sys.stdin.buffer.read)
            sys.stdout.buffer.write(framed(exchange(path, request)))
            sys.stdout.buffer.flush()
    except Ended:
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
