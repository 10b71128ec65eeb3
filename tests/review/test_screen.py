"""The screen, driven by Textual's own pilot: what is shown when, and what keys do."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalSample
from textual.pilot import Pilot
from textual.widgets import Static

from proctor.logs.journal import JournalError
from proctor.logs.runs import Run
from proctor.review.opening import enter
from proctor.review.screen import DARK, LIGHT, ReviewApp, read_run
from proctor.review.sheet import Sheet
from proctor.review.state import Mode, ReviewState
from proctor.taxonomy import Category, Verdict
from tests.example_logs import audit, judge, sample
from tests.review.journals import (
    ADJUDICATE,
    BLIND,
    OPEN,
    decided,
    exam,
    review,
    reviewing,
)

SIZES = [(120, 40), (80, 24), (40, 40), (40, 12), (20, 10)]


class Driver:
    """A review on a screen of which a test can read all."""

    def __init__(self, app: ReviewApp, pilot: Pilot[None], state: ReviewState) -> None:
        self.app, self.state = app, state
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._pilot.press(key)
            await self.settle()

    async def settle(self) -> None:
        await self.app.workers.wait_for_complete()
        await self._pilot.pause()

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for what a scrolling screen shows a few frames later."""
        end = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < end, self.page
            await self._pilot.pause(0.02)

    async def resize(self, width: int, height: int) -> None:
        await self._pilot.resize_terminal(width, height)
        await self.settle()

    @property
    def page(self) -> str:
        """All that can be scrolled to."""
        sheets = [self.app.query_one(f"#{name}", Sheet) for name in SHEETS]
        return "\n".join(sheet.text for sheet in sheets if sheet.display)

    @property
    def bars(self) -> str:
        """What stands above and below."""
        names = ("position", "status", "keys", "link")
        bars = [self.app.query_one(f"#{name}", Static) for name in names]
        return "\n".join(str(bar.content) for bar in bars if bar.display)


SHEETS = ("facts", "transcript")
PATIENCE = 10


@asynccontextmanager
async def screen(
    folder: Path,
    size: tuple[int, int] = (80, 24),
    mode: Mode = OPEN,
    author: str = "Anna",
    read: Callable[[Run], EvalSample] = read_run,
) -> AsyncIterator[Driver]:
    with reviewing(folder, author, mode) as (state, found):
        app = ReviewApp(state, read=read)
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot, state)
            await driver.settle()
            yield driver
        assert enter(found.journals)[1] == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_whole_review(size: tuple[int, int], tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path, size) as driver:
        assert "1 of 5 · 0 decided · Anna" in driver.bars
        assert "M2 a.b, refused" in driver.page
        assert "I look at the answers." in driver.page
        # the category of the audit is offered, a number takes another one
        await driver.press("c")
        assert "2 modified sandbox ◀" in driver.bars.replace("\n", " ")
        await driver.press("enter", *"why", "enter")
        assert "2 of 5 · 1 decided" in driver.bars
        assert "Run 1: cheating, modified sandbox." in driver.bars
        await driver.press("o", "2", "enter")
        await driver.press("s")
        await driver.press("c", "escape", "c", "1", *"a b?q", "enter")
        await driver.press("o", "enter", "enter")
        assert "end · 4 decided · 1 skipped" in driver.bars
        assert "1 of 5 runs are left." in driver.page
        await driver.press("s")
        assert "sample 5" in driver.page
        await driver.press("q")
        assert not driver.app.is_running
    made = {name: one[-1] for name, one in decided(tmp_path).items()}
    assert (made["3"].category, made["3"].reason) == (Category.SANDBOX_MODIFIED, "why")
    assert made["4"].category is Category.ENVIRONMENT_FAILURE
    assert made["2"].reason == "a b?q", "keys are letters where a reason is asked for"
    assert len(made) == 4


async def test_blind_until_decided_then_shown_then_on(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path, mode=BLIND) as driver:
        assert "hidden until you have decided" in driver.page
        for secret in ("AUDIT", "JUDGE", "here because", "◀"):
            assert secret not in driver.page
        await driver.press("n")
        assert "What is cited is hidden" in driver.bars
        await driver.press("c")
        assert "◀" not in driver.bars, "a category that is offered would tell"
        await driver.press("enter", "enter")
        assert driver.state.at == 0, "the reviewer reads what was said"
        for told in ("You cheating (blind)", "AUDIT", "JUDGE", "here because"):
            assert told in driver.page
        await driver.press("enter")
        assert driver.state.at == 1
        assert "AUDIT" not in driver.page
        # an undo after the reveal does not make the next label blind again
        await driver.press("o", "enter", "enter", "u")
        assert "a new decision will not be blind" in driver.bars
        assert "AUDIT" in driver.page
        await driver.press("c", "enter", "enter", "enter", "q")
    made = list(decided(tmp_path).values())
    assert sorted(len(one) for one in made) == [1, 3]
    assert {one[-1].blind for one in made} == {True, False}


async def test_undo_skip_and_back(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path) as driver:
        await driver.press("u")
        assert "There is nothing to take back." in driver.bars
        await driver.press("c", "enter", "enter", "s", "left", "left")
        assert "You cheating" in driver.page
        await driver.press("enter")
        assert driver.state.at == 2, "on to what is neither decided nor skipped"
        await driver.press("u")
        assert (driver.state.at, driver.state.progress.skipped) == (1, 0)
        await driver.press("u")
        assert (driver.state.at, driver.state.decision) == (0, None)
        assert "You" not in driver.page
        await driver.press("enter")
        assert "Decide with c or o" in driver.bars
        await driver.press("right", "right", "b")
        assert driver.state.at == 1
    assert decided(tmp_path) == {}


async def test_reviewers_are_named_to_who_decides_between_them(tmp_path: Path) -> None:
    exam(tmp_path)
    for author, verdict in (("Bob", Verdict.CHEATING), ("Cleo", Verdict.COMPLIANT)):
        review(tmp_path, lambda s, v=verdict: s.decide(v, None, "for this"), author)
    async with screen(tmp_path) as driver:
        assert "Bob" not in driver.page
    async with screen(tmp_path, mode=ADJUDICATE) as driver:
        assert "Bob cheating" in driver.page and "Cleo compliant" in driver.page
        await driver.press("o", "enter", "enter", "q")
    assert decided(tmp_path)["3"][-1].adjudicates
    async with screen(tmp_path, mode=ADJUDICATE) as driver:
        assert "Nothing is to be reviewed." in driver.page


async def test_only_the_run_that_is_shown_is_read(tmp_path: Path) -> None:
    exam(tmp_path)
    read: list[str] = []

    def noted(run: Run) -> EvalSample:
        read.append(run.id)
        return read_run(run)

    async with screen(tmp_path, read=noted) as driver:
        assert read == ["3"]
        await driver.press("s")
        assert read == ["3", "4"]


async def test_a_run_that_cannot_be_read_can_only_be_skipped(tmp_path: Path) -> None:
    """Nobody decides what was not seen; the other runs need not wait."""
    exam(tmp_path)

    def broken(run: Run) -> EvalSample:
        if run.id == "3":
            raise RuntimeError("the disk\x1b[2J broke\nhere")
        return read_run(run)

    async with screen(tmp_path, read=broken) as driver:
        assert "This run cannot be read: the disk" in driver.page
        assert "\x1b" not in driver.page
        await driver.press("c", "enter", "enter")
        assert driver.state.progress.decided == 0
        await driver.press("s", "c", "enter", "enter")
        assert driver.state.progress.decided == 1


async def test_a_decision_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path) as driver:
        item = driver.state.items[0]

        def full(*_: Any) -> None:
            raise JournalError("The decision was not taken: no space left.")

        taking = item.journal.take
        item.journal.take = full  # type: ignore[method-assign]
        await driver.press("c", "enter", *"why", "enter")
        assert "no space left" in driver.bars
        assert (driver.state.at, driver.state.decision) == (0, None)
        item.journal.take = taking  # type: ignore[method-assign]
        await driver.press("c", "enter", "enter")
        assert driver.state.progress.decided == 1


async def test_next_cited_message_goes_round(tmp_path: Path) -> None:
    one = sample(1, audit=audit("cheating", "key.read"), judge=judge("compliant"))
    filling = [one.messages[2].model_copy(update={"id": f"f{n}"}) for n in range(60)]
    one.messages = [*one.messages, *filling]
    assert one.scores and one.scores["audit"].metadata
    one.scores["audit"].metadata["findings"] += [
        {"rule": "far.away", "outcome": "succeeded", "call": 2, "message_number": 40},
        {"rule": "at.the.end", "outcome": "refused", "call": 3, "message_number": 63},
    ]
    exam(tmp_path, runs=[one])
    for size in ((80, 24), (130, 24)):
        async with screen(tmp_path, size) as driver:
            seen = []
            for _ in range(4):
                await driver.press("n")
                sheet = driver.app.query_one("#transcript", Sheet)
                if size[0] < 110:
                    sheet = driver.app.query_one("#facts", Sheet)
                rows = sheet.visible_text.splitlines()
                seen.append([row for row in rows if "◀ audit" in row][-1].strip())
            names = [row.partition("audit: ")[2].partition(",")[0] for row in seen]
            assert names == ["key.read", "far.away", "at.the.end", "key.read"]


async def test_keys_scroll_through_all_of_it(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path, (40, 16)) as driver:
        sheet = driver.app.query_one("#facts", Sheet)
        assert "lab/model" in sheet.visible_text
        await driver.press("end")
        await driver.until(lambda: "Please go on." in sheet.visible_text)
        assert "lab/model" not in sheet.visible_text
        await driver.press("home", "down", "down")
        assert sheet.scroll_offset.y == 2
        await driver.press("up", "pagedown")
        assert sheet.scroll_offset.y > 5
        await driver.press("pageup", "pageup")
        assert sheet.scroll_offset.y == 0


async def test_another_width_is_laid_out_anew(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path, (120, 30)) as driver:
        facts = driver.app.query_one("#facts", Sheet)
        transcript = driver.app.query_one("#transcript", Sheet)
        assert transcript.display and "M1" not in facts.text
        await driver.press("tab")
        assert driver.app.focused is facts
        await driver.resize(40, 30)
        assert not transcript.display and "M1" in facts.text
        assert max(map(len, facts.visible_text.splitlines())) <= 40
        await driver.resize(120, 30)
        assert transcript.display and "M1" in transcript.text


async def test_dark_and_light_and_help(tmp_path: Path) -> None:
    exam(tmp_path)
    async with screen(tmp_path) as driver:
        assert driver.app.theme == DARK
        await driver.press("d")
        assert driver.app.theme == LIGHT
        await driver.press("question_mark")
        help_page = driver.app.screen.query_one("#help", Sheet)
        assert "the run before" in help_page.text
        await driver.press("c")
        assert "which category" not in driver.bars, "no key decides behind the help"
        await driver.resize(40, 12)
        await driver.press("end")
        assert "close this help" in help_page.visible_text
        await driver.resize(120, 30)
        await driver.press("question_mark")
        assert driver.app.query_one("#transcript").display, "laid out behind the help"
        assert driver.app.screen_stack[-1] is driver.app.screen_stack[0]
        assert driver.app.focused is driver.app.query_one("#transcript")


async def test_the_link_leads_to_the_very_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam(tmp_path)
    opened: list[str] = []
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.setattr("proctor.review.viewer.answers", lambda link: True)
    monkeypatch.setattr("webbrowser.open", lambda link: opened.append(link) or True)
    link = "http://127.0.0.1:7575/#/logs/exam.eval/samples/sample/3/1/"
    async with screen(tmp_path) as driver:
        assert link in driver.bars and "inspect view --log-dir" in driver.bars
        await driver.press("v")
        assert opened == [link] and driver.app.clipboard == link
        assert "opened in your browser" in driver.bars
        monkeypatch.delenv("BROWSER")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        monkeypatch.setattr("sys.platform", "linux")
        await driver.press("v")
        assert opened == [link], "a browser in the terminal would take the screen"
        monkeypatch.setattr("proctor.review.viewer.answers", lambda link: False)
        await driver.press("v")
        assert "No viewer answers there; start it: inspect view" in driver.bars


@pytest.mark.parametrize("name", ["exam.eval", "exam.json"])
def test_a_run_is_read_from_both_kinds_of_log(name: str, tmp_path: Path) -> None:
    """Ids are numbers or text; the run's id is always text."""
    exam(tmp_path, name, [sample(7, judge=judge("cheating")), sample("7a")])
    with reviewing(tmp_path) as (state, _):
        read = {item.run.id: read_run(item.run) for item in state.items}
    assert {(key, one.id) for key, one in read.items()} == {("7", 7), ("7a", "7a")}
    assert all(len(one.messages) == 3 for one in read.values())
