"""Does anything grow? Exams for an hour, and what they take of the machine meanwhile.

Scripted agents take the exam again and again at Inspect's default parallelism: in one
process that never ends, and in turn with it in fresh processes. After each round that
process says what it holds, and the machine what is left on it. In the end a line
through each of these says whether it is flat.

    python -m benchmarks.soak --minutes 60
    python -m benchmarks.soak --minutes 10 --samples 8
"""

import argparse
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from rich.console import Console
from rich.table import Table

from proctor.checks.docker import docker_problem
from proctor.cli.terminal import table_console
from proctor.room.files import ROOT

from . import machine
from .figures import BenchmarkError
from .many import MODEL, TASK
from .watch import LISTS, Watch, own

MINUTES = 60
# All personas, honest and cheating ones, take a turn; so many are a round of a minute.
SAMPLES = 16
# A round in a fresh process for so many in the one that stays.
FRESH_EVERY = 4
# The first rounds fill caches that are there to stay: imports, compiled patterns, the
# arenas of the allocator.
WARM_UP = 3
# A line through fewer points says nothing.
MIN_POINTS = 5
CONFIDENCE = 0.95
TIMEOUT = 60
MARK = "PROCTOR_SOAK"
UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
MIB = 2**20
# What grows by less in an hour, with the whole interval, is flat: no run of days would
# notice. Memory and disks in MiB, the rest in pieces. Logs are what a run is for.
TOLERATED = {
    "memory": 64.0,
    "descriptors": 4.0,
    "threads": 4.0,
    "processes": 4.0,
    "containers": 1.0,
    "networks": 1.0,
    "volumes": 1.0,
    "docker": 64.0,
    "temporary": 64.0,
}


@dataclass(frozen=True)
class Point:
    """What there was after a round.

    Attributes:
        minutes: Since the start.
        samples: Taken so far.
        memory: Of this process, resident, in MiB.
        descriptors: Open in this process.
        threads: Of this process.
        processes: This one and all that it has started and that are still there.
        containers: Of the soak's own projects, running or not, like the next two.
        networks: Networks.
        volumes: Volumes.
        docker: Disk that the engine says it uses, without the cache of builds, in MiB;
            that of others on the same engine is in it.
        temporary: In the soak's own folder for temporary files, in MiB.
        logs: Of the soak, in MiB.
    """

    minutes: float
    samples: int
    memory: float
    descriptors: float
    threads: float
    processes: float
    containers: float
    networks: float
    volumes: float
    docker: float
    temporary: float
    logs: float


@dataclass(frozen=True)
class Slope:
    """A line through one quantity.

    Attributes:
        name: Of the quantity.
        hourly: How much it grows in an hour.
        low: Lower end of the interval of that.
        high: Upper end.
    """

    name: str
    hourly: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Say whether it is flat, as far as the interval tells."""
        tolerated = TOLERATED.get(self.name)
        if tolerated is None:
            return ""
        if self.high <= tolerated:
            return "flat"
        return "grows" if self.low > 0 else "too few rounds to tell"


def slopes(points: Sequence[Point]) -> list[Slope]:
    """Lay a line through each quantity, by least squares.

    The interval of the slope is Student's, with two degrees of freedom less than there
    are points.

    Args:
        points: One for each round, the warm-up left out.

    Raises:
        BenchmarkError: There are too few.
    """
    from scipy.stats import linregress, t

    if len(points) < MIN_POINTS:
        raise BenchmarkError(
            f"{len(points)} rounds after the warm-up are too few for a line; "
            "give more --minutes or fewer --samples"
        )
    hours = [point.minutes / 60 for point in points]
    width = float(t.ppf((1 + CONFIDENCE) / 2, len(points) - 2))
    found = []
    for name in quantities():
        values = [getattr(point, name) for point in points]
        if len(set(values)) == 1:  # without any spread the error is not defined
            found.append(Slope(name, 0.0, 0.0, 0.0))
            continue
        line = linregress(hours, values)
        reach = width * line.stderr
        found.append(Slope(name, line.slope, line.slope - reach, line.slope + reach))
    return found


def quantities() -> list[str]:
    """Name what is measured after each round."""
    return [f.name for f in fields(Point) if f.name not in ("minutes", "samples")]


def look(began: float, samples: int, logs: Path, projects: Iterable[str]) -> Point:
    """Measure everything once.

    Args:
        began: When the soak began, on the monotonic clock.
        samples: How many were taken since.
        logs: Folder of its logs.
        projects: Its Compose projects.

    Raises:
        BenchmarkError: The engine does not answer.
    """
    gc.collect()  # what is garbage is no leak
    status = Path("/proc/self/status").read_text()
    left = {kind: len(own(kind, projects)) for kind in LISTS}
    return Point(
        minutes=(time.monotonic() - began) / 60,
        samples=samples,
        memory=_field(status, "VmRSS") / 1024,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=_field(status, "Threads"),
        processes=marked_processes(),
        containers=left["containers"],
        networks=left["networks"],
        volumes=left["volumes"],
        docker=engine_size() / MIB,
        temporary=folder_size(Path(gettempdir())) / MIB,
        logs=folder_size(logs) / MIB,
    )


def _field(status: str, name: str) -> float:
    match = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    if match is None:
        raise BenchmarkError(f"/proc/self/status does not say {name}")
    return float(match[1])


def marked_processes() -> int:
    """Count the processes that have the soak's mark in their environment.

    A child inherits it, and an orphan keeps it, whoever its parent is by then.
    """
    mark = f"{MARK}={os.environ[MARK]}".encode()
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            count += mark in (folder / "environ").read_bytes().split(b"\0")
    # what a process is given later is not shown there, and this one gave it to itself
    return count + 1


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder; what vanishes meanwhile is none."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def engine_size() -> float:
    """Return what the engine says it uses of the disk, in bytes.

    Without the cache of builds: it belongs to whoever builds images.
    """
    said = _docker("system", "df", "--format", "{{.Type}}\t{{.Size}}")
    rows = [line.split("\t") for line in said.splitlines()]
    return sum((parse_size(size) for kind, size in rows if kind != "Build Cache"), 0.0)


def parse_size(text: str) -> float:
    """Read a size as Docker writes it (`1.5GB`), in bytes.

    Raises:
        BenchmarkError: It is none.
    """
    match = re.fullmatch(r"([\d.]+)([kKMGT]?)B", text.strip())
    if match is None:
        raise BenchmarkError(f"Docker calls a size {text!r}")
    return float(match[1]) * 1000.0 ** UNITS[match[2].upper()]


def _docker(*words: str) -> str:
    try:
        return subprocess.run(
            ["docker", *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"`docker {words[0]}` failed: {error}") from error


def round_here(samples: int, logs: Path) -> None:
    """Take the exams in this process.

    Raises:
        BenchmarkError: The run did not succeed, or left a sample without a verdict.
    """
    from inspect_ai import eval as inspect_eval

    from cheating_evals import cheating_evals

    [log] = inspect_eval(
        cheating_evals(runs=samples, grader="scripted/grader"),
        model="scripted/mixed",
        log_dir=str(logs),
        display="none",
    )
    if log.status != "success" or log.results is None:
        raise BenchmarkError(f"a run ended with {log.status}; see {log.location}")
    audit = next(score for score in log.results.scores if score.name == "audit")
    if audit.scored_samples != samples:
        raise BenchmarkError(f"a sample has no verdict; see {log.location}")


def round_fresh(samples: int, logs: Path) -> None:
    """Take the exams in a process of their own.

    Raises:
        BenchmarkError: It failed.
    """
    words = ["eval", TASK, *MODEL, "-T", f"runs={samples}", "--log-dir", str(logs)]
    done = subprocess.run(
        [sys.executable, "-m", "inspect_ai", *words, "--display", "none"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BenchmarkError(f"a fresh process failed: {' '.join(last)}")


def soak(
    minutes: float,
    samples: int,
    logs: Path,
    tell: Callable[[Point, str], None],
) -> list[Point]:
    """Take exams until the time is over, and measure after each round.

    Args:
        minutes: How long; the last round is ended.
        samples: Exams in a round.
        logs: Folder for the logs.
        tell: Called with each point, and where its round ran.

    Returns:
        A point for each round.

    Raises:
        BenchmarkError: A round failed.
    """
    began = time.monotonic()
    points: list[Point] = []
    watch = Watch(os.getpid())  # knows the soak's projects
    while time.monotonic() - began < minutes * 60:
        fresh = len(points) % FRESH_EVERY == FRESH_EVERY - 1
        (round_fresh if fresh else round_here)(samples, logs)
        point = look(began, (len(points) + 1) * samples, logs, watch.projects)
        points.append(point)
        tell(point, "fresh" if fresh else "here")
    watch.stop()
    return points


def header() -> str:
    """Write the names of what is printed after each round."""
    return " ".join(f"{name:>11}" for name in ("minutes", "samples", *quantities()))


def line(point: Point, where: str) -> str:
    """Write what there was after a round."""
    values = asdict(point).values()
    return " ".join(f"{value:>11.1f}" for value in values) + f"  {where}"


def show(points: Sequence[Point], place: str, console: Console) -> bool:
    """Print the slopes; return whether everything is flat as far as can be told."""
    table = Table(caption=place)
    for name in ("", "first", "last", "an hour adds", "95% interval", ""):
        table.add_column(name, justify="right")
    after = points[WARM_UP:]
    found = slopes(after)
    for slope in found:
        first, last = (getattr(p, slope.name) for p in (after[0], after[-1]))
        interval = f"{slope.low:+.1f} to {slope.high:+.1f}"
        table.add_row(
            *(slope.name, f"{first:.1f}", f"{last:.1f}"),
            *(f"{slope.hourly:+.1f}", interval, slope.verdict),
        )
    console.print(table)
    rate = points[-1].samples / points[-1].minutes
    console.print(f"{rate:.1f} samples a minute; {len(points)} rounds", highlight=False)
    return not any(slope.verdict == "grows" for slope in found)


def _settle_in(folder: Path) -> None:
    """Have what is started, and its temporary files, told from everybody else's."""
    folder.mkdir(parents=True)
    os.environ[MARK] = str(os.getpid())
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def main() -> int:
    """Soak, print, and return an exit status: 1 where something failed or grows."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"how long ({MINUTES})"
    )
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help=f"exams in a round ({SAMPLES})"
    )
    parser.add_argument("--logs", type=Path, help="keep the logs in this folder")
    options = parser.parse_args()
    if options.minutes <= 0 or options.samples < 1:
        parser.error("--minutes and --samples must be positive")
    scratch = Path(mkdtemp(prefix="soak-"))
    logs = (options.logs or scratch / "logs").resolve()
    _settle_in(scratch / "tmp")
    console = table_console()
    try:
        if problem := docker_problem():
            raise BenchmarkError(problem)
        place = machine.describe()
        print(header(), flush=True)
        points = soak(
            options.minutes,
            options.samples,
            logs,
            lambda point, where: print(line(point, where), flush=True),
        )
        flat = show(points, place, console)
    except BenchmarkError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(scratch)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
