"""The container, the compiler and the tally of the evasion suite."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from .cell import Cell
from .compiler import Compiler

KINDS = ("found", "refused", "failed closed", "undetected")
WITNESSED = "seen by the witness"
# What a test's report carries, so that it also arrives from another process.
PROPERTY = "evasion"
Count = Callable[[str], None]


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of all techniques."""
    tally = Counter(
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    )
    if not tally:
        return
    terminalreporter.section("evasion")
    rows = [("techniques", sum(tally[kind] for kind in KINDS))]
    rows += [(kind, tally[kind]) for kind in (*KINDS, WITNESSED)]
    for kind, number in rows:
        terminalreporter.write_line(f"{kind:<20}{number:>4}")
