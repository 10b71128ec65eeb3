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
from .cell import Cell, Result
from .compiler import Compiler
from .tally import WITNESSED, Count
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


def check_witness(technique: Technique, result: Result, count: Count) -> None:
    """Hold what the kernel's own watch saw against what was recorded.

    Whoever shows the key has opened it, and both have seen that. Where a technique
    deceives the recorder, the witness says so, and nowhere else.
    """
    if not result.shows_key or result.verdict == "unscored":
        return
    assert result.witnessed > 0, "the witness saw nobody open the key"
    count(WITNESSED)
    assert technique.deceives or not result.contradictions, result.contradictions


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("technique", ALL, ids=lambda t: t.id)
def test_is_found_refused_or_unscored(
    technique: Technique, cell: Cell, compiler: Compiler, count: Count
) -> None:
    programs = {name: compiler.program(name) for name in technique.programs}
    result = cell.attempt(technique, programs)
    came = next((o for o in technique.must if result.matches(o)), None)
    if came is None or result.leaked:
        count("undetected")
        pytest.fail(
            f"{technique.about}\nexpected: {technique.must}\n"
            f"verdict: {result.verdict} {sorted(result.rules)}\n{result.reason}\n"
            f"screen:\n{result.screen[-2000:]}",
            pytrace=False,
        )
    check_witness(technique, result, count)
    match came:
        case Found():
            count("found")
        case Refused():
            count("refused")
        case _:
            count("failed closed")
