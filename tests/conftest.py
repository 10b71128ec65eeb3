"""What the tests share: what must be there for some, and boxes to run in."""

import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from proctor.checks.preflight import docker_problem
from tests.box import Box
from tests.browser import Watched, browser, browser_problem, viewer
from tests.evasion.tally import write_tally

# Hundreds of sessions in real containers: measured with `make suites`, not in each run.
SUITES = ("honest", "evasion")
# Begun first, because each takes a minute: none of them may come last.
LONG = (
    *("test_exam.py", "test_many.py", "test_host.py", "test_engine.py"),
    *("test_sandbox.py", "test_exams.py", "test_conditions.py", "test_grader.py"),
)
# Asked once: each answer takes several programs.
NEEDS = {"docker": cache(docker_problem), "browser": cache(browser_problem)}


def pytest_configure() -> None:
    """Inspect reads what is installed at each eval, a quarter of a second each time."""
    pytest.MonkeyPatch().setattr(
        "inspect_ai._util.package.packages_distributions", cache(packages_distributions)
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what belongs to one of the suites, and put what is long first."""
    items.sort(key=lambda item: item.path.name not in LONG)
    for item in items:
        if item.path.parent.name in SUITES:
            item.add_marker(pytest.mark.suite)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test is skipped without what its markers name; in CI it fails instead."""
    for marker, find_problem in NEEDS.items():
        if not item.get_closest_marker(marker):
            continue
        problem = find_problem()
        if problem and os.environ.get("CI") == "true":
            pytest.fail(f"CI must have it: {problem}", pytrace=False)
        if problem:
            pytest.skip(problem)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Here, because with several processes no other conftest is read by the first."""
    write_tally(terminalreporter)


@pytest.fixture(scope="module")
def watched(logs: Path) -> Iterator[Watched]:
    """Inspect's viewer on a module's own fixture `logs`, in a browser."""
    with viewer(logs) as url, browser(url) as page:
        yield page


@pytest.fixture
def reader(watched: Watched) -> Iterator[Watched]:
    """Somebody who looks at the logs.

    Whatever a test looks at: no log runs a program in the reader's browser.
    """
    yield watched
    assert watched.trouble == []
    assert watched.page.evaluate("window.__pwned") is None


@pytest.fixture(scope="session")
def container() -> Iterator[Box]:
    """One container for all tests of a run that do not break it."""
    with Box.up() as box:
        yield box


@pytest.fixture
def box(container: Box) -> Iterator[Box]:
    """A fresh room with a shell in it."""
    container.freshen()
    container.start()
    yield container
    container.finish()
