"""Inspect's viewer in a headless browser, for tests that look at what a reader sees."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_ai.log import EvalSample, read_eval_log

from proctor.checks.preflight import local_problem
from proctor.room.files import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREENSHOTS = ROOT / "test-artefacts"
START = 60
# Wide and high enough for a finding, its call and the explanation beside them.
SIZE = (1280, 1000)
# Milliseconds, ten times what it took.
SETTLED = 500


def chromium() -> str | None:
    """Return the path of the browser, as Debian and others name it."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def browser_problem() -> str | None:
    """Say what the tests in a browser lack; None where they can run."""
    if find_spec("playwright") is None:
        return "Playwright is not installed: pip install -e '.[dev]'."
    if chromium() is None:
        return "Chromium is not installed: sudo apt-get install chromium."
    return local_problem()  # the runs that are looked at take place on this machine


def sample_of(logs: Path, name: str) -> EvalSample:
    """Return the only sample of a log."""
    (sample,) = read_eval_log(str(logs / f"{name}.eval")).samples or []
    return sample


@contextmanager
def viewer(logs: Path) -> Iterator[str]:
    """Serve a folder of logs with `inspect view`; yields the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "inspect_ai", "view", "start"),
        *("--log-dir", str(logs), "--host", "127.0.0.1", "--port", str(port)),
    ]
    url = f"http://127.0.0.1:{port}/"
    with (logs / "viewer.out").open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(START)


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=START).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"inspect view does not answer at {url}")


class Watched:
    """A page, and whatever happens in it that no log may cause.

    Attributes:
        page: The page.
        url: Address of the viewer.
        trouble: Dialogs, requests to elsewhere, and what the viewer's content security
            policy has stopped.
    """

    def __init__(self, page: "Page", url: str) -> None:
        self.page = page
        self.trouble: list[str] = []
        self.url = url
        self._place = ""
        page.on("dialog", lambda dialog: self._dialog(dialog.message, dialog.dismiss))
        page.on("request", lambda request: self._request(request.url))
        page.on("console", lambda message: self._console(message.text))

    def _dialog(self, message: str, dismiss: object) -> None:
        self.trouble.append(f"dialog: {message}")
        dismiss()  # type: ignore[operator]

    def _request(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.trouble.append(f"request: {url}")

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.trouble.append(text)

    def open(self, log: str, tab: str) -> "Page":
        """Open a tab of a log's only sample."""
        place = f"{log}.eval/samples/sample/1/1/{tab}"
        if self._place.split("?")[0] != place.split("?")[0]:
            # Loaded anew, so that nothing is seen that was there before.
            self.page.goto("about:blank")
        self._place = place
        self.page.goto(f"{self.url}#/logs/{place}")
        return self.page

    def screenshot(self, name: str) -> None:
        """Keep what is seen, once the viewer has rendered all Markdown."""
        self.page.wait_for_timeout(SETTLED)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@contextmanager
def browser(url: str) -> Iterator[Watched]:
    """Start the browser with one page."""
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as play:
        # Chromium's own sandbox does not run as root, nor in most containers.
        started = play.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"]
        )
        width, height = SIZE
        page = started.new_page(viewport={"width": width, "height": height})
        try:
            yield Watched(page, url)
        finally:
            started.close()
