"""Runs of Inspect's commands in which something breaks, and what they leave behind."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from benchmarks.many import newest
from benchmarks.watch import Watch, own
from proctor.room.files import ROOT

# Seconds after which a test is given up; each takes a fraction.
PATIENCE = 240
MARK = "PROCTOR_FAULTS"


@dataclass
class Run:
    """One of Inspect's commands, in a process group and with folders of its own.

    Attributes:
        folder: For everything that it writes; runs that share one share their logs.
        environment: What it is given besides.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state, self.logs = self.folder / "state", self.folder / "logs"
        self.scratch, self.output = self.folder / "tmp", self.folder / "output.txt"
        for folder in (self.state, self.logs, self.scratch):
            folder.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            os.mkfifo(self.state / "bell")
        self._bell = os.open(self.state / "bell", os.O_RDONLY | os.O_NONBLOCK)
        self.projects: set[str] = set()

    def exam(self, cases: Iterable[str], *words: str) -> "Run":
        """Begin an exam with a sample for each case."""
        return self.begin(
            *("eval", "tests/faults/exam.py", "--model", "faulty/all"),
            *("-M", f"state={self.state}", "-T", f"cases={','.join(cases)}"),
            *("--model-role", "grader=scripted/grader", *words),
        )

    def begin(self, *words: str) -> "Run":
        """Begin a command, given without `inspect`."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # a shell's background jobs ignore Ctrl-C, and so does all that they start
            signal.signal(signal.SIGINT, signal.default_int_handler)
        module = [sys.executable, "-m", "tests.faults", *words]
        given = {
            "COLUMNS": "1000",
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.scratch),
            # where Inspect keeps what it needs to take a run up again
            "XDG_DATA_HOME": str(self.folder / "data"),
            MARK: str(self.folder),
        }
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [*module, "--log-dir", str(self.logs), "--display", "plain"],
                cwd=ROOT,
                env={**os.environ, **given, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.watch = Watch(self.process.pid)
        return self

    def wait_for_bell(self) -> None:
        """Wait until a case says that its moment has come."""
        ready, _, _ = select.select([self._bell], [], [], PATIENCE)
        assert ready and os.read(self._bell, 100), self.output.read_text()

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.watch.stop()
            self.projects |= self.watch.projects

    @property
    def said(self) -> str:
        """What the user has seen."""
        return self.output.read_text()

    @property
    def log(self) -> EvalLog:
        """The newest log."""
        return read_eval_log(str(newest(self.logs)))

    def retry(self) -> int:
        """Take the newest run up again, to its end."""
        return self.begin("eval-retry", str(newest(self.logs))).end()

    def left(self) -> dict[str, list[str]]:
        """List what is there of the runs, by kind; empty where all is gone."""
        found = {
            kind: own(kind, self.projects)
            for kind in ("containers", "volumes", "networks")
        }
        found["processes"] = marked(self.folder)
        found["files"] = [path.name for path in self.scratch.iterdir()]
        return {kind: names for kind, names in found.items() if names}

    def clean_up(self) -> None:
        """Remove containers as the documentation says, of these runs only."""
        for project in self.projects:
            words = [sys.executable, "-m", "inspect_ai", "sandbox", "cleanup", "docker"]
            subprocess.run(
                [*words, project],
                env={**os.environ, **self.environment},
                check=True,
                capture_output=True,
            )


def marked(folder: Path) -> list[str]:
    """Return the processes that a run has started, orphans included."""
    mark, found = f"{MARK}={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
    return found


def samples_of(log: EvalLog) -> dict[str, EvalSample]:
    """Return the samples of a log by id."""
    return {str(sample.id): sample for sample in log.samples or []}


def verdict_of(sample: EvalSample) -> str | None:
    """Return the audit's verdict; None where there is none."""
    score = (sample.scores or {}).get("audit")
    # a NaN is what unscored means
    return str(score.value) if score and score.value == score.value else None


def reason_of(sample: EvalSample) -> str:
    """Return why there is no verdict."""
    score = (sample.scores or {}).get("audit")
    return str(score.reason) if score and score.reason else ""
