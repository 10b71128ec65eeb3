"""The Docker engine stops in the middle of a run, and comes back or does not.

An engine of the test's own: nobody else's containers may be hit.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from benchmarks.watch import PROC
from proctor.checks.preflight import COMPOSE
from tests.faults.runs import Run, reason_of, samples_of, verdict_of

CASES = ["cheat", "bell", "honest"]
VERDICTS = {"cheat": "cheating", "bell": "compliant", "honest": "compliant"}
ONE_BY_ONE = ("--max-sandboxes", "1", "--max-samples", "1")
START_TIMEOUT = 60

pytestmark = [pytest.mark.docker, pytest.mark.slow]


class Engine:
    """A second engine, which shares nothing with the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix://{folder}/socket"
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [
                    *("dockerd", "--host", self.address),
                    *("--data-root", self.folder / "data"),
                    *("--exec-root", self.folder / "exec"),
                    *("--pidfile", self.folder / "pid"),
                    *("--bridge=none", "--iptables=false", "--ip6tables=false"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while self.docker("version").returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "the engine does not answer"
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(START_TIMEOUT)

    def docker(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker", "--host", self.address, *words],
            capture_output=True,
            text=True,
            check=False,
        )

    def bring(self, image: str) -> None:
        """Bring an image over from the machine's own engine."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as out:
            load = ["docker", "--host", self.address, "load"]
            subprocess.run(load, stdin=out.stdout, check=True, capture_output=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    problem = None if shutil.which("dockerd") else "needs dockerd on the path"
    if os.geteuid():
        problem = "needs root, who may start an engine"
    if problem and os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {problem}", pytrace=False)
    if problem:
        pytest.skip(problem)
    folder = tmp_path_factory.mktemp("engine")
    build = ["docker", "compose", "-f", str(COMPOSE), "build"]
    subprocess.run(build, check=True, capture_output=True)
    engine = Engine(folder)
    try:
        engine.bring(room()["image"])
        yield engine
    finally:
        if engine.process.poll() is not None:
            engine.start()  # so that it ends what it still has
        engine.stop()
        _end_what_is_below(folder)
        # an engine mounts its own folder and leaves it so
        subprocess.run(["umount", "--lazy", folder / "data"], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def room() -> dict[str, str]:
    """Return the sandbox as the project describes it, without how it is built."""
    service: dict[str, str] = yaml.safe_load(COMPOSE.read_text())["services"]["default"]
    return {name: value for name, value in service.items() if name != "build"}


def _end_what_is_below(folder: Path) -> None:
    """End a containerd that has outlived its engine: only with the folder's name."""
    for process in PROC.glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(str(folder).encode()) for word in words):
            os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture
def begun(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with one sample done, one in the middle of a call, and one to come."""
    monkeypatch.setenv("DOCKER_HOST", engine.address)
    compose = tmp_path / "compose.yaml"
    compose.write_text(yaml.safe_dump({"services": {"default": room()}}))
    run = Run(tmp_path).exam(CASES, "-T", f"compose={compose}", *ONE_BY_ONE)
    run.wait_for_bell()
    return run


def test_an_engine_that_restarts_costs_the_samples_that_it_ran(
    begun: Run, engine: Engine
) -> None:
    engine.stop()
    engine.start()
    begun.end()
    found = samples_of(begun.log)
    assert verdict_of(found["cheat"]) == "cheating"
    assert verdict_of(found["bell"]) is None, "what it did meanwhile is on no record"
    assert len(reason_of(found["bell"]).splitlines()) <= 1
    if begun.log.status == "success":  # the engine was back for the last one
        assert reason_of(found["bell"])
        assert verdict_of(found["honest"]) == "compliant"
    _clean_and_complete(begun, ["--sample-id", "bell"])
    assert verdict_of(samples_of(begun.log)["bell"]) == "compliant"


def test_an_engine_that_is_gone_ends_the_run_and_eval_retry_takes_it_up(
    begun: Run, engine: Engine
) -> None:
    """Inspect says so, and what is finished is in the log."""
    engine.stop(signal.SIGKILL)
    begun.end()
    log = begun.log
    assert log.status == "error" and log.error is not None
    assert "Is the docker daemon running?" in log.error.message
    assert "eval-retry" in begun.said
    found = samples_of(log)
    assert {name for name, s in found.items() if verdict_of(s)} == {"cheat"}
    engine.start()
    begun.clean_up()
    assert begun.retry() == 0
    whole = samples_of(begun.log)
    assert begun.log.status == "success"
    assert whole["cheat"].uuid == found["cheat"].uuid, "it was run again"
    assert verdict_of(whole["honest"]) == "compliant"
    assert not begun.left().keys() - {"files"}


def _clean_and_complete(run: Run, words: list[str]) -> None:
    """Do what docs/faults.md says: remove what is left, take what was hit again."""
    run.clean_up()
    assert not run.left().keys() - {"files"}
    compose = run.folder / "compose.yaml"
    assert run.exam(CASES, "-T", f"compose={compose}", *words).end() == 0
    assert not run.left().keys() - {"files"}
