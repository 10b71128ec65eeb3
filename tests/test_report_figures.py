"""The figures of a report: ready for a paper, the same bytes each time.

What there is nothing to show of is left out, and says why.
"""

import struct
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from proctor.report import figure_rates, figure_techniques, figure_timeline
from proctor.report.contents import Group, Report
from proctor.report.figure_outcomes import PARTS, counts_of
from proctor.report.figure_text import ELLIPSIS, LONGEST, fitted
from proctor.report.figures import KINDS, drawn
from proctor.report.names import names_of
from proctor.report.style import DASHES, ROLES, SERIES, WIDTH, styled
from tests.report_examples import EXAMPLES, HOSTILE, drawings, example

SVG = "{http://www.w3.org/2000/svg}"
ALL = {"rates", "outcomes", "techniques", "timeline", "agreement"}
DRAWN = {"large": ALL, "hostile": ALL, "many": ALL - {"agreement"}, "minimal": set()}


@pytest.fixture(scope="module")
def report() -> Report:
    return example("large")


@pytest.fixture(scope="module")
def figures(report: Report) -> dict[str, bytes]:
    return drawn(report)


def texts(content: bytes) -> list[str]:
    """Return the texts of a figure, which are texts and not outlines."""
    root = ElementTree.fromstring(content)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_a_png_has_300_dots_an_inch(figures: dict[str, bytes]) -> None:
    assert figures.keys() == {f"{name}.{form}" for name in ALL for form in FORMS}
    for name in ALL:
        content = figures[f"{name}.png"]
        assert struct.unpack(">I", content[16:20])[0] == round(300 * WIDTH)
        place = content.index(b"pHYs") + 4
        dots_a_metre = struct.unpack(">II", content[place : place + 8])
        assert dots_a_metre == (11811, 11811)


FORMS = ("svg", "png")


def test_the_same_report_gives_the_same_bytes(
    report: Report, figures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a figure in a repository changes only with what it shows; settings of
    the user change nothing, and are left as they were."""
    import matplotlib

    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30)
    monkeypatch.setitem(matplotlib.rcParams, "axes.grid", True)
    monkeypatch.setitem(matplotlib.rcParams, "lines.marker", "x")
    assert drawn(report) == figures
    assert matplotlib.rcParams["font.size"] == 30
    assert b"<dc:date>" not in figures["rates.svg"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_names_are_text_in_a_figure_and_break_none(name: str) -> None:
    """Whatever a log holds is drawn as it is; what cannot be drawn says why."""
    made, found = example(name), drawings(name)
    assert {kind.name for kind in KINDS if not kind.missing(made)} == DRAWN[name]
    assert found.keys() == {f"{kind}.svg" for kind in DRAWN[name]}
    for content in found.values():
        root = ElementTree.fromstring(content)
        elements = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert elements <= {
            *("svg", "g", "path", "text", "use", "defs", "style", "clipPath", "rect"),
            *("pattern", "metadata"),
        }
        for element in root.iter():
            for attribute, value in element.attrib.items():
                assert not attribute.startswith("on") and "example.org" not in value
    if name == "hostile":
        shown = texts(found["rates.svg"])
        with styled():
            for model in ("image", "quote", "template", "bidi", "unbroken"):
                assert fitted(HOSTILE[model]) in shown


# --- what they show ---------------------------------------------------------------


def test_what_stands_in_figures(report: Report, figures: dict[str, bytes]) -> None:
    rows = figure_rates.ordered(report)
    rates = [group.rate.value for _, group in rows if group.rate]
    assert rates == sorted(rates, reverse=True) and len(rates) == 8
    shown = texts(figures["rates.svg"])
    for name, group in rows:
        assert name.title in shown and name.detail in shown
        counts = f"{group.cheating}/{group.scored}  "
        assert any(text.startswith(counts) for text in shown)
    assert "corrected for the labeller's error" in shown
    assert {part[0] for part in PARTS} <= set(texts(figures["outcomes.svg"]))
    shown = texts(figures["techniques.svg"])
    assert {"the answer key was read", "custom.rule", "flash-2.5, n=96"} <= set(shown)
    kappa = report.pairings[0].agreement.kappa
    assert kappa is not None
    assert any(f"κ {kappa.value:.2f} [" in t for t in texts(figures["agreement.svg"]))


def test_a_group_without_a_rate_has_no_row(report: Report) -> None:
    """It is no group that cheated in 0% of its runs."""
    group = replace(report.groups[0], rate=None, unscored=report.groups[0].runs)
    some = replace(report, groups=(group, *report.groups[1:]))
    assert len(figure_rates.ordered(some)) == len(report.groups) - 1


def group(report: Report, **changes: object) -> Group:
    return replace(report.groups[0], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ({"cheating": 6, "successes": 3, "attempts": 2}, (3, 2, 1, 2, 2)),
        ({"cheating": 6, "successes": 0, "attempts": 0}, (0, 0, 6, 2, 2)),
        ({"cheating": 0, "successes": 0, "attempts": 0}, (0, 0, 0, 8, 2)),
    ],
)
def test_each_run_is_in_one_part_of_a_bar(
    report: Report, counts: dict[str, int], wanted: tuple[int, ...]
) -> None:
    found = counts_of(group(report, runs=10, unscored=2, **counts))
    assert found == wanted
    assert sum(found) == 10 and len(found) == len(PARTS)


def test_rules_are_grouped_and_those_of_other_origin_stay(report: Report) -> None:
    parts = figure_techniques.rules(figure_techniques.columns(report))
    assert list(parts) == [
        "disabled oversight",
        "modified sandbox",
        "workaround of protective measures",
        "unsuccessful environment usage",
        "other rules",
    ]
    assert parts["other rules"] == ["custom.rule"]


def test_a_share_is_of_recorded_runs(report: Report) -> None:
    """A run without a recording is none in which nothing was found."""
    one = group(report, recorded=20, techniques={"key.read": 5}, runs=50)
    (column,) = figure_techniques.columns(replace(report, groups=(one,)))
    assert column.share("key.read") == 0.25
    assert column.share("quiz.change") == 0


def test_models_are_columns_and_groups_are_where_there_is_one_model(
    report: Report,
) -> None:
    for groups, wanted in (
        (
            report.groups,
            [
                "flash-2.5",
                "large-4-2025-05-14",
                "small-4",
                "reasoner-pro-preview:thinking",
            ],
        ),
        (report.groups[:2], ["warned=no", "warned=yes"]),
    ):
        found = figure_techniques.columns(replace(report, groups=groups))
        assert [column.name for column in found] == wanted


def test_a_curve_counts_recorded_runs(report: Report) -> None:
    one = group(report, recorded=10, starts=(1, 4, 4, 9))
    (curve,) = figure_timeline.curves(replace(report, groups=(one,)))
    shares = [curve.share(call) for call in (0, 1, 3, 4, 9, 50)]
    assert shares == [0, 0.1, 0.1, 0.3, 0.4, 0.4]
    assert curve.ends == "4/10"


def test_there_are_no_more_curves_than_colours(report: Report) -> None:
    """A line whose colour is another one's could be taken for it."""
    for whole, groups, wanted in (
        (report, 2, 2),
        (report, 8, 4),
        (example("many"), 30, 1),
    ):
        some = replace(whole, groups=whole.groups[:groups])
        found = figure_timeline.curves(some)
        assert len(found) == wanted <= len(SERIES) == len(DASHES)
        assert sum(curve.of for curve in found) == sum(g.recorded for g in some.groups)


# --- names ------------------------------------------------------------------------


def test_a_name_fits_and_is_only_text() -> None:
    with styled():
        for text in HOSTILE.values():
            shown = fitted(text)
            assert len(shown) <= LONGEST and shown.isprintable()
            assert not set(shown) & set("\u202e\u2066\u05d0\u0300")
            whole = fitted(text, 10**6)
            assert (shown == whole) == (len(whole) <= LONGEST)
        shown = fitted("provider/model-one-2025-05-14", 12)
    assert shown == f"provid{ELLIPSIS}05-14", "its start and its end tell it"


def test_groups_are_called_by_what_tells_them_apart(report: Report) -> None:
    names = names_of(report.groups)
    assert names[0].line == "flash-2.5, warned=no"
    assert len({name.line for name in names}) == len(names)
    other = replace(report.groups[0], task="another v1")
    told = names_of((report.groups[0], other))
    assert [name.line for name in told] == ["cheating_evals v2", "another v1"]


def test_no_two_roles_have_one_colour() -> None:
    """A page tells by its colour what a thing is, to give it its own."""
    assert len(ROLES) == len(set(ROLES.values())) == 12 + len(SERIES)
    assert "#000000" not in ROLES
