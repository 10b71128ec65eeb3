"""How Inspect writes a log, and what its figures mean."""

import zipfile
from pathlib import Path

from inspect_ai.model import ModelUsage


def was_closed(log: Path) -> bool:
    """Say whether a log with status `started` has an end nevertheless.

    Inspect writes the header of an `.eval` log last; a log that was written again has
    one whatever became of its run.
    """
    if log.suffix != ".eval":
        return False
    with zipfile.ZipFile(log) as archive:
        return "header.json" in archive.namelist()


def tokens_read(usage: ModelUsage) -> int:
    """Return the tokens of prompts, those from a cache included.

    Whether `input_tokens` holds what came from a cache depends on the version of
    Inspect, and on the provider; the total always does.
    """
    return max(usage.input_tokens, usage.total_tokens - usage.output_tokens)
