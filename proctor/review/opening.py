"""The logs that can be reviewed, and what an interruption has left of a review."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .._inspect import PrerequisiteError
from ..logs.journal import DecisionJournal, JournalError
from ..logs.reading import logs_at
from ..logs.runs import Run, collect


@dataclass
class Opened:
    """The logs of a review.

    Attributes:
        journals: Those that can be reviewed.
        troubles: Why the others cannot, a line each.
        entered: What an interrupted review has left and was entered now: the log, and
            how many decisions.
    """

    journals: list[DecisionJournal] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    entered: list[tuple[DecisionJournal, int]] = field(default_factory=list)


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
                journal = DecisionJournal(path, author, logs, originals)
                others = [one for one in found.journals if one.log == journal.log]
                if any(other.eval_id != journal.eval_id for other in others):
                    raise JournalError(
                        f"{path} is the log of another evaluation than "
                        f"{others[0].source}, which has the same name; rename one of "
                        "them."
                    )
                if others:  # a copy in another folder
                    continue
                if reserve:
                    stack.enter_context(journal.reserved())
                    count = journal.enter()
                    found.entered += [(journal, count)] if count else []
                found.journals.append(journal)
            except PrerequisiteError as error:
                found.troubles.append(str(error.message))
            except (OSError, ValueError) as error:
                found.troubles.append(f"{path.name} cannot be reviewed: {error}")
        if not found.journals:
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


def runs_of(
    found: Opened,
) -> tuple[dict[DecisionJournal, list[Run]], tuple[str, ...]]:
    """Read the runs of the logs that were opened.

    A log that cannot be read to its end is left out, and becomes one of the troubles.

    Returns:
        The runs of each log, and what a reader must know of them.

    Raises:
        PrerequisiteError: None can be read.
    """
    runs = collect([journal.source for journal in found.journals])
    found.troubles += runs.damaged.values()
    found.journals = [one for one in found.journals if one.source not in runs.damaged]
    if not found.journals:
        raise PrerequisiteError("\n".join(found.troubles))
    read = {
        journal: [run for run in runs.runs if run.log == journal.source]
        for journal in found.journals
    }
    return read, tuple(n for n in runs.notes if n not in runs.damaged.values())


def enter(
    journals: Sequence[DecisionJournal],
) -> tuple[list[tuple[DecisionJournal, int]], list[str]]:
    """Enter in the logs what was decided.

    Returns:
        The logs, each with how many decisions were entered; and why others could not
        be.
    """
    entered, troubles = [], []
    for journal in journals:
        try:
            count = journal.enter()
            entered += [(journal, count)] if count else []
        except PrerequisiteError as error:
            troubles.append(str(error.message))
        except (OSError, ValueError) as error:
            troubles.append(f"{journal.log.name} was not changed: {error}")
    return entered, troubles
