"""How the runs of each group ended: what succeeded, what was only tried, what not."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .contents import Group, Report
from .figure_text import Name, fitted, lettered, names_of, width_of
from .style import (
    ATTEMPT,
    COMPLIANT,
    INK,
    MUTED,
    NARROW,
    SIZE,
    SMALL,
    SUCCESS,
    UNKNOWN,
    UNSCORED,
    canvas,
    sheet,
)

# What the runs of a bar are, in the order of their weight: name, colour, hatch.
Part = tuple[str, str, str]
PARTS: tuple[Part, ...] = (
    ("cheating succeeded", SUCCESS, ""),
    ("only tried", ATTEMPT, ""),
    ("cheating, outcome unknown", UNKNOWN, "////"),
    ("compliant", COMPLIANT, ""),
    ("no verdict", UNSCORED, ""),
)
ON_DARK = {SUCCESS}
# Not the ink of the page, which is white in the dark, when these stay as they are.
ON_LIGHT, WHITE = "#16191d", "#ffffff"
# Inches.
PAD, ROW, STACKED, BAR = 0.1, 0.3, 0.42, 0.19
LABEL, BESIDE, KEY = 2.6, 1.1, 0.13
STOPS = "honest stops"


def missing(report: Report) -> str | None:
    """Say why there is nothing to draw; None where there is."""
    if any(group.scored for group in report.groups):
        return None
    return "no run has a verdict"


def counts_of(group: Group) -> tuple[int, ...]:
    """Return the runs of each part, in the order of `PARTS`."""
    known = group.successes + group.attempts
    return (
        group.successes,
        group.attempts,
        max(0, group.cheating - known),
        max(0, group.scored - group.cheating),
        group.unscored,
    )


def draw(report: Report, width: float) -> Figure:
    """Draw it.

    Args:
        report: The report.
        width: Of the figure, in inches; in a narrow one long names stand above their
            bars.
    """
    rows = [
        (name, group)
        for name, group in zip(names_of(report.groups), report.groups, strict=True)
        if group.runs
    ]
    rows.sort(key=lambda row: -(row[1].rate.value if row[1].rate else -1))
    longest = max(map(_width, rows))
    stacked = width <= NARROW and longest > BESIDE
    step = STACKED if stacked else ROW
    stops = any(group.honest_stops.of for _, group in rows)
    left = 0.12 if stacked else min(LABEL, longest) + 2 * PAD
    right = (
        max(width_of(STOPS, SMALL), width_of("000/000", SMALL)) + PAD if stops else 0
    )
    used = [number for number in range(len(PARTS)) if _used(rows, number)]
    top = 0.24 if stops else 0.06
    key = _key_lines(used, width - left)
    height = top + step * len(rows) + 0.1 + 0.18 * key + 0.06
    figure = sheet(width, height)
    axes = canvas(figure)
    across = width - left - right - PAD
    if stops:
        axes.text(width - PAD / 2, 0.16, STOPS, size=SMALL, color=MUTED, ha="right")
    for number, (name, group) in enumerate(rows):
        at = top + step * (number + (0.7 if stacked else 0.5))
        if stacked:
            _titled(axes, name, at - 0.2, width)
        else:
            named = fitted(name.line, left - 1.5 * PAD)
            axes.text(left - PAD, at, named, ha="right", va="center")
        _bar(axes, group, left, across, at)
        if group.honest_stops.of:
            told = f"{group.honest_stops.count:,}/{group.honest_stops.of:,}"
            axes.text(width - PAD / 2, at, told, size=SMALL, ha="right", va="center")
    _key(axes, used, left, top + step * len(rows) + 0.16, width)
    return figure


def _width(row: tuple[Name, Group]) -> float:
    return width_of(lettered(row[0].line))


def _used(rows: list[tuple[Name, Group]], number: int) -> bool:
    return any(counts_of(group)[number] for _, group in rows)


def _titled(axes: Axes, name: Name, at: float, width: float) -> None:
    axes.text(0.12, at, fitted(name.line, width - 0.9), size=SIZE, va="center")


def _bar(axes: Axes, group: Group, left: float, across: float, at: float) -> None:
    for (_, colour, hatch), count in zip(PARTS, counts_of(group), strict=True):
        if not count:
            continue
        wide = across * count / group.runs
        _block(axes, left, at - BAR / 2, wide, BAR, colour, hatch)
        if width_of(f"{count:,}", SMALL) < wide - 0.03:
            _number(axes, left + wide / 2, at, count, colour, hatch)
        left += wide


def _number(
    axes: Axes, middle: float, at: float, count: int, colour: str, hatch: str
) -> None:
    if hatch:  # a number is not read on lines
        wide = width_of(f"{count:,}", SMALL) + 0.05
        _block(axes, middle - wide / 2, at - 0.065, wide, 0.13, colour, "")
    axes.text(
        middle,
        at,
        f"{count:,}",
        size=SMALL,
        color=WHITE if colour in ON_DARK else ON_LIGHT,
        ha="center",
        va="center",
    )


def _block(
    axes: Axes,
    left: float,
    top: float,
    wide: float,
    high: float,
    colour: str,
    hatch: str,
) -> None:
    hollow = colour == UNSCORED
    axes.add_patch(
        Rectangle(
            (left, top),
            wide,
            high,
            facecolor=colour,
            edgecolor=ON_LIGHT if hatch else MUTED if hollow else "none",
            hatch=hatch or None,
            linewidth=0.5 if hollow else 0,
        )
    )


# --- the key ----------------------------------------------------------------------


def _key_places(used: list[int], room: float) -> list[tuple[int, float, int]]:
    """Return of each part its line and place, as many on a line as fit."""
    places, line, at = [], 0, 0.0
    for number in used:
        wide = KEY + 0.06 + width_of(PARTS[number][0], SMALL) + 0.16
        if at and at + wide > room:
            line, at = line + 1, 0.0
        places.append((number, at, line))
        at += wide
    return places


def _key_lines(used: list[int], room: float) -> int:
    places = _key_places(used, room)
    return places[-1][2] + 1 if places else 0


def _key(axes: Axes, used: list[int], left: float, top: float, width: float) -> None:
    for number, at, line in _key_places(used, width - left):
        words, colour, hatch = PARTS[number]
        down = top + 0.18 * line
        _block(axes, left + at, down - 0.05, KEY, 0.1, colour, hatch)
        axes.text(
            left + at + KEY + 0.06, down, words, size=SMALL, color=INK, va="center"
        )
