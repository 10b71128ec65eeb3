"""A sandbox gets its share and no more, and what it does is its own trouble."""

import json
import time
from collections.abc import Iterator

import docker  # type: ignore[import-untyped]
import pytest

from proctor.recorder.session import SCREEN_LIMIT
from proctor.room.layout import DOCKER_HOME
from tests.box import Box

from .world import start

pytestmark = [pytest.mark.docker, pytest.mark.slow]
MIB = 2**20
SIGKILL = 9
# What compose.yaml gives to a sandbox.
MEMORY, PROCESSES, PROCESSORS = 512 * MIB, 256, 1.0
# Of time on a processor that was measured over a second, while others work too.
SLACK = 0.35
# Two sandboxes on two processors do not meet; on one they share. Others are at work on
# the same machine, so the bound is generous: without limits, it would be eight.
SLOWER = 4.0
# One sandbox's processor time; a tenth of a second alone.
WORK = "python3 -c 'for i in range(3_000_000): pass'"
# The processes first: afterwards there is no processor left to start them with.
HOG = (
    "for i in $(seq 120); do sleep 60 & done 2> /dev/null;"
    " for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done"
)


@pytest.fixture(scope="module")
def own(room: Box) -> Iterator[Box]:
    """The room, with a recorder that works."""
    room.renew()
    start(room)
    yield room
    room.finish()


def taken(box: Box) -> float:
    """Return how long a piece of work takes in a sandbox, in seconds: the best of 3."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        box.root(WORK)
        times.append(time.monotonic() - began)
    return min(times)


def test_each_resource_ends_where_it_should(own: Box) -> None:
    """Tried by the agent, under the recorder, which lives through it."""
    reply = own.run("python3 -m inside.limits > used.json", 60)
    while reply.failure is None and reply.state != "waiting":
        reply = own.read(60)
    assert reply.failure is None
    used = json.loads(own.root(f"cat {DOCKER_HOME}/used.json"))
    assert MEMORY / 2 < used["memory"] < MEMORY
    assert used["memory_signal"] == SIGKILL
    assert PROCESSES / 2 < used["processes"] < PROCESSES
    assert used["processes_error"] == "EAGAIN"
    # files of the room and of the recorder's own are in there as well
    assert 60 * MIB < used["home"] <= 64 * MIB
    assert 60 * MIB < used["tmp"] <= 64 * MIB
    assert used["shm"] <= 64 * MIB
    assert used["processors"] < PROCESSORS + SLACK


def test_the_engine_enforces_what_compose_asks_for(own: Box) -> None:
    engine = docker.from_env()
    host = engine.containers.get(own.container).attrs["HostConfig"]
    engine.close()
    assert host["Memory"] == host["MemorySwap"] == MEMORY
    assert host["PidsLimit"] == PROCESSES
    assert host["NanoCpus"] == PROCESSORS * 10**9
    shown = own.root("/bin/cat /proc/mounts")
    sizes = {
        line.split()[1]: next(
            (o for o in line.split()[3].split(",") if o.startswith("size=")), ""
        )
        for line in shown.splitlines()
    }
    assert sizes[DOCKER_HOME] == sizes["/tmp"] == "size=65536k"
    assert sizes["/run/proctor"] == "size=131072k"


def test_output_is_cut(own: Box) -> None:
    reply = own.run("python3 -c 'print(\"x\" * 3_000_000)'", 30)
    shown = len(reply.screen)
    while reply.state != "waiting":
        reply = own.read(30)
        shown += len(reply.screen)
    # what is left out is said in a line
    assert 10_000 < shown < 3 * SCREEN_LIMIT


def test_one_that_takes_all_it_can_slows_no_other_down(own: Box) -> None:
    with Box.up() as other:
        alone = taken(other)
        own.run(HOG, 20)
        together = taken(other)
        assert len(own.root("pgrep -x sleep").split()) >= 100, "nothing was used up"
        assert other.root("sleep 0 & wait; echo started").strip() == "started"
    own.restart()
    assert together < SLOWER * alone
