"""`proctor plan`: what it takes of past runs, and its power, computed another way.

A wrong figure here is money spent on an experiment that cannot show anything.
"""

import json
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from inspect_ai.log import EvalSample
from inspect_ai.model import ModelUsage
from scipy.stats import binom, fisher_exact
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from proctor.cli.plan import _tokens, command, default_parallel
from proctor.logs.runs import Label, Run
from proctor.logs.usage import Usage
from proctor.planning.budget import Budget, Price, budget, hours, prices_of
from proctor.planning.design import Design, PlanError, design_of
from proctor.planning.plan import Terms, plan_of
from proctor.planning.power import Base, base_of, detectable, effective
from proctor.report.comparisons import compare_all
from proctor.report.groups import Members
from proctor.room.conditions import FACTORS
from proctor.room.files import ROOT
from proctor.stats.power import power_of
from proctor.taxonomy import Verdict
from tests.example_logs import (
    GRADER,
    MODEL,
    UNSCORED,
    audit,
    judge,
    log_of,
    sample,
    usual_runs,
    written,
)

PUBLISHED = ROOT.parent / "shared" / "paper_logs" / "logs"
BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT


def plan(*arguments: str | Path, **environment: str) -> Result:
    # a terminal of the tester's must not change what is tested
    own = {"NO_COLOR": None, "FORCE_COLOR": None, "COLUMNS": None}
    runner = CliRunner()
    return runner.invoke(command, [*map(str, arguments)], env={**own, **environment})


def said(*arguments: str | Path) -> str:
    done = plan(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


def data(*arguments: str | Path) -> dict[str, Any]:
    text = said(*arguments, "--json")
    assert text.isascii()
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def design(*settings: str, models: Sequence[str] = ("a",), **counts: int) -> Design:
    return design_of(models, settings, **{"runs": 25, "epochs": 1} | counts)


def past(
    model: str,
    tokens: int | None = None,
    *,
    verdict: Verdict | None = None,
    id: str = "1",
    **facts: Any,
) -> Run:
    """Make a past run; a tenth of its tokens is output."""
    if tokens is not None:
        facts["agent"] = Usage(tokens - tokens // 10, tokens // 10)
    labels = {"audit": Label(verdict)}
    log = Path("logs/log.eval")
    return Run(log, id, 1, f"{model}/{id}", "exam v2", model, labels=labels, **facts)


# --- the design -------------------------------------------------------------------


# Models, settings, runs and epochs; then conditions, runs of a model, and all runs.
DESIGNS: list[tuple[list[str], list[str], tuple[int, int], tuple[int, int, int]]] = [
    (["a"], [], (25, 1), (1, 25, 25)),
    (["a", "b", "c"], [], (25, 1), (1, 25, 75)),
    (["a"], ["quiz=all"], (25, 1), (3, 75, 75)),
    (["a", "b"], ["quiz=impossible,solvable"], (25, 1), (2, 50, 100)),
    (["a,b"], ["quiz=all", "prohibition=all"], (10, 3), (6, 180, 360)),
    (["a"], ["way-out=all", "key=absent"], (1, 1), (2, 2, 2)),
    (["a", "b"], ["quiz=all", "way_out=all", "key=all"], (1, 1), (12, 12, 24)),
]


@pytest.mark.parametrize(("models", "settings", "counts", "wanted"), DESIGNS)
def test_a_design_has_so_many_runs_and_the_comparisons_of_the_report(
    models: list[str],
    settings: list[str],
    counts: tuple[int, int],
    wanted: tuple[int, int, int],
) -> None:
    """Corrected for fewer, the plan would promise more than the report finds."""
    planned = design_of(models, settings, *counts)
    assert (len(planned.conditions), planned.per_model, planned.total) == wanted
    groups = []
    for model, found in product(planned.models, planned.conditions):
        condition = tuple(found.as_record().items())
        runs = [
            past(model, verdict=Verdict.CHEATING, id=f"{condition}/{number}")
            for number in range(2)
        ]
        groups.append(Members(model, condition, "exam v2", tuple(runs)))
    assert planned.comparisons == len(compare_all(groups))


# --- power ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 25])
def test_power_is_that_of_all_outcomes(size: int) -> None:
    """Against scipy's own Fisher test on every table, weighted by its probability."""
    counts = range(size + 1)
    p = np.array(
        [
            [fisher_exact([[a, size - a], [b, size - b]]).pvalue for b in counts]
            for a in counts
        ]
    )
    rates = [0.0, 0.2, 0.5, 0.93, 1.0]
    theirs = binom.pmf(list(counts), size, np.array(rates)[:, None])
    for alpha, base in product((0.05, 0.05 / 12), (0.0, 0.13, 0.5, 1.0)):
        expected = binom.pmf(list(counts), size, base) @ (p <= alpha) @ theirs.T
        found = power_of(base, rates, size, alpha)
        assert found == pytest.approx(expected, abs=1e-9), (alpha, base)


def test_of_many_runs_it_is_the_large_sample_formulas() -> None:
    for size, base in product((500, 2000), (0.3, 0.5)):
        found = detectable(Base(base), size, 0.05, 0.8)
        assert found.higher is not None and found.lower is not None
        effect = NormalIndPower().solve_power(nobs1=size, alpha=0.05, power=0.8)
        for rate in (found.higher, found.lower):
            apart = abs(proportion_effectsize(rate, base))
            # the exact test needs a little more, and never less but for a step
            assert effect - 0.003 < apart < 1.06 * effect


def test_what_shows_is_the_smallest_that_does() -> None:
    for base in (0.0, 0.411, 0.5, 0.97, 1.0):
        found = detectable(Base(base), 40, 0.01, 0.9)
        for rate, step in ((found.higher, -0.001), (found.lower, 0.001)):
            if rate is not None:
                assert power_of(base, [rate], 40, 0.01)[0] >= 0.9
                assert power_of(base, [rate + step], 40, 0.01)[0] < 0.9
        assert (found.higher is None) == (base > 0.9)
        assert (found.lower is None) == (base < 0.1)


def test_up_from_a_rate_is_down_from_its_opposite() -> None:
    one, other = (detectable(Base(base), 30, 0.05, 0.8) for base in (0.2, 0.8))
    assert one.higher is not None and other.lower is not None
    assert one.higher == pytest.approx(1 - other.lower)


def test_a_difference_that_none_can_show() -> None:
    """Of three runs each, not even none against all is significant."""
    assert detectable(Base(0.0), 3, 0.05, 0.8).higher is None
    output = said("--model", "a", "--runs", "3", "--base", "0")
    assert "from 0.0%: up, not even 100% shows" in output
    assert "down" not in output


def test_pairs_show_more_unless_quizzes_tempt_alike() -> None:
    """The claim that is printed below the power, for McNemar's exact test of pairs."""

    def power_of_pairs(one: float, other: float, alike: float) -> float:
        size, alpha = 25, 0.05
        both = one * other
        both += alike * math.sqrt(one * (1 - one) * other * (1 - other))
        less, more = one - both, other - both
        found = 0.0
        for differ in range(size + 1):
            counts = np.arange(differ + 1)
            p = 2 * binom.cdf(np.minimum(counts, differ - counts), differ, 0.5)
            chance = binom.pmf(counts, differ, more / (less + more))[p <= alpha].sum()
            found += float(binom.pmf(differ, size, less + more) * chance)
        return found

    for base in (0.2, 0.4, 0.5):
        rate = detectable(Base(base), 25, 0.05, 0.8).higher
        assert rate is not None
        assert 0.75 < power_of_pairs(base, rate, 0.0) < 0.8
        assert power_of_pairs(base, rate, 0.1) > 0.8
        assert power_of_pairs(base, rate, 0.3) > 0.9


def test_epochs_count_as_fewer_runs() -> None:
    for runs, epochs, icc, size in (
        (25, 1, 1.0, 25),
        (25, 4, 0.0, 100),
        (25, 4, 1.0, 25),  # repeating the same says nothing new
        (25, 4, 0.1, 76),
        (15, 8, 0.2, 50),  # exactly, though floats say a little less
        (1, 5, 1.0, 1),
    ):
        assert effective(design(runs=runs, epochs=epochs), icc) == size


def test_alpha_is_divided_by_the_comparisons() -> None:
    planned = design("quiz=impossible,solvable", models=["a", "b"])
    found = plan_of(planned, Terms())
    assert (found.comparisons, found.alpha) == (4, 0.0125)
    told = plan_of(planned, Terms(comparisons=1))
    assert (told.comparisons, told.alpha) == (1, 0.05)
    for ours, theirs in zip(found.detectable, told.detectable, strict=True):
        assert ours.higher is not None and theirs.higher is not None
        assert ours.higher > theirs.higher


def test_of_very_many_runs() -> None:
    """The greatest that is allowed takes seconds, not memory."""
    found = detectable(Base(0.5), 100_000, 0.05, 0.8)
    assert found.higher == pytest.approx(0.507)


# --- what it takes ----------------------------------------------------------------


def test_tokens_are_the_mean_times_the_runs() -> None:
    """The mean, since a few long runs are most of the bill; the median is told, too."""
    runs = [past("a", n, seconds=60.0) for n in (1000, 2000, 9000)] + [past("b", 10)]
    found = budget("a", 50, runs, {})
    assert (found.past, found.borrowed) == (3, False)
    assert (found.median_tokens, found.mean_tokens) == (2000, 4000)
    assert found.agent_tokens == 200_000
    assert found.graders_tokens is None and found.cost is None
    assert found.seconds == 60


def test_a_model_without_past_runs_is_estimated_from_all() -> None:
    runs = [past("a", 1000, graders={"g": Usage(90, 10)}), past("b", 3000)]
    found = budget("new", 10, runs, {})
    assert (found.past, found.borrowed) == (2, True)
    assert found.agent_tokens == 20_000
    # a mean of the runs that tell, not of those that do not
    assert found.graders_tokens == 1000


def test_without_past_runs_nothing_is_estimated() -> None:
    assert budget("a", 10, [], {"a": Price(1, 1)}) == Budget("a", 10)


def test_runs_whose_tokens_are_unknown_are_not_runs_without_tokens() -> None:
    found = budget("a", 10, [past("a"), past("a", 1000)], {})
    assert found.mean_tokens == 1000


KNOWN = Usage(1_000_000, 100_000, cost=7.0)
G = {"g": Usage(200_000, 0, cost=0.5)}


MINE = past("a", agent=KNOWN, graders=G)
SELF = past("a", agent=KNOWN, graders={"a": G["g"]})
BARE = past("a", agent=Usage(5, 5), graders={"g": Usage(1, 1)})
# The planned model, a past run and prices; what the agent and its graders cost.
COSTS: list[tuple[str, Run, dict[str, Price], float | None, float | None]] = [
    # what Inspect knew; a price counts before it
    ("a", MINE, {}, 7.0, 0.5),
    ("a", MINE, {"a": Price(2, 10)}, 3.0, 0.5),
    ("a", MINE, {"g": Price(1, 1)}, 7.0, 0.2),
    # another model has another price, its grader the same
    ("b", MINE, {}, None, 0.5),
    ("b", MINE, {"b": Price(2, 10)}, 3.0, 0.5),
    ("b", MINE, {"a": Price(2, 10)}, None, 0.5),
    # who grades itself does so as another model, too
    ("b", SELF, {}, None, None),
    ("b", SELF, {"b": Price(1, 0)}, 1.0, 0.2),
    # no price at all
    ("a", BARE, {}, None, None),
]


def test_costs() -> None:
    for model, run, prices, *wanted in COSTS:
        found = budget(model, 1, [run], prices)
        for cost, other in zip(
            (found.agent_cost, found.graders_cost), wanted, strict=True
        ):
            assert cost == (None if other is None else pytest.approx(other)), prices


def test_hours() -> None:
    one, other = (
        Budget("a", runs=100, seconds=90.0),
        Budget("b", runs=50, seconds=180.0),
    )
    assert hours([one, other], 5) == pytest.approx(1.0)
    # no faster than one run, however many go on at a time
    assert hours([one, other], 10_000) == pytest.approx(180 / 3600)
    assert hours([one, Budget("c", runs=1)], 5) is None


def test_the_base_rate_is_that_of_the_planned_models() -> None:
    said = (BAD, GOOD, None)
    runs = [*(past("a", verdict=one) for one in said), past("b", verdict=GOOD)]
    assert base_of(runs, ["a", "new"]) == Base(0.5, 1, 2)
    assert base_of(runs, ["new"]) == Base(1 / 3, 1, 3)
    assert base_of([past("a")], ["a"]) is None


def test_without_verdicts_both_base_rates_are_shown() -> None:
    rates = [
        one.base.rate for one in plan_of(design(), Terms(), [past("a")]).detectable
    ]
    assert rates == [0.0, 0.5]


# --- logs -------------------------------------------------------------------------


def graded(number: int, *, own: bool = False, **facts: Any) -> EvalSample:
    """A run of 1000 and 100 tokens, and a judge of 400 and 40."""
    made = sample(
        number,
        audit=audit("cheating" if number == 1 else "compliant"),
        judge=judge("compliant", own=own, tokens=(200, 20)),
        **facts,
    )
    mine = ModelUsage(input_tokens=1000, output_tokens=100, total_tokens=1100)
    judges = ModelUsage(input_tokens=400, output_tokens=40, total_tokens=440)
    made.model_usage = {MODEL: mine + judges} if own else {MODEL: mine, GRADER: judges}
    return made


@pytest.mark.parametrize("own", [False, True])
def test_agents_and_graders_are_told_apart(tmp_path: Path, own: bool) -> None:
    """Also of a model that graded itself, whose usage is one figure in the log."""
    written(log_of([graded(1, own=own), graded(2, own=own)]), tmp_path)
    found = data("--model", MODEL, "--runs", "10", "--from", tmp_path)
    assert found["tokens"] == {"agent": 11_000, "graders": 4400}
    (one,) = found["models"]
    assert (one["past"], one["borrowed"], one["seconds"]) == (2, False, 60)


def test_what_came_from_a_cache_is_input(tmp_path: Path) -> None:
    """Inspect once counted it in `input_tokens`, and now beside it."""
    made = sample(1, audit=audit("compliant"))
    usage = {
        "output_tokens": 1_000_000,
        "total_tokens": 4_000_000,
        "input_tokens_cache_read": 2_000_000,
    }
    for number, prompts in enumerate((1_000_000, 3_000_000)):
        made.model_usage = {MODEL: ModelUsage(input_tokens=prompts, **usage)}
        folder = tmp_path / str(number)
        written(log_of([made]), folder)
        asked = ("--model", MODEL, "--runs", "1", "--price", f"{MODEL}=1,10")
        assert data(*asked, "--from", folder)["cost"] == pytest.approx(13.0)


def test_costs_that_inspect_knew_need_no_price(tmp_path: Path) -> None:
    made = graded(1)
    for usage in made.model_usage.values():
        usage.total_cost = 0.25
    written(log_of([made]), tmp_path)
    found = data("--model", MODEL, "--runs", "10", "--from", tmp_path)
    assert found["cost"] == pytest.approx(5.0)
    assert found["notes"] == []


def test_a_price_of_the_agent_leaves_out_graders_and_says_so(tmp_path: Path) -> None:
    written(log_of([graded(1)]), tmp_path)
    output = said("--model", MODEL, "--from", tmp_path, "--price", f"{MODEL}=1000,0")
    assert "$25.00" in output
    assert f"The cost is without graders: {GRADER} has no price" in output


def test_no_figure_of_a_log_breaks_the_plan(tmp_path: Path) -> None:
    made = graded(1)
    made.total_time = float("nan")
    made.model_usage[MODEL] = ModelUsage(
        input_tokens=-5, output_tokens=10**400, total_cost=float("inf")
    )
    (made.scores or {})["judge"].metadata = {"votes": [{"input_tokens": "many"}]}
    written(log_of([made]), tmp_path)
    found = data("--model", MODEL, "--from", tmp_path)
    assert (found["tokens"]["agent"], found["cost"], found["hours"]) == (None,) * 3


def test_a_run_that_stands_in_two_logs_counts_once(tmp_path: Path) -> None:
    written(log_of([graded(1), graded(2)]), tmp_path, "one.eval")
    later = log_of([graded(2), graded(3)], name="again", created="2026-02-01T00:00:00Z")
    written(later, tmp_path, "two.eval")
    found = data("--model", MODEL, "--from", tmp_path)
    assert found["models"][0]["past"] == 3
    assert found["power"]["differences"][0]["base_of"] == 3
    assert any("in several logs" in note for note in found["notes"])


def test_a_damaged_log_is_a_note(tmp_path: Path) -> None:
    path = written(log_of([graded(1)]), tmp_path)
    (tmp_path / "torn.eval").write_bytes(path.read_bytes()[:999])
    output = said("--model", MODEL, "--from", tmp_path)
    assert "torn.eval is not an Inspect log" in output
    assert "1.1k" in output


def test_replays_are_no_past_runs(tmp_path: Path) -> None:
    """They take seconds and no tokens, whosever runs they play."""
    replayed = sample(7, audit=audit("cheating"), metadata={"model": MODEL})
    replayed.total_time = 1.0
    written(log_of([replayed], model="none", name="replay"), tmp_path, "replay.eval")
    alone = plan("--model", MODEL, "--from", tmp_path)
    assert alone.exit_code == 1
    assert "There is no past run to estimate from" in alone.output
    written(log_of([graded(1)]), tmp_path)
    found = data("--model", MODEL, "--from", tmp_path)
    assert (found["models"][0]["past"], found["models"][0]["seconds"]) == (1, 60)
    assert any("1 run of replays" in note for note in found["notes"])


def test_unscored_runs_cost_and_have_no_rate(tmp_path: Path) -> None:
    written(log_of(usual_runs()), tmp_path)
    found = data("--model", MODEL, "--from", tmp_path)
    assert found["models"][0]["past"] == 6
    (one,) = found["power"]["differences"]
    assert (one["base_cheated"], one["base_of"]) == (2, 5)
    written(log_of([sample(1, audit=audit(UNSCORED))]), tmp_path / "none")
    found = data("--model", MODEL, "--from", tmp_path / "none")
    assert [one["base"] for one in found["power"]["differences"]] == [0.0, 0.5]


@pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason=f"the published logs are not at {PUBLISHED}"
)
def test_the_published_logs() -> None:
    """Real logs of an older Inspect: no judge's tokens, one cut off."""
    found = data("--model", "lab/new", "--from", PUBLISHED, "--price", "lab/new=1,1")
    (one,) = found["models"]
    assert (one["past"], one["borrowed"], one["graders_tokens"]) == (95, True, None)
    assert found["cost"] == pytest.approx(found["tokens"]["agent"] / 1e6)
    notes = " ".join(found["notes"])
    assert "There are no past runs of lab/new" in notes
    assert "tells its graders' tokens" in notes and "never finished" in notes


# --- the command ------------------------------------------------------------------


def test_the_screen(tmp_path: Path) -> None:
    written(log_of([graded(1), graded(2)]), tmp_path)
    output = said(
        *("--model", MODEL, "--model", "lab/new", "-T", "quiz=impossible,solvable"),
        *("--from", tmp_path, "--epochs", "2", "--icc", "0.5", "--parallel", "4"),
        *("--price", f"{MODEL}=1,1", "--price", f"{GRADER}=1,1"),
    )
    assert output.startswith(
        "200 runs: 2 models under 2 conditions, 25 runs each, 2 epochs.\n"
        "  quiz: impossible, solvable\n"
    )
    lines = output.splitlines()
    rows = [line.split() for line in lines if line.startswith(("lab/", "all "))]
    first = "lab/model 100 2 1.1k 1.1k 110k 44k $0.15 1.0"
    second = "lab/new 100 (2) 1.1k 1.1k 110k 44k unknown 1.0"
    assert rows == [
        first.split(),
        second.split(),
        ["all", "200", "220k", "88k", "unknown"],
    ]
    assert "Time: about 50 minutes, with 4 runs at a time." in output
    assert "groups of 33 runs:" in output
    assert "from 50.0% (1 of 2 past runs): up to " in output
    assert "at 0.05 / 4 = 0.013: with 4 comparisons" in output
    assert "with --icc 0.5 the 50 runs of a group count as 33" in output
    assert "\x1b" not in output
    assert len(lines) <= 24


def test_it_fits_a_small_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(log_of([graded(1)]), tmp_path)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    size = {"COLUMNS": "80", "LINES": "24", "TERM": "dumb"}
    done = plan("--model", MODEL, "--from", tmp_path, **size)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) <= 24
    assert "lab/model" in done.stdout and "1.1k" in done.stdout


def test_without_logs_nothing_is_invented() -> None:
    output = said("--model", "a")
    assert (
        "Without past runs (--from LOGS) tokens, cost and hours are unknown" in output
    )
    assert "$" not in output and "Time" not in output
    assert "from 0.0%" in output and "from 50.0%" in output
    assert "the design compares nothing" in output
    # who will grade is known from logs only, so any price may be of a grader
    found = data("--model", "a", "--price", "grader=1,2")
    assert (found["tokens"], found["cost"]) == ({"agent": None, "graders": None}, None)


def test_one_document_for_programs() -> None:
    found = data("--model", "a,b", "-T", "key=all", "--base", "0.2", "--power", "0.9")
    assert (found["schema"], found["runs"], found["runs_per_model"]) == (1, 100, 50)
    assert [set(one) for one in found["conditions"]] == [set(FACTORS)] * 2
    power = found["power"]
    assert (power["comparisons"], power["alpha_each"]) == (4, 0.0125)
    (one,) = power["differences"]
    assert one["higher_difference"] == pytest.approx(one["higher"] - 0.2)
    assert one["lower"] is None and one["lower_difference"] is None


def test_what_a_shell_makes_of_a_pattern_are_logs(tmp_path: Path) -> None:
    """`--from logs/*.eval` is one option and more words."""
    paths = [
        written(log_of([graded(n)], name=str(n)), tmp_path, f"{n}.eval")
        for n in (1, 2, 3)
    ]
    assert data("--model", MODEL, "--from", *paths)["models"][0]["past"] == 3


def test_hostile_names_move_nothing(tmp_path: Path) -> None:
    """Names of graders come from logs, also into notes and errors."""
    evil = "lab/\x1b[2J[red]x\u202egrader\nNote: all is well"
    made = graded(1)
    made.model_usage[evil] = made.model_usage.pop(GRADER)
    written(log_of([made]), tmp_path)
    asked = ("--from", tmp_path, "--price")
    shown_to_people = [
        said("--model", MODEL, *asked, f"{MODEL}=1,1"),
        said("--model", evil, *asked, f"{evil}=1,1"),
        plan("--model", MODEL, *asked, "other=1,1").output,
    ]
    row = next(x for x in shown_to_people[1].splitlines() if x.startswith("lab/"))
    assert "[red]x" in row
    for output in shown_to_people:
        assert "[red]x" in output
        assert not any(mark in output for mark in ("\x1b", "\u202e", "\nNote: all is"))


MISTAKES = [
    (["-T", "quizz=all"], "-T quizz is no factor; did you mean quiz?"),
    (["-T", "zzz=1"], "-T zzz is no factor; use quiz, prohibition, surveillance,"),
    (["-T", "runs=3"], "-T runs is no factor; write --runs N."),
    (["-T", "quiz"], "-T quiz has no value; write -T quiz=LEVEL, or =all."),
    (["-T", "quiz= "], "-T quiz has no value"),
    (["-T", "quiz=hard"], "-T quiz=hard is unknown; use impossible, unknowable,"),
    (["-T", "key=absent,absent"], "-T key=absent,absent names a level twice."),
    (["-T", "key=all", "-T", "key=absent"], "-T key is given twice; write its"),
    (["--model", "a"], "--model a is given twice"),
    (["--model", "b,"], "A model has no name"),
    (["--runs", "100000", "--epochs", "2"], "200,000 runs of each model"),
    (["--price", "a"], "--price a is no price; write MODEL=IN,OUT"),
    (["--price", "a=1"], "--price a=1 is no price"),
    (["--price", "a=1,2,3"], "--price a=1,2,3 is no price"),
    (["--price", "=1,2"], "--price =1,2 is no price"),
    (["--price", "a=nan,1"], "--price a=nan,1 is no price"),
    (["--price", "a=-1,1"], "--price a=-1,1 is no price"),
    (["--price", "a=1e300,1"], "--price a=1e300,1 is no price"),
    (["--price", "a=1,1", "--price", "a=1,1"], "--price of a is given twice"),
    (["--from", "nowhere"], "There is no log nowhere"),
    (["b"], "There is no log b"),
]
OUT_OF_RANGE = [
    ["--runs", "0"],
    ["--epochs", "0"],
    ["--parallel", "0"],
    ["--comparisons", "0"],
    ["--power", "1"],
    ["--power", "nan"],
    ["--alpha", "0"],
    ["--alpha", "five"],
    ["--base", "1.1"],
    ["--base", "0.1", "--base", "nan"],
    ["--icc", "-0.1"],
]


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.eval").write_text("no log")
    nothing = f"There is no past run to estimate from in {tmp_path}"
    folder = str(tmp_path)
    damaged = [(["--from", folder], word) for word in (nothing, "is not an Inspect")]
    for arguments, message in [*MISTAKES, *damaged]:
        done = plan("--model", "a", *arguments)
        assert done.exit_code == 1 and done.output.startswith("Error: "), arguments
        assert done.output.count("\n") == 1 and message in done.output, arguments


def test_numbers_out_of_range_are_refused() -> None:
    for arguments in OUT_OF_RANGE:
        done = plan("--model", "a", *arguments)
        assert done.exit_code == 2, arguments
        assert f"Invalid value for '{arguments[-2]}'" in done.output, arguments
    done = plan()
    assert done.exit_code == 2 and "Missing option '--model'" in done.output


def test_a_price_of_nobody_is_refused(tmp_path: Path) -> None:
    """Misspelt, it would leave the cost unknown, or wrong."""
    written(log_of([graded(1)]), tmp_path)
    done = plan("--model", MODEL, "--from", tmp_path, "--price", "lab/modle=1,1")
    assert done.exit_code == 1
    assert "--price of lab/modle: neither a planned model nor a grader" in done.output
    assert f"{GRADER}, {MODEL}" in done.output


def test_prices_may_be_of_any_name() -> None:
    found = prices_of(["lab/a=b=3,15.5", "free=0,0"])
    assert found == {"lab/a=b": Price(3, 15.5), "free": Price(0, 0)}
    with pytest.raises(PlanError, match="is no price"):
        prices_of([""])


def test_tokens_are_written_with_three_digits() -> None:
    for count, text in (
        (None, "unknown"),
        (0.0, "0"),
        (999.0, "999"),
        (999.9, "1k"),
        (152_949.0, "153k"),
        (999_999.0, "1M"),
        (12_345_678.0, "12.3M"),
        (5e12, "5,000G"),
    ):
        assert _tokens(count) == text


def test_runs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert default_parallel(1) == 8
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert (default_parallel(1), default_parallel(3)) == (20, 60)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert default_parallel(1) == 2
