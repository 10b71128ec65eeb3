"""What came of all techniques, over all processes that a run has used."""

from collections import Counter
from collections.abc import Callable

import pytest

KINDS = ("found", "refused", "failed closed", "undetected")
WITNESSED = "seen by the witness"
# What a test's report carries, so that it also arrives from another process.
PROPERTY = "evasion"
Count = Callable[[str], None]


def write_tally(terminalreporter: pytest.TerminalReporter) -> None:
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
