"""The logs that can be reviewed, and what an interruption has left of a review."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .._inspect import PrerequisiteError
from ..logs.journal import Desk, DeskError
from ..logs.reading import logs_at
from ..logs.runs import collect
from .session import Source


@dataclass
class Opened:
    """The logs of a review.

    Attributes:
        desks: Those that can be reviewed.
        troubles: Why the others cannot, a line each.
        entered: What an interrupted review has left and was entered now: the log, and
            how many decisions.
    """

    desks: list[Desk] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    entered: list[tuple[Desk, int]] = field(default_factory=list)


@contextmanager
def opened(
    places: Iterable[str | Path],
    author: str,
    logs: Path,
    originals: Path,
    *,
    reserve: bool = True,
) -> Iterator[Opened]:
    """Open logs for a review.

    Args:
        places: Logs and folders of logs.
        author: Who reviews.
        logs: Folder of the logs that are edited.
        originals: Folder of the untouched ones.
        reserve: Whether others who go by the same name are kept out, and decisions
            that wait are entered; without it nothing is written.

    Yields:
        What could be opened; reserved until the end.

    Raises:
        PrerequisiteError: Nothing could; the message says why.
    """
    found = Opened()
    with ExitStack() as stack:
        for path in _paths(places, found):
            try:
                desk = _desk(path, author, logs, originals, found)
                if desk is None:
                    continue
                if reserve:
                    stack.enter_context(desk.reserved())
                    count = desk.enter()
                    found.entered += [(desk, count)] if count else []
                found.desks.append(desk)
            except (DeskError, PrerequisiteError) as error:
                found.troubles.append(str(getattr(error, "message", error)))
            except (OSError, ValueError) as error:
                found.troubles.append(f"{path.name} cannot be reviewed: {error}")
        if not found.desks:
            raise PrerequisiteError("\n".join(found.troubles))
        yield found


def _paths(places: Iterable[str | Path], found: Opened) -> list[Path]:
    paths: list[Path] = []
    for place in places:
        try:
            paths += logs_at(place)
        except (PrerequisiteError, OSError) as error:
            found.troubles.append(str(getattr(error, "message", error)))
    return list(dict.fromkeys(paths))


def _desk(
    path: Path, author: str, logs: Path, originals: Path, found: Opened
) -> Desk | None:
    """Open one log; None where it is open already, as a copy in another folder."""
    desk = Desk(path, author, logs, originals)
    for other in found.desks:
        if other.log != desk.log:
            continue
        if other.eval_id != desk.eval_id:
            raise DeskError(
                f"{path} is the log of another evaluation than {other.source}, which "
                "has the same name; rename one of them."
            )
        return None
    return desk


def sources(found: Opened) -> tuple[list[Source], tuple[str, ...]]:
    """Read the runs of the logs that were opened.

    A log that cannot be read to its end is left out, and becomes one of the troubles.

    Returns:
        The runs of each log, and what a reader must know of them.

    Raises:
        PrerequisiteError: None can be read.
    """
    runs = collect([desk.source for desk in found.desks])
    found.troubles += runs.damaged.values()
    found.desks = [desk for desk in found.desks if desk.source not in runs.damaged]
    if not found.desks:
        raise PrerequisiteError("\n".join(found.troubles))
    by_log = {desk.source: desk for desk in found.desks}
    read = [
        Source(desk, desk.eval_id, tuple(run for run in runs.runs if run.log == path))
        for path, desk in by_log.items()
    ]
    notes = tuple(note for note in runs.notes if note not in runs.damaged.values())
    return [source for source in read if source.runs], notes


def enter(desks: Sequence[Desk]) -> tuple[list[tuple[Desk, int]], list[str]]:
    """Enter in the logs what was decided.

    Returns:
        The logs, each with how many decisions were entered; and why others could not
        be.
    """
    entered, troubles = [], []
    for desk in desks:
        try:
            count = desk.enter()
            entered += [(desk, count)] if count else []
        except (DeskError, PrerequisiteError) as error:
            troubles.append(str(getattr(error, "message", error)))
        except (OSError, ValueError) as error:
            troubles.append(f"{desk.log.name} was not changed: {error}")
    return entered, troubles
