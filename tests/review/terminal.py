"""A real pseudo-terminal with `proctor review` in it, read by a terminal emulator."""

import fcntl
import multiprocessing
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyte

import proctor.review.screen  # noqa: F401  # once, before the copies

RUN = "from proctor.cli.review import command; command(prog_name='proctor review')"
# A copy of this process: to start Python and import Inspect takes seconds each time.
_fork = multiprocessing.get_context("fork")
# Seconds, many times what anything takes.
PATIENCE = 30
ENTER, ESCAPE, LEFT, RIGHT = "\r", "\x1b", "\x1b[D", "\x1b[C"
CTRL_C = "\x03"
# Behind it comes what is printed when the screen is gone.
LEFT_SCREEN = b"\x1b[?1049l"
# What the emulator does not know, and would print: requests for the keyboard's ways,
# and for what the terminal can do.
UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]?\$?[up]")


class Terminal:
    """A terminal, its program, and what stands on the screen."""

    def __init__(
        self,
        arguments: list[str],
        folder: Path,
        size: tuple[int, int] = (80, 24),
        code: str = RUN,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def run() -> None:
            os.close(self._master)
            _take(slave)
            os.chdir(folder)
            for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "LINES", "COLUMNS"):
                os.environ.pop(name, None)
            os.environ |= {"TERM": "xterm-256color", **(environment or {})}
            sys.argv[1:] = arguments
            exec(code, {"__name__": "__main__"})

        self.process = _fork.Process(target=run)
        self.process.start()
        os.close(slave)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.screen.display)

    def has(self, words: str) -> bool:
        """Whether words stand on the screen, wherever lines end."""
        return "".join(words.split()) in "".join(self.text.split())

    def wait_for(self, words: str) -> None:
        """Read until words stand on the screen."""
        end = time.monotonic() + PATIENCE
        while not self.has(words):
            alive = self._read(0.1)
            if not alive or time.monotonic() > end:
                raise AssertionError(f"{words!r} never came up:\n{self.text}")

    def press(self, keys: str, then: str = "") -> None:
        """Press keys, and wait for words."""
        os.write(self._master, keys.encode())
        if then:
            self.wait_for(then)

    def end(self) -> str:
        """Read to the end of the program; return what it printed behind the screen."""
        end = time.monotonic() + PATIENCE
        while self._read(0.1):
            assert time.monotonic() < end, f"it does not end:\n{self.text}"
        self.process.join(PATIENCE)
        return self.output.rpartition(LEFT_SCREEN)[2].decode().replace("\r\n", "\n")

    @property
    def exit(self) -> int | None:
        """Its exit status; that of a signal is negative."""
        return self.process.exitcode

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the program a signal, and wait for its end."""
        assert self.process.pid
        os.kill(self.process.pid, number)
        self.end()

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
        self.screen.resize(rows, columns)

    def hang_up(self) -> None:
        """Close the terminal, as one closes its window."""
        os.close(self._master)
        self._master = -1
        self.process.join(PATIENCE)

    def close(self) -> None:
        """Clear up."""
        self.process.kill()
        self.process.join(PATIENCE)
        if self._master >= 0:
            os.close(self._master)

    def _read(self, patience: float) -> bool:
        """Read what there is; whether more can come."""
        ready, _, _ = select.select([self._master], [], [], patience)
        if not ready:
            return True
        try:
            got = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.output += got
        self._stream.feed(UNKNOWN.sub(b"", got))
        return bool(got)


def _take(slave: int) -> None:
    """Make a terminal this process's own, so that Ctrl-C and a hang-up reach it."""
    os.setsid()
    for stream in (0, 1, 2):
        os.dup2(slave, stream)
    os.close(slave)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin = sys.__stdin__ = os.fdopen(0)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w")
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w")


@contextmanager
def terminal(*arguments: str, folder: Path, **options: object) -> Iterator[Terminal]:
    """Start `proctor review` in a terminal."""
    started = Terminal(list(arguments), folder, **options)  # type: ignore[arg-type]
    try:
        yield started
    finally:
        started.close()
