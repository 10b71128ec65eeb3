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
from rich.console import Console
from rich.table import Table

from proctor.rules import Category, Severity

from .figures import BenchmarkError

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
    "import sys; from proctor.reading import logs_at; from proctor.runs import collect;"
    "collect(logs_at(sys.argv[1]))"
)
MEGABYTE = 1024**2
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


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__
    )
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        logs, output = Path(name, "logs"), Path(name, "report")
        logs.mkdir()
        begin = perf_counter()
        # elsewhere: a process begins with the peak of the one that started it
        with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
            size = elsewhere.submit(write_logs, logs, options.samples).result()
        written = perf_counter() - begin
        try:
            costs = {
                "reading the runs": measure(READING, str(logs)),
                "proctor report": measure(COMMAND, str(logs)),
                "proctor report -o": measure(COMMAND, str(logs), "-o", str(output)),
            }
        except BenchmarkError as error:
            print(f"Not measured: {error}", file=sys.stderr)
            return 1
    table = Table(
        title=f"{options.samples:,} runs in {len(MODELS)} logs",
        caption=f"{size / MEGABYTE:,.0f} MB, written in {written:.0f} s",
    )
    for title in ("", "seconds", "memory, MB"):
        table.add_column(title, justify="right" if title else "left")
    for what, cost in costs.items():
        table.add_row(what, f"{cost.seconds:.1f}", f"{cost.memory / MEGABYTE:,.0f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
