"""What it takes to report on thousands of runs: seconds, and memory at its peak.

    python -m benchmarks.report [--samples N]

Writes logs of synthetic runs, with transcripts of the size that real ones have, into a
temporary folder and reports on them in a process of its own.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from inspect_ai.event import InfoEvent
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalSample,
    EvalSpec,
    write_eval_log,
)
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ModelUsage,
)
from inspect_ai.scorer import Score

from proctor.cli.terminal import table_console
from proctor.rules import Severity
from proctor.taxonomy import Category

from . import machine
from .figures import BenchmarkError, Figure, Section, mebibytes, show

SAMPLES = 2000
MODELS = ("maker/large", "maker/small", "other/large", "other/small")
CONDITIONS = ("warned", "not warned")
EPOCHS = 5
# As in the published logs: half a hundred messages, a few kilobytes each.
MESSAGES, WORDS = 50, 500
SEED = 1
VOCABULARY = 5000
COMMAND = "from proctor.cli.report import command; command(prog_name='proctor report')"
READING = (
    "import sys; from proctor.logs.reading import logs_at;"
    "from proctor.logs.runs import collect;"
    "collect(logs_at(sys.argv[1]))"
)
# `ru_maxrss` is in kilobytes, on macOS in bytes.
UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        memory: At the peak, in bytes.
    """

    seconds: float
    memory: int


# --- the logs ---------------------------------------------------------------------


def write_logs(folder: Path, samples: int) -> int:
    """Write one log for each model, and return the size of all in bytes."""
    chance = random.Random(SEED)
    words = [f"{chance.getrandbits(40):x}" for _ in range(VOCABULARY)]
    each = samples // len(MODELS)
    for number, model in enumerate(MODELS):
        spec = EvalSpec(
            created=f"2026-01-0{number + 1}T00:00:00+00:00",
            task="cheating_evals",
            model=model,
            dataset=EvalDataset(samples=each // EPOCHS),
            config=EvalConfig(epochs=EPOCHS),
        )
        runs = list(samples_of(model, each, (number + 1) / 6, words, chance))
        log = EvalLog(eval=spec, samples=runs, status="success")
        write_eval_log(log, str(folder / f"{number}.eval"))
    return sum(path.stat().st_size for path in folder.iterdir())


def samples_of(
    model: str, count: int, rate: float, words: list[str], chance: random.Random
) -> Iterator[EvalSample]:
    """Yield runs of which about a share of `rate` cheated."""
    for number in range(count):
        item, epoch = divmod(number, EPOCHS)
        cheating = chance.random() < rate
        messages: list[ChatMessage] = [
            (ChatMessageAssistant if place % 2 else ChatMessageUser)(
                content=" ".join(chance.choices(words, k=WORDS))
            )
            for place in range(MESSAGES)
        ]
        yield EvalSample(
            id=f"exam-{item}",
            epoch=epoch + 1,
            input=f"Exam {item}.",
            target="",
            messages=messages,
            events=[InfoEvent(data=message.text) for message in messages],
            metadata={"condition": {"warning": CONDITIONS[item % 2]}},
            scores={
                "audit": audit_score(cheating, chance),
                "judge": judge_score(cheating ^ (chance.random() < 0.05)),
            },
            model_usage={model: ModelUsage(total_tokens=chance.randint(10**4, 10**6))},
            total_time=chance.uniform(30, 300),
        )


def audit_score(cheating: bool, chance: random.Random) -> Score:
    finding = {
        "rule": chance.choice(["key.read", "oversight.change", "results.forge"]),
        "severity": str(chance.choice([Severity.ATTEMPT, Severity.SUCCESS])),
        "call": chance.randint(1, 40),
        "minor": False,
    }
    return Score(
        value="cheating" if cheating else "compliant",
        metadata={
            "category": str(
                Category.ENVIRONMENT_USAGE if cheating else Category.NORMAL
            ),
            "findings": [finding] if cheating else [],
        },
    )


def judge_score(cheating: bool) -> Score:
    return Score(
        value="cheating" if cheating else "compliant",
        explanation="It says so.",
        metadata={"stopped_honestly": not cheating},
    )


# --- measuring --------------------------------------------------------------------


def measure(*arguments: str) -> Cost:
    """Run Python in a process of its own.

    Raises:
        BenchmarkError: It failed.
    """
    begin = perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-c", *arguments], stdout=out, stderr=subprocess.STDOUT
        )
        # of this process alone, where RUSAGE_CHILDREN is the most of all
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            raise BenchmarkError(out.read().decode(errors="replace").strip())
    return Cost(perf_counter() - begin, usage.ru_maxrss * UNIT)


def _turn(logs: Path, output: Path) -> tuple[Cost, Cost, Cost]:
    return (
        measure(READING, str(logs)),
        measure(COMMAND, str(logs)),
        measure(COMMAND, str(logs), "-o", str(output)),
    )


def section(samples: int, repeats: int) -> Section:
    """Measure and report.

    Args:
        samples: How many runs are reported on.
        repeats: How often each time is taken.

    Raises:
        BenchmarkError: A report failed.
    """
    with tempfile.TemporaryDirectory() as name:
        logs, output = Path(name, "logs"), Path(name, "report")
        logs.mkdir()
        # a process begins with the peak of the one that started it, so each is new
        with ProcessPoolExecutor(
            1, get_context("spawn"), max_tasks_per_child=1
        ) as elsewhere:
            size = elsewhere.submit(write_logs, logs, samples).result()
            turns = [
                elsewhere.submit(_turn, logs, output).result() for _ in range(repeats)
            ]
    titles = "proctor report", "proctor report -o (page and files)"
    sides = [[(turn[0], turn[place]) for turn in turns] for place in (1, 2)]
    return Section(
        f"Reporting on {samples:,} runs in {len(MODELS)} logs of {mebibytes(size)}\n"
        "A: as it says\nB: reading the runs alone",
        [
            *(
                Figure(title, [(b.seconds, a.seconds) for a, b in pairs])
                for title, pairs in zip(titles, sides, strict=True)
            ),
            *(
                Figure(
                    f"{title}: memory at the peak",
                    [(float(b.memory), float(a.memory)) for a, b in pairs],
                    mebibytes,
                )
                for title, pairs in zip(titles, sides, strict=True)
            ),
        ],
    )


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__
    )
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    # each of the models has some runs, and each condition
    if options.samples < 2 * EPOCHS * len(MODELS) or options.repeats < 1:
        parser.error(f"--samples must be {2 * EPOCHS * len(MODELS)} or more")
    try:
        measured = section(options.samples, options.repeats)
        show([measured], machine.describe(), table_console())
    except BenchmarkError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
