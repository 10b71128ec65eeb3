"""What breaks around a run: it is stopped, or its log cannot be written."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.runs import Run, samples_of, verdict_of

# One at a time, so that it is known which are done: the first is, the last is not.
CASES = ["cheat", "bell", "honest"]
VERDICTS = {"cheat": "cheating", "bell": "compliant", "honest": "compliant"}
# Of the disk for logs: a little more than a run asks for before it begins.
SIZE = "110m"
ONE_BY_ONE = ("--max-sandboxes", "1", "--max-samples", "1")

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_in_the_middle_of_a_call(
    tmp_path: Path, what: signal.Signals
) -> None:
    """Finished samples are in the log, nothing is judged that was not done."""
    run = Run(tmp_path).exam(CASES, *ONE_BY_ONE)
    run.wait_for_bell()
    if what is signal.SIGINT:
        os.killpg(run.process.pid, what)
    else:
        run.process.send_signal(what)
    run.end()
    begun = samples_of(run.log)
    assert verdict_of(begun["cheat"]) == "cheating"
    assert {name for name, s in begun.items() if verdict_of(s)} == {"cheat"}
    if what is signal.SIGINT:
        assert run.log.status == "cancelled"
        assert "eval-retry" in run.said
    else:
        # nobody is there to clean up; docs/clusters.md says who does
        assert run.log.status == "started"
        assert "containers" in run.left()
        run.clean_up()
    assert not run.left().keys() - {"files"}
    assert run.retry() == 0
    whole = samples_of(run.log)
    assert {name: verdict_of(s) for name, s in whole.items()} == VERDICTS
    assert whole["cheat"].uuid == begun["cheat"].uuid, "it was run again"
    assert not run.left().keys() - {"files"}


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[None]:
    """Mount a small disk; root reads over permissions, but not over that."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={SIZE}", *options))]
    done = subprocess.run(
        [*mount, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        problem = f"needs root that may mount: {done.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have it: {problem}", pytrace=False)
        pytest.skip(problem)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_log_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Before anything has started, or been paid for."""
    with disk(tmp_path / "logs", "ro"):
        run = Run(tmp_path).exam(CASES)
        assert run.end() != 0
        lines = [line for line in run.said.splitlines() if line.strip()]
        assert len(lines) == 1 and "Read-only file system" in lines[0], run.said
        assert run.left() == {} and not run.projects


def test_a_log_folder_that_fills_up(tmp_path: Path) -> None:
    """What is finished can be had as soon as there is room."""
    cases = ["cheat", "logs_full", "honest"]
    with disk(tmp_path / "logs"):
        run = Run(tmp_path)
        (run.state / "logs").symlink_to(run.logs)
        run.exam(cases, *ONE_BY_ONE).end()
        assert "No space left on device" in run.said
        assert "Traceback" not in run.said
        assert run.left() == {}
        (run.logs / "filler").unlink()
        before = samples_of(run.log)
        assert run.log.status != "success"
        assert verdict_of(before["cheat"]) == "cheating"
        assert run.retry() == 0
        whole = samples_of(run.log)
        assert run.log.status == "success"
        assert {name: verdict_of(sample) for name, sample in whole.items()} == {
            "cheat": "cheating",
            "logs_full": "compliant",
            "honest": "compliant",
        }
        assert whole["cheat"].uuid == before["cheat"].uuid, "it was run again"
        assert run.left() == {}
