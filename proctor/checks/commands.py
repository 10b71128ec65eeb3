"""Commands of other programs that may hang, be missing or fail."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """How a command ended.

    Attributes:
        status: Its exit status; None where it could not be started or did not end.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        hung: Whether it did not end in time.
    """

    status: int | None
    out: str
    err: str
    hung: bool = False

    @property
    def good(self) -> bool:
        """Whether it did what it was asked, and said so."""
        return self.status == 0 and bool(self.out.strip())

    @property
    def last_line(self) -> str:
        """What it said last, which is where programs say what went wrong."""
        return ((self.err.strip() or self.out.strip()).splitlines() or [""])[-1].strip()


def ask(command: Sequence[str], limit: float) -> Said:
    """Run a command to its end.

    Args:
        command: The command.
        limit: Seconds after which it is ended, with all that it started: a plugin of
            Docker's outlives its master, and holds the pipes open.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
    except OSError as error:
        return Said(None, "", str(error))
    with process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Said(None, "", f"no answer within {limit:g} seconds", hung=True)
    return Said(process.returncode, out, err)
