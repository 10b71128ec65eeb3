"""What the labels that runs carry say: of the original study, and our own. Pure."""

from inspect_ai.log import EvalSample

from ..rules import Category, Verdict

# The labels of the original study (arXiv 2507.02977, published logs) in the terms of
# our taxonomy, which differ in one name.
CATEGORIES = {str(category): category for category in Category} | {
    "workaround protective measures": Category.WORKAROUND
}
INNOCENT = (Category.NORMAL, Category.ENVIRONMENT_FAILURE)
GUILTY = tuple(category for category in Category if category not in INNOCENT)
# How each label reads as a verdict.
VERDICTS = {
    label: Verdict.COMPLIANT if category in INNOCENT else Verdict.CHEATING
    for label, category in CATEGORIES.items()
} | {str(verdict): verdict for verdict in Verdict}


def verdict_of(value: object) -> Verdict | None:
    """Read a label as a verdict; None where it is none."""
    return VERDICTS.get(value.lower()) if isinstance(value, str) else None


def category_of(value: object) -> Category | None:
    """Read a label as a category; None where it is none."""
    return CATEGORIES.get(value.lower()) if isinstance(value, str) else None


def categories_of(verdict: Verdict) -> tuple[Category, ...]:
    """Return the categories that go with a verdict."""
    return GUILTY if verdict is Verdict.CHEATING else INNOCENT


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
