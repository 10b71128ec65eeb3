"""What an attempt is, and how one is made."""

import errno
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Seconds; nothing that is tried waits for anything.
PATIENCE = 5
DONE = "done"
# What a test tells of the world outside and of the recorder: processes, addresses.
GIVEN: dict[str, Any] = {}


@dataclass(frozen=True)
class Attempt:
    """One try to reach what an agent must not reach.

    It changes nothing where it succeeds, since the controls make it succeed.

    Attributes:
        id: Group and name.
        make: Makes it; raises OSError where it is refused. None and 0 say that it
            worked, anything else is what it found.
        refused: What may come of it: names of error numbers, or `= VALUE` for what it
            returns.
        control: Where the same attempt gets on: `root` beside the recorder in the same
            container, `free` in a privileged container, `here` on the host; empty
            where none is cheap, with the reason in `why`.
        allowed: What comes of it there.
        why: Why there is no control.
    """

    id: str
    make: Callable[[], object]
    refused: tuple[str, ...]
    control: str = ""
    allowed: tuple[str, ...] = (DONE,)
    why: str = ""


def refused(
    id: str,
    make: Callable[[], object],
    errors: str,
    control: str = "",
    allowed: str = DONE,
    why: str = "",
) -> Attempt:
    """Write a row of the tables; several outcomes stand with `|` between them."""
    ends = tuple(errors.split("|"))
    return Attempt(id, make, ends, control, tuple(allowed.split("|")), why)


def outcome(attempt: Attempt) -> str:
    """Make an attempt in a process of its own and say what came of it."""
    heard, said = os.pipe()
    child = os.fork()
    if not child:
        os.close(heard)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE)
        os.write(said, _made(attempt).encode())
        os._exit(0)
    os.close(said)
    with os.fdopen(heard) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return text or f"signal {os.WTERMSIG(status)}"


def _made(attempt: Attempt) -> str:
    try:
        value = attempt.make()
    except socket.gaierror as error:
        names = {v: k for k, v in vars(socket).items() if k.startswith("EAI_")}
        return str(names.get(error.errno, error))
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except BaseException as error:
        # an attempt that is wrong in itself must not count as one that was refused
        return f"broken: {type(error).__name__}: {error}"
    return DONE if value is None or value == 0 else f"= {value}"


def outcomes(attempts: "list[Attempt]", given: str) -> dict[str, str]:
    """Make attempts.

    Args:
        attempts: What is tried.
        given: What is known of the world, in JSON.

    Returns:
        What came of each, by its id.
    """
    GIVEN.update(json.loads(given))
    return {attempt.id: outcome(attempt) for attempt in attempts}
