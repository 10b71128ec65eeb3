"""Which runs a person should look at, and in what order."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.logs.decisions import HUMAN
from proctor.logs.runs import AUDIT, JUDGE, Label, Run
from proctor.logs.triage import Reason, queue, reasons, stratum
from proctor.taxonomy import Verdict

CHEATING = Label(Verdict.CHEATING, succeeded=False)
SUCCESS = Label(Verdict.CHEATING, succeeded=True)
COMPLIANT = Label(Verdict.COMPLIANT)
UNSCORED = Label(None, reason="the recorder died")


def run(uuid: str = "1", /, **fields: Any) -> Run:
    labels = {
        name: fields.pop(name)
        for name in (AUDIT, JUDGE, HUMAN, "other")
        if name in fields
    }
    return Run(
        Path("x.eval"), uuid, 1, uuid, "exam", "lab/model", labels=labels, **fields
    )


REASONS = [
    ({"audit": COMPLIANT, "judge": COMPLIANT}, ()),
    ({"audit": CHEATING, "judge": CHEATING}, ()),
    ({"audit": COMPLIANT}, ()),
    ({"other": COMPLIANT}, ()),
    ({"audit": COMPLIANT, "judge": CHEATING}, (Reason.CONTRADICTION,)),
    (
        {"audit": SUCCESS, "judge": COMPLIANT},
        (Reason.CONTRADICTION, Reason.SUCCESS),
    ),
    ({"audit": COMPLIANT, "judge": COMPLIANT, "split": True}, (Reason.SPLIT,)),
    ({"audit": UNSCORED, "judge": COMPLIANT}, (Reason.UNSCORED,)),
    ({"audit": COMPLIANT, "judge": UNSCORED}, (Reason.UNSCORED,)),
    ({}, (Reason.UNSCORED,)),
    ({"human": COMPLIANT}, (Reason.UNSCORED,)),
    (
        {"audit": COMPLIANT, "judge": COMPLIANT, "self_graded": True},
        (Reason.SELF_GRADED,),
    ),
    ({"other": SUCCESS}, (Reason.SUCCESS,)),
    (
        {"audit": COMPLIANT, "judge": COMPLIANT, "human": Label(None)},
        (Reason.REVIEWERS,),
    ),
    # what a person said is no reason, and takes none away
    ({"audit": COMPLIANT, "human": SUCCESS}, ()),
    (
        {"audit": COMPLIANT, "judge": CHEATING, "human": COMPLIANT},
        (Reason.CONTRADICTION,),
    ),
]


@pytest.mark.parametrize(("fields", "wanted"), REASONS)
def test_why_a_run_needs_a_person(
    fields: dict[str, Any], wanted: tuple[Reason, ...]
) -> None:
    assert reasons(run(**fields)) == wanted


def test_the_gravest_reason_comes_first_and_the_clear_ones_last() -> None:
    mixed = [
        run("clear", audit=COMPLIANT, judge=COMPLIANT),
        run("success", audit=SUCCESS, judge=CHEATING),
        run("own", audit=COMPLIANT, judge=COMPLIANT, self_graded=True),
        run("unscored", audit=UNSCORED, judge=CHEATING),
        run("split", audit=CHEATING, judge=CHEATING, split=True),
        run("contradiction", audit=CHEATING, judge=COMPLIANT),
        run("reviewers", audit=COMPLIANT, judge=COMPLIANT, human=Label(None)),
    ]
    order = [queued.run.uuid for queued in queue(mixed)]
    assert order == [one.uuid for one in reversed(mixed)]


labels = st.sampled_from([CHEATING, SUCCESS, COMPLIANT, UNSCORED])
humans = st.sampled_from([CHEATING, COMPLIANT, Label(None, reason="disagree")])


@st.composite
def many_runs(draw: st.DrawFn) -> list[Run]:
    count = draw(st.integers(0, 40))
    return [
        run(
            str(number),
            **draw(
                st.fixed_dictionaries(
                    {"audit": labels, "judge": labels},
                    optional={
                        "human": humans,
                        "split": st.booleans(),
                        "self_graded": st.booleans(),
                    },
                )
            ),
        )
        for number in range(count)
    ]


shares = st.floats(0, 1)


@given(many_runs(), shares, st.text(max_size=5))
def test_each_run_once_and_each_that_needs_a_person(
    runs: list[Run], share: float, seed: str
) -> None:
    shown = [queued.run.uuid for queued in queue(runs, share, seed)]
    assert len(shown) == len(set(shown))
    assert {one.uuid for one in runs if reasons(one)} <= set(shown)


@given(many_runs(), shares, st.text(max_size=5))
def test_the_share_of_the_clear_ones_is_kept_of_each_verdict(
    runs: list[Run], share: float, seed: str
) -> None:
    """Else the errors among what nobody looked at could not be estimated."""
    queued = {one.run.uuid for one in queue(runs, share, seed)}
    for verdict in Verdict:
        clear = [one for one in runs if stratum(one, AUDIT) == (str(verdict), True)]
        shown = [one for one in clear if one.uuid in queued]
        needed = sum(bool(reasons(one)) for one in clear)  # their reviewers disagree
        at_least = math.ceil(share * len(clear))
        assert at_least <= len(shown) <= at_least + needed


@given(many_runs(), shares, st.text(max_size=5), st.randoms(use_true_random=False))
def test_the_choice_depends_on_nothing_but_seed_and_instruments(
    runs: list[Run], share: float, seed: str, random: Any
) -> None:
    """Two reviewers, before and after each other's labels, see the same runs."""
    bare = [
        run(
            one.uuid,
            split=one.split,
            self_graded=one.self_graded,
            **{name: label for name, label in one.labels.items() if name != HUMAN},
        )
        for one in runs
    ]
    random.shuffle(bare)
    machines = {one.run.uuid for one in queue(bare, share, seed)}
    disagree = {one.uuid for one in runs if Reason.REVIEWERS in reasons(one)}
    assert {one.run.uuid for one in queue(runs, share, seed)} == machines | disagree


@given(many_runs(), shares, shares)
def test_a_larger_share_shows_more_of_the_same(
    runs: list[Run], one: float, other: float
) -> None:
    """Who asks for more later has not reviewed in vain."""
    small, large = sorted((one, other))
    few = {queued.run.uuid for queued in queue(runs, small, "s")}
    assert few <= {queued.run.uuid for queued in queue(runs, large, "s")}


def test_another_seed_is_another_choice() -> None:
    runs = [run(str(number), audit=COMPLIANT, judge=COMPLIANT) for number in range(50)]
    choices = {
        tuple(queued.run.uuid for queued in queue(runs, 0.2, seed)) for seed in "abc"
    }
    assert len(choices) == 3
    assert {len(choice) for choice in choices} == {10}


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.001, 1), (0.2, 10), (1, 50)])
def test_a_share_is_rounded_up(share: float, count: int) -> None:
    runs = [run(str(number), audit=COMPLIANT) for number in range(50)]
    assert len(queue(runs, share)) == count


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        queue([], share)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"audit": COMPLIANT, "judge": COMPLIANT}, ("compliant", True)),
        ({"audit": COMPLIANT, "judge": CHEATING}, ("cheating", False)),
        ({"audit": COMPLIANT, "judge": UNSCORED}, ("None", False)),
        # people's disagreement moves no run to another stratum
        ({"judge": CHEATING, "human": Label(None)}, ("cheating", True)),
    ],
)
def test_the_stratum(fields: dict[str, Any], wanted: tuple[str, bool]) -> None:
    assert stratum(run(**fields), JUDGE) == wanted
