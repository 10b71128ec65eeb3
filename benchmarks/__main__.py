"""Measures everything and prints one table, with what each figure is to reach."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import read_eval_log
from rich.console import Console

from proctor.checks.docker import docker_problem
from proctor.cli.terminal import table_console
from proctor.room.files import ROOT

from . import (
    judge,
    lifetime,
    machine,
    memory,
    parsing,
    recording,
    replays,
    report,
    rescoring,
    toolcalls,
)
from .figures import BenchmarkError, Section, show

REPEATS, QUICK_REPEATS = 5, 1
# A part of the others' repeats, for what takes many minutes or varies little.
RARE = 5
PAPER = ROOT.parent / "shared" / "paper_logs"
# The reviewed run of scripted agents that is in the repository.
LOG = ROOT / "logs" / "scripted-sample.eval"


@dataclass(frozen=True)
class Asked:
    """What is wanted.

    Attributes:
        repeats: How often each is measured.
        quick: Whether as little as possible is.
        paper: Folder of the published runs; None where it is missing.
        log: A log with recordings.
        progress: Where progress is told.
    """

    repeats: int
    quick: bool
    paper: Path | None
    log: Path
    progress: Console

    @property
    def rare(self) -> int:
        """Repeats of what takes long."""
        return max(1, self.repeats // RARE)


def _calls(asked: Asked) -> list[Section]:
    return toolcalls.measured(asked.repeats, asked.progress)


def _runs(asked: Asked) -> list[Section]:
    logs = asked.paper / "logs" if asked.paper else None
    if logs is None:
        asked.progress.print("The published logs are missing: scripted runs serve.")
    count = replays.QUICK_RUNS if asked.quick else replays.RUNS
    return replays.measured(asked.rare, asked.progress, logs, count)


def _commands(asked: Asked) -> list[Section]:
    return recording.measured(asked.repeats, asked.progress)


def _memory(asked: Asked) -> list[Section]:
    return memory.measured(asked.repeats, asked.progress)


def _lifetime(asked: Asked) -> list[Section]:
    return lifetime.measured(asked.repeats, asked.progress)


def _judging(asked: Asked) -> list[Section]:
    asked.progress.print("measuring: recordings judged again ...", highlight=False)
    if not asked.log.is_file():
        raise BenchmarkError(f"there is no log {asked.log}")
    log = read_eval_log(str(asked.log))
    found = parsing.recordings(log)
    again = rescoring.sections(log, asked.repeats)
    return [parsing.section(found, asked.repeats), *again]


def _report(asked: Asked) -> list[Section]:
    asked.progress.print("measuring: reports ...", highlight=False)
    return [report.section(report.SAMPLES, asked.rare)]


def _judge(asked: Asked) -> list[Section]:
    if asked.paper is None:
        asked.progress.print("Not measured: the judge, which needs published logs.")
        return []
    asked.progress.print("measuring: the judge's calls ...", highlight=False)
    return [judge.section(asked.paper)]


SECTIONS: dict[str, Callable[[Asked], list[Section]]] = {
    "calls": _calls,
    "runs": _runs,
    "commands": _commands,
    "memory": _memory,
    "lifetime": _lifetime,
    "judging": _judging,
    "report": _report,
    "judge": _judge,
}
# What is done by the host alone.
WITHOUT_DOCKER = {"judging", "report", "judge"}


def parse(words: Sequence[str] | None = None) -> tuple[Asked, list[str]]:
    """Read the command line: what is wanted, and the names of the sections."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help=f"repeats of each ({REPEATS})"
    )
    parser.add_argument("--quick", action="store_true", help="one repeat of each")
    parser.add_argument(
        "--only",
        action="append",
        choices=SECTIONS,
        metavar="NAME",
        help=f"one section; may be given again ({', '.join(SECTIONS)})",
    )
    parser.add_argument(
        "--paper",
        type=Path,
        default=PAPER,
        help="folder of the published runs, with logs/ and labels.csv (%(default)s)",
    )
    parser.add_argument(
        "--log",
        type=Path,
        default=LOG,
        help="log whose recordings are judged again (%(default)s)",
    )
    options = parser.parse_args(words)
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")
    if options.paper != PAPER and not (options.paper / "logs").is_dir():
        parser.error(f"--paper: there is no folder {options.paper / 'logs'}")
    asked = Asked(
        repeats=QUICK_REPEATS if options.quick else options.repeats,
        quick=options.quick,
        paper=options.paper if (options.paper / "logs").is_dir() else None,
        log=options.log,
        progress=Console(stderr=True),
    )
    names = [name for name in SECTIONS if not options.only or name in options.only]
    return asked, names


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong.

    What was measured before something went wrong is printed all the same.
    """
    asked, names = parse()
    found: list[Section] = []
    failure = None
    try:
        problem = docker_problem() if set(names) - WITHOUT_DOCKER else None
        if problem:
            raise BenchmarkError(problem)
        place = machine.describe()
        for name in names:
            found += SECTIONS[name](asked)
    except (BenchmarkError, ValueError) as error:
        failure = error
    if found:
        show(found, place, table_console())
    if failure:
        print(f"Not measured: {failure}", file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
