"""The command `proctor review` where no screen is needed: options, list, refusals."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proctor.cli.review import command
from proctor.taxonomy import Verdict
from tests.example_logs import log_of, sample, usual_runs, written
from tests.review.journals import BLIND, exam, review, reviewing

ANNA = ("--reviewer", "Anna")


def run(folder: Path, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner().invoke(command, [*arguments])


def test_the_list_is_the_queue_with_what_is_decided(tmp_path: Path) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: state.decide(Verdict.CHEATING))
    done = run(tmp_path, "in", *ANNA, "--list")
    assert done.exit_code == 0, done.output
    rows = done.stdout.splitlines()
    assert rows[0].split() == ["#", "decided", "model", "sample", "epoch", "log", "why"]
    assert len(rows) == 6
    assert rows[1].split()[:5] == ["1", "cheating", "lab/model", "3", "1"]
    assert "judge and audit disagree" in rows[1]
    assert rows[5].rstrip().endswith("random share of the clear ones")
    assert "5 runs to review, 1 decided by Anna." in done.stderr


def test_the_list_of_a_blind_review_says_no_more_than_its_screen(
    tmp_path: Path,
) -> None:
    exam(tmp_path)
    done = run(tmp_path, "in", *ANNA, "--list", "--blind")
    assert "disagree" not in done.output and "why" not in done.output
    with reviewing(tmp_path, mode=BLIND) as (state, _):
        order = [item.run.id for item in state.items]
    assert [row.split()[2] for row in done.stdout.splitlines()[1:]] == order


def test_the_list_counts_what_waits_in_a_journal_and_writes_nothing(
    tmp_path: Path,
) -> None:
    exam(tmp_path)
    with reviewing(tmp_path) as (state, _):
        state.decide(Verdict.CHEATING)
        done = run(tmp_path, "in", *ANNA, "--list")  # beside the review itself
        assert "1 decided by Anna" in done.stderr
    assert not (tmp_path / "logs" / "exam.eval").exists()


def test_hostile_names_stay_in_their_cells(tmp_path: Path) -> None:
    one = sample("a\x1b[2J[red]\nb")
    exam(tmp_path, runs=[one])
    done = run(tmp_path, "in", *ANNA, "--list")
    assert "\x1b" not in done.output and len(done.stdout.splitlines()) == 2
    assert "a⟨U+001B⟩[2J[red] ⏎ b" in done.stdout


REFUSED = [
    (["none.eval", *ANNA, "--list"], 1, "There is no log none.eval"),
    (["in", *ANNA], 1, "needs a terminal"),
    (["in", "--reviewer", " ", "--list"], 1, "give --reviewer NAME"),
    (["in", "--share", "1.5", "--list"], 2, "range"),
    (["in", "--adjudicate", "--all", "--list"], 2, "exclude each other"),
    ([*ANNA, "--list"], 1, "There is no folder logs; name a LOG"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED)
def test_what_is_refused(
    arguments: list[str], code: int, words: str, tmp_path: Path
) -> None:
    exam(tmp_path)
    done = run(tmp_path, *arguments)
    assert done.exit_code == code
    assert words in done.output and "Traceback" not in done.output
    if code == 1:
        assert done.output.count("\n") == 1


def test_a_log_that_is_left_out_is_named(tmp_path: Path) -> None:
    exam(tmp_path)
    late = log_of(usual_runs(), name="late", status="started")
    written(late, tmp_path / "in", "late.json")
    done = run(tmp_path, "in", *ANNA, "--list")
    assert done.exit_code == 0
    assert "late.json is still being written" in done.stderr


def test_who_reviews_is_known_from_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam(tmp_path)
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Dora\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "by Dora." in run(tmp_path, "in", "--list").stderr
    (tmp_path / "gitconfig").write_text("")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("LOGNAME", "dora-login")
    assert "by dora-login." in run(tmp_path, "in", "--list").stderr
    monkeypatch.setenv("PATH", str(tmp_path))  # there is no git
    assert "by dora-login." in run(tmp_path, "in", "--list").stderr
