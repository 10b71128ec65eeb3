"""The page of a report: it says what the report says, needs nothing else, and nothing
in a log is more than text in it.

The screenshots stay in `test-artefacts/`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from proctor.logs.reading import logs_at
from proctor.logs.runs import collect
from proctor.report import page
from proctor.report.build import Origin, build
from proctor.report.contents import RaterAgreement, Report
from proctor.report.markup import shown, told
from proctor.report.style import ON_DARK, ON_LIGHT, ROLES
from proctor.room.files import ROOT
from proctor.taxonomy import Verdict
from tests.browser import SCREENSHOTS, Watched, browser
from tests.report_examples import EXAMPLES, HOSTILE, drawings, example, hostile

PAPER_LOGS = ROOT.parent / "shared" / "paper_logs" / "logs"
# Elements without an end.
VOID = {"meta", "br", "img", "link", "input", "hr", "path", "use", "rect", "mspace"}
OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer"),
    *("section", "aside", "nav", "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt"),
    *("dd", "div", "table", "thead", "tbody", "tr", "th", "td", "small", "span", "b"),
    *("i", "bdi", "a", "pre", "code", "details", "summary", "figure", "figcaption"),
    *("svg", "g", "path", "text", "use", "defs", "clippath", "rect", "pattern"),
    *("math", "mfrac", "mrow", "mi", "mn", "mo", "msup", "msub", "mover", "munder"),
    *("msqrt", "mtext", "mspace"),
}


class Page(HTMLParser):
    """What a page is made of; fails where elements are not closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.said = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.said += data


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: page.render(example(name), drawings(name)) for name in EXAMPLES}


@pytest.fixture(scope="module")
def report() -> Report:
    return example("large")


def parsed(report: Report, **changes: object) -> Page:
    """Return the page of a report without its figures, which cost time."""
    changed: Report = replace(report, **changes)  # type: ignore[arg-type]
    return Page(page.render(changed, {}))


def words(found: Page) -> str:
    return " ".join(found.said.split())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_is_whole_and_needs_nothing(
    pages: Mapping[str, str], name: str
) -> None:
    text = pages[name]
    found = Page(text)
    assert set(found.elements) <= OURS
    assert len(found.ids) == len(set(found.ids)), "an id is there twice"
    for attribute, value in found.attributes:
        assert not attribute.startswith("on")
        assert attribute not in ("src", "srcset", "background", "poster", "ping")
        if attribute == "href":
            assert value.startswith(("#", "http://127.0.0.1:7575/#/logs/"))
    for value in (v for a, v in found.attributes if a in ("style", "clip-path")):
        assert set(re.findall(r"url\((.)", value)) <= {"#"}
    assert "default-src 'none'" in text.partition("<title>")[0]
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style and "@import" not in style
    wanted = {v[1:] for a, v in found.attributes if a == "href" and v[0] == "#"}
    wanted |= {
        reference
        for _, value in found.attributes
        for reference in re.findall(r"url\(#([^)]*)\)", value)
    }
    wanted |= {v for a, v in found.attributes if a == "aria-labelledby"}
    assert wanted <= set(found.ids), "a reference leads nowhere"


def test_every_colour_of_a_figure_is_the_pages(pages: Mapping[str, str]) -> None:
    """What keeps its own is not seen in the dark; and no role lacks a colour there."""
    text = pages["large"]
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert drawn and not [colour for colour in ROLES if colour in drawn]
    # text on bars, which are light or dark in both
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawn)) <= {ON_LIGHT, ON_DARK}
    for role in set(re.findall(r"var\(--([\w-]+)\)", drawn)):
        assert text.count(f" --{role}: ") == 2, role


def test_the_headline_has_the_main_numbers(
    pages: Mapping[str, str], report: Report
) -> None:
    scored = sum(group.scored for group in report.groups)
    cheating = sum(group.cheating for group in report.groups)
    said = words(Page(pages["large"]))
    assert f"Of {scored} scored runs of 4 models, {cheating} cheated" in said
    assert "the rate goes from 2.1% (small-4, warned=no: 1 of 48) to 83.3%" in said
    assert "The only run has no verdict" in Page(pages["minimal"]).said
    said = words(parsed(report, groups=report.groups[:1]))
    assert re.search(r"cheated: \d+\.\d% \(95% interval \d+\.\d% to \d+\.\d%\)", said)


def test_what_a_report_says_is_on_the_page(
    pages: Mapping[str, str], report: Report
) -> None:
    said = words(Page(pages["large"]))
    for note in report.notes:
        assert note in said
    for source in report.sources:
        assert source.name in said and source.sha256 in said
    for text in (report.command, "0.3.285", "2025-07-03 15:00 UTC", "Krippendorff"):
        assert text in said
    assert report.correction.sensitivity is not None
    assert f"{100 * report.correction.sensitivity.value:.1f}%" in said
    for method in ("Wilson", "Rao and Scott", "Rogan and Gladen", "Holm", "Fisher"):
        assert method in said


def test_what_is_missing_is_said(pages: Mapping[str, str]) -> None:
    """An empty place would be read as nothing found."""
    said = Page(pages["minimal"]).said
    assert said.count("No figure “") == 5
    assert "Rates are not corrected: " in said
    assert "0.0%" not in said, "what is not known is not 0"
    assert "None" not in said.replace("None of", "")


def verdicts(report: Report, pairing: RaterAgreement) -> list[tuple[str, str]]:
    """Return what the page says of disagreements: the labeller's and the other's."""
    text = page.render(replace(report, pairings=(pairing,)), {})
    return re.findall(
        r'data-label="labeller">(\w+)</td>\s*<td data-label="reference">(\w+)</td>',
        text,
    )


def test_disagreements_link_to_the_viewer_and_say_who_said_what(
    report: Report,
) -> None:
    pairing = report.pairings[0]
    run = pairing.disagreements[0]
    found = parsed(report, pairings=(pairing,))
    links = [v for a, v in found.attributes if a == "href" and v[0] != "#"]
    assert links[0].endswith(f"/samples/sample/{run.id}/1/")
    assert len(links) == len(pairing.disagreements)
    assert "inspect view --log-dir logs" in found.said
    said = verdicts(report, pairing)
    assert [labeller for labeller, _ in said] == [
        str(run.said_by(pairing.labeller).verdict) for run in pairing.disagreements
    ]
    assert all({*pair} == {"cheating", "compliant"} for pair in said)
    # `said` counts before the label of the same name, which may be another's
    opposite = {run.uuid: Verdict.CHEATING for run in pairing.disagreements}
    changed = verdicts(report, replace(pairing, said=opposite))
    assert set(changed) == {("cheating", "compliant")}


def test_many_disagreements_are_cut_and_counted(report: Report) -> None:
    pairing = report.pairings[-1]
    long = replace(pairing, disagreements=pairing.disagreements * 20)
    assert len(verdicts(report, long)) == page.MOST_RUNS
    more = len(long.disagreements) - page.MOST_RUNS
    assert more > 0 and f"And {more} more" in parsed(report, pairings=(long,)).said


# --- hostile texts ----------------------------------------------------------------


def test_hostile_texts_make_no_element(pages: Mapping[str, str]) -> None:
    """The same report with harmless texts in their place has the same elements."""
    text = pages["hostile"]
    found = Page(text)
    harmless = {name: f"text-{name}" for name in HOSTILE}
    assert parsed(example("hostile")).elements == parsed(hostile(harmless)).elements
    assert found.elements["script"] == found.elements["img"] == 0
    assert found.elements["h1"] == found.elements["title"] == 1
    assert found.elements["style"] == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in found.said and "49" not in found.said.split()


def test_nothing_that_moves_other_text_is_left(pages: Mapping[str, str]) -> None:
    text = pages["hostile"]
    for character in "\u202e\u2066\u2067\x00\x1b\r\x85\u2028\udcff":
        assert character not in text
        assert character.encode("unicode_escape").decode() in text
    text.encode("utf-8")


SHOWN = [
    ("a<b>", "a&lt;b&gt;"),
    ("a\nb", r"a\nb"),
    ("x\u202ey", r"x\u202ey"),
    ("z\u0301", "z\u0301"),
    ("z" + "\u0301" * 4, "z" + r"\u0301" * 4),
    ("&amp;", "&amp;amp;"),
]


@pytest.mark.parametrize(("text", "wanted"), SHOWN)
def test_a_text_of_a_log_is_shown_as_it_is(text: str, wanted: str) -> None:
    assert shown(text) == f'<bdi dir="auto">{wanted}</bdi>'


@pytest.mark.parametrize(
    ("text", "codes"), [("run `a` or `b`", 2), ("one ` only", 0), ("`<b>`", 1)]
)
def test_commands_in_sentences_are_set_as_commands(text: str, codes: int) -> None:
    found = Page(str(told(text)))
    assert found.elements["code"] == codes and found.elements["b"] == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2025-07-03T15:00:00+00:00", "2025-07-03 15:00 UTC"),
        ("2025-07-03T15:00:00+02:00", "2025-07-03 15:00 +0200"),
        ("2025-07-03T15:00:00", "2025-07-03 15:00"),
        ("<b>", "<b>"),
    ],
)
def test_times(text: str, wanted: str) -> None:
    assert page.when(text).strip() == wanted


# --- in a browser -----------------------------------------------------------------

SIZES = {"laptop": (1280, 900), "phone": (390, 844)}
SEEN = [(name, "light") for name in EXAMPLES] + [("large", "dark")]


@pytest.fixture(scope="module")
def reader(
    pages: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Watched, Path]]:
    folder = tmp_path_factory.mktemp("pages")
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    with browser(folder.as_uri()) as watched:
        yield watched, folder


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "scheme"), SEEN)
def test_what_a_reader_sees(
    reader: tuple[Watched, Path], name: str, scheme: str, size: str
) -> None:
    watched, folder = reader
    width, height = SIZES[size]
    seen = watched.page
    requests: list[str] = []
    seen.on("request", lambda request: requests.append(request.url))
    seen.set_viewport_size({"width": width, "height": height})
    seen.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    address = (folder / f"{name}.html").as_uri()
    seen.goto(address)
    assert requests == [address], "the page asks for something"
    assert watched.trouble == []
    assert seen.evaluate("document.documentElement.scrollWidth") == width
    dark = _lightness(seen.evaluate(_COLOUR)) < 0.2
    assert dark == (scheme == "dark")
    for figure in seen.locator("svg").all():
        place = figure.bounding_box()
        # on a phone it scrolls in a box of its own, instead of being too small to read
        assert place and place["width"] >= 640
    seen.screenshot(
        path=SCREENSHOTS / f"report-{name}-{size}-{scheme}.png", full_page=True
    )


_COLOUR = "getComputedStyle(document.body).backgroundColor"


def _lightness(colour: str) -> float:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / (3 * 255)


@pytest.mark.browser
def test_print_is_dark_on_light(reader: tuple[Watched, Path]) -> None:
    """Whatever a reader's screen is, paper is white."""
    watched, folder = reader
    watched.page.emulate_media(color_scheme="dark", media="print")
    watched.page.goto((folder / "large.html").as_uri())
    assert _lightness(watched.page.evaluate(_COLOUR)) == 1
    watched.page.emulate_media(media="screen")


@pytest.mark.browser
def test_text_of_figures_stays_inside_them(reader: tuple[Watched, Path]) -> None:
    """Also where the type is not the one that was measured."""
    watched, folder = reader
    for name in ("large", "hostile", "many"):
        watched.page.goto((folder / f"{name}.html").as_uri())
        assert watched.page.evaluate(_OUTSIDE) == [], name


_OUTSIDE = """() => [...document.querySelectorAll('svg')]
  .flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
      const box = text.getBoundingClientRect();
      return box.left < frame.left - 2 || box.right > frame.right + 2
        || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
    }).map(text => text.textContent);
  })"""


# --- real logs --------------------------------------------------------------------


@pytest.mark.skipif(not PAPER_LOGS.is_dir(), reason=f"there is no {PAPER_LOGS}")
def test_published_logs_without_recordings() -> None:
    report = build(collect(logs_at(PAPER_LOGS)), Origin())
    said = Page(page.render(report, {})).said
    assert said.count("these logs hold no recording") == 2
    assert f"Of {len(report.runs)} scored runs of 4 models" in " ".join(said.split())
