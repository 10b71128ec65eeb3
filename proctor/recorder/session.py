"""The agent's terminal: a shell, what it wrote, and what was recorded of it.

A session fails closed: once anything of the recording is lost, the agent's processes
are killed, so that no verdict is ever drawn from half a recording.
"""

from __future__ import annotations

import resource
import select
import subprocess
import time

from .inotify import FileWatch
from .recording import Loss, Recording
from .roomstate import describe
from .screen import Screen
from .terminal import Terminal, kill_traced, parent_of, tracer_of
from .waiting import Reader, find_reader, unread_input

# typing takes half a megabyte in each sandbox; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Two looks at the foreground process are this far apart: short at first, because
# most commands end within milliseconds, then longer to leave the processor alone.
TICK_MIN, TICK_MAX = 0.002, 0.02
# After the program waits for input, what it wrote may still be on its way through
# the kernel's terminal buffers.
SETTLE = 0.008
# Input that wakes nobody (half a line, say) is taken as delivered after this.
UNCONSUMED = 0.15
# A program that waits for input on behalf of others (`script`, or one that runs others
# in a terminal of its own) does so from the start; it is believed after this.
RELAYED = 0.3
# A program that wrote something and is then silent this long, without waiting for
# input, is probably at work: the agent gets what there is.
PAUSE = 0.7
# Of the output of one call; Inspect itself cuts a tool's output to 16 KiB.
SCREEN_LIMIT = 64 * 1024
# A program that writes more than this in one call does not stop by itself.
SCREEN_FLOOD = 8 * 2**20
# Between requests: how often the health of the recording is looked at.
IDLE_TICK = 0.2
# At the end, background work may finish within this time and is then on record.
GRACE = 5.0
KILL_TIMEOUT = 10.0
# The first prompt is there within milliseconds on any machine that works.
PROMPT_TIMEOUT = 10.0


class Session:
    """The agent's terminal: a shell, what it wrote, and what was recorded."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Start the first shell.

        Args:
            config: `home`, `user`, `shell`, `environment` and `traces` for the
                terminal; `files`, names below `home` whose content is wanted at the
                end; `watched`, names below `home` that are watched; `budget`
                for the recording.

        Raises:
            OSError: There is no terminal, no tracer or no watch.
        """
        self._config = config
        self.recording = Recording(config["traces"], config["budget"])
        self.screen = Screen(SCREEN_LIMIT)
        self.failure: str | None = None
        self._terminals: list[Terminal] = []
        self._typing = b""
        self._left: dict[str, Any] | None = None
        # a core file would hold what a program has read, the answer key for one
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self._watch = FileWatch(config["home"], config["watched"])
        self._start("start")
        self._wait(None, False, PROMPT_TIMEOUT)

    @property
    def terminal(self) -> Terminal:
        """The terminal with the current shell."""
        return self._terminals[-1]

    def _start(self, reason: str) -> None:
        config = self._config
        began = time.time()
        terminal = Terminal(
            config["shell"],
            config["user"],
            config["home"],
            config["environment"],
            config["traces"],
        )
        self._terminals.append(terminal)
        self._typing = b""
        # The note stands before everything that the new shell has done by now.
        self.recording.note(
            "session",
            began,
            reason=reason,
            shell=terminal.shell,
            home=config["home"],
        )

    def act(self, action: str, text: str, wait: float) -> str:
        """Carry out one action of the agent.

        Args:
            action: `type`, `read` or `restart`.
            text: What is typed.
            wait: Seconds to wait at most.

        Returns:
            Why it returned: `waiting` for input, `paused`, `running` or `flood`.

        Raises:
            Loss: The recording is not complete.
        """
        before = self._reader()
        if action == "restart":
            self._end_processes()
            self.screen.read()
            self._start("restart")
            before = None
        elif action == "type":
            at_prompt = before is None or before.pid == self.terminal.shell
            self.recording.note(
                "input", text=text, to="shell" if at_prompt else "program"
            )
            data = text.encode("utf-8", "surrogateescape")
            if at_prompt:
                data = _quote_tabs(data)
            if not at_prompt and data.endswith(b"\n") and self.terminal.raw():
                # A full-screen program reads keys, and the return key is no newline.
                data = data[:-1] + b"\r"
            self._typing += data
        return self._wait(before, bool(text), wait)

    def _wait(self, before: Reader | None, typed: bool, wait: float) -> str:
        start = last_output = time.monotonic()
        tick, next_check = TICK_MIN, start + IDLE_TICK
        baseline = received = self.screen.received if typed else 0
        while True:
            self._pump(tick)
            now = time.monotonic()
            if self.screen.received != received:
                received, last_output = self.screen.received, now
            if now >= next_check:
                self.check()
                next_check = now + IDLE_TICK
            if self._revive():
                before, typed = None, False
            if self._typing and now - start < wait:
                continue
            late = now - start > UNCONSUMED
            quiet = now - max(start, last_output)
            if self._reached_input(before, typed and not late, quiet):
                self._settle()
                return "waiting"
            if received > baseline and now - last_output > PAUSE:
                return "paused"
            if received > SCREEN_FLOOD:
                return "flood"
            if now - start >= wait:
                return "running"
            tick = min(tick * 1.3, TICK_MAX)

    def _reached_input(
        self, before: Reader | None, must_wake: bool, quiet: float
    ) -> bool:
        if unread_input(self.terminal.slave):
            return False
        reader = self._reader()
        if reader is None or (must_wake and reader == before):
            return False
        return quiet > RELAYED or not self._relays(reader)

    def _reader(self) -> Reader | None:
        return find_reader(
            self.terminal.master, self.terminal.device, self.recording.processes()
        )

    def _relays(self, reader: Reader) -> bool:
        """Whether who waits for input may only pass it on, as `script` does."""
        if reader.pid == self.terminal.shell:
            return False
        return any(parent_of(p) == reader.pid for p in self.recording.processes())

    def _settle(self) -> None:
        while self._pump(SETTLE):
            pass

    def _pump(self, timeout: float) -> bool:
        """Move input in and output out; return whether there was output."""
        terminal = self.terminal
        if self._typing:
            self._typing = self._typing[terminal.write(self._typing[:4096]) :]
        poll = select.poll()
        poll.register(terminal.master, select.POLLIN)
        if not poll.poll(timeout * 1000):
            return False
        data = terminal.read()
        if data:
            self.screen.write(data)
        else:
            time.sleep(timeout)  # hung up: nothing to wait for
        return bool(data)

    def _revive(self) -> bool:
        """Start a new shell where the agent has ended the current one."""
        if tracer_of(self.terminal.shell) == self.terminal.tracer.pid:
            return False
        self._settle()
        self.check()
        self.screen.write(b"\n[The shell has ended. A new one was started.]\n")
        self._start("exit")
        return True

    def check(self) -> None:
        """Make sure that everything is being recorded.

        A tracer that ended is only in order where it ended after its last process.

        Raises:
            Loss: The recording is not complete.
        """
        self.recording.check()
        self._watch.look()
        ended = [t for t in self._terminals if t.tracer.poll() is not None]
        if not ended:
            return
        running = [t.tracer.pid for t in self._terminals if t not in ended]
        alive = {p for p in self.recording.processes() if tracer_of(p) in running}
        try:
            self.recording.check_ended(alive)
        except Loss as loss:
            raise Loss(f"the recorder died: {loss}") from loss
        for terminal in ended:
            if terminal is not self.terminal:
                self._terminals.remove(terminal)
                terminal.close()

    def _end_processes(self) -> None:
        """Kill everything that the agent has running, and let the tracers end.

        Raises:
            Loss: Some process could not be killed.
        """
        deadline = time.monotonic() + KILL_TIMEOUT
        tracers = [t.tracer.pid for t in self._terminals]
        quiet = 0
        while quiet < 2:
            # Twice, because a process may have been born during the first look.
            alive = kill_traced(self.recording.processes(), tracers)
            quiet = 0 if alive else quiet + 1
            if time.monotonic() > deadline:
                raise Loss("the agent's processes could not be ended")
            time.sleep(0.005)
        for terminal in self._terminals:
            try:
                terminal.tracer.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                raise Loss("the recorder did not end with its processes") from error
        self.check()

    def idle(self) -> None:
        """Keep the terminal flowing between requests, and watch the recording."""
        if not self.failure:
            self._pump(0)
            self.check()

    def fail(self, loss: Loss) -> None:
        """Stop the agent for good: the recording is no longer complete."""
        if self.failure:
            return
        self.failure = str(loss)
        self.recording.note("failure", reason=self.failure)
        try:
            self._end_processes()
        except Loss:
            for terminal in self._terminals:
                terminal.tracer.kill()

    def close(self) -> dict[str, Any]:
        """End the session and describe what is left of the room.

        Returns:
            For each file below the agent's home its SHA-256, size and mode, and the
            content of those that were asked for.

        Raises:
            Loss: The recording is not complete.
        """
        if self._left is not None:
            return self._left  # asked for again
        self._linger()
        self._end_processes()
        # before the files are hashed, which opens them as well
        self._watch.look()
        self.recording.note("witness", seen=self._watch.report())
        self._watch.close()
        self.recording.note("closed")
        self._left = describe(self._config["home"], self._config["files"])
        return self._left

    def _linger(self) -> None:
        """Give background work the chance to finish on its own."""
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            self._pump(TICK_MAX)
            tracers = [t.tracer.pid for t in self._terminals]
            reader = self._reader()
            idle = {self.terminal.shell, reader.pid if reader else 0}
            busy = [
                pid
                for pid in self.recording.processes()
                if pid not in idle and tracer_of(pid) in tracers
            ]
            if not busy:
                return

    def kill(self) -> None:
        """End the agent's processes, whatever has happened before."""
        if self._left is not None:
            return
        try:
            self._end_processes()
        except Loss as loss:
            self.failure = self.failure or str(loss)


def _quote_tabs(data: bytes) -> bytes:
    """Keep the tabs of a pasted text, which the shell would take for completion.

    A single line is typed, and there a tab asks for completion. `^V` quotes the next
    key, for the shell as for the terminal itself.
    """
    pasted = b"\n" in data.rstrip(b"\n")
    return data.replace(b"\t", b"\x16\t") if pasted else data
