"""Many at once: what an interrupted run leaves, and what the next one repeats.

Real runs of scripted agents by Inspect's own commands, ended from outside.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log_sample_summaries

from benchmarks.many import (
    MODEL,
    TASK,
    Stop,
    exam,
    finished,
    newest,
    run,
    status_of,
)
from benchmarks.watch import LABEL, children_of, left_behind, projects_named
from proctor.checks.preflight import COMPOSE

# In the middle of a run: two samples are done, two run, and some have not begun.
SAMPLES = 6
SOME = 2
AT_ONCE = ["--max-sandboxes", str(SOME)]


def test_a_family_is_everything_that_came_from_a_process() -> None:
    """A container's name is said by a grandchild; a neighbour's must not count."""
    parents = {2: 1, 3: 2, 4: 3, 5: 1, 6: 5}
    assert children_of(parents, 2) == {2, 3, 4}
    assert children_of(parents, 6) == {6}
    assert children_of({}, 9) == {9}


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (
            b"docker\0compose\0--project-name\0inspect-cheating_eva-ihmkef4\0up\0",
            {"inspect-cheating_eva-ihmkef4"},
        ),
        (b"docker\0compose\0-p\0inspect-exam-i12ab9z\0", {"inspect-exam-i12ab9z"}),
        (b"docker\0exec\0inspect-exam-i12ab9z-default-1\0", set()),
        (b"sh\0-c\0echo inspect-exam-i12ab9z\0", set()),
        (b"inspect\0eval\0task.py\0", set()),
        (b"", set()),
    ],
)
def test_projects_are_read_from_command_lines(command: bytes, named: set[str]) -> None:
    """Read too freely, the clean-up of one run would end another's containers."""
    assert projects_named(command) == named


@pytest.fixture
def project() -> Iterator[str]:
    """The name of a project; whatever it has is gone afterwards."""
    name = f"inspect-left-i{os.getpid():06d}"
    yield name
    for kind, names in left_behind([name]).items():
        words = ["rm", "--force"] if kind == "containers" else [kind[:-1], "rm"]
        subprocess.run(["docker", *words, *names], check=True, capture_output=True)


@pytest.mark.docker
def test_whatever_is_left_is_seen(project: str) -> None:
    """A check that sees nothing would find every run clean."""
    mark = ["--label", f"{LABEL}={project}"]
    assert left_behind([project]) == {}
    for words in (
        ["network", "create", "--internal", *mark, project],
        ["volume", "create", *mark, project],
        ["create", *mark, "--network", "none", image(), "true"],
    ):
        subprocess.run(["docker", *words], check=True, capture_output=True)
    found = left_behind([project])
    assert {kind: len(names) for kind, names in found.items()} == {
        "containers": 1,
        "volumes": 1,
        "networks": 1,
    }
    assert left_behind([f"{project}0"]) == {}


def image() -> str:
    """Return the name of the room's image, which is there after this."""
    build = ["docker", "compose", "-f", str(COMPOSE), "build"]
    subprocess.run(build, check=True, capture_output=True)
    said = ["docker", "compose", "-f", str(COMPOSE), "config", "--images"]
    return subprocess.run(
        said, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.docker
@pytest.mark.slow
def test_ctrl_c_leaves_nothing_and_eval_retry_repeats_nothing(tmp_path: Path) -> None:
    """Each finished run has been paid for, and each container left takes memory."""
    stop = Stop(signal.SIGINT, SOME)
    words = [*exam(SAMPLES, tmp_path), *AT_ONCE]
    broken = run(words, tmp_path / "broken.txt", stop)
    assert broken.projects, "no container was ever seen"
    assert broken.left == {}
    log = newest(tmp_path)
    assert status_of(log) == "cancelled"
    before = finished(log)
    assert SOME <= len(before) < SAMPLES
    words = ["eval-retry", str(log), "--log-dir", str(tmp_path)]
    again = run(words, tmp_path / "again.txt")
    assert again.status == 0 and again.left == {}
    whole = newest(tmp_path)
    assert whole != log and status_of(whole) == "success"
    after = finished(whole)
    assert len(after) == SAMPLES
    assert before.items() <= after.items(), "a finished sample was run again"


@pytest.mark.docker
@pytest.mark.slow
def test_eval_set_goes_on_where_a_crash_ended_it(tmp_path: Path) -> None:
    """What was finished stays, although nobody could end the run well.

    Even what was not in the log yet: with a buffer of 100 nothing is. What is in it
    after a crash is the business of `tests/faults/test_host.py`.
    """
    words = ["eval-set", TASK, *MODEL, "-T", f"runs={SAMPLES}"]
    words += [*AT_ONCE, "--log-dir", str(tmp_path / "logs"), "--log-buffer", "100"]
    broken = run(words, tmp_path / "broken.txt", Stop(signal.SIGKILL, SOME))
    assert broken.status == -signal.SIGKILL
    before = finished(newest(tmp_path / "logs"))
    assert len(before) < SAMPLES
    try:
        assert "containers" in broken.left  # as docs/clusters.md says
    finally:
        for project in broken.projects:
            clean_up(project)
    assert left_behind(broken.projects) == {}
    begun = datetime.now(UTC)
    again = run(words, tmp_path / "again.txt")
    assert again.status == 0 and again.left == {}
    whole = newest(tmp_path / "logs")
    assert status_of(whole) == "success"
    after = finished(whole)
    assert len(after) == SAMPLES
    assert before.items() <= after.items(), "a finished sample was run again"
    assert SOME <= kept_since(whole, begun) < SAMPLES


def kept_since(log: Path, moment: datetime) -> int:
    """Count the samples of a log that were over at some moment."""
    ends = [s.completed_at for s in read_eval_log_sample_summaries(str(log))]
    return sum(datetime.fromisoformat(end) < moment for end in ends if end)


def clean_up(project: str) -> None:
    """Remove one project as the documentation says; others may be somebody's."""
    words = [sys.executable, "-m", "inspect_ai", "sandbox", "cleanup", "docker"]
    subprocess.run([*words, project], check=True, capture_output=True)
