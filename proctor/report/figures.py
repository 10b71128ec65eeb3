"""The figures of a report, for a paper and for the page: PNG and SVG."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from . import (
    figure_agreement,
    figure_outcomes,
    figure_rates,
    figure_techniques,
    figure_timeline,
)
from .contents import Report
from .style import styled

# Neither dates nor programs, so that the same figure is the same bytes; dots an inch.
FORMS: dict[str, dict[str, Any]] = {
    "svg": {"metadata": {"Date": None, "Creator": None, "Format": None, "Type": None}},
    "png": {"metadata": {"Software": None}, "dpi": 300},
}


@dataclass(frozen=True)
class Kind:
    """One figure.

    Attributes:
        name: Of its files.
        title: What it shows.
        caption: Says how to read it.
        missing: Says why there is nothing to draw; None where there is.
        draw: Draws it.
    """

    name: str
    title: str
    caption: Callable[[Report], Markup]
    missing: Callable[[Report], str | None]
    draw: Callable[[Report], Figure]


KINDS = tuple(
    Kind(
        module.__name__.rsplit("figure_", 1)[-1],
        module.TITLE,
        module.caption,
        module.missing,
        module.draw,
    )
    for module in (
        figure_rates,
        figure_outcomes,
        figure_techniques,
        figure_timeline,
        figure_agreement,
    )
)


def drawn(report: Report, forms: Iterable[str] = FORMS) -> dict[str, bytes]:
    """Draw each figure that has something to show.

    The same report gives the same bytes.

    Args:
        report: The report.
        forms: `svg`, whose text is text, and `png`.

    Returns:
        Contents, by file name, such as `rates.svg`.
    """
    found = {}
    with styled():
        for kind in KINDS:
            if kind.missing(report):
                continue
            figure = kind.draw(report)
            for form in forms:
                out = io.BytesIO()
                figure.savefig(out, format=form, **FORMS[form])
                found[f"{kind.name}.{form}"] = out.getvalue()
    return found
