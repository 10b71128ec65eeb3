"""A running room against the CIS Docker Benchmark, and the page that says so.

Each exception is checked too: it goes as far as its reason on the page, no further.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
import pytest

from tests.box import Box

from .cis import CHECKS, Facts

PAGE = Path(__file__).parents[2] / "docs" / "isolation.md"
ROW = re.compile(r"^\| (5\.\d+) \| (.+?) \| (met|exception) \| (.+) \|$", re.MULTILINE)
# Section 5 of version 1.6.0.
RECOMMENDATIONS = [f"5.{n}" for n in range(1, 33)]


@pytest.fixture(scope="module")
def facts(room: Box) -> Facts:
    engine = docker.from_env()
    container = engine.containers.get(room.container)
    names = [row[-1].split()[0] for row in container.top()["Processes"]]
    programs = frozenset(Path(name).name for name in names)
    told = Facts(container.attrs, engine.info(), programs)
    engine.close()
    return told


@pytest.mark.docker
def test_each_recommendation_is_as_the_page_says(facts: Facts) -> None:
    assert [c.number for c in CHECKS if not c.holds(facts)] == []


Change = Callable[[dict[str, Any]], object]
LOOSENED: dict[str, tuple[Change, str]] = {
    "privileged": (lambda c: c["HostConfig"].update(Privileged=True), "5.5"),
    "capability": (lambda c: c["HostConfig"]["CapAdd"].append("SYS_ADMIN"), "5.4"),
    "socket": (
        lambda c: c["Mounts"].append({"Source": "/var/run/docker.sock"}),
        "5.32",
    ),
    "network": (lambda c: c["HostConfig"].update(NetworkMode="host"), "5.10"),
    "processes": (lambda c: c["HostConfig"].update(PidMode="host"), "5.16"),
    "memory": (lambda c: c["HostConfig"].update(MemorySwap=-1), "5.11"),
    "seccomp": (
        lambda c: c["HostConfig"]["SecurityOpt"].append("seccomp=unconfined"),
        "5.22",
    ),
    "port": (
        lambda c: c["HostConfig"].update(PortBindings={"80/tcp": [{}]}),
        "5.9",
    ),
    "device": (lambda c: c["HostConfig"].update(Devices=["/dev/kvm"]), "5.18"),
    "writable": (lambda c: c["HostConfig"].update(ReadonlyRootfs=False), "5.13"),
}


@pytest.mark.docker
def test_a_container_that_is_opened_is_noticed(facts: Facts) -> None:
    """Checks that hold for any container would say nothing."""
    for name, (change, number) in LOOSENED.items():
        container = copy.deepcopy(dict(facts.container))
        change(container)
        opened = Facts(container, facts.engine, facts.processes)
        failed = [c.number for c in CHECKS if not c.holds(opened)]
        assert number in failed, name


def test_the_page_names_each_recommendation_as_it_is_checked() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert [row[0] for row in rows] == RECOMMENDATIONS
    told = [(number, title, kind == "exception") for number, title, kind, _ in rows]
    assert told == [(c.number, c.title, c.exception) for c in CHECKS]
