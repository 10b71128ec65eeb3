"""The figures of a report, for a paper and for the page.

Each is drawn for two widths: a column of a paper (3.5 in), and both (7 in).
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from . import (
    figure_agreement,
    figure_outcomes,
    figure_rates,
    figure_techniques,
    figure_timeline,
)
from .contents import Report
from .style import NARROW, WIDE, styled

DPI = 300
COLUMN = "-column"
# Neither dates nor programs, so that the same figure is the same bytes.
_SVG = {"Date": None, "Creator": None, "Format": None, "Type": None}
_PNG = {"Software": None}


@dataclass(frozen=True)
class Kind:
    """One figure.

    Attributes:
        name: Of its files.
        missing: Says why there is nothing to draw; None where there is.
        draw: Draws it at a width, in inches.
    """

    name: str
    missing: Callable[[Report], str | None]
    draw: Callable[[Report, float], Figure]


KINDS = tuple(
    Kind(module.__name__.rsplit("figure_", 1)[-1], module.missing, module.draw)
    for module in (
        figure_rates,
        figure_outcomes,
        figure_techniques,
        figure_timeline,
        figure_agreement,
    )
)


def write(report: Report, folder: Path) -> list[Path]:
    """Write each figure that has something to show, as PNG (300 dpi) and SVG.

    `rates.png` is as wide as two columns of a paper, `rates-column.png` as one.

    Args:
        report: The report.
        folder: Where; it must be there.

    Returns:
        The files.

    Raises:
        OSError: They cannot be written.
    """
    written = []
    for kind in KINDS:
        if kind.missing(report):
            continue
        for width, ending in ((WIDE, ""), (NARROW, COLUMN)):
            for form, save in (("svg", svg), ("png", png)):
                path = folder / f"{kind.name}{ending}.{form}"
                path.write_bytes(save(kind, report, width))
                written.append(path)
    return written


def svg(kind: Kind, report: Report, width: float) -> bytes:
    """Return a figure as SVG, its text as text; the same report gives the same bytes.

    Args:
        kind: The figure.
        report: The report.
        width: In inches.
    """
    return _saved(kind, report, width, format="svg", metadata=_SVG)


def png(kind: Kind, report: Report, width: float) -> bytes:
    """Return a figure as PNG with 300 dots an inch.

    Args:
        kind: The figure.
        report: The report.
        width: In inches.
    """
    return _saved(kind, report, width, format="png", dpi=DPI, metadata=_PNG)


def _saved(kind: Kind, report: Report, width: float, **options: Any) -> bytes:
    out = io.BytesIO()
    with styled():
        kind.draw(report, width).savefig(out, **options)
    return out.getvalue()
