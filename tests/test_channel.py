"""How requests travel: once each, in order, and nothing lost when a line breaks."""

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from proctor.sandbox.channel import ChannelError, DockerChannel, open_docker
from proctor.sandbox.client import InstrumentError
from proctor.trace.events import Open
from tests.box import FOLDER, Box

pytestmark = pytest.mark.docker

# In brackets, so that a search for it does not find itself.
RELAY = "recorder[.]relay"
# Typed twice, the file would have two lines.
SLOWLY = "echo once >> typed; sleep 1; cat typed"


def is_open(box: Box) -> bool:
    """Whether one program in the container carries the requests."""
    return box.root(f"pgrep -f {RELAY} || true", check=False).strip() != ""


def eventually(what: Callable[[], bool], within: float = 10) -> bool:
    end = time.monotonic() + within
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def opened(box: Box) -> list[str]:
    return [e.path for e in box.trace().events if isinstance(e, Open)]


def test_one_program_carries_all_requests(box: Box) -> None:
    """No further program is started in the container for a call."""
    assert "waiting" in box.run("true").state  # by when it runs
    first = box.root(f"pgrep -f {RELAY}")
    assert box.run("echo hello").screen == "hello\nagent@exam:~$ "
    assert "text" in box.run("cat questions.json > /dev/null; echo text").screen
    assert box.root(f"pgrep -f {RELAY}") == first
    closed = box.close()
    assert closed.state == "closed" and closed.failure is None
    assert "/home/agent/questions.json" in opened(box)
    assert eventually(lambda: not is_open(box)), "the program outlives its line"


def test_large_messages_arrive_whole(box: Box) -> None:
    """Docker cuts a stream into frames; neither side may take one for a message."""
    text = "x" * 300_000
    reply = box.run(f"cat > large << 'END'\n{text}\nEND")
    assert reply.failure is None
    assert "300001 large" in box.run("wc -c large").screen
    shown = box.run("head -c 60000 large").screen
    assert "x" * 60_000 in shown


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_line_that_breaks_is_replaced_and_nothing_is_typed_twice(
    box: Box, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever becomes of the program in the container, the agent sees none of it."""
    box.run("echo before")
    if moment == "before":
        box.root(f"pkill -9 -f {RELAY}", check=False)

    async def broken() -> str:
        call = asyncio.create_task(box.link.act("type", SLOWLY + "\n", 30))
        if moment == "during":
            while "once" not in box.root("cat /home/agent/typed; true"):
                await asyncio.sleep(0.02)
            box.root(f"pkill -9 -f {RELAY}", check=False)
        return box.keep(await call).screen

    with caplog.at_level(logging.INFO, "proctor.sandbox.client"):
        assert asyncio.run(broken()).count("once") == 1
    assert "The line to the recorder broke" in caplog.text
    assert box.run("cat typed").screen.count("once") == 1
    assert box.close().failure is None
    paths = opened(box)
    assert paths.count("/home/agent/typed") == 3


@pytest.mark.parametrize("direct", [True, False], ids=["relay", "exec"])
def test_what_a_cancelled_call_did_is_on_record(box: Box, direct: bool) -> None:
    """A sample that runs out of time is cancelled in the middle of a call.

    The reply to that call reaches nobody, and what the agent did in it counts. What was
    shown in it stands in the next reply.
    """
    box.run("echo before")
    if not direct:
        box.root(f"pkill -9 -f {RELAY}", check=False)
        box.run("echo now by exec")

    async def cancelled() -> None:
        typed = "echo told; : < reference/answers.txt; sleep 3\n"
        call = asyncio.create_task(box.link.act("type", typed, 30))
        await asyncio.sleep(0.4)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cancelled())
    assert "told\n" in box.read().screen
    closed = box.close()
    assert closed.failure is None and closed.state == "closed"
    assert opened(box).count("/home/agent/reference/answers.txt") == 1


def test_what_a_call_did_that_is_cancelled_half_told_is_on_record(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long recording comes in parts, and the cancellation between two of them."""
    box.run("echo before")
    carry = box.link._carry

    async def one_part(request: str, timeout: int) -> str:
        if '"drain"' in request:
            raise asyncio.CancelledError
        return (await carry(request, timeout)).replace('"more": false', '"more": true')

    monkeypatch.setattr(box.link, "_carry", one_part)
    with pytest.raises(asyncio.CancelledError):
        typed = "echo told; : < reference/answers.txt\n"
        asyncio.run(box.link.act("type", typed, 30))
    monkeypatch.undo()
    assert "told\n" in box.run("true").screen
    assert box.close().failure is None
    assert opened(box).count("/home/agent/reference/answers.txt") == 1


def test_where_it_cannot_be_had_requests_travel_by_exec(
    container: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The docker package knows no contexts, and may reach another engine, or none."""
    container.renew()
    with (
        monkeypatch.context() as patch,
        caplog.at_level(logging.INFO, "proctor.sandbox.client"),
    ):
        patch.setattr("docker.utils.kwargs_from_env", lambda: {"base_url": NOWHERE})
        container.start()
    assert "Each request to the recorder is an exec" in caplog.text
    assert not is_open(container)
    assert container.run("echo hello").screen.endswith("hello\nagent@exam:~$ ")
    assert container.close().failure is None


NOWHERE = "unix:///nonexistent/docker.sock"


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("nobody-has-this-name", None, "No such container"),
        (None, "tcp://127.0.0.1:1", "127.0.0.1"),
        (None, NOWHERE, "no connection by the docker package"),
    ],
)
def test_an_engine_that_cannot_help_is_no_failure(
    box: Box,
    monkeypatch: pytest.MonkeyPatch,
    name: str | None,
    host: str | None,
    said: str,
) -> None:
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ChannelError, match=said):
        asyncio.run(open_docker(name or box.container, FOLDER, "root"))


async def _ask(box: Box, folder: str, request: str, timeout: float) -> None:
    line: DockerChannel = await open_docker(box.container, folder, "root")
    try:
        await line.ask(request, timeout)
    finally:
        line.close()


@pytest.mark.parametrize(
    ("folder", "request_", "timeout", "said"),
    [
        ("/nowhere", "{}", 20, "No module named 'recorder'"),
        (FOLDER, "not json", 20, "ValueError: no reply"),
        (FOLDER, '{"kind": "other", "number": 1}', 20, "no reply"),
        (
            FOLDER,
            SLOW := '{"kind": "act", "number": 90, "got": 0, "action": "type", '
            '"text": "sleep 9\\n", "wait": 9}',
            0.3,
            "did not answer within 0.3 seconds",
        ),
    ],
)
def test_what_goes_wrong_in_the_container_is_told(
    box: Box, folder: str, request_: str, timeout: float, said: str
) -> None:
    with pytest.raises(ChannelError, match=said):
        asyncio.run(_ask(box, folder, request_, timeout))


def test_a_server_that_is_gone_is_an_instrument_error(box: Box) -> None:
    """Neither way leads to it: no verdict, and the reason is told."""
    box.run("echo before")
    box.root("pkill -9 -f 'setup = json.load'", check=False)
    with pytest.raises(InstrumentError, match="cannot be reached"):
        box.run("echo after")
