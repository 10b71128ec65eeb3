"""How a request travels to the recorder, and its reply back.

Every sandbox has `exec`, and by that a request can always travel: a program is started
for each. To a container of an engine on this machine one program can be kept running
instead (`docker exec` through the `docker` package), which takes milliseconds.
"""

import os
import socket
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import anyio
from inspect_ai.util import (
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxUnavailableError,
)

from ..recorder.framing import LENGTH, framed

_PROGRAM = """\
import sys
sys.path.insert(0, sys.argv[1])
from recorder.{} import main
sys.exit(main(sys.argv[1] + "/socket"))
"""
# -S: the programs need no site-packages, and start twice as fast without
PYTHON = ["python3", "-I", "-S", "-c"]
# Seconds that the engine may take to start a program in a loaded container.
_OPEN_TIMEOUT = 30
# A frame of Docker's: which stream, three bytes of nothing, and how many bytes follow
# (Engine API, "Attach to a container", Stream format).
_HEAD = 8
_STDOUT = 1
_BLOCK = 65536
NO_ANSWER = "the recorder did not answer within {:g} seconds"
# Docker's own words for an engine on this machine.
_HERE = ("http+docker://localhost", "http+docker://localunixsocket")


class ChannelError(Exception):
    """A request or its reply got lost; whether it was carried out is not known."""


class Channel(Protocol):
    """Carries requests, one at a time."""

    async def ask(self, request: str, timeout: float) -> str:
        """Carry one request.

        Args:
            request: The request, in JSON.
            timeout: Seconds after which the reply counts as lost.

        Raises:
            ChannelError: No reply came back.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class ExecChannel:
    """One `sandbox().exec` for each request."""

    def __init__(
        self, sandbox: SandboxEnvironment, folder: str, user: str | None
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            sandbox: Where the recorder is.
            folder: The recorder's folder.
            user: Whom it is run as; None for the sandbox's own user.
        """
        self._sandbox = sandbox
        self._folder = folder
        self._user = user

    async def ask(self, request: str, timeout: float) -> str:
        """Carry one request; as `Channel.ask`."""
        command = [*PYTHON, _PROGRAM.format("client"), self._folder]
        return await run(self._sandbox, command, request, self._user, timeout)

    def close(self) -> None:
        """Do nothing: nothing is open."""


async def run(
    sandbox: SandboxEnvironment,
    command: list[str],
    text: str,
    user: str | None,
    timeout: float,
) -> str:
    """Run a program in a sandbox and return what it printed.

    Args:
        sandbox: Where.
        command: The program with its arguments.
        text: Its input.
        user: Whom it is run as; None for the sandbox's own user.
        timeout: Seconds after which it counts as failed.

    Raises:
        ChannelError: It cannot be run, or failed.
    """
    try:
        result = await sandbox.exec(
            command,
            input=text,
            user=user,
            timeout=int(timeout),
            # whoever asks decides whether to ask again, and how
            timeout_retry=False,
        )
    except TimeoutError as error:
        raise ChannelError(NO_ANSWER.format(timeout)) from error
    except SandboxUnavailableError as error:
        raise ChannelError(f"the sandbox is gone: {_first_line(error)}") from error
    except (OSError, OutputLimitExceededError, UnicodeError) as error:
        raise ChannelError(f"the recorder did not answer: {error}") from error
    if not result.success:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        reason = said[-1:] or [f"no reason given, status {result.returncode}"]
        raise ChannelError(f"the recorder cannot be reached: {reason[0]}")
    return result.stdout


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class DockerChannel:
    """One program in a container, which carries all requests."""

    def __init__(self, line: socket.socket) -> None:
        """Take over a connection to it; `open_docker` makes one."""
        self._line = line
        self._out = bytearray()
        self._errors = bytearray()

    async def ask(self, request: str, timeout: float) -> str:
        """Carry one request; as `Channel.ask`."""
        try:
            with anyio.fail_after(timeout):
                await self._send(framed(request.encode("utf-8")))
                size = int.from_bytes(await self._take(LENGTH), "big")
                return (await self._take(size)).decode("utf-8")
        except TimeoutError as error:
            raise ChannelError(NO_ANSWER.format(timeout)) from error
        except (OSError, UnicodeError) as error:
            raise ChannelError(f"the connection broke: {error}") from error

    def close(self) -> None:
        """End the connection, and with it the program."""
        # the client may still hold a descriptor of the same connection
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    async def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._line.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._line)

    async def _take(self, size: int) -> bytes:
        """Return so many bytes of what the program prints."""
        while len(self._out) < size:
            head = await self._receive(_HEAD)
            body = await self._receive(int.from_bytes(head[4:], "big"))
            (self._out if head[0] == _STDOUT else self._errors).extend(body)
        data = bytes(self._out[:size])
        del self._out[:size]
        return data

    async def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                block = self._line.recv(min(size - len(data), _BLOCK))
            except BlockingIOError:
                await anyio.wait_readable(self._line)
                continue
            if not block:
                said = self._errors.decode("utf-8", "replace").strip()
                raise ChannelError(said or "the program in the container ended")
            data += block
        return bytes(data)


async def open_docker(container: str, folder: str, user: str) -> DockerChannel:
    """Start a program in a container that carries requests.

    Args:
        container: Name or id of the container.
        folder: The recorder's folder in it.
        user: Whom the program is run as.

    Raises:
        ChannelError: It cannot be had: the `docker` package reaches no engine on this
            machine, or that engine has no such container.
    """
    command = [*PYTHON, _PROGRAM.format("relay"), folder]
    start = partial(_start, container, command, user)
    return DockerChannel(await anyio.to_thread.run_sync(start))


def _start(container: str, command: list[str], user: str) -> socket.socket:
    # imported late: it takes a tenth of a second
    import docker  # type: ignore[import-untyped]

    try:
        client: Any = docker.APIClient(
            **docker.utils.kwargs_from_env(), version="auto", timeout=_OPEN_TIMEOUT
        )
        with client:
            if client.base_url not in _HERE:
                raise ChannelError(f"the engine is not here: {client.base_url}")
            made = client.exec_create(container, command, stdin=True, user=user)
            stream = client.exec_start(made["Id"], socket=True)
            # a descriptor of our own, since the client closes its one
            line = socket.socket(fileno=os.dup(stream.fileno()))
    except (OSError, docker.errors.DockerException) as error:
        raise ChannelError(f"no connection by the docker package: {error}") from error
    line.setblocking(False)
    return line
