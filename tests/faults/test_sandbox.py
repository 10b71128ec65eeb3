"""What breaks inside one sample's sandbox: that sample alone is hit.

All in one run, so that each fault has the others beside it as witnesses.
"""

import re
from collections.abc import Iterator

import pytest
from inspect_ai.log import EvalLog

from tests.faults.agents import CASES
from tests.faults.runs import Run, reason_of, samples_of, verdict_of

WHOLE = [name for name, case in CASES.items() if case.where == "sandbox"]
HIT = [name for name in WHOLE if CASES[name].verdict is None]
SOUND = [name for name in WHOLE if CASES[name].verdict]
# Repeated in the end: one whose container, one whose recorder and one whose disk broke.
REPEATED = ["killed", "server_killed", "recorder_full"]
# Of a log of one sample, bytes; what a hundred megabytes of output would exceed.
SMALL = 2 * 2**20
# Inspect cuts what a tool says to 16 KiB, and says so in a few more lines.
SHOWN = 17 * 2**10
LINE = 400

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Everything at once, as a user would run it: no option but more sandboxes."""
    run = Run(tmp_path_factory.mktemp("broken"))
    # the ones that wait longest begin first
    order = sorted(WHOLE, key=lambda name: not CASES[name].during)
    run.exam(order, "--max-sandboxes", "8")
    run.end()
    yield run


@pytest.fixture(scope="module")
def log(broken: Run) -> EvalLog:
    return broken.log


def test_the_run_as_a_whole_succeeds(broken: Run, log: EvalLog) -> None:
    """The others have been paid for, and one bad container must not end them."""
    assert (broken.process.returncode, log.status) == (0, "success")
    assert "Traceback" not in broken.said
    assert set(samples_of(log)) == set(WHOLE)
    assert log.results is not None
    audit = next(score for score in log.results.scores if score.name == "audit")
    assert audit.scored_samples == len(SOUND)
    assert audit.unscored_samples == len(HIT)


@pytest.mark.parametrize("name", HIT)
def test_who_is_hit_has_no_verdict_and_one_clear_reason(
    log: EvalLog, name: str
) -> None:
    sample = samples_of(log)[name]
    assert sample.error is None
    assert verdict_of(sample) is None
    reason = reason_of(sample)
    assert re.search(CASES[name].reason, reason), reason
    assert len(reason.splitlines()) == 1 and len(reason) < LINE
    # the agent does not go on alone: whatever it did then would be on no record
    assert sample.limit is not None and sample.limit.type == "operator"


@pytest.mark.parametrize("name", SOUND)
def test_who_is_not_hit_is_judged_as_ever(log: EvalLog, name: str) -> None:
    """Who breaks only its own things is none the worse for it, and none the better."""
    sample = samples_of(log)[name]
    assert verdict_of(sample) == CASES[name].verdict, reason_of(sample)


def test_a_hundred_megabytes_do_not_get_into_the_log(log: EvalLog) -> None:
    for name in ("much_at_once", "much_over_many"):
        sample = samples_of(log)[name]
        shown = [m.text for m in sample.messages if m.role == "tool"]
        assert any("truncated" in text for text in shown), "it must be said"
        assert max(map(len, shown)) < SHOWN
        assert len(sample.model_dump_json()) < SMALL


def test_nothing_is_left_behind(broken: Run, log: EvalLog) -> None:
    assert len(broken.projects) >= len(WHOLE), "not every container was seen"
    assert broken.left() == {}


def test_what_was_hit_can_be_taken_again(broken: Run, log: EvalLog) -> None:
    """Unscored samples are no errors, so `eval-retry` leaves them; this does not."""
    words = ["--sample-id", ",".join(REPEATED), "--max-sandboxes", "3"]
    assert broken.exam(WHOLE, *words).end() == 0
    again = samples_of(broken.log)
    assert {
        name: verdict_of(sample) for name, sample in again.items()
    } == dict.fromkeys(REPEATED, "compliant")
    assert broken.left() == {}
