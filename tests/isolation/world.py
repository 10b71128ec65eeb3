"""A room, what lies around it, and the attempts that are made from in there."""

import asyncio
import json
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
from docker.models.containers import Container

from proctor.exam.quizzes import load
from proctor.room.files import contents
from proctor.room.layout import COUNTER, DOCKER_HOME, RESULTS, VISIBLE_LOG
from tests.box import Box

from .inside import attempt
from .inside.everything import ALL
from .inside.others import NAMESPACES

PACKAGE = Path(__file__).parent / "inside"
# Any number that nobody else uses for shared memory.
SEGMENT = 0x70726F63
# What lies about in another container: memory, a socket, a file, a process.
_OTHER = """\
import ctypes, socket, sys
marker, segment = sys.argv[1], int(sys.argv[2])
assert ctypes.CDLL(None).shmget(segment, 4096, 0o1666) >= 0
abstract = socket.socket(socket.AF_UNIX)
abstract.bind(b"\\0" + marker.encode())
abstract.listen()
open("/dev/shm/" + marker, "w").close()
listener = socket.create_server(("", 7))
print("ready", flush=True)
while True:
    listener.accept()
"""
_RECORDER = "pgrep -f '[l]aunch.main'; pgrep -x strace; pgrep -f '[r]ecorder.relay'"


@dataclass
class World:
    """What came of the attempts.

    Attributes:
        agent: What came of each, made by the agent through its tool.
        controls: What came of it where it is allowed.
        failure: Why the recorder gave up; None where it went on through it all.
        findings: Rules that the attempts have broken, as the recorder saw it.
    """

    agent: Mapping[str, str]
    controls: Mapping[str, str]
    failure: str | None
    findings: set[str]


def start(box: Box) -> None:
    """Open a room in which the attempts lie ready."""
    room = dict(contents(load("impossible")[0].record()))
    for path in PACKAGE.glob("*.py"):
        room[f"inside/{path.name}"] = (path.read_bytes(), 0o644)
    asyncio.run(box.link.start(room, [RESULTS, COUNTER, VISIBLE_LOG]))


@contextmanager
def free(image: str) -> Iterator[Container]:
    """Start a container in which everything is allowed; it is gone afterwards."""
    name = f"proctor-free-{uuid.uuid4().hex[:12]}"
    engine = docker.from_env()
    # of its own: the default one is the administrator's to switch off
    network = engine.networks.create(name)
    container = engine.containers.create(
        image,
        ["python3", "-c", _OTHER, name, str(SEGMENT)],
        name=name,
        hostname=name,
        privileged=True,
        pid_mode="host",
        network=name,
    )
    try:
        container.start()
        next(container.logs(stream=True, follow=True))
        yield container
    finally:
        container.remove(force=True, v=True)
        network.remove()
        engine.close()


@contextmanager
def host_sockets() -> Iterator[dict[str, Any]]:
    """Listen on this machine: where only its own programs can reach."""
    name = f"proctor-{uuid.uuid4().hex}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        unix.bind(b"\0" + name.encode())
        unix.listen(8)
        yield {"tcp": tcp.getsockname()[1], "abstract": name}


def made_in(
    container: Container, control: str, given: str, user: str
) -> dict[str, str]:
    """Make the attempts of one control in a container."""
    done = subprocess.run(
        [
            *("docker", "exec", "-i", "-u", user, "-w", DOCKER_HOME, container.name),
            *("python3", "-m", "inside", control),
        ],
        input=given,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def _copy(box: Box, other: Container) -> None:
    """Bring the attempts into another container."""
    packed = subprocess.run(
        ["tar", "-C", str(PACKAGE.parent), "-c", "inside"],
        check=True,
        capture_output=True,
    )
    other.put_archive(DOCKER_HOME, packed.stdout)


def _given(box: Box, other: Container, host: dict[str, Any]) -> dict[str, Any]:
    """Tell what an agent could only guess."""
    server, tracer, relay = box.root(_RECORDER).split()[:3]
    other.reload()
    network = other.attrs["NetworkSettings"]["Networks"][other.name]
    listed = "readlink " + " ".join(f"/proc/self/ns/{name}" for name in NAMESPACES)
    here = [os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES]
    there = other.exec_run(["sh", "-c", listed]).output.decode()
    return host | {
        "recorder": {"server": server, "tracer": tracer, "relay": relay},
        "other": network["IPAddress"],
        "gateway": network["Gateway"],
        "name": other.name,
        "marker": other.name,
        "segment": SEGMENT,
        "namespaces": [*here, *there.split()],
        "host_namespaces": here,
    }


def explore(box: Box) -> World:
    """Make all attempts as the agent, and their controls.

    Args:
        box: A fresh container.
    """
    start(box)
    engine = docker.from_env()
    image = engine.containers.get(box.container).image.id
    with free(image) as other, host_sockets() as host:
        _copy(box, other)
        given = _given(box, other, host)
        text = json.dumps(given)
        box.run(f"/bin/cat > given.json << 'END'\n{text}\nEND")
        reply = box.run("python3 -m inside agent < given.json > made.json", 60)
        while reply.failure is None and reply.state != "waiting":
            reply = box.read(60)
        made = box.root(f"cat {DOCKER_HOME}/made.json")
        assert made, f"the attempts were not made: {reply}"
        agent = json.loads(made)
        room = engine.containers.get(box.container)
        controls = made_in(room, "root", text, "root")
        text = json.dumps({**given, "namespaces": given["host_namespaces"]})
        controls |= made_in(other, "free", text, "root")
        controls |= made_in(other, "plain", text, "agent")
        here = [a for a in ALL if a.control == "here"]
        controls |= attempt.outcomes(here, text)
    closed = box.close()
    engine.close()
    return World(agent, controls, reply.failure or closed.failure, box.rules())
