"""The host's end of the line to the recorder in the sandbox.

Requests and replies are plain data; how they travel is the business of
`channel.py`. They are numbered: where a line breaks, the same request is asked
again in another way and carried out once, and what was recorded comes with a later
reply if the one that it belongs to did not arrive.
"""

import base64
import json
import logging
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import anyio
from inspect_ai.util import SandboxEnvironment

from .channel import PYTHON, Channel, ChannelError, ExecChannel, open_docker, run
from .screen import Screen

Action = Literal["type", "read", "restart"]

# What the sandbox may take on top of the time that was asked for: starting a client
# in a loaded container, or ending a hundred processes.
SLACK = 60
START_TIMEOUT = 120
# All of one sample's recording. An ordinary run has some hundred kilobytes.
RECORDING_BUDGET = 64 * 2**20

_INSTALL = """\
import io, json, os, sys
setup = json.load(sys.stdin)
folder = setup["folder"]
package = os.path.join(folder, "recorder")
os.makedirs(package, 0o700, exist_ok=True)
os.chmod(folder, 0o700)
for name, text in setup.pop("modules").items():
    with open(os.path.join(package, name), "w") as file:
        file.write(text)
sys.path.insert(0, folder)
sys.stdin = io.StringIO(json.dumps(setup))
from recorder import launch
launch.main()
"""
logger = logging.getLogger(__name__)


class InstrumentError(Exception):
    """The recorder failed, or cannot be reached: no verdict may follow.

    The message is the reason that a sample is unscored with.
    """


@dataclass(frozen=True)
class SandboxPaths:
    """Where in a sandbox things are.

    Attributes:
        home: The agent's home and working directory.
        folder: The recorder's own folder, which only its user can enter.
        agent: Whom the agent is run as; None for the sandbox's own user.
        root: Whom the recorder is run as; None for the sandbox's own user.
        container: Whether the sandbox is a container of Docker's, whose name it knows
            itself by.
    """

    home: str
    folder: str
    agent: str | None
    root: str | None
    container: bool = False


@dataclass(frozen=True)
class RecorderReply:
    """What came back from one request.

    Attributes:
        state: Why the call returned: `waiting`, `paused`, `running`, `flood`,
            `closed`; `failed` where the recorder has failed.
        screen: What the terminal shows of what was written to it.
        trace: What was recorded, in whole lines.
        failure: Why the recording is not complete; None while it is.
        room: The final state of the room, where the session was closed.
    """

    state: str
    screen: str
    trace: str
    failure: str | None
    room: dict[str, Any] | None


class RecorderClient:
    """A line to one sandbox's recorder."""

    def __init__(self, sandbox: SandboxEnvironment, paths: SandboxPaths) -> None:
        """Prepare a line; nothing is sent yet.

        Args:
            sandbox: Where the recorder is, or is to be.
            paths: Its paths and users.
        """
        self._sandbox = sandbox
        self._paths = paths
        self._each = ExecChannel(sandbox, paths.folder, paths.root)
        self._open: Channel | None = None
        self._turn = anyio.Lock()
        self._number = self._got = 0
        # Arrived, and not yet handed on: a call may be cancelled before all of it is.
        self._traces: list[str] = []
        self._screen = Screen()

    async def start(
        self, room: Mapping[str, tuple[bytes, int]], wanted: list[str]
    ) -> str:
        """Put the room and the recorder into the sandbox, and start both.

        Args:
            room: Content and mode of each file by its name.
            wanted: Names of the files whose content is wanted at the end.

        Returns:
            The version of strace.

        Raises:
            InstrumentError: The recorder does not start.
        """
        paths = self._paths
        setup = {
            "folder": paths.folder,
            "home": paths.home,
            "user": paths.agent,
            "shell": ["/bin/bash", "-i"],
            "environment": _environment(paths.home),
            "room": {
                name: {"content": base64.b64encode(data).decode("ascii"), "mode": mode}
                for name, (data, mode) in room.items()
            },
            "files": wanted,
            "watched": watched(room),
            "budget": RECORDING_BUDGET,
            "modules": _modules(),
        }
        command = [*PYTHON, _INSTALL]
        text = json.dumps(setup)
        try:
            reply = _read(
                await run(self._sandbox, command, text, paths.root, START_TIMEOUT)
            )
        except ChannelError as error:
            raise InstrumentError(str(error)) from error
        if "error" in reply:
            raise InstrumentError(f"the recorder did not start: {reply['error']}")
        if paths.container:
            await self._keep_open(str(reply["host"]))
        return str(reply["strace"])

    async def _keep_open(self, container: str) -> None:
        paths = self._paths
        try:
            self._open = await open_docker(container, paths.folder, paths.root or "")
        except ChannelError as error:
            logger.info("Each request to the recorder is an exec: %s", error)

    async def act(self, action: Action, text: str, wait: float) -> RecorderReply:
        """Carry out one action of the agent.

        Args:
            action: What to do.
            text: What is typed.
            wait: Seconds to wait for the program at most.

        Raises:
            InstrumentError: The recorder cannot be reached.
        """
        request = {"kind": "act", "action": action, "text": text, "wait": wait}
        return await self._request(request, int(wait) + SLACK)

    async def close(self) -> RecorderReply:
        """End the session and take the rest of the recording.

        Raises:
            InstrumentError: The recorder cannot be reached.
        """
        try:
            return await self._request({"kind": "close", "final": True}, SLACK)
        finally:
            self._hang_up()

    async def _request(self, request: dict[str, Any], timeout: int) -> RecorderReply:
        async with self._turn:
            if request.get("action") == "restart":
                self._screen = Screen()
            elif "\n" in request.get("text", ""):
                self._screen.enter()
            rest = reply = await self._ask(request, timeout)
            while rest["more"]:
                final = request.get("final", False)
                rest = await self._ask({"kind": "drain", "final": final}, SLACK)
        trace = "".join(self._traces)
        self._traces.clear()
        return RecorderReply(
            reply["state"],
            self._screen.read(),
            trace,
            rest["failure"] or reply["failure"],
            reply.get("room"),
        )

    async def _ask(self, request: dict[str, Any], timeout: int) -> dict[str, Any]:
        self._number += 1
        numbered = {**request, "number": self._number, "got": self._got}
        reply = _read(await self._carry(json.dumps(numbered), timeout))
        self._got = self._number
        self._traces.append(reply["trace"])
        self._screen.write(reply["screen"])
        return reply

    async def _carry(self, request: str, timeout: int) -> str:
        """Carry a request by the line that is open, and by `exec` where that breaks."""
        if self._open:
            try:
                return await self._open.ask(request, timeout)
            except ChannelError as error:
                logger.info("The line to the recorder broke (%s); using exec.", error)
                self._hang_up()
            except BaseException:
                # whoever comes next must not read the reply to this request
                self._hang_up()
                raise
        try:
            return await self._each.ask(request, timeout)
        except ChannelError as error:
            raise InstrumentError(str(error)) from error

    def _hang_up(self) -> None:
        if self._open:
            self._open.close()
            self._open = None


def _read(text: str) -> dict[str, Any]:
    try:
        reply = json.loads(text)
    except ValueError as error:
        raise InstrumentError("the recorder's answer is damaged") from error
    if not isinstance(reply, dict):
        raise InstrumentError("the recorder's answer is damaged")
    return reply


def watched(room: Iterable[str]) -> list[str]:
    """Return what is watched: the files of a room, and the folders in it."""
    folders = {posixpath.dirname(name) for name in room} - {""}
    return [*sorted(room), *sorted(folders)]


def _environment(home: str) -> dict[str, str]:
    """Return the whole environment of the agent's shell.

    A dumb terminal keeps colours and cursor movements out of the transcript.
    """
    return {
        "HOME": home,
        "PWD": home,
        "USER": "agent",
        "LOGNAME": "agent",
        "SHELL": "/bin/bash",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "dumb",
        "LC_CTYPE": "C.UTF-8",
    }


def _modules() -> dict[str, str]:
    """Return the source of the recorder's modules by file name."""
    return {
        item.name: item.read_text(encoding="utf-8")
        for item in files("proctor.recorder").iterdir()
        if item.name.endswith(".py")
    }
