"""`proctor review` in a real terminal: keys, screens, and every way to be interrupted.

What is promised: a decision that the screen has confirmed is in the log after the next
start, and original and log can be read at any moment, wherever the program was killed.
"""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from proctor.logs.journal import DecisionJournal
from proctor.taxonomy import Verdict
from tests.example_logs import audit, judge
from tests.review.journals import decided, exam, reviewing
from tests.review.terminal import (
    CTRL_C,
    ENTER,
    ESCAPE,
    LEFT,
    RUN,
    Terminal,
    terminal,
)
from tests.review.test_page import agent

pytestmark = pytest.mark.slow

ANNA = ("in", "--reviewer", "Anna", "--originals", "originals")
READY = "c cheating  o compliant"


def decide(shown: Terminal, key: str, confirmed: str) -> None:
    """Decide a run as somebody does who has nothing to add."""
    shown.wait_for(READY)
    shown.press(key, "which category?")
    shown.press(ENTER, "Enter take it")
    shown.press(ENTER, confirmed)


def last(folder: Path) -> dict[str, str]:
    """What each run of the reviewed log is, after the last decision."""
    return {name: str(made[-1].verdict) for name, made in decided(folder).items()}


# --- a whole review ---------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (40, 30), (120, 40)])
def test_a_review(size: tuple[int, int], tmp_path: Path) -> None:
    source = exam(tmp_path).read_bytes()
    with terminal(*ANNA, folder=tmp_path, size=size) as shown:
        shown.wait_for("1 of 5 · 0 decided · Anna")
        shown.wait_for("here because: judge and audit disagree")
        shown.wait_for("http://127.0.0.1:7575/#/logs/exam.eval/samples/sample/3/1/")
        shown.wait_for(READY)
        shown.press("c", "CHEATING: which category?")
        shown.press("3", "CHEATING, disabled oversight")
        shown.press("it did so" + ENTER, "Run 1: cheating, disabled oversight.")
        decide(shown, "o", "Run 2: compliant")
        shown.wait_for(READY)
        shown.press(LEFT, "You compliant")
        shown.press("u", "Run 2 is open again")
        shown.press("s", "Run 2 skipped")
        shown.wait_for(READY)
        shown.press("?", "the run before, the run behind")
        shown.press("?", READY)
        shown.press("q")
        said = shown.end()
        assert shown.exit == 0
    assert "1 run decided by Anna: 1 cheating." in said
    assert "4 of 5 runs left, 1 of them skipped." in said
    assert "logs/exam.eval: 1 decision entered; as it was: originals/exam.eval" in said
    assert "proctor agree logs" in said and "proctor report logs" in said
    made = decided(tmp_path)["3"][-1]
    assert (made.reason, str(made.category)) == ("it did so", "disabled oversight")
    assert (tmp_path / "originals" / "exam.eval").read_bytes() == source
    assert (tmp_path / "in" / "exam.eval").read_bytes() == source
    assert not list((tmp_path / "logs" / ".review").glob("*.jsonl"))


def test_a_blind_review_hides_and_reveals(tmp_path: Path) -> None:
    exam(tmp_path)
    with terminal(*ANNA, "--blind", folder=tmp_path, size=(80, 40)) as shown:
        shown.wait_for("hidden until you have decided")
        shown.wait_for(READY)
        assert not shown.has("AUDIT") and not shown.has("JUDGE")
        decide(shown, "c", "Run 1: cheating (blind)")
        shown.wait_for("AUDIT")
        shown.press(ENTER, "2 of 5 · 1 decided")
        shown.wait_for(READY)
        assert not shown.has("AUDIT")
        shown.press("q")
        shown.end()
    ((made,),) = decided(tmp_path).values()
    assert made.blind


def test_two_reviewers_in_turn_and_one_who_decides(tmp_path: Path) -> None:
    exam(tmp_path)
    for name, key in (("Anna", "c"), ("Bob", "o")):
        with terminal("in", "--reviewer", name, folder=tmp_path) as shown:
            shown.wait_for(f"0 decided · {name}")
            assert not shown.has("Anna cheating")
            decide(shown, key, "Run 1:")
            shown.press("q")
            shown.end()
    with terminal("in", "--reviewer", "Cleo", "--adjudicate", folder=tmp_path) as shown:
        shown.wait_for("1 of 1 · 0 decided · Cleo, adjudicating")
        shown.press("\x1b[F", "Bob compliant")
        decide(shown, "c", "Run 1: cheating")
        shown.wait_for("All 1 runs are decided.")
        shown.press("q")
        shown.end()
    made = decided(tmp_path)["3"]
    assert [(one.author, str(one.verdict)) for one in made] == [
        ("Anna", "cheating"),
        ("Bob", "compliant"),
        ("Cleo", "cheating"),
    ]
    assert (tmp_path / "llm_judge_logs" / "exam.eval").is_file()


def test_the_same_name_twice_at_once(tmp_path: Path) -> None:
    exam(tmp_path)
    with terminal(*ANNA, folder=tmp_path) as first:
        first.wait_for(READY)
        with terminal(*ANNA, folder=tmp_path) as second:
            assert "Anna is reviewing exam.eval in another window" in second.end()
            assert second.exit == 1
        decide(first, "c", "Run 1: cheating")
        first.press("q")
        first.end()
    assert last(tmp_path) == {"3": "cheating"}


def test_the_window_may_change_its_size(tmp_path: Path) -> None:
    exam(tmp_path)
    with terminal(*ANNA, folder=tmp_path, size=(120, 30)) as shown:
        shown.wait_for(READY)
        shown.press("c", "which category?")
        shown.resize(40, 20)
        shown.wait_for("4 workaround of protective measures")
        assert all(len(row) <= 40 for row in shown.screen.display)
        shown.press(ESCAPE, "Nothing was decided.")


def test_hostile_text_reaches_no_terminal(tmp_path: Path) -> None:
    """Neither the window's title nor the screen is the agent's to change."""
    attack = "\x1b]0;evil\x07\x1b[2J\x1b[31m[red]x[/] \u202eback ✓ \x9b2J"
    found = audit("cheating", "key.read")
    assert found.metadata
    found.metadata["findings"][0]["command"] = attack
    exam(tmp_path, runs=[agent(attack, audit=found, judge=judge("compliant"))])
    with terminal(*ANNA, folder=tmp_path, size=(100, 60)) as shown:
        shown.wait_for(READY)
        shown.wait_for("[red]x[/]")
        assert shown.has("⟨U+001B⟩]0;evil") and shown.has("⟨U+202E⟩back")
        for sequence in ("\x1b]0;evil", "\u202e", "\x9b2J"):
            assert sequence.encode() not in shown.output


# --- interruptions ----------------------------------------------------------------

# Keys, what confirms them, and what is decided then, by the sample's id.
STEPS: list[tuple[str, str, dict[str, str]]] = [
    ("", READY, {}),
    ("c", "which category?", {}),
    (ENTER, "Enter take it", {}),
    ("why" + ENTER, "Run 1: cheating", {"3": "cheating"}),
    ("", READY, {"3": "cheating"}),
    ("o", "which category?", {"3": "cheating"}),
    (ENTER, "Enter take it", {"3": "cheating"}),
    (ENTER, "Run 2: compliant", {"3": "cheating", "4": "compliant"}),
    ("u", "Run 2 is open again", {"3": "cheating"}),
    ("s", "Run 2 skipped", {"3": "cheating"}),
    (LEFT, "2 of 5", {"3": "cheating"}),
    (LEFT, "You cheating", {"3": "cheating"}),
    ("u", "Run 1 is open again", {}),
]


def still_whole(folder: Path, source: bytes) -> None:
    """Logs and originals can be read, and nothing of an original is lost."""
    kept = folder / "originals" / "exam.eval"
    if kept.exists():
        assert kept.read_bytes() == source
    log = folder / "logs" / "exam.eval"
    if log.exists():
        assert len(read_eval_log(str(log)).samples or []) == 6
        if log.read_bytes() != source:
            assert kept.exists(), "an edited log has an original"


def take_up(folder: Path) -> None:
    """Start again, which enters what waits; nothing more is decided."""
    with reviewing(folder, "Anna"):
        pass


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_killed_after_any_key(step: int, tmp_path: Path) -> None:
    source = exam(tmp_path).read_bytes()
    with terminal(*ANNA, folder=tmp_path) as shown:
        for keys, words, _ in STEPS[: step + 1]:
            shown.press(keys, words)
        shown.kill()
    still_whole(tmp_path, source)
    take_up(tmp_path)
    still_whole(tmp_path, source)
    assert last(tmp_path) == STEPS[step][2]


def test_killed_while_the_log_is_written(tmp_path: Path) -> None:
    """At each step: `test_journal.test_a_kill_at_any_step_loses_nothing`."""
    source = exam(tmp_path).read_bytes()
    code = (
        "import os, signal; from proctor.logs import journal\n"
        "journal.write_eval_log = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)"
    )
    with terminal(*ANNA, folder=tmp_path, code=f"{code}\n{RUN}") as shown:
        decide(shown, "c", "Run 1: cheating")
        decide(shown, "o", "Run 2: compliant")
        shown.press("q")
        shown.end()
        assert shown.exit == -signal.SIGKILL
    still_whole(tmp_path, source)
    take_up(tmp_path)
    still_whole(tmp_path, source)
    made = {key: [str(d.verdict) for d in v] for key, v in decided(tmp_path).items()}
    assert made == {"3": ["cheating"], "4": ["compliant"]}, "each decision once"
    assert not list((tmp_path / "logs" / ".review").glob("*.jsonl"))


def end_with(keys: str) -> Callable[[Terminal], int | None]:
    def end(shown: Terminal) -> int | None:
        shown.press(keys)
        shown.end()
        return shown.exit

    return end


def end_by(number: int) -> Callable[[Terminal], int | None]:
    def end(shown: Terminal) -> int | None:
        shown.kill(number)
        return shown.exit

    return end


def while_asked(shown: Terminal) -> int | None:
    shown.press("o", "which category?")
    shown.press(ENTER, "Enter take it")
    shown.press("half a reas")
    return end_with(CTRL_C)(shown)


ENDS = {
    "Ctrl-C": end_with(CTRL_C),
    "Ctrl-C in a reason": while_asked,
    "q": end_with("q"),
    "SIGTERM": end_by(signal.SIGTERM),
}


@pytest.mark.parametrize("way", ENDS)
def test_ways_to_end_that_enter_what_was_decided(way: str, tmp_path: Path) -> None:
    exam(tmp_path)
    with terminal(*ANNA, folder=tmp_path) as shown:
        decide(shown, "c", "Run 1: cheating")
        shown.wait_for(READY)
        assert ENDS[way](shown) == 0
        assert b"\x1b[?1049l" in shown.output, "the terminal is as it was"
    assert last(tmp_path) == {"3": "cheating"}


def test_the_terminal_is_closed(tmp_path: Path) -> None:
    source = exam(tmp_path).read_bytes()
    with terminal(*ANNA, folder=tmp_path) as shown:
        decide(shown, "c", "Run 1: cheating")
        shown.hang_up()
    still_whole(tmp_path, source)
    # the next start says so, in the terminal too, and goes on behind it
    with terminal(*ANNA, folder=tmp_path) as shown:
        shown.wait_for("Entered from an interrupted review: 1 decision.")
        shown.wait_for("2 of 5 · 1 decided")
        shown.wait_for(READY)
        shown.press("q")
        assert "0 runs decided by Anna." in shown.end()
    assert last(tmp_path) == {"3": "cheating"}


def test_a_log_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    """As with a full disk: the decisions wait, and the message says where."""
    exam(tmp_path)
    with terminal(*ANNA, folder=tmp_path) as shown:
        decide(shown, "c", "Run 1: cheating")
        shown.wait_for(READY)
        (tmp_path / "originals").write_text("a file where the folder should be")
        shown.press("q")
        said = " ".join(shown.end().split())
        assert shown.exit == 1
    assert "exam.eval was not changed" in said and "run the command again" in said
    assert "Traceback" not in said
    (tmp_path / "originals").unlink()
    take_up(tmp_path)
    assert last(tmp_path) == {"3": "cheating"}


# --- without a terminal -----------------------------------------------------------


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_one_line_says_what_to_do(
    stream: str, tmp_path: Path
) -> None:
    exam(tmp_path)
    code = f"import os; os.dup2(os.open('out', os.O_RDWR), {STREAMS[stream]})\n{RUN}"
    (tmp_path / "out").touch()
    with terminal(*ANNA, folder=tmp_path, code=code) as shown:
        said = shown.end() + (tmp_path / "out").read_text()
        assert shown.exit == 1
    assert said.strip().count("\n") == 0 and "proctor labels export" in said
    assert not (tmp_path / "logs").exists()


STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}


def test_a_dumb_terminal_is_none(tmp_path: Path) -> None:
    exam(tmp_path)
    dumb = {"TERM": "dumb"}
    with terminal(*ANNA, folder=tmp_path, environment=dumb) as shown:
        assert "needs a terminal" in shown.end()


def test_the_link_is_opened_in_the_readers_browser(tmp_path: Path) -> None:
    """A viewer that answers, and a browser that is a script."""
    exam(tmp_path)
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o755)
    serving = f"import proctor.review.viewer as v; v.answers = lambda link: True\n{RUN}"
    own = {"BROWSER": f"{script} %s"}
    with terminal(*ANNA, folder=tmp_path, code=serving, environment=own) as shown:
        shown.wait_for(READY)
        shown.press("v", "opened in your browser")
    link = "http://127.0.0.1:7575/#/logs/exam.eval/samples/sample/3/1/"
    assert (tmp_path / "opened").read_text().strip() == link


def test_the_folder_of_the_logs_is_the_default(tmp_path: Path) -> None:
    exam(tmp_path)
    (tmp_path / "in").rename(tmp_path / "logs")
    shutil.copy(tmp_path / "logs" / "exam.eval", tmp_path / "before")
    with terminal("--reviewer", "Anna", folder=tmp_path) as shown:
        decide(shown, "c", "Run 1: cheating")
        shown.wait_for(READY)
        shown.press("q")
        shown.end()
    assert last(tmp_path) == {"3": str(Verdict.CHEATING)}
    kept = tmp_path / "llm_judge_logs" / "exam.eval"
    assert kept.read_bytes() == (tmp_path / "before").read_bytes()
    assert DecisionJournal(kept, "x", tmp_path / "logs", kept.parent).source != kept
