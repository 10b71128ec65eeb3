"""Reviews of small logs, with real journals and files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inspect_ai.log import EvalSample, read_eval_log
from inspect_ai.scorer import Score

from proctor.logs.decisions import Decision, decisions_in
from proctor.review.opening import Opened, enter, opened, runs_of
from proctor.review.seen import Seen
from proctor.review.state import Mode, ReviewState, choose
from tests.example_logs import audit, judge, log_of, sample, usual_runs, written

QUEUE = ("3", "4", "5", "2")
OPEN, BLIND = Mode(), Mode(blind=True)
ADJUDICATE = Mode(adjudicate=True)


def exam(
    folder: Path, name: str = "exam.eval", runs: Sequence[EvalSample] = ()
) -> Path:
    """Write a log of six runs, of which five are reviewed."""
    log = log_of(runs or usual_runs(), name=name)
    return written(log, folder / "in", name)


@contextmanager
def reviewing(
    folder: Path, author: str = "Anna", mode: Mode = OPEN, log: Path | None = None
) -> Iterator[tuple[ReviewState, Opened]]:
    """Review the logs of a folder; nothing is entered at the end."""
    place = log or folder / "in"
    with opened([place], author, folder / "logs", folder / "originals") as found:
        read, _ = runs_of(found)
        seen = Seen(folder / "logs", author)
        yield ReviewState(author, choose(read, mode), mode, seen), found


def review(
    folder: Path,
    steps: Callable[[ReviewState], object],
    author: str = "Anna",
    mode: Mode = OPEN,
) -> None:
    """Do something in a review, and enter what was decided."""
    with reviewing(folder, author, mode) as (state, found):
        steps(state)
        assert enter(found.journals)[1] == []


def decided(folder: Path, name: str = "exam.eval") -> dict[str, list[Decision]]:
    """Return what stands in a reviewed log, by the sample's id."""
    path = folder / "logs" / name
    if not path.exists():
        return {}
    found = {
        str(one.id): list(decisions_in(one.scores))
        for one in read_eval_log(str(path)).samples or []
    }
    return {name: decisions for name, decisions in found.items() if decisions}


def clear_runs(count: int) -> list[EvalSample]:
    """Runs of which everybody says the same."""
    said: dict[str, Score] = {"audit": audit("compliant"), "judge": judge("compliant")}
    return [sample(number, **said) for number in range(1, count + 1)]
