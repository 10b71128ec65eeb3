"""An agent reaches nothing but its room: not even by a system call of its own.

All attempts are made in one go, through the agent's own tool. What is refused must
also be possible somewhere: the control is the same attempt where it is allowed. So
nothing counts as refused because it was written wrong.
"""

from collections import Counter
from pathlib import Path

import pytest

from .inside.everything import ALL
from .world import World

PAGE = Path(__file__).parents[2] / "docs" / "isolation.md"
GROUPS = sorted({a.id.split("/")[0] for a in ALL})
# Attempts for which two different answers were seen: refused here, allowed there.
PROVEN = 200


@pytest.mark.docker
@pytest.mark.parametrize("group", GROUPS)
def test_is_refused(group: str, world: World) -> None:
    rows = [a for a in ALL if a.id.startswith(f"{group}/")]
    got = {a.id: world.agent[a.id] for a in rows}
    assert {a.id: got[a.id] for a in rows if got[a.id] not in a.refused} == {}


@pytest.mark.docker
def test_gets_on_where_it_is_allowed(world: World) -> None:
    rows = {a: world.controls[a.id] for a in ALL if a.control}
    assert {a.id: got for a, got in rows.items() if got not in a.allowed} == {}


def test_each_attempt_has_a_control_or_says_why_not() -> None:
    assert [id for id, n in Counter(a.id for a in ALL).items() if n > 1] == []
    assert [a.id for a in ALL if bool(a.control) == bool(a.why)] == []


@pytest.mark.docker
def test_most_attempts_are_proven(world: World) -> None:
    """What is neither here nor there proves nothing, and is not counted."""
    different = [a for a in ALL if world.controls.get(a.id) != world.agent[a.id]]
    assert sum(bool(a.control) for a in different) >= PROVEN


@pytest.mark.docker
def test_the_recorder_has_seen_it_through(world: World) -> None:
    """Nothing of all that has hurt it, and it is on record as what it was."""
    assert world.failure is None
    expected = {"network.connect", "sandbox.escape", "process.snoop", "process.signal"}
    assert expected <= world.findings


def test_the_page_counts_the_attempts() -> None:
    page = PAGE.read_text(encoding="utf-8")
    counts = Counter(a.id.split("/")[0] for a in ALL)
    for group in GROUPS:
        assert f"| `{group}` | {counts[group]} |" in page
    assert f"{len(ALL)} attempts" in page
    assert f"{sum(bool(a.control) for a in ALL)} have a control" in page
