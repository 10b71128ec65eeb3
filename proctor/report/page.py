"""A report as one page that needs nothing else: no script, no file, no network.

What comes out of logs is escaped, its control and bidi characters are written as
numbers, and it stands in elements of its own (`<bdi>`), so that it moves nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .._inspect.viewer import VIEWER
from ..logs.links import viewer_command, viewer_link
from ..logs.runs import Run
from ..stats.agreement import Estimate
from ..taxonomy import Verdict
from ..text import escaped, one_line
from . import figure_techniques as techniques
from .captions import CAPTIONS
from .contents import Group, RaterAgreement, Report, Share
from .figure_text import differing, names_of
from .figures import KINDS, svg
from .inline import inlined
from .style import NARROW, WIDE

NONE = "\u2013"
# What a page of comparisons, or of runs, shows at most; the files have all.
MOST_COMPARISONS, MOST_RUNS = 60, 200
# Runs that a reader sees without opening the list of them.
OPEN = 8
FOLDERS = 4


def render(report: Report) -> str:
    """Return the page.

    Args:
        report: The report.
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
        "percent": percent,
        "probability": probability,
        "number": number,
        "large": large,
        "when": when,
    }
    source = files(__package__).joinpath("page.html").read_text("utf-8")
    return environment.from_string(source).render(context(report))


def _known(value: object) -> object:
    if value is None:
        raise TypeError("the page would show a None")
    return value


def context(report: Report) -> dict[str, Any]:
    """Return what the template shows."""
    groups = report.groups
    rated = sorted(
        (g for g in groups if g.rate), key=lambda g: g.rate.value if g.rate else 0.0
    )
    compared = sorted(report.comparisons, key=lambda c: (c.adjusted, c.p))
    pairings = [p for p in report.pairings if p.agreement.count]
    return {
        "report": report,
        "coverage": f"{100 * report.confidence:g}%",
        "tasks": list(dict.fromkeys(group.task for group in groups)),
        "totals": Totals.of(report),
        "ends": [End.of(rated[0], groups), End.of(rated[-1], groups)] if rated else [],
        "by": _by(groups),
        "heading": "model and condition"
        if any(g.condition for g in groups)
        else "model",
        "names": [Heading.of(group, groups) for group in groups],
        "columns": {"rates": _columns(_RATES, groups), "runs": _columns(_RUNS, groups)},
        "figures": _figures(report),
        "comparisons": compared[:MOST_COMPARISONS],
        "more_comparisons": len(compared) - MOST_COMPARISONS,
        "within": any(c.within for c in compared),
        "tests": list(dict.fromkeys(c.test for c in compared)),
        "pairings": [Listed.of(pairing) for pairing in pairings],
        "viewer": VIEWER,
        "folders": _folders(report),
        "categories": _categories(groups),
        "techniques": _techniques(report),
        "unscored": [group for group in groups if group.reasons],
    }


# --- texts ------------------------------------------------------------------------


def shown(text: object) -> Markup:
    """Write what a log holds, so that it is seen, and nothing else."""
    safe = _PILED.sub(lambda marks: escaped(marks[0], bool), one_line(str(text)))
    return Markup('<bdi dir="auto">{}</bdi>').format(safe)


# Marks that pile up on a letter, as no language has them, cover the lines beside it.
_PILED = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4,}"
)


def told(text: str) -> Markup:
    """Write a sentence of ours that quotes commands, between backticks."""
    parts = [shown(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # not in pairs, hence no quotes
        return shown(text)
    quoted = (
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )
    return Markup().join(quoted)


def number(value: float) -> str:
    """Write a count."""
    return f"{value:,.0f}"


def large(value: float) -> str:
    """Write a count that may be millions."""
    return f"{value / 1e6:,.1f} million" if value >= 1e6 else number(value)


def when(text: str) -> str:
    """Write a time to the minute; what is none stays as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = " UTC" if time.utcoffset() == timedelta() else time.strftime(" %z")
    return time.strftime("%Y-%m-%d %H:%M") + zone


def percent(share: float) -> str:
    """Write a share in per cent."""
    return f"{100 * share:.1f}%"


def rate(estimate: Estimate | None) -> Markup | str:
    """Write a rate with its interval, in per cent."""
    if estimate is None:
        return NONE
    ends = f"{100 * estimate.low:.1f}, {100 * estimate.high:.1f}"
    return _with_ends(percent(estimate.value), ends)


def points(estimate: Estimate | None) -> Markup | str:
    """Write a difference of rates with its interval, in percentage points."""
    if estimate is None:
        return NONE
    value, low, high = (
        _signed(100 * part) for part in (estimate.value, estimate.low, estimate.high)
    )
    return _with_ends(value, f"{low}, {high}")


def decimal(estimate: Estimate | None) -> Markup | str:
    """Write a figure such as kappa with its interval."""
    if estimate is None:
        return NONE
    value, low, high = (
        f"{part:.2f}".replace("-", "\u2212")
        for part in (estimate.value, estimate.low, estimate.high)
    )
    return _with_ends(value, f"{low}, {high}")


def probability(value: float) -> str:
    """Write a p-value."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _with_ends(value: str, ends: str) -> Markup:
    return Markup('{} <span class="ends">[{}]</span>').format(value, ends)


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\u2212")


def _share(share: Share) -> str:
    return f"{share.count:,}/{share.of:,}" if share.of else NONE


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    return f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"


# --- groups -----------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Of all groups.

    Attributes:
        runs: How many runs there are.
        scored: How many have a verdict.
        cheating: How many cheated.
        models: How many models there are.
        tokens: Tokens of all agents.
        graders: Tokens of all graders.
        cost: Of all; "" where a group's is unknown.
    """

    runs: int
    scored: int
    cheating: int
    models: int
    tokens: int
    graders: int
    cost: str

    @classmethod
    def of(cls, report: Report) -> "Totals":
        """Sum up a report's groups."""
        groups = report.groups
        costs = [group.cost for group in groups if group.cost is not None]
        known = costs and len(costs) == len(groups)
        return cls(
            runs=sum(group.runs for group in groups),
            scored=sum(group.scored for group in groups),
            cheating=sum(group.cheating for group in groups),
            models=len({group.model for group in groups}),
            tokens=sum(group.total_tokens for group in groups),
            graders=sum(group.graders_tokens for group in groups),
            cost=f"${sum(costs):,.2f}" if known else "",
        )


@dataclass(frozen=True)
class Heading:
    """What a group's row begins with.

    Attributes:
        model: The model.
        detail: Its condition, and its task where there are several; may be empty.
    """

    model: str
    detail: str

    @classmethod
    def of(cls, group: Group, groups: Sequence[Group]) -> "Heading":
        """Name a group in full."""
        several = len({other.task for other in groups}) > 1
        parts = [group.condition_text, group.task if several else ""]
        return cls(group.model, ", ".join(part for part in parts if part))


@dataclass(frozen=True)
class End:
    """A group in the headline.

    Attributes:
        name: What tells it from the others.
        rate: How often it cheated.
        low: Lower end of the interval.
        high: Upper end.
        cheating: How many cheated.
        scored: Of how many.
    """

    name: str
    rate: float
    low: float
    high: float
    cheating: int
    scored: int

    @classmethod
    def of(cls, group: Group, groups: Sequence[Group]) -> "End":
        """Take it from a group with a rate."""
        name = names_of(groups)[list(groups).index(group)]
        rate = group.rate or Estimate(0.0, 0.0, 0.0)
        ends = (rate.value, rate.low, rate.high)
        return cls(name.line, *ends, group.cheating, group.scored)


@dataclass(frozen=True)
class Column:
    """A column of figures: its title, and what it says of each group."""

    title: str
    cells: list[Markup | str]


# A column: its title, what it says of a group, and whether it says anything of it. It
# is shown where it does of one group at least.
Kind = tuple[str, Callable[[Group], Markup | str], Callable[[Group], object]]

_RATES: tuple[Kind, ...] = (
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
_RUNS: tuple[Kind, ...] = (
    ("succeeded", lambda g: number(g.successes), lambda g: g.successes + g.attempts),
    ("only tried", lambda g: number(g.attempts), lambda g: g.successes + g.attempts),
    ("honest stops", lambda g: _share(g.honest_stops), lambda g: g.honest_stops.of),
    ("quiz passed", lambda g: _share(g.passed), lambda g: g.passed.of),
    (
        "median tokens",
        lambda g: NONE if g.tokens is None else number(g.tokens),
        lambda g: g.tokens,
    ),
    ("median time", lambda g: _duration(g.seconds), lambda g: g.seconds is not None),
    (
        "cost",
        lambda g: NONE if g.cost is None else f"${g.cost:,.2f}",
        lambda g: g.cost is not None,
    ),
)


def _columns(kinds: Sequence[Kind], groups: Sequence[Group]) -> list[Column]:
    return [
        Column(title, [cell(group) for group in groups])
        for title, cell, known in kinds
        if any(known(group) for group in groups)
    ]


def _by(groups: Sequence[Group]) -> str:
    """Say what tells groups apart."""
    models = len({group.model for group in groups}) > 1
    parts = [*(["model"] if models else []), *(["condition"] * bool(differing(groups)))]
    return " and ".join(parts) or "task"


def _categories(groups: Sequence[Group]) -> list[Column]:
    if not any(sum(group.categories.values()) for group in groups):
        return []
    names = dict.fromkeys(name for group in groups for name in group.categories)
    return [
        Column(name, [number(group.categories.get(name, 0)) for group in groups])
        for name in names
    ]


# --- figures ----------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A figure of the page.

    Attributes:
        name: Its name.
        title: What it shows.
        caption: How to read it.
        missing: Why it is not there; "" where it is.
        wide: The figure for a wide page; empty where there is nothing to draw.
        narrow: For a narrow one.
    """

    name: str
    title: str
    caption: Markup
    missing: str
    wide: Markup
    narrow: Markup


def _figures(report: Report) -> dict[str, Shown]:
    found = {}
    for kind in KINDS:
        title, caption = CAPTIONS[kind.name]
        missing = kind.missing(report) or ""
        drawn = [Markup(), Markup()]
        if not missing:
            drawn = [
                inlined(
                    svg(kind, report, width), f"{kind.name}-{css}-", css, f"{title}."
                )
                for width, css in ((WIDE, "wide"), (NARROW, "narrow"))
            ]
        found[kind.name] = Shown(
            kind.name, title, caption(report), missing, drawn[0], drawn[1]
        )
    return found


@dataclass(frozen=True)
class Technique:
    """A rule, and in how many runs of each model it found something.

    Attributes:
        category: Of the rule.
        rule: Its id.
        title: What it means; may be empty.
        counts: By model, with its name and its recorded runs.
    """

    category: str
    rule: str
    title: str
    counts: list[tuple[str, int, int]]


def _techniques(report: Report) -> list[Technique]:
    """Return the figure of techniques as a table, for who does not see it."""
    if techniques.missing(report):
        return []
    columns = techniques.columns(report)
    return [
        Technique(
            part.category,
            rule,
            techniques.title_of(rule),
            [(c.name.line, c.counts[rule], c.of) for c in columns],
        )
        for part in techniques.rules(columns)
        for rule in part.ids
    ]


# --- agreement --------------------------------------------------------------------


@dataclass(frozen=True)
class Disagreement:
    """A run on which two labellers differ.

    Attributes:
        run: The run.
        said: What the labeller says.
        reference: What the other says.
        link: Where the viewer shows the run; "" where no address can be written.
        reasons: What people wrote: author and reason.
    """

    run: Run
    said: str
    reference: str
    link: str
    reasons: list[tuple[str, str]]


@dataclass(frozen=True)
class Listed:
    """Two labellers, and the runs on which they differ.

    Attributes:
        pairing: The two.
        runs: The runs.
        more: How many more there are that are not listed.
        open: Whether the list is short enough to be seen at once.
    """

    pairing: RaterAgreement
    runs: list[Disagreement]
    more: int
    open: bool

    @classmethod
    def of(cls, pairing: RaterAgreement) -> "Listed":
        """List what a pairing differs on."""
        runs = pairing.disagreements
        return cls(
            pairing,
            [_disagreement(pairing, run) for run in runs[:MOST_RUNS]],
            max(0, len(runs) - MOST_RUNS),
            len(runs) <= OPEN,
        )


def _disagreement(pairing: RaterAgreement, run: Run) -> Disagreement:
    known = pairing.said.get(run.uuid) or run.said_by(pairing.labeller).verdict
    cheating = known is Verdict.CHEATING
    other = Verdict.COMPLIANT if cheating else Verdict.CHEATING
    reasons = [(d.author, d.reason) for d in run.decisions if d.reason]
    return Disagreement(run, str(known), str(other), viewer_link(run), reasons)


def _folders(report: Report) -> list[str]:
    """Return the commands that start the viewer on the logs of disagreements."""
    runs = [run for p in report.pairings for run in p.disagreements[:MOST_RUNS]]
    return list(dict.fromkeys(map(viewer_command, runs)))[:FOLDERS]
