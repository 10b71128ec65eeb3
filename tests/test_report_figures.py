"""The figures of a report: ready for a paper, the same bytes each time.

What there is nothing to show of is left out, and says why.
"""

import struct
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proctor.report import figure_rates, figure_techniques, figure_timeline, figures
from proctor.report.contents import Group, Report
from proctor.report.figure_outcomes import PARTS, counts_of
from proctor.report.figure_text import ELLIPSIS, fitted, lettered, names_of, width_of
from proctor.report.figures import KINDS, png, svg
from proctor.report.style import DASHES, NARROW, ROLES, SERIES, WIDE, styled
from tests.report_examples import HOSTILE, hostile, large, many, minimal

SVG = "{http://www.w3.org/2000/svg}"
ALL = {"rates", "outcomes", "techniques", "timeline", "agreement"}
DRAWN = {
    "large": (large, ALL),
    "hostile": (hostile, ALL),
    "many": (many, ALL - {"agreement"}),
    "minimal": (minimal, set()),
}
BY_NAME = {kind.name: kind for kind in KINDS}
WIDTHS = {"wide": WIDE, "narrow": NARROW}


@pytest.fixture(scope="module")
def report() -> Report:
    return large()


def texts(content: bytes) -> list[str]:
    """Return the texts of a figure, which are texts and not outlines."""
    root = ElementTree.fromstring(content)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", DRAWN)
def test_what_has_something_to_show_is_written(name: str, tmp_path: Path) -> None:
    made, wanted = DRAWN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a letter that the type lacks, for instance
        written = figures.write(made(), tmp_path)
    endings = [f"{end}.{form}" for end in ("", "-column") for form in ("svg", "png")]
    assert {path.name for path in written} == {k + e for k in wanted for e in endings}
    assert sorted(tmp_path.iterdir()) == sorted(written)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_has_nothing_to_show_says_why(kind: figures.Kind) -> None:
    assert kind.missing(minimal())
    assert kind.missing(large()) is None


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_png_has_300_dots_an_inch(
    report: Report, kind: figures.Kind, width: float
) -> None:
    content = png(kind, report, width)
    assert struct.unpack(">I", content[16:20])[0] == round(300 * width)
    place = content.index(b"pHYs") + 4
    assert struct.unpack(">II", content[place : place + 8]) == (11811, 11811)  # metre


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_same_report_gives_the_same_bytes(
    report: Report, kind: figures.Kind
) -> None:
    """So that a figure in a repository changes only with what it shows."""
    for save in (svg, png):
        assert save(kind, report, NARROW) == save(kind, report, NARROW)
    assert b"<dc:date>" not in svg(kind, report, NARROW)


def test_settings_of_the_user_change_nothing(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib

    kind = BY_NAME["rates"]
    plain = svg(kind, report, WIDE)
    for name, value in {
        "font.size": 30,
        "axes.grid": True,
        "lines.marker": "x",
    }.items():
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    assert svg(kind, report, WIDE) == plain
    assert matplotlib.rcParams["font.size"] == 30, "and are left as they were"


# --- what they show ---------------------------------------------------------------


def test_rates_are_sorted_and_carry_their_counts(report: Report) -> None:
    rows = figure_rates.ordered(report)
    rates = [group.rate.value for _, group in rows if group.rate]
    assert rates == sorted(rates, reverse=True) and len(rates) == 8
    shown = texts(svg(BY_NAME["rates"], report, WIDE))
    for _, group in rows:
        assert f"{group.cheating}/{group.scored}" in shown
    assert "corrected for the labeller's error" in shown


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
    assert [part.category for part in parts] == [
        "disabled oversight",
        "modified sandbox",
        "workaround of protective measures",
        "unsuccessful environment usage",
        "other rules",
    ]
    assert parts[-1].ids == ("custom.rule",)
    shown = texts(svg(BY_NAME["techniques"], report, WIDE))
    assert "the answer key was read" in shown and "custom.rule" in shown


def test_a_share_is_of_recorded_runs(report: Report) -> None:
    """A run without a recording is none in which nothing was found."""
    one = group(report, recorded=20, techniques={"key.read": 5}, runs=50)
    (column,) = figure_techniques.columns(replace(report, groups=(one,)))
    assert column.share("key.read") == 0.25
    assert column.share("quiz.change") == 0


def test_models_are_columns_and_groups_are_where_there_is_one_model(
    report: Report,
) -> None:
    names = [column.name.line for column in figure_techniques.columns(report)]
    assert names == [
        "flash-2.5",
        "large-4-2025-05-14",
        "small-4",
        "reasoner-pro-preview:thinking",
    ]
    single = replace(report, groups=report.groups[:2])
    names = [column.name.line for column in figure_techniques.columns(single)]
    assert names == ["warned=no", "warned=yes"]


def test_a_curve_counts_recorded_runs(report: Report) -> None:
    one = group(report, recorded=10, starts=(1, 4, 4, 9))
    (curve,) = figure_timeline.curves(replace(report, groups=(one,)))
    shares = [curve.share(call) for call in (0, 1, 3, 4, 9, 50)]
    assert shares == [0, 0.1, 0.1, 0.3, 0.4, 0.4]
    assert curve.ends == "4/10"


@pytest.mark.parametrize(
    ("made", "groups", "wanted"), [(large, 2, 2), (large, 8, 4), (many, 30, 1)]
)
def test_there_are_no_more_curves_than_colours(
    made: object, groups: int, wanted: int
) -> None:
    """A line whose colour is another one's could be taken for it."""
    whole = DRAWN["large" if made is large else "many"][0]()
    some = replace(whole, groups=whole.groups[:groups])
    found = figure_timeline.curves(some)
    assert len(found) == wanted <= len(SERIES) == len(DASHES)
    assert sum(curve.of for curve in found) == sum(g.recorded for g in some.groups)


@pytest.mark.parametrize(
    ("heights", "floor", "wanted"),
    [
        ([0.0, 5.0], 9.0, [0.0, 5.0]),
        ([0.0, 0.2, 0.3], 9.0, [0.0, 1.0, 2.0]),
        ([8.5, 9.0, 9.0], 9.0, [7.0, 8.0, 9.0]),
        ([], 9.0, []),
    ],
)
def test_labels_do_not_stand_on_each_other(
    heights: list[float], floor: float, wanted: list[float]
) -> None:
    assert figure_timeline.spread(heights, 1.0, floor) == wanted


# --- names ------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("width", [0.3, 1.0, 3.0])
def test_a_name_fits_and_is_only_text(text: str, width: float) -> None:
    with styled():
        shown = fitted(text, width)
        assert width_of(shown) <= width
        assert shown.isprintable() and not set(shown) & set("\u202e\u2066\u05d0\u0300")
        assert (shown == lettered(text)) == (width_of(lettered(text)) <= width)


def test_a_cut_name_keeps_its_start_and_its_end() -> None:
    with styled():
        shown = fitted("provider/model-one-2025-05-14", 1.0)
    assert shown.startswith("prov") and shown.endswith("14") and ELLIPSIS in shown


def test_groups_are_called_by_what_tells_them_apart(report: Report) -> None:
    names = names_of(report.groups)
    assert names[0].line == "flash-2.5, warned=no"
    assert len({name.line for name in names}) == len(names)
    other = replace(report.groups[0], task="another v1")
    told = names_of((report.groups[0], other))
    assert [name.line for name in told] == ["cheating_evals v2", "another v1"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_hostile_names_are_text_in_a_figure(kind: figures.Kind, width: float) -> None:
    content = svg(kind, hostile(), width)
    root = ElementTree.fromstring(content)
    elements = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert elements <= {
        *("svg", "g", "path", "text", "use", "defs", "style", "clipPath", "rect"),
        *("pattern", "metadata"),
    }
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on") and "example.org" not in value


def test_no_two_roles_have_one_colour() -> None:
    """A page tells by its colour what a thing is, to give it its own."""
    assert len(ROLES) == len(set(ROLES.values())) == 12 + len(SERIES)
    assert "#000000" not in ROLES
