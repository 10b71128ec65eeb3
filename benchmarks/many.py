"""Many exams in one run: what they take of the machine, and what they leave behind.

Four runs: as Inspect does it by default; with all sandboxes at a time; one of these
that is ended by Ctrl-C after a third of the samples; and `inspect eval-retry` of that.
Docker is looked at before and after: containers, volumes and networks of the run.
Inspect's own lines go to files in the folder of the logs.

    python -m benchmarks.many
    python -m benchmarks.many --samples 12 --logs DIR
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
from rich.console import Console
from rich.table import Table

from proctor.checks.docker import docker_problem
from proctor.cli.terminal import table_console
from proctor.room.files import ROOT

from . import machine
from .figures import BenchmarkError
from .watch import Peaks, Watch, left_behind

SAMPLES = 100
TASK = "cheating_evals.py"
# Nobody pays for a scripted agent, and each of them works the sandbox as a model does.
MODEL = ("--model", "scripted/mixed", "--model-role", "grader=scripted/grader")
DONE = re.compile(r"Samples:\s+(\d+)/")
# Seconds. A hundred exams take four minutes on two idle cores.
PATIENCE = 3600
PERIOD = 0.2


@dataclass(frozen=True)
class Stop:
    """How a run is ended from outside.

    Attributes:
        signal: What it is sent: SIGINT, as by Ctrl-C, or SIGKILL.
        after: As soon as so many samples are done.
    """

    signal: signal.Signals
    after: int


@dataclass(frozen=True)
class Ended:
    """A run that is over.

    Attributes:
        status: Its exit status; negative where a signal ended it.
        seconds: How long it took.
        cleaning: How much of that came after it was told to stop; None where it was
            not.
        peaks: What it took of the machine.
        projects: Its Compose projects.
        left: What was there of them right afterwards, by kind.
    """

    status: int
    seconds: float
    cleaning: float | None
    peaks: Peaks
    projects: frozenset[str]
    left: dict[str, list[str]]


def run(words: Sequence[str], output: Path, stop: Stop | None = None) -> Ended:
    """Run one of Inspect's commands and watch it.

    Args:
        words: The command, without `inspect`.
        output: Where its lines go.
        stop: How it is ended; None lets it end by itself.

    Raises:
        BenchmarkError: It was over before it could be stopped, or never ends.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # a shell's background jobs ignore Ctrl-C, and so does all that they start
        signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "inspect_ai", *words, "--display", "plain"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, as a terminal gives one
        )
    watch = Watch(process.pid)
    told = None
    try:
        if stop:
            _wait_for(stop.after, output, process)
            told = time.monotonic()
            _send(process, stop.signal)
        status = process.wait(PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"the run did not end; see {output}") from error
    finally:
        if process.poll() is None:
            _send(process, signal.SIGINT)  # so that it cleans up
            process.wait(PATIENCE)
        watch.stop()
    ended = time.monotonic()
    return Ended(
        status,
        ended - began,
        ended - told if told is not None else None,
        watch.peaks,
        frozenset(watch.projects),
        left_behind(watch.projects),
    )


def _send(process: "subprocess.Popen[bytes]", what: signal.Signals) -> None:
    """Send a signal: Ctrl-C reaches the whole group, `kill -9` the process alone."""
    with suppress(ProcessLookupError):
        if what is signal.SIGINT:
            os.killpg(process.pid, what)
        else:
            process.send_signal(what)


def _wait_for(samples: int, output: Path, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        counts = DONE.findall(output.read_text(errors="replace"))
        if counts and int(counts[-1]) >= samples:
            return
        if process.poll() is not None:
            raise BenchmarkError(f"the run ended by itself; see {output}")
        time.sleep(PERIOD)
    raise BenchmarkError(f"{samples} samples were never done; see {output}")


def newest(folder: Path) -> Path:
    """Return the log that was begun last.

    Raises:
        BenchmarkError: There is none.
    """
    logs = sorted(folder.glob("*.eval"))  # their names begin with the time
    if not logs:
        raise BenchmarkError(f"no log was written in {folder}")
    return logs[-1]


def finished(log: Path) -> dict[tuple[str, int], str]:
    """Return the uuid of each sample of a log that was run to its end, by id and epoch.

    Args:
        log: The log, of a run that is over or was cut off.
    """
    return {
        (str(sample.id), sample.epoch): str(sample.uuid)
        for sample in read_eval_log_sample_summaries(str(log))
        if sample.completed and not sample.error
    }


def status_of(log: Path) -> str:
    """Return the state of a run as its log tells it."""
    return read_eval_log(str(log), header_only=True).status


def exam(samples: int, folder: Path) -> list[str]:
    """Return the words that run the exam, at Inspect's own defaults."""
    runs = ("-T", f"runs={samples}")
    return ["eval", TASK, *MODEL, *runs, "--log-dir", str(folder)]


def at_once(samples: int) -> list[str]:
    """Return the words that lift every limit on samples at a time."""
    limits = ("--max-samples", "--max-sandboxes", "--max-connections")
    return [word for limit in limits for word in (limit, str(samples))]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What was run.
        ended: How it went.
        log: Its log.
        repeated: How many finished samples were run again; None where there were none.
    """

    name: str
    ended: Ended
    log: Path
    repeated: int | None = None


def undisturbed(samples: int, folder: Path, console: Console) -> list[Row]:
    """Run the exams by default, and all at a time."""
    rows = []
    for name, extra in (("default", []), ("all at once", at_once(samples))):
        console.print(f"{name}: {samples} samples ...", highlight=False)
        logs = folder / name.replace(" ", "-")
        ended = run([*exam(samples, logs), *extra], folder / f"{logs.name}.txt")
        rows.append(Row(name, ended, newest(logs)))
    return rows


def interrupted(samples: int, folder: Path, console: Console) -> list[Row]:
    """End a run by Ctrl-C after a third of its samples, and take it up again.

    All sandboxes are up by then, so that there is most to clean up.
    """
    console.print(f"Ctrl-C and eval-retry: {samples} samples ...", highlight=False)
    logs = folder / "interrupted"
    stop = Stop(signal.SIGINT, max(1, samples // 3))
    words = [*exam(samples, logs), *at_once(samples)]
    ended = run(words, folder / "interrupted.txt", stop)
    broken = newest(logs)
    before = finished(broken)
    words = ["eval-retry", str(broken), "--log-dir", str(logs)]
    retried = run(words, folder / "retried.txt")
    after = finished(newest(logs))
    again = sum(after.get(sample) != uuid for sample, uuid in before.items())
    return [
        Row("ended by Ctrl-C", ended, broken),
        Row("its eval-retry", retried, newest(logs), again),
    ]


def show(rows: Sequence[Row], place: str, console: Console) -> None:
    """Print all runs as one table, a column for each."""
    table = Table(caption=place)
    table.add_column("")
    for row in rows:
        table.add_column(row.name, justify="right")
    lines = [_cells(row) for row in rows]
    for name in lines[0]:
        table.add_row(name, *(line[name] for line in lines))
    console.print(table)


def _cells(row: Row) -> dict[str, str]:
    ended, peaks = row.ended, row.ended.peaks
    left = ", ".join(f"{len(names)} {kind}" for kind, names in ended.left.items())
    return {
        "time": f"{ended.seconds:.0f} s",
        "of it after Ctrl-C": _known(ended.cleaning, "{:.0f} s"),
        "containers at a time": str(peaks.containers),
        "processes of Inspect": str(peaks.processes),
        "their memory": f"{peaks.inspect / 2**20:.0f} MiB",
        "memory of the machine": f"{peaks.machine / 2**20:.0f} MiB",
        "state of the log": status_of(row.log),
        "finished samples": str(len(finished(row.log))),
        "of them run again": _known(row.repeated, "{}"),
        "left behind": left or "nothing",
    }


def _known(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help=f"exams a run ({SAMPLES})"
    )
    parser.add_argument("--logs", type=Path, help="folder of the logs (a new one)")
    options = parser.parse_args()
    if options.samples < 2:
        parser.error("--samples must be 2 or more")
    try:
        if problem := docker_problem():
            raise BenchmarkError(problem)
        folder = (options.logs or Path(mkdtemp(prefix="many-"))).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        place = f"{machine.describe()}; logs: {folder}"
        asked = (options.samples, folder, Console(stderr=True))
        rows = [*undisturbed(*asked), *interrupted(*asked)]
        show(rows, place, table_console())
    except BenchmarkError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    clean = not any(row.ended.left or row.repeated for row in rows)
    whole = all(
        len(finished(row.log)) == options.samples
        for row in rows
        if row.ended.cleaning is None
    )
    return 0 if clean and whole else 1


if __name__ == "__main__":
    sys.exit(main())
