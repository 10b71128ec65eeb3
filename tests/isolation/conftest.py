"""What the tests of isolation share: one room, and all attempts made once."""

from collections.abc import Iterator

import pytest

from tests.box import Box

from .world import World, explore


@pytest.fixture(scope="session")
def room() -> Iterator[Box]:
    """A container of these tests' own."""
    with Box.up() as box:
        yield box


@pytest.fixture(scope="session")
def world(room: Box) -> World:
    """What came of all attempts."""
    return explore(room)
