"""The container and the compiler of the evasion suite."""

from collections.abc import Iterator

import pytest

from .cell import Cell
from .compiler import Compiler
from .tally import PROPERTY, Count


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """Note what came of a technique, for the summary."""
    return lambda kind: request.node.user_properties.append((PROPERTY, kind))


@pytest.fixture(scope="session")
def cell() -> Iterator[Cell]:
    """A container of the suite's own, because techniques use it up."""
    cell = Cell()
    yield cell
    cell.close()


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("programs"))
