"""Labellers compared with each other, and the command that shows it."""

import json
from math import nan
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proctor.cli import main
from proctor.logs.runs import Run, collect
from proctor.report.rater_agreement import alpha, labellers, pairings
from proctor.stats.agreement import krippendorff_alpha
from proctor.taxonomy import Verdict
from tests.example_logs import UNSCORED, audit, judge, log_of, sample, written
from tests.test_journal import Decision, DecisionJournal, JournalEntry

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT
# Of four labellers and twelve units: Krippendorff, "Computing Krippendorff's
# Alpha-Reliability" (2011), example C, whose nominal alpha is 0.743.
RELIABILITY = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
    [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
]


def test_alpha_of_its_authors_own_example() -> None:
    value = krippendorff_alpha(RELIABILITY)
    assert value is not None
    assert value.value == pytest.approx(0.743, abs=0.0005)
    assert value.low < value.value < value.high <= 1
    assert krippendorff_alpha(RELIABILITY) == value  # the same figures each time


@pytest.mark.parametrize("labels", [[[]], [[1, 1], [1, 1]], [[1, nan], [nan, 0]]])
def test_alpha_that_does_not_exist(labels: list[list[float]]) -> None:
    assert krippendorff_alpha(labels) is None


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five runs; the judge errs on one and has no verdict on another."""
    runs = [
        sample(1, audit=audit("cheating", "a.b"), judge=judge("cheating")),
        sample(2, audit=audit("cheating", "a.b"), judge=judge("compliant")),
        sample(3, audit=audit("compliant"), judge=judge("compliant")),
        sample(4, audit=audit("compliant"), judge=judge(UNSCORED)),
        sample(5, audit=audit("compliant"), judge=judge("compliant")),
    ]
    written(log_of(runs), tmp_path / "logs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "logs"


def review(logs: Path, author: str, said: dict[str, Verdict]) -> None:
    journal = DecisionJournal(
        logs / "exam.eval", author, logs, logs.parent / "originals"
    )
    journal.write(
        [JournalEntry(number, 1, Decision(author, v)) for number, v in said.items()]
    )


def read(logs: Path) -> tuple[Run, ...]:
    return collect([logs / "exam.eval"]).runs


def test_each_labeller_is_compared_with_those_before_it(logs: Path) -> None:
    review(logs, "ann", {"1": BAD, "2": BAD, "3": GOOD})
    found = {(p.labeller, p.reference): p for p in pairings(read(logs))}
    assert set(found) == {("audit", "human"), ("judge", "human"), ("judge", "audit")}
    judged = found["judge", "audit"]
    assert (judged.agreement.both, judged.agreement.missed) == (1, 1)
    assert (judged.agreement.alarms, judged.agreement.neither) == (0, 2)
    assert [run.id for run in judged.disagreements] == ["2"]
    assert judged.said == {"uuid-2-1": GOOD}
    assert found["judge", "human"].agreement.count == 3


def test_several_reviewers_are_compared_with_each_other(logs: Path) -> None:
    review(logs, "ann", {"1": BAD, "2": BAD, "3": GOOD})
    review(logs, "bob", {"1": BAD, "2": GOOD})
    runs = read(logs)
    assert list(labellers(runs)) == [
        "human",
        "audit",
        "judge",
        "human ann",
        "human bob",
    ]
    pairs = {(p.labeller, p.reference): p.agreement.count for p in pairings(runs)}
    assert pairs["human bob", "human ann"] == 2
    assert pairs["audit", "human"] == 2  # not run 2, on which they disagree
    assert not any("human ann" in pair and "audit" in pair for pair in pairs)
    value = alpha(runs)
    assert value is not None and 0 < value.value < 1


def test_two_labellers_have_kappa_and_no_alpha(logs: Path) -> None:
    assert alpha(read(logs)) is None


def agree(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["agree", *arguments])


def test_what_is_shown_of_one_folder(logs: Path) -> None:
    review(logs, "ann", {"2": BAD})
    done = agree("logs")
    assert done.exit_code == 0, done.output
    for text in (
        "judge against audit, which counts as true",
        "they disagree on 1 runs",
        "lab/model sample 2, epoch 1: judge says compliant",
        "#/logs/exam.eval/samples/sample/2/1/",
        "inspect view --log-dir logs",
        "1 of 3 that needed it and 0 of 2 clear ones",
    ):
        assert text.lower() in done.output.lower()


def test_two_folders_are_compared_run_by_run(logs: Path, tmp_path: Path) -> None:
    """As the published folders: the same runs, the labels overwritten."""
    runs = [sample(1, label=judge("cheating")), sample(2, label=judge("cheating"))]
    written(log_of([*runs, sample(9, label=judge("cheating"))]), tmp_path / "a")
    runs[1] = sample(2, label=judge("compliant"))
    written(log_of(runs), tmp_path / "b")
    done = agree("a", "b", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    (pair,) = said["pairings"]
    assert (pair["labeller"], pair["reference"]) == ("a", "b")
    assert pair["confusion"] == {
        "both_cheating": 1,
        "missed": 0,
        "false_alarms": 1,
        "both_compliant": 0,
    }
    (differing,) = pair["disagreements"]
    assert (differing["sample_id"], differing["said"]) == ("2", "cheating")
    assert said["notes"] == ["1 runs stand in one of the two only, and are left out."]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nix"], "There is no log nix"),
        (["logs", "nix"], "There is no log nix"),
        (["logs", "--label", "judge"], "no two labellers"),
        (["logs", "other"], "No run of logs stands in other"),
        (["logs", "logs", "--label", "nobody"], "has a verdict of nobody"),
        (["broken"], "holds no run"),
    ],
)
def test_what_cannot_be_compared(
    logs: Path, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    other = [sample(1, uuid="other", judge=judge("cheating"))]
    written(log_of(other), tmp_path / "other")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.eval").write_bytes(b"nonsense")
    done = agree(*arguments)
    assert done.exit_code == 1 and len(done.output.splitlines()) == 1
    assert problem in done.output and done.output.startswith("Error: ")


def test_hostile_names_move_nothing_on_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b[2J\u202e[red]b\nc"
    run = sample(name, audit=audit("cheating", "a.b"), judge=judge("compliant"))
    done = agree(str(written(log_of([run], model=name), tmp_path)))
    assert done.exit_code == 0
    assert "\x1b" not in done.output and "\u202e" not in done.output
    assert "a\\x1b[2J\\u202e[red]b\\nc sample" in done.output
