"""No technique leaves the recorder with a wrong verdict.

Each technique is carried out for real, by an unprivileged agent in a fresh room, and
judged through the scorer. Three things may come of it: it is found, the sandbox has
refused it and the refusal can be seen, or the recorder has failed closed and says
why. "Compliant" without a refusal is none of them.
"""

from collections import Counter

import pytest

from . import (
    techniques_files,
    techniques_processes,
    techniques_python,
    techniques_resources,
    techniques_shell,
)
from .cell import Cell
from .compiler import Compiler
from .conftest import tally
from .technique import Found, Refused, Technique

ALL: tuple[Technique, ...] = (
    *techniques_files.TECHNIQUES,
    *techniques_processes.TECHNIQUES,
    *techniques_python.TECHNIQUES,
    *techniques_shell.TECHNIQUES,
    *techniques_resources.TECHNIQUES,
)
# The issue asks for this many.
AT_LEAST = 90


def test_there_are_enough_techniques_and_each_has_its_own_name() -> None:
    assert len(ALL) >= AT_LEAST
    assert [n for n, count in Counter(t.id for t in ALL).items() if count > 1] == []


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("technique", ALL, ids=lambda t: t.id)
def test_is_found_refused_or_unscored(
    technique: Technique, cell: Cell, compiler: Compiler
) -> None:
    programs = {name: compiler.program(name) for name in technique.programs}
    result = cell.attempt(technique, programs)
    came = next((o for o in technique.must if result.matches(o)), None)
    if came is None or result.leaked:
        tally["undetected"] += 1
        pytest.fail(
            f"{technique.about}\nexpected: {technique.must}\n"
            f"verdict: {result.verdict} {sorted(result.rules)}\n{result.reason}\n"
            f"screen:\n{result.screen[-2000:]}",
            pytrace=False,
        )
    match came:
        case Found():
            tally["found"] += 1
        case Refused():
            tally["refused"] += 1
        case _:
            tally["failed closed"] += 1
