"""What it takes to judge the recordings of a log: unpack, parse, and find.

    python -m benchmarks.parsing LOG [--repeats N]

LOG is any log of this task or of `proctor/replay`. Times are of the processor, in one
process, for all samples of the log. What the parser remembers of a line is forgotten
before each repeat, so that each begins as a new process does.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

from inspect_ai.log import EvalLog, read_eval_log

from proctor.cli.terminal import table_console
from proctor.exam.store import Chunk, ExamStore, chunks, room_of
from proctor.rules import Derivation, ExamEvidence, assess, find
from proctor.trace.reader import Trace, TraceReader, forget

from . import machine
from .figures import BenchmarkError, Figure, Section, show

REPEATS = 5


@dataclass(frozen=True)
class Recording:
    """One sample's: as it is kept, as text, and what is left of the room."""

    packed: Sequence[Chunk]
    texts: Sequence[str]
    left: ExamEvidence


def recordings(log: EvalLog) -> list[Recording]:
    """Take the recordings out of a log.

    Raises:
        BenchmarkError: It holds none.
    """
    stores = [sample.store_as(ExamStore) for sample in log.samples or []]
    found = [(store, packed) for store in stores if (packed := chunks(store))]
    if not found:
        raise BenchmarkError("the log holds no recording")
    return [_recording(store, packed) for store, packed in found]


def _recording(store: ExamStore, packed: Sequence[Chunk]) -> Recording:
    texts = [chunk.text() for chunk in packed]
    left = ExamEvidence(room_of(store), read(texts), store.given, store.final)
    return Recording(packed, texts, left)


def read(texts: Sequence[str]) -> Trace:
    """Parse one recording as the scorer does."""
    reader = TraceReader()
    for number, text in enumerate(texts, 1):
        reader.feed(text, number)
    return reader.trace()


def section(samples: Sequence[Recording], repeats: int) -> Section:
    """Measure and report.

    Args:
        samples: The recordings.
        repeats: How often each time is taken.
    """
    lines = sum(sample.left.trace.lines for sample in samples)
    forgetful = _times(lambda: _parse(samples, forgetting=True), repeats)
    parsed = _times(lambda: _parse(samples), repeats)
    unpacked = _times(lambda: _unpack(samples), repeats)
    judged = _times(lambda: [assess(sample.left) for sample in samples], repeats)
    by_and_by = _times(lambda: _after_each_call(samples), repeats)
    anew = _times(lambda: _after_each_call(samples, anew=True), repeats)

    def rate(times: Sequence[float]) -> str:
        return f"{lines / median(times):,.0f} lines/s"

    def against(name: str, times: Sequence[float], others: Sequence[float]) -> Figure:
        return Figure(name, list(zip(times, others, strict=True)))

    return Section(
        f"Judging {len(samples)} recordings of {lines:,} lines (A : B)",
        [
            against(
                f"parsing ({rate(parsed)}) : forgetting between samples "
                f"({rate(forgetful)})",
                parsed,
                forgetful,
            ),
            against("unpacking : parsing", unpacked, parsed),
            against("findings and contradictions : parsing", judged, parsed),
            against("findings after each call : anew each time", by_and_by, anew),
        ],
    )


def _unpack(samples: Sequence[Recording]) -> None:
    for sample in samples:
        for chunk in sample.packed:
            chunk.text()


def _parse(samples: Sequence[Recording], *, forgetting: bool = False) -> None:
    for sample in samples:
        if forgetting:
            forget()
        read(sample.texts)


def _after_each_call(samples: Sequence[Recording], *, anew: bool = False) -> None:
    for sample in samples:
        reader, derivation = TraceReader(), Derivation(sample.left.room)
        for number, text in enumerate(sample.texts, 1):
            if anew:
                find(read(sample.texts[:number]), sample.left.room)
                continue
            reader.feed(text, number)
            derivation.follow(reader.trace().events)
            derivation.findings(number)


def _times(work: Callable[[], object], repeats: int) -> list[float]:
    """Take the time of some work, in seconds, as a new process would do it."""
    times = []
    for _ in range(repeats):
        forget()
        gc.collect()
        begin = process_time()
        work()
        times.append(process_time() - begin)
    return times


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parsing", description=__doc__
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")
    try:
        if not options.log.is_file():
            raise BenchmarkError(f"there is no log {options.log}")
        samples = recordings(read_eval_log(str(options.log)))
        show([section(samples, options.repeats)], machine.describe(), table_console())
    except (BenchmarkError, ValueError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
