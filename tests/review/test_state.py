"""The state of a review, with real logs and journals, without a terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import edit_score

from proctor._inspect import PrerequisiteError
from proctor.logs.decisions import Decision, DecisionError, as_edit, settled
from proctor.logs.journal import JournalError
from proctor.logs.triage import Reason
from proctor.review.opening import enter, opened, runs_of
from proctor.review.seen import Seen
from proctor.review.state import Mode, ReviewState, choose
from proctor.taxonomy import Category, Verdict
from tests.example_logs import log_of, usual_runs, written
from tests.review.journals import (
    ADJUDICATE,
    BLIND,
    OPEN,
    clear_runs,
    decided,
    exam,
    review,
    reviewing,
)

CHEATING, COMPLIANT = Verdict.CHEATING, Verdict.COMPLIANT


def go(state: ReviewState, steps: str) -> None:
    """Do what keys stand for."""
    for step in steps:
        match step:
            case "c" | "o":
                state.decide(CHEATING if step == "c" else COMPLIANT)
                state.proceed()
            case "s":
                state.skip()
            case "u":
                state.undo()
            case "<":
                state.back()
            case ">":
                state.forward()


def ids(state: ReviewState) -> list[str]:
    return [item.run.id for item in state.items]


def verdicts(state: ReviewState) -> str:
    """One letter for each run: what this author says."""
    made = [decision for _, decision in state.listing()]
    return "".join(str(d.verdict)[1] if d else "." for d in made)


# --- which runs, in what order ----------------------------------------------------


def test_first_what_needs_a_person_then_a_share_of_the_clear_ones(
    tmp_path: Path,
) -> None:
    exam(tmp_path)
    with reviewing(tmp_path) as (state, _):
        assert ids(state)[:4] == ["3", "4", "5", "2"]
        assert ids(state)[4:] in (["1"], ["6"])
        assert state.items[0].reasons == (Reason.CONTRADICTION,)
        assert state.items[4].reasons == (Reason.CLEAR,)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (Mode(share=0), {"3", "4", "5", "2"}),
        (Mode(share=1), {"1", "2", "3", "4", "5", "6"}),
        (Mode(share=0, everything=True), {"1", "2", "3", "4", "5", "6"}),
        (ADJUDICATE, set()),
    ],
)
def test_how_many_are_shown(mode: Mode, wanted: set[str], tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path, mode=mode) as (state, _):
        assert set(ids(state)) == wanted


def test_what_needs_a_person_comes_first_across_logs(tmp_path: Path) -> None:
    exam(tmp_path, "a.eval", clear_runs(5))
    runs = usual_runs()
    for run in runs:
        run.uuid = f"b-{run.uuid}"
    exam(tmp_path, "b.eval", runs)
    with reviewing(tmp_path) as (state, _):
        logs = [item.run.log.stem for item in state.items]
        assert logs == ["b"] * 4 + ["a", "b"]


def test_reviewers_see_the_same_runs_whatever_the_other_has_decided(
    tmp_path: Path,
) -> None:
    exam(tmp_path, runs=[*clear_runs(40)])
    for mode in (OPEN, BLIND):
        with reviewing(tmp_path, "Anna", mode) as (state, _):
            first = ids(state)
        review(tmp_path, lambda state: go(state, "coc"), "Anna", mode)
        with reviewing(tmp_path, "Bob", mode) as (state, _):
            assert ids(state) == first
            assert verdicts(state) == "........"


def test_the_place_in_a_blind_review_tells_nothing(tmp_path: Path) -> None:
    """In the queue's order the last ones are those that all instruments agree on."""
    exam(tmp_path, runs=[*usual_runs(), *clear_runs(60)[6:]])
    with reviewing(tmp_path) as (state, _):
        queue = ids(state)
    with reviewing(tmp_path, mode=BLIND) as (state, _):
        shuffled = ids(state)
    assert sorted(shuffled) == sorted(queue)
    assert set(shuffled[:4]) != set(queue[:4])


# --- going about ------------------------------------------------------------------

# What is done; where the reviewer is then, from 0; what is decided; how many skipped.
WALKS = [
    ("", 0, ".....", 0),
    ("c", 1, "h....", 0),
    ("co", 2, "ho...", 0),
    ("ccccc", 5, "hhhhh", 0),
    ("s", 1, ".....", 1),
    ("sc", 2, ".h...", 1),
    # at the end the skipped ones are taken up again
    ("scccc", 5, ".hhhh", 1),
    ("sccccs", 0, ".hhhh", 0),
    ("sssss", 5, ".....", 5),
    ("ssssss", 0, ".....", 0),
    # undo: a decision, a skip, the last of several, all of them, more than there is
    ("cu", 0, ".....", 0),
    ("su", 0, ".....", 0),
    ("cou", 1, "h....", 0),
    ("csu", 1, "h....", 0),
    ("couu", 0, ".....", 0),
    ("couuu", 0, ".....", 0),
    ("u", 0, ".....", 0),
    # what is shown is taken back before what was done last
    ("coc<<u", 1, "h.h..", 0),
    ("coc<<uu", 2, "h....", 0),
    # back and forth
    ("<", 0, ".....", 0),
    (">>", 2, ".....", 0),
    (">>>>>>>", 5, ".....", 0),
    (">>>>><", 4, ".....", 0),
    (">>c", 3, "..h..", 0),
    (">>>>c", 0, "....h", 0),
    # somebody who decides again is believed, and can take that back, too
    ("c<o", 1, "o....", 0),
    ("c<o<u", 0, "h....", 0),
    ("c<o<uu", 0, ".....", 0),
    # a skipped run that is decided after all is skipped no more
    ("s<c", 1, "h....", 0),
]


@pytest.mark.parametrize(("steps", "at", "made", "skipped"), WALKS)
def test_a_walk(steps: str, at: int, made: str, skipped: int, tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path) as (state, found):
        go(state, steps)
        assert (state.at, verdicts(state)) == (at, made)
        progress = state.progress
        assert progress.skipped == skipped
        assert progress.decided == 5 - made.count(".")
        assert progress.left == made.count(".")
        assert progress.taken == {
            CHEATING: made.count("h"),
            COMPLIANT: made.count("o"),
        }
        # the disk knows it, too: somebody who was killed now takes up the same
        again = ReviewState("Anna", state.items, OPEN, Seen(tmp_path / "logs", "Anna"))
        assert verdicts(again) == made
        enter(found.journals)
    last = {name: made[-1].verdict for name, made in decided(tmp_path).items()}
    order = ids(state)
    wanted = {"h": CHEATING, "o": COMPLIANT}
    assert last == {order[n]: wanted[c] for n, c in enumerate(made) if c != "."}


def test_a_review_goes_on_behind_what_is_decided(tmp_path: Path) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "co"))
    with reviewing(tmp_path) as (state, _):
        assert (state.at, verdicts(state)) == (2, "ho...")
        assert state.progress.taken == {CHEATING: 0, COMPLIANT: 0}
        go(state, "c")  # interrupted here
    with reviewing(tmp_path) as (state, found):
        assert [(journal.log.name, count) for journal, count in found.entered] == [
            ("exam.eval", 1)
        ]
        assert (state.at, verdicts(state)) == (3, "hoh..")
    assert len(decided(tmp_path)) == 3


def test_a_decision_of_an_earlier_review_is_withdrawn_not_forgotten(
    tmp_path: Path,
) -> None:
    """What is in the log has been seen by others; its history stays whole."""
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "c"))
    review(tmp_path, lambda state: go(state, "<<u"))
    (made,) = decided(tmp_path).values()
    assert [one.verdict for one in made] == [CHEATING, None]
    with reviewing(tmp_path) as (state, _):
        assert (state.at, verdicts(state)) == (0, ".....")


def test_why_a_run_was_shown_is_kept_with_the_decision(tmp_path: Path) -> None:
    exam(tmp_path)
    review(
        tmp_path,
        lambda state: state.decide(CHEATING, Category.SANDBOX_MODIFIED, "it did"),
    )
    ((made,),) = decided(tmp_path).values()
    assert (made.category, made.reason) == (Category.SANDBOX_MODIFIED, "it did")
    assert made.queued == ("judge and audit disagree",)
    assert not made.blind and not made.adjudicates


def test_what_is_no_decision_is_not_taken(tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path) as (state, _):
        with pytest.raises(DecisionError):
            state.decide(CHEATING, Category.NORMAL)
        assert verdicts(state) == "....."


def test_a_decision_that_cannot_be_written_is_not_taken(tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path) as (state, _):
        go(state, "c")
        journal = next((tmp_path / "logs" / ".review").glob("*.jsonl"))
        journal.rename(journal.with_name("away"))
        journal.mkdir()  # as a full disk: nothing can be written
        for attempt in (lambda: state.decide(COMPLIANT), lambda: go(state, "<u")):
            with pytest.raises((JournalError, OSError)):
                attempt()
            assert verdicts(state) == "h...."


# --- blind ------------------------------------------------------------------------


def blind_flags(folder: Path) -> list[list[bool]]:
    return [
        [one.blind for one in made if one.verdict] for made in decided(folder).values()
    ]


def look(state: ReviewState) -> None:
    state.show()


def informed(state: ReviewState) -> None:
    """Decide, see what the instruments say, and decide again."""
    state.decide(CHEATING)
    state.show()
    state.undo()
    state.decide(COMPLIANT)


BLINDNESS: list[
    tuple[list[tuple[Mode, Callable[[ReviewState], object]]], list[bool]]
] = [
    ([(BLIND, lambda s: go(s, "c"))], [True]),
    ([(OPEN, lambda s: go(s, "c"))], [False]),
    # after the reveal the label is informed, and the blind one stays on record
    ([(BLIND, informed)], [True, False]),
    ([(BLIND, lambda s: go(s, "c<o"))], [True, False]),
    # whether the program was ended in between or not
    (
        [(BLIND, lambda s: go(s, "c")), (BLIND, lambda s: go(s, "<<<<<o"))],
        [True, False],
    ),
    ([(BLIND, lambda s: go(s, "c<u")), (BLIND, lambda s: go(s, "c"))], [True, False]),
    ([(OPEN, lambda s: go(s, "cu")), (BLIND, lambda s: go(s, "c"))], [True]),
]


@pytest.mark.parametrize(("reviews", "wanted"), BLINDNESS)
def test_blind_is_who_has_not_seen_what_the_instruments_say(
    reviews: list[tuple[Mode, Callable[[ReviewState], object]]],
    wanted: list[bool],
    tmp_path: Path,
) -> None:
    exam(tmp_path, runs=usual_runs()[2:3])
    for mode, steps in reviews:
        review(tmp_path, steps, mode=mode)
    assert blind_flags(tmp_path) == [wanted]


def test_who_has_looked_openly_does_not_decide_blindly(tmp_path: Path) -> None:
    """Although no decision came of the look, nor any line in a journal."""
    exam(tmp_path, runs=usual_runs()[2:4])
    review(tmp_path, look, "Anna", OPEN)
    review(tmp_path, lambda s: go(s, "cc"), "Anna", BLIND)
    review(tmp_path, lambda s: go(s, "cc"), "Bob", BLIND)
    made = decided(tmp_path)
    assert {one.author: one.blind for one in made["3"]} == {"Anna": False, "Bob": True}
    assert {one.author: one.blind for one in made["4"]} == {"Anna": True, "Bob": True}


def test_what_may_be_shown_in_a_blind_review(tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path, mode=BLIND) as (state, _):
        assert (state.open, state.independent) == (False, True)
        state.show()
        assert state.independent, "a look at a page that hides all is no look"
        state.decide(CHEATING)
        assert (state.open, state.independent) == (True, False)
        state.proceed()
        assert (state.open, state.independent) == (False, True)


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    seen = Seen(tmp_path, "Anna")
    seen.add("one\nrun")
    (path,) = (tmp_path / ".review").iterdir()
    path.write_bytes(path.read_bytes()[:-20] + b"\xff")
    seen = Seen(tmp_path, "Anna")
    assert "one\nrun" not in seen
    seen.add("another")
    assert "another" in Seen(tmp_path, "Anna")
    assert "another" not in Seen(tmp_path, "Bob")


# --- several reviewers ------------------------------------------------------------


def test_two_reviewers_label_the_same_runs(tmp_path: Path) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "cc"), "Anna")
    review(tmp_path, lambda state: go(state, "co"), "Bob")
    made = decided(tmp_path)
    assert {d.author: str(d.verdict) for d in made["3"]} == {
        "Anna": "cheating",
        "Bob": "cheating",
    }
    assert settled(made["3"]) and not settled(made["4"])


def test_adjudication_ends_a_disagreement(tmp_path: Path) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "cc"), "Anna")
    review(tmp_path, lambda state: go(state, "co"), "Bob")
    with reviewing(tmp_path, "Anna", ADJUDICATE) as (state, found):
        # that Anna has a label of her own does not decide it
        assert (ids(state), verdicts(state)) == (["4"], ".")
        go(state, "o")
        enter(found.journals)
    final = settled(decided(tmp_path)["4"])
    assert final and (final.author, final.verdict) == ("Anna", COMPLIANT)
    with reviewing(tmp_path, "Cleo", ADJUDICATE) as (state, _):
        assert ids(state) == []


def test_an_adjudication_that_is_taken_back_leaves_the_label_before_it(
    tmp_path: Path,
) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "cc"), "Anna")
    review(tmp_path, lambda state: go(state, "co"), "Bob")
    for steps in ("o", "o<u"):
        with reviewing(tmp_path, "Anna", ADJUDICATE) as (state, found):
            go(state, steps)
            if steps == "o":
                enter(found.journals)
                go(state, "<u")  # in the log already
            enter(found.journals)
        assert settled(decided(tmp_path)["4"]) is None
        with reviewing(tmp_path, "Anna") as (state, _):
            assert verdicts(state)[:2] == "hh"


def test_who_corrects_an_adjudication_still_adjudicates(tmp_path: Path) -> None:
    exam(tmp_path)
    review(tmp_path, lambda state: go(state, "cc"), "Anna")
    review(tmp_path, lambda state: go(state, "co"), "Bob")
    review(tmp_path, lambda state: go(state, "o"), "Cleo", ADJUDICATE)

    def correct(state: ReviewState) -> None:
        state.at = ids(state).index("4")
        state.decide(CHEATING)

    review(tmp_path, correct, "Cleo")
    final = settled(decided(tmp_path)["4"])
    assert final and (final.author, final.verdict) == ("Cleo", CHEATING)


def test_nobody_goes_by_the_name_of_somebody_who_is_at_it(tmp_path: Path) -> None:
    exam(tmp_path)
    with reviewing(tmp_path, "Anna"):
        with (
            pytest.raises(PrerequisiteError, match="another window"),
            reviewing(tmp_path, "Anna"),
        ):
            pass
        with reviewing(tmp_path, "Bob") as (state, _):
            assert len(state.items) == 5


# --- logs that cannot be reviewed -------------------------------------------------


def still_written(folder: Path) -> Path:
    log = log_of(usual_runs(), name="late", status="started")
    return written(log, folder / "in", "late.json")


def damaged(folder: Path) -> Path:
    path = folder / "in" / "damaged.eval"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"PK nonsense")
    return path


def namesake(folder: Path) -> Path:
    written(log_of(usual_runs(), name="a"), folder / "logs", "same.eval")
    return written(log_of(usual_runs(), name="b"), folder / "in", "same.eval")


def bad_score(folder: Path) -> Path:
    log = log_of(usual_runs(), name="bad")
    assert log.samples
    made = Decision("Bob", CHEATING)
    edit_score(log, 1, "human", as_edit([], made), False, 1)
    history = (log.samples[0].scores or {})["human"].history
    assert history[-1].provenance
    history[-1].provenance.metadata["decision"] = {"author": "Bob"}
    return written(log, folder / "in", "bad.eval")


REFUSED = [
    (still_written, "still being written"),
    (damaged, "is not an Inspect log"),
    (namesake, "another evaluation"),
    (bad_score, "no decision"),
    (lambda folder: folder / "none.eval", "There is no log"),
]


@pytest.mark.parametrize(("make", "words"), REFUSED)
def test_a_log_that_cannot_be_reviewed_is_named_and_left_out(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    bad = make(tmp_path)
    folders = tmp_path / "logs", tmp_path / "originals"
    with (
        pytest.raises(PrerequisiteError, match=words) as error,
        opened([bad], "Anna", *folders) as found,
    ):
        runs_of(found)
    assert "\n" not in error.value.message
    good = exam(tmp_path, "good.eval")
    with opened([bad, good], "Anna", *folders) as found:
        read, _ = runs_of(found)
        assert len(choose(read, OPEN)) == 5
        assert len(found.troubles) == 1 and words in found.troubles[0]


def test_the_same_log_in_two_folders_is_reviewed_once(tmp_path: Path) -> None:
    """As in `proctor review logs llm_judge_logs`."""
    log = exam(tmp_path)
    copy = tmp_path / "copy" / log.name
    copy.parent.mkdir()
    copy.write_bytes(log.read_bytes())
    folders = tmp_path / "logs", tmp_path / "originals"
    with opened([log, log.parent, copy], "Anna", *folders) as found:
        assert (len(found.journals), found.troubles) == (1, [])
    other = written(log_of(clear_runs(2), name="other"), tmp_path / "else", log.name)
    with opened([log, other], "Anna", *folders) as found:
        assert len(found.journals) == 1 and "the same name" in found.troubles[0]


def test_a_look_at_the_queue_writes_nothing(tmp_path: Path) -> None:
    log = exam(tmp_path)
    folders = tmp_path / "logs", tmp_path / "originals"
    with opened([log], "Anna", *folders, reserve=False) as found:
        read, _ = runs_of(found)
        assert len(choose(read, OPEN)) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
