"""Work that is killed in the middle, by SIGKILL, at a step that one can choose."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

# A copy of this process: to start Python and import Inspect takes a second each time.
_fork = multiprocessing.get_context("fork")
Work = Callable[[Callable[[str], None]], object]


# When a kill comes: before a step, in its middle (with half of the file that it writes,
# by its second argument), or right after it.
BEFORE, HALF, AFTER = "before", "half", "after"


def killed_at(
    number: int, steps: Sequence[tuple[Any, str]], work: Work, when: str = BEFORE
) -> tuple[int, list[str]]:
    """Do work in a process of its own, and kill that at its n-th step of some kinds.

    Args:
        number: Which step, from 1.
        steps: The kinds: functions by the name that they have in something.
        work: What is done; it is given a function that takes what it has confirmed.
        when: When the kill comes.

    Returns:
        The exit status (0 where the work was done before its n-th step), and what was
        confirmed, in order.
    """
    ours, theirs = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_doomed, args=(theirs, number, steps, work, when))
    process.start()
    theirs.close()
    confirmed: list[str] = []
    try:
        while True:
            confirmed.append(ours.recv())
    except EOFError:
        process.join()
    assert process.exitcode in (0, -signal.SIGKILL), "the work failed"
    return process.exitcode, confirmed


def _doomed(
    pipe: Connection,
    number: int,
    steps: Sequence[tuple[Any, str]],
    work: Work,
    when: str,
) -> None:
    left = [number]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            mine = left[0] == 0
            if mine and when == BEFORE:
                die()
            result = real(*arguments, **options)
            if mine and when == HALF:
                os.truncate(arguments[1], os.path.getsize(arguments[1]) // 2)
            if mine:
                die()
            return result

        return step

    for place, name in steps:
        setattr(place, name, deadly(getattr(place, name)))
    work(pipe.send)
