"""What a recording costs in a log, and what it takes to judge a log again.

    python -m benchmarks.rescoring LOG [--repeats N]

LOG is any log of this task or of `proctor/replay`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.scorer import Scorer

from proctor.cli.terminal import table_console
from proctor.exam.store import Chunk, ExamStore, chunks
from proctor.scorers import audit, quiz

from . import machine
from .figures import BenchmarkError, Figure, Section, kilobytes, show

REPEATS = 3
HUNDRED = 100


def sections(log: EvalLog, repeats: int) -> list[Section]:
    """Measure a log.

    Args:
        log: With its samples.
        repeats: How often each time is taken.

    Raises:
        BenchmarkError: It holds no recording.
    """
    samples = log.samples or []
    recordings = [recording for s in samples if (recording := _recording(s))]
    if not recordings:
        raise BenchmarkError("the log holds no recording")
    sizes: list[tuple[float, float]] = [
        (sum(len(chunk.data) for chunk in one), sum(chunk.size for chunk in one))
        for one in recordings
    ]
    whole = [len(json.dumps(s.model_dump(mode="json"))) for s in samples]
    kept = [size for size, _ in sizes]
    share = [(sum(kept), float(sum(whole)))]
    times = [
        (_time(lambda: _score(log, audit())), _time(lambda: _score(log, quiz())))
        for _ in range(repeats)
    ]
    per_hundred = median(time for time, _ in times) * HUNDRED / len(samples)
    lines = sum(chunk.lines for one in recordings for chunk in one) / len(recordings)
    return [
        Section(
            f"The recording in the log, of {len(samples)} samples (A : B)",
            [
                Figure(
                    f"a sample's recording, as it is kept (at most "
                    f"{kilobytes(max(kept))}) : uncompressed ({lines:,.0f} lines)",
                    sizes,
                    kilobytes,
                ),
                Figure("all recordings : all samples as JSON", share, kilobytes),
                Figure(
                    f"scoring again by audit ({per_hundred:.1f} s for {HUNDRED} "
                    "samples) : by quiz, which reads no recording",
                    times,
                ),
            ],
        )
    ]


def _recording(sample: EvalSample) -> Sequence[Chunk]:
    return chunks(sample.store_as(ExamStore))


def _score(log: EvalLog, by: Scorer) -> None:
    score(log, by, action="overwrite", display="none")


def _time(work: Callable[[], None]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rescoring", description=__doc__
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    try:
        if not options.log.is_file():
            raise BenchmarkError(f"there is no log {options.log}")
        log = read_eval_log(str(options.log))
        show(sections(log, options.repeats), machine.describe(), table_console())
    except (BenchmarkError, ValueError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
