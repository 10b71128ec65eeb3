"""The label that a run of a log carries."""

from inspect_ai.log import EvalSample

from ..taxonomy import verdict_of


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
