"""The logs on disk: which there are, and the samples in them."""

import hashlib
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from inspect_ai.log import (
    EvalLog,
    EvalSample,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
)

from .._inspect import PrerequisiteError
from ..taxonomy import verdict_of

SUFFIXES = (".eval", ".json")
# What says how a run went, and how it was scored, without the transcript: a fiftieth
# of the time, and of the memory.
TRANSCRIPT = {"messages", "events", "store", "attachments", "output", "timelines"}


def find_logs(log: str, parameter: str = "log") -> list[Path]:
    """Return the log files that a task's parameter names: a log, or a folder's.

    Raises:
        PrerequisiteError: There is none.
    """
    if not log:
        raise PrerequisiteError(
            f"-T {parameter}=PATH is missing: a log or a folder of logs."
        )
    return logs_at(log, f"-T {parameter}=PATH")


def logs_at(place: str | Path, given_by: str = "the path") -> list[Path]:
    """Return a log, or the logs of a folder.

    Args:
        place: The log or the folder.
        given_by: How the user gave it, for the error.

    Raises:
        PrerequisiteError: There is none.
    """
    path = Path(place)
    if path.is_dir():
        paths = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES)
        if not paths:
            raise PrerequisiteError(f"{place} holds no .eval or .json log.")
        return paths
    if not path.is_file():
        raise PrerequisiteError(f"There is no log {place}; check {given_by}.")
    return [path]


def logs_of(places: Iterable[str | Path]) -> list[Path]:
    """Return the logs of several places, each once.

    Raises:
        PrerequisiteError: There is none at one of them.
    """
    found: dict[Path, Path] = {}
    for place in places:
        for path in logs_at(place):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_header(path: Path) -> EvalLog:
    """Read a log without its samples.

    Raises:
        PrerequisiteError: It is no Inspect log.
    """
    try:
        return read_eval_log(str(path), header_only=True)
    except Exception as error:
        raise _foreign(path, error) from error


def read_log(path: Path) -> EvalLog:
    """Read a whole log.

    Raises:
        PrerequisiteError: It is no Inspect log.
    """
    try:
        return read_eval_log(str(path))
    except Exception as error:
        raise _foreign(path, error) from error


def read_runs(path: Path, without: Set[str] = frozenset()) -> Iterator[EvalSample]:
    """Yield the runs of a log, one at a time.

    Args:
        path: The log.
        without: Fields that are not read, `TRANSCRIPT` for instance.

    Raises:
        PrerequisiteError: It is no Inspect log.
    """
    log, fields = str(path), set(without)
    try:
        if path.suffix == ".json":  # can only be read as a whole
            yield from read_eval_log(log, exclude_fields=fields).samples or []
            return
        # what is there: a log that was cut off, or an old one, does not list it
        for run in read_eval_log_sample_summaries(log):
            yield read_eval_log_sample(log, run.id, run.epoch, exclude_fields=fields)
    except Exception as error:
        raise _foreign(path, error) from error


def label_of(run: EvalSample, name: str | None = None) -> str | None:
    """Return the label that a run carries.

    Args:
        run: The run.
        name: The score that is the label; None for the first with a verdict in it.
    """
    for key, score in (run.scores or {}).items():
        wanted = name is None or key == name
        if wanted and isinstance(score.value, str) and verdict_of(score.value):
            return score.value
    return None


def _foreign(path: Path, error: Exception) -> PrerequisiteError:
    """Name what cannot be read; Inspect's readers raise whatever their parsers do."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return PrerequisiteError(f"{path} is not an Inspect log: {reason}")
