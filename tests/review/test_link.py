"""The link that a review shows, in Inspect's own viewer and a real browser."""

from pathlib import Path

import pytest

from proctor.logs.links import viewer_link
from proctor.review.viewer import answers
from tests.browser import browser, viewer
from tests.example_logs import audit, judge, log_of, sample, written
from tests.review.journals import reviewing

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_link_opens_the_very_sample(tmp_path: Path) -> None:
    scores = {"audit": audit("cheating", "a.b"), "judge": judge("compliant")}
    runs = [
        sample(name, epoch=epoch, prompt=f"This is {name}, {epoch}.", **scores)
        for name in ("one", "a b/c?d")
        for epoch in (1, 2)
    ]
    name = "2026-01-02T03-04-05+00-00_exam.eval"
    log = written(log_of(runs), tmp_path / "in", name)
    with reviewing(tmp_path, log=log) as (state, _), viewer(log.parent) as url:
        with browser(url) as watched:
            for item in state.items:
                link = viewer_link(item.run, url.rstrip("/"))
                watched.page.goto("about:blank")
                watched.page.goto(link)
                prompt = f"This is {item.run.id}, {item.run.epoch}."
                watched.page.get_by_text(prompt).first.wait_for()
            watched.screenshot("review-link")
        assert answers(url)
    assert not answers(url), "the viewer is gone, and the screen can say so"
