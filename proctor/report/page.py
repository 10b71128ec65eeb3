"""A report as one page that needs nothing else: no script, no file, no network."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .. import formats
from .._inspect.viewer import VIEWER
from ..formats import Interval, number
from ..logs.links import viewer_command, viewer_link
from ..taxonomy import Verdict
from . import figure_techniques as techniques
from .contents import Group, Report, Share
from .figure_rates import ordered
from .figures import KINDS
from .markup import inlined, shown, told
from .names import differing, several_tasks

NONE = "\u2013"
# What a page of comparisons, or of runs, shows at most; the files have all.
MOST_COMPARISONS, MOST_RUNS = 60, 200
# Runs that a reader sees without opening the list of them.
OPEN = 8
FOLDERS = 4


def render(report: Report, figures: Mapping[str, bytes]) -> str:
    """Return the page.

    Args:
        report: The report.
        figures: What `figures.drawn` made of it, as SVG.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_known,
    )
    environment.filters |= {
        "shown": shown,
        "told": told,
        "rate": rate,
        "points": points,
        "decimal": decimal,
        "percent": formats.percent,
        "probability": formats.probability,
        "number": number,
        "large": formats.large,
        "when": when,
        "link": viewer_link,
    }
    source = files(__package__).joinpath("page.html").read_text("utf-8")
    drawings = {
        kind.name: inlined(figures[f"{kind.name}.svg"], f"{kind.name}-", kind.title)
        for kind in KINDS
        if f"{kind.name}.svg" in figures
    }
    return environment.from_string(source).render(context(report), drawings=drawings)


def _known(value: object) -> object:
    if value is None:
        raise TypeError("the page would show a None")
    return value


def context(report: Report) -> dict[str, Any]:
    """Return what the template shows, but for the drawings."""
    groups = report.groups
    rated = sorted(
        ordered(report), key=lambda row: row[1].rate.value if row[1].rate else 0
    )
    compared = sorted(report.comparisons, key=lambda c: (c.adjusted, c.p))
    costs = [group.cost for group in groups if group.cost is not None]
    models = [] if techniques.missing(report) else techniques.columns(report)
    runs = [run for p in report.pairings for run in p.disagreements[:MOST_RUNS]]
    return {
        "report": report,
        "groups": groups,
        "coverage": f"{100 * report.confidence:g}%",
        "tasks": list(dict.fromkeys(group.task for group in groups)),
        "several_tasks": several_tasks(groups),
        "models": len({group.model for group in groups}),
        "cost": formats.dollars(sum(costs)) if len(costs) == len(groups) else "",
        "ends": [rated[0], rated[-1]] if rated else [],
        "by": _by(groups),
        "rates": _columns(_RATES, groups),
        "runs": _columns(_RUNS, groups),
        "categories": _categories(groups),
        "kinds": {kind.name: kind for kind in KINDS},
        "columns": models,
        "rules": techniques.rules(models),
        "title_of": techniques.title_of,
        "comparisons": compared[:MOST_COMPARISONS],
        "more_comparisons": len(compared) - MOST_COMPARISONS,
        "pairings": [p for p in report.pairings if p.agreement.count],
        "opposite": dict(zip(Verdict, reversed(Verdict), strict=True)),
        "viewer": VIEWER,
        # the commands that start the viewer on the logs of disagreements
        "folders": list(dict.fromkeys(map(viewer_command, runs)))[:FOLDERS],
        "most_runs": MOST_RUNS,
        "open": OPEN,
        "none": NONE,
    }


def _by(groups: Sequence[Group]) -> str:
    """Say what tells groups apart."""
    models = len({group.model for group in groups}) > 1
    parts = ["model"] * models + ["condition"] * bool(differing(groups))
    return " and ".join(parts) or "task"


# --- texts ------------------------------------------------------------------------


def when(text: str) -> str:
    """Write a time to the minute; what is none stays as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = " UTC" if time.utcoffset() == timedelta() else time.strftime(" %z")
    return time.strftime("%Y-%m-%d %H:%M") + zone


def rate(found: Interval | None) -> Markup | str:
    """Write a rate with its interval, in per cent."""
    return _with_ends(formats.rate, found)


def points(found: Interval | None) -> Markup | str:
    """Write a difference of rates with its interval, in percentage points."""
    return _with_ends(formats.points, found)


def decimal(found: Interval | None) -> Markup | str:
    """Write a figure such as kappa with its interval."""
    return _with_ends(formats.decimal, found)


def _with_ends(
    write: Callable[[Interval], tuple[str, str]], found: Interval | None
) -> Markup | str:
    if found is None:
        return NONE
    parts = map(formats.typographic, write(found))
    return Markup('{} <span class="ends">{}</span>').format(*parts)


def _share(share: Share) -> str:
    return formats.part(share.count, share.of) if share.of else NONE


# --- columns of groups ------------------------------------------------------------

# A column: its title, what it says of a group, and whether it says anything of it. It
# is shown where it does of one group at least.
Column = tuple[str, Callable[[Group], Markup | str], Callable[[Group], object]]

_RATES: tuple[Column, ...] = (
    ("runs", lambda g: number(g.runs), lambda g: True),
    ("cheated", lambda g: _share(Share(g.cheating, g.scored)), lambda g: True),
    ("rate", lambda g: rate(g.rate), lambda g: True),
    (
        "did it",
        lambda g: _share(Share(g.did, g.scored)),
        lambda g: g.did > g.cheating,
    ),
    (
        "forbidden",
        lambda g: "yes" if g.forbidden else "no",
        lambda g: not g.forbidden,
    ),
    ("corrected", lambda g: rate(g.corrected), lambda g: g.corrected),
    (
        "effective runs",
        lambda g: number(g.scored) if g.effective is None else f"{g.effective:,.1f}",
        lambda g: g.effective is not None,
    ),
)
_RUNS: tuple[Column, ...] = (
    ("succeeded", lambda g: number(g.successes), lambda g: g.successes + g.attempts),
    ("only tried", lambda g: number(g.attempts), lambda g: g.successes + g.attempts),
    ("honest stops", lambda g: _share(g.honest_stops), lambda g: g.honest_stops.of),
    ("quiz passed", lambda g: _share(g.passed), lambda g: g.passed.of),
    (
        "median tokens",
        lambda g: NONE if g.tokens is None else number(g.tokens),
        lambda g: g.tokens,
    ),
    (
        "median time",
        lambda g: NONE if g.seconds is None else formats.duration(g.seconds),
        lambda g: g.seconds is not None,
    ),
    (
        "cost",
        lambda g: NONE if g.cost is None else formats.dollars(g.cost),
        lambda g: g.cost is not None,
    ),
)
# A title with its cells, one for each group.
Cells = tuple[str, list[Markup | str]]


def _columns(kinds: Sequence[Column], groups: Sequence[Group]) -> list[Cells]:
    return [
        (title, [cell(group) for group in groups])
        for title, cell, known in kinds
        if any(map(known, groups))
    ]


def _categories(groups: Sequence[Group]) -> list[Cells]:
    if not any(sum(group.categories.values()) for group in groups):
        return []
    names = dict.fromkeys(name for group in groups for name in group.categories)
    return [
        (name, [number(group.categories.get(name, 0)) for group in groups])
        for name in names
    ]
