"""The logs that a report is made of, and what made it."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .._inspect import PrerequisiteError
from ..logs.reading import digest_of, read_header
from .contents import Source

PACKAGES = (
    "proctor",
    "inspect_ai",
    "scipy",
    "statsmodels",
    "numpy",
    "krippendorff",
    "matplotlib",
)
# What cannot change how a model answers.
TECHNICAL = {
    "max_retries",
    "timeout",
    "attempt_timeout",
    "stream_idle_timeout",
    "max_connections",
    "adaptive_connections",
    "cache",
    "batch",
}


@dataclass(frozen=True)
class Head:
    """What stands at the head of a log.

    Attributes:
        path: The log.
        source: For the report; its runs are not counted yet.
        task: Name of the task.
        planned: How many runs were planned.
        settings: How its model was to answer, as one text.
    """

    path: Path
    source: Source
    task: str
    planned: int
    settings: str


def read_head(path: Path) -> Head | None:
    """Read a log's head; None where it is no log."""
    try:
        header = read_header(path)
        digest = digest_of(path)
    except (PrerequisiteError, OSError):
        return None  # who reads the runs says what is wrong
    spec = header.eval
    source = Source(
        path.name, digest, 0, spec.model, str(spec.created), str(header.status)
    )
    planned = (spec.dataset.samples or 0) * (spec.config.epochs or 1)
    settings = spec.model_generate_config.model_dump_json(
        exclude=TECHNICAL, exclude_none=True
    )
    return Head(path, source, spec.task, planned, settings)


def settings_differ(heads: Sequence[Head]) -> tuple[str, ...]:
    """Note where runs that count as alike were made with different settings."""
    by_model: dict[tuple[str, str], set[str]] = {}
    for head in heads:
        by_model.setdefault((head.task, head.source.model), set()).add(head.settings)
    return tuple(
        f"Logs of {model} were made with different settings, which are not told "
        f"apart: {' and '.join(sorted(settings))}."
        for (_, model), settings in by_model.items()
        if len(settings) > 1
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of what computes."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in PACKAGES
    }
