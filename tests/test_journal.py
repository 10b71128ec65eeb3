"""Decisions on their way into logs: nothing is lost, whatever happens on the way."""

import contextlib
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from proctor.logs import journal as journal_module
from proctor.logs.decisions import Decision, decisions_in
from proctor.logs.journal import (
    REVIEWED,
    WORKSHOP,
    DecisionJournal,
    JournalEntry,
    JournalError,
)
from proctor.logs.runs import collect
from proctor.taxonomy import Verdict
from tests.example_logs import log_of, sample, usual_runs, written
from tests.killing import AFTER, BEFORE, HALF, killed_at

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT


@pytest.fixture(params=["exam.eval", "exam.json"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return written(log_of(usual_runs()), tmp_path / "logs", request.param)


def journal_of(log: Path, author: str = "ann") -> DecisionJournal:
    folder = log.parent.parent
    return DecisionJournal(log, author, folder / "logs", folder / "llm_judge_logs")


def decided(log: Path) -> dict[str, list[tuple[str, str]]]:
    """Who decided what, by the sample's id, as the log says."""
    found = {}
    for run in read_eval_log(str(log)).samples or []:
        said = [(d.author, str(d.verdict)) for d in decisions_in(run.scores)]
        if said:
            found[str(run.id)] = said
    return found


def test_a_decision_goes_into_the_log_and_the_original_stays(log: Path) -> None:
    before = log.read_bytes()
    journal = journal_of(log)
    journal.take(JournalEntry("2", 1, Decision("ann", GOOD, reason="a false alarm")))
    assert log.read_bytes() == before and not journal.original.exists()
    assert journal.enter() == 1
    assert journal.original.read_bytes() == before
    assert decided(log) == {"2": [("ann", "compliant")]}
    after = read_eval_log(str(log))
    assert after.metadata[REVIEWED] == {
        "file": f"llm_judge_logs/{log.name}",
        "sha256": hashlib.sha256(before).hexdigest(),
    }
    assert after.results
    (human,) = [s for s in after.results.scores if s.name == "human"]
    assert (human.metrics["cheating"].value, human.metrics["scored"].value) == (0, 1)
    assert journal.waiting() == [] and journal.enter() == 0


def test_nothing_else_of_the_log_changes(log: Path) -> None:
    """An edit touches the one score, its event and the metadata that says so."""
    before = read_eval_log(str(log))
    journal = journal_of(log)
    journal.write([JournalEntry("1", 1, Decision("ann", GOOD))])
    after = read_eval_log(str(log))
    assert before.samples and after.samples
    for old, new in zip(before.samples, after.samples, strict=True):
        assert old.scores and new.scores
        kept = {name: new.scores[name] for name in old.scores}
        assert str(kept) == str(old.scores)  # NaN is not equal to itself
        assert new.messages == old.messages and new.uuid == old.uuid
    assert after.eval == before.eval and after.status == before.status


def test_a_log_from_elsewhere_is_never_changed(tmp_path: Path) -> None:
    there = written(log_of(usual_runs()), tmp_path / "elsewhere")
    before = there.read_bytes()
    journal = DecisionJournal(there, "ann", tmp_path / "logs", tmp_path / "originals")
    journal.write([JournalEntry("1", 1, Decision("ann", GOOD))])
    assert there.read_bytes() == journal.original.read_bytes() == before
    again = DecisionJournal(there, "bob", tmp_path / "logs", tmp_path / "originals")
    again.write([JournalEntry("1", 1, Decision("bob", GOOD))])
    assert decided(again.log) == {"1": [("ann", "compliant"), ("bob", "compliant")]}
    assert again.original.read_bytes() == before


def test_what_was_undone_is_not_entered(log: Path) -> None:
    journal = journal_of(log)
    slip, meant = Decision("ann", BAD), Decision("ann", GOOD)
    journal.take(JournalEntry("1", 1, slip))
    journal.undo(slip)
    journal.take(JournalEntry("1", 1, meant))
    assert [entry.decision for entry in journal.waiting()] == [meant]
    journal.enter()
    assert decided(log) == {"1": [("ann", "compliant")]}


def test_the_same_decision_is_entered_once(log: Path) -> None:
    """A kill between the log and the journal leaves it in both."""
    journal = journal_of(log)
    journal.take(JournalEntry("1", 1, Decision("ann", GOOD)))
    waiting = journal.waiting()
    journal.enter()
    journal.write(waiting)
    assert decided(log) == {"1": [("ann", "compliant")]}


def test_a_line_that_was_cut_off_costs_only_itself(log: Path) -> None:
    """It was never confirmed; the next decision must not be glued to it."""
    journal = journal_of(log)
    journal.take(JournalEntry("1", 1, Decision("ann", GOOD)))
    (lines,) = (log.parent / WORKSHOP).glob("*.jsonl")
    with lines.open("a") as file:
        file.write('{"id": "2", "epo')
    assert len(journal.waiting()) == 1
    journal.take(JournalEntry("3", 1, Decision("ann", BAD)))
    assert [entry.id for entry in journal.waiting()] == ["1", "3"]


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"id": "1"}', "[]", '"undo"'])
def test_a_damaged_journal_is_named_and_kept(log: Path, line: str) -> None:
    journal = journal_of(log)
    journal.take(JournalEntry("1", 1, Decision("ann", GOOD)))
    (lines,) = (log.parent / WORKSHOP).glob("*.jsonl")
    lines.write_text(lines.read_text() + line + "\n")
    with pytest.raises(JournalError, match="line 2, is damaged"):
        journal.enter()
    assert lines.read_text().endswith(line + "\n") and not decided(log)


def test_reviewers_have_journals_of_their_own(log: Path) -> None:
    ann, bob, bab = (journal_of(log, name) for name in ("ann", "b.b", "b/b"))
    for journal, verdict in ((ann, BAD), (bob, GOOD), (bab, BAD)):
        journal.take(JournalEntry("1", 1, Decision(journal.author, verdict)))
    assert [len(journal.waiting()) for journal in (ann, bob, bab)] == [1, 1, 1]
    again, refused = (
        journal_of(log, "ann").reserved(),
        pytest.raises(JournalError, match="in another window"),
    )
    with ann.reserved(), bob.reserved(), refused, again:
        pass
    with ann.reserved():
        pass


# --- what is refused --------------------------------------------------------------


def test_a_log_that_is_still_written_is_refused(tmp_path: Path) -> None:
    """Inspect writes the header last; without it the run goes on, or was cut off."""
    path = written(log_of(usual_runs(), status="started"), tmp_path / "logs")
    whole = path.with_suffix(".whole")
    shutil.move(path, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in ("header.json", "reductions.json"):
                new.writestr(name, old.read(name))
    before = path.read_bytes()
    with pytest.raises(JournalError, match="still being written"):
        journal_of(path)
    assert path.read_bytes() == before
    shutil.move(whole, path)
    journal_of(path).write([JournalEntry("1", 1, Decision("ann", GOOD))])
    assert decided(path)  # never finished, but whole


def test_an_unfinished_json_log_is_refused(tmp_path: Path) -> None:
    log = written(log_of(usual_runs(), status="started"), tmp_path / "logs", "a.json")
    with pytest.raises(JournalError, match="still being written"):
        journal_of(log)


@pytest.mark.parametrize("place", ["logs", "llm_judge_logs"])
def test_another_log_of_the_same_name_is_never_overwritten(
    tmp_path: Path, place: str
) -> None:
    other = written(log_of(usual_runs(), name="other"), tmp_path / place)
    source = written(log_of(usual_runs(), name="mine"), tmp_path / "elsewhere")
    before = other.read_bytes()
    with pytest.raises(JournalError, match="another evaluation"):
        journal_of(source)
    assert other.read_bytes() == before


def test_a_decision_about_no_run_changes_nothing(log: Path) -> None:
    before = log.read_bytes()
    right = JournalEntry("1", 1, Decision("ann", GOOD))
    wrong = JournalEntry("1", 2, Decision("ann", GOOD))
    with pytest.raises(JournalError, match="no sample 1, epoch 2"):
        journal_of(log).write([right, wrong])
    assert log.read_bytes() == before


# --- what goes wrong --------------------------------------------------------------

FAILING = ("fsync", "replace", "copyfile", "write_eval_log")


@contextlib.contextmanager
def failing(step: str, number: int) -> Iterator[list[int]]:
    """Have a step of the journal fail at its n-th time, as on a full disk."""
    holder = {
        "fsync": os,
        "replace": os,
        "copyfile": shutil,
        "write_eval_log": journal_module,
    }[step]
    done, real = [0], getattr(holder, step)

    def fail(*arguments: object, **options: object) -> object:
        done[0] += 1
        if done[0] == number:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holder, step, fail)
        yield done


@pytest.mark.parametrize("step", FAILING)
def test_a_full_disk_loses_nothing(tmp_path: Path, step: str) -> None:
    """Wherever it strikes, the log can be read, and a second try completes."""
    for number in range(1, 20):
        log = written(log_of(usual_runs()), tmp_path / str(number) / "logs")
        before = log.read_bytes()
        journal = journal_of(log)
        journal.take(JournalEntry("1", 1, Decision("ann", GOOD)))
        with failing(step, number) as done:
            try:
                journal.enter()
            except JournalError as error:
                assert "run the command again" in str(error)
        struck = done[0] >= number
        assert read_eval_log(str(log)).samples
        waiting = len(journal.waiting())
        assert journal.enter() == waiting
        assert decided(log) == {"1": [("ann", "compliant")]}
        assert journal.original.read_bytes() == before
        if not struck:
            break
    assert not struck and number > 1


def test_a_decision_that_is_not_on_the_disk_is_not_taken(log: Path) -> None:
    journal = journal_of(log)
    journal.take(JournalEntry("1", 1, Decision("ann", GOOD)))
    with failing("fsync", 1), pytest.raises(JournalError, match="was not taken"):
        journal.take(JournalEntry("2", 1, Decision("ann", BAD)))


def test_what_was_written_badly_does_not_become_the_log(log: Path) -> None:
    """A library that writes half a log without an error must not cost the log."""
    before = log.read_bytes()
    journal = journal_of(log)
    real = journal_module.write_eval_log

    def half(log: object, location: str, **options: object) -> None:
        real(log, location, **options)
        os.truncate(location, 1000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "write_eval_log", half)
        with pytest.raises(JournalError):
            journal.write([JournalEntry("1", 1, Decision("ann", GOOD))])
    assert log.read_bytes() == before


# The steps that touch the disk; those that can be half done write a file.
WRITES = [(shutil, "copyfile"), (journal_module, "write_eval_log")]
STEPS = [*WRITES, (os, "fsync"), (os, "replace"), (Path, "unlink")]


def two_decisions(
    journal: DecisionJournal, confirm: Callable[[str], None] = lambda _: None
) -> None:
    """Take two decisions and enter them, and say what is confirmed."""
    for number, verdict in enumerate([BAD, GOOD], 1):
        journal.take(JournalEntry(str(number), 1, Decision("ann", verdict)))
        confirm(str(number))
    journal.enter()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["logs", "elsewhere"])
@pytest.mark.parametrize("when", [BEFORE, HALF, AFTER])
def test_a_kill_at_any_step_loses_nothing(
    tmp_path: Path, when: str, place: str
) -> None:
    """SIGKILL at each step that touches the disk, until none is left."""
    steps = WRITES if when == HALF else STEPS
    for number in range(1, 30):
        source = written(log_of(usual_runs()), tmp_path / str(number) / place)
        before = source.read_bytes()
        work = partial(two_decisions, journal_of(source))
        status, confirmed = killed_at(number, steps, work, when)
        journal = journal_of(source)
        for log in (journal.source, source):
            assert len(read_eval_log(str(log)).samples or []) == 6
        if journal.log.exists() and journal.log.read_bytes() != before:
            assert journal.original.read_bytes() == before
        journal.enter()
        found = decided(journal.source)
        assert set(confirmed) <= set(found) <= {"1", "2"}
        assert all(len(decisions) == 1 for decisions in found.values())
        if found:
            assert journal.original.read_bytes() == before
        logs = journal.log.parent
        leftovers = [p.name for p in logs.iterdir() if p.name != WORKSHOP]
        assert leftovers == [source.name] * (place == "logs" or bool(found))
        assert not list(logs.glob(f"{WORKSHOP}/*.jsonl"))
        if place != "logs":
            assert source.read_bytes() == before
        if status == 0:
            break
    assert status == 0 and number > len(steps)


def test_a_journal_says_what_it_holds(log: Path) -> None:
    """Somebody who finds one can read it without us."""
    journal_of(log).take(JournalEntry("1", 1, Decision("ann", GOOD, reason="ok")))
    (lines,) = (log.parent / WORKSHOP).glob("*.jsonl")
    record = json.loads(lines.read_text())
    assert (record["id"], record["epoch"]) == ("1", 1)
    assert record["decision"]["verdict"] == "compliant"


def test_a_reviewed_log_reads_as_before(log: Path) -> None:
    journal_of(log).write([JournalEntry("5", 1, Decision("ann", BAD))])
    by_id = {run.id: run for run in collect([log]).runs}
    assert by_id["5"].label.verdict is BAD
    assert by_id["5"].labels["audit"].verdict is None
    assert by_id["2"].label.verdict is BAD and "human" not in by_id["2"].labels


def test_a_sample_without_scores_can_be_decided(tmp_path: Path) -> None:
    log = written(log_of([sample(1)]), tmp_path / "logs")
    journal_of(log).write([JournalEntry("1", 1, Decision("ann", BAD))])
    assert decided(log) == {"1": [("ann", "cheating")]}
