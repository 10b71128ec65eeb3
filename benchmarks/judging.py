"""What reading a recording and finding in it costs the host."""

import json
from collections.abc import Callable, Sequence
from time import perf_counter

from proctor.room import DOCKER_HOME, Room
from proctor.rules import find
from proctor.trace import Trace, TraceReader

from .figures import Figure, Section


def section(chunks: Sequence[str], run: float, repeats: int) -> Section:
    """Measure and report.

    Args:
        chunks: A real recording, a text for each tool call.
        run: Seconds that the recorded run took.
        repeats: How often each time is taken.
    """
    room = Room(DOCKER_HOME)
    trace = read(chunks)
    # Something to hold the parser against that does the same kind of work and is as
    # fast as Python gets: each line as JSON, read by the C parser.
    lines = [json.dumps(line) for chunk in chunks for line in chunk.splitlines()]

    def parse() -> None:
        read(chunks)

    def load() -> None:
        for line in lines:
            json.loads(line)

    def derive() -> None:
        find(trace, room)

    def once() -> None:
        find(read(chunks), room)

    def after_each_call() -> None:
        for count in range(1, len(chunks) + 1):
            find(read(chunks[:count]), room)

    parsed = _in_turn(parse, load, repeats)
    derived = _in_turn(derive, parse, repeats)
    inline = _in_turn(after_each_call, once, repeats)
    rate = _rate(trace.lines, parsed)
    speed = _rate(len(trace.events), derived)
    return Section(
        f"Judging a recording of {trace.lines:,} lines (A : B)",
        [
            Figure(f"parsing ({rate:,.0f} lines/s) : json.loads of each line", parsed),
            Figure(f"the rules ({speed:,.0f} events/s) : parsing", derived),
            Figure(f"judging after each of {len(chunks)} calls : once", inline),
            Figure(
                "judging after each call : the run itself",
                [(time, run) for time, _ in inline],
            ),
        ],
    )


def read(chunks: Sequence[str]) -> Trace:
    """Parse a recording as the scorer does."""
    reader = TraceReader()
    for number, chunk in enumerate(chunks, 1):
        reader.feed(chunk, number)
    return reader.trace()


def _in_turn(
    a: Callable[[], None], b: Callable[[], None], repeats: int
) -> list[tuple[float, float]]:
    return [(_time(a), _time(b)) for _ in range(repeats)]


def _time(work: Callable[[], None]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def _rate(count: int, pairs: Sequence[tuple[float, float]]) -> float:
    return count / sorted(time for time, _ in pairs)[len(pairs) // 2]
