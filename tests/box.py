"""A sandbox for tests, driven through the same link that the agent's tool uses."""

import asyncio
import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import docker  # type: ignore[import-untyped]
from inspect_ai.util import ExecResult

from proctor.checks.preflight import COMPOSE
from proctor.exam.quizzes import load
from proctor.exam.store import fingerprints
from proctor.room.files import contents
from proctor.room.layout import COUNTER, DOCKER_HOME, RESULTS, VISIBLE_LOG, Room
from proctor.rules import ExamEvidence, Finding, find
from proctor.sandbox import client as link_module
from proctor.sandbox.client import RecorderClient, RecorderReply, SandboxPaths
from proctor.trace.reader import Trace, TraceReader

FOLDER = "/run/proctor"
# All that can be written to in a container.
_WRITABLE = f"{DOCKER_HOME} /tmp {FOLDER} /dev/shm /dev/mqueue"
# Empties a container, and prints all in which it could differ from a new one: folders
# with their owners and modes, processes, and what they share memory by.
_EMPTY = (
    f"find {_WRITABLE} -mindepth 1 -delete; find {_WRITABLE} -printf '%p %M %U %G\\n';"
    " cat /proc/sysvipc/*; ps -e -o user= -o comm= --sort=comm"
)
_numbers = itertools.count(1)


@dataclass
class Box:
    """A container of the project's own image and compose file."""

    project: str
    calls: int = 0
    reader: TraceReader = field(default_factory=TraceReader)
    direct: bool = True  # whether a program in the container carries all requests
    _link: RecorderClient | None = None
    _as_new: str = ""  # what a new container prints when it is emptied

    @classmethod
    @contextmanager
    def up(cls) -> Iterator["Box"]:
        """Start a container; it is gone afterwards."""
        project = f"proctor-test-{os.getpid()}-{int(time.time())}-{next(_numbers)}"
        box = cls(project)
        box._compose("up", "--build", "--detach", "--wait")
        try:
            box._as_new = box.root(_EMPTY)
            yield box
        finally:
            box._compose("down", "--volumes", "--timeout", "1")

    @property
    def container(self) -> str:
        return f"{self.project}-default-1"

    def _compose(self, *words: str) -> None:
        subprocess.run(
            ["docker", "compose", "-f", str(COMPOSE), "-p", self.project, *words],
            check=True,
            capture_output=True,
        )

    def freshen(self) -> None:
        """Empty the container; take a new one where that leaves anything behind.

        A container takes several times as long to start as to empty.
        """
        if self.root(_EMPTY, check=False) != self._as_new:
            self.renew()
        self.calls, self.reader, self._link = 0, TraceReader(), None

    def renew(self) -> None:
        """Take a new container in the place of the old, with the settings of compose.

        Not `docker restart`, which is faster: about one restart in three hundred leaves
        a container in which nothing can be started any more (runc 1.1.5, status 126).
        Nor compose again, which takes longer than the container.
        """
        settings = self._settings()
        self.remove()
        self._run(settings)
        self.calls, self.reader, self._link = 0, TraceReader(), None

    def another(self, project: str) -> "Box":
        """Start a container with the same settings beside this one."""
        box = Box(project)
        box._run(self._settings())
        return box

    def remove(self) -> None:
        """Take the container down."""
        with docker.from_env().api as engine:
            engine.remove_container(self.container, force=True, v=True)

    def _settings(self) -> dict[str, object]:
        with docker.from_env().api as engine:
            made = engine.inspect_container(self.container)
        # the name of a container is that of its machine, unless it is given one
        settings = {k: v for k, v in made["Config"].items() if k != "Hostname"}
        return settings | {"HostConfig": made["HostConfig"]}

    def _run(self, settings: dict[str, object]) -> None:
        with docker.from_env().api as engine:
            made = engine.create_container_from_config(settings, self.container)
            engine.start(made["Id"])

    # --- the sandbox interface that the link needs ---------------------------------

    async def exec(
        self,
        cmd: list[str],
        input: str | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
    ) -> ExecResult[str]:
        process = await asyncio.create_subprocess_exec(
            *("docker", "exec", "-i", "-u", user or "root", self.container, *cmd),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(
                process.communicate((input or "").encode()), timeout
            )
        except asyncio.CancelledError:
            process.kill()
            await process.communicate()
            raise
        code = process.returncode or 0
        return ExecResult(code == 0, code, out.decode(), err.decode())

    @property
    def link(self) -> RecorderClient:
        if self._link is None:
            place = SandboxPaths(DOCKER_HOME, FOLDER, "agent", "root", self.direct)
            self._link = RecorderClient(self, place)  # type: ignore[arg-type]
        return self._link

    # --- what tests do ------------------------------------------------------------

    def root(self, script: str, check: bool = True) -> str:
        """Run a script as root, beside the recorder."""
        result = subprocess.run(
            ["docker", "exec", "-i", "-u", "root", self.container, "sh", "-c", script],
            check=check,
            capture_output=True,
            text=True,
        )
        return result.stdout

    def start(self) -> None:
        room = contents(load("impossible")[0].record())
        asyncio.run(self.link.start(room, [RESULTS, COUNTER, VISIBLE_LOG]))

    def run(self, text: str, wait: float = 30) -> RecorderReply:
        """Type a line."""
        return self.act(text + "\n", wait)

    def act(self, text: str, wait: float = 30) -> RecorderReply:
        return self.keep(asyncio.run(self.link.act("type", text, wait)))

    def read(self, wait: float = 30) -> RecorderReply:
        return self.keep(asyncio.run(self.link.act("read", "", wait)))

    def restart(self) -> RecorderReply:
        return self.keep(asyncio.run(self.link.act("restart", "", 30)))

    def close(self) -> RecorderReply:
        return self.keep(asyncio.run(self.link.close()))

    def keep(self, reply: RecorderReply) -> RecorderReply:
        self.calls += 1
        self.reader.feed(reply.trace, self.calls)
        return reply

    def finish(self) -> None:
        """End whatever a test has left, however broken."""
        try:
            self.close()
        except link_module.InstrumentError:
            return

    def trace(self) -> Trace:
        return self.reader.trace()

    def findings(self) -> list[Finding]:
        return find(self.trace(), Room(DOCKER_HOME))

    def state(self, closed: RecorderReply) -> ExamEvidence:
        """Return what a scorer has to judge, once the session is closed."""
        given = fingerprints(contents(load("impossible")[0].record()))
        return ExamEvidence(Room(DOCKER_HOME), self.trace(), given, closed.room or {})

    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings()}
