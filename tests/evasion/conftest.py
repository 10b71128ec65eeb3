"""The container, the compiler and the tally of the evasion suite."""

from collections import Counter
from collections.abc import Iterator

import pytest

from .cell import Cell
from .compiler import Compiler

KINDS = ("found", "refused", "failed closed", "undetected")
tally: Counter[str] = Counter()


@pytest.fixture(scope="session")
def cell() -> Iterator[Cell]:
    """A container of the suite's own, because techniques use it up."""
    cell = Cell()
    yield cell
    cell.close()


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("programs"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of all techniques."""
    if not tally:
        return
    terminalreporter.section("evasion")
    rows = [("techniques", sum(tally[kind] for kind in KINDS))]
    rows += [(kind, tally[kind]) for kind in (*KINDS, "seen by the witness")]
    for kind, number in rows:
        terminalreporter.write_line(f"{kind:<20}{number:>4}")
