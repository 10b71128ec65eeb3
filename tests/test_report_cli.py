"""`proctor report` on logs: what it says, and what it does where something is wrong."""

import csv
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inspect_ai.model import GenerateConfig

from proctor.cli.report import command
from proctor.room.files import ROOT
from tests.example_logs import audit, judge, log_of, sample, usual_runs, written

PUBLISHED = ROOT.parent / "shared" / "paper_logs"
needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason=f"the published logs are not at {PUBLISHED}"
)


def report(*arguments: str | Path, **environment: str) -> Result:
    # a terminal of the tester's must not change what is tested
    own = {"NO_COLOR": None, "FORCE_COLOR": None, "COLUMNS": None}
    runner = CliRunner()
    return runner.invoke(command, [*map(str, arguments)], env={**own, **environment})


def said(*arguments: str | Path) -> str:
    done = report(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    written(log_of(usual_runs()), folder)
    return folder


def test_the_tables(logs: Path) -> None:
    output = said(logs)
    assert output.startswith(
        "6 runs of 1 log. Verdicts: final (audit, else judge). Intervals: 95%.\n"
    )
    assert "2/5" in output and "40.0% [11.8, 76.9]" in output
    assert "Note: 1 run without a verdict, in no rate: the recorder died (1)." in output
    assert "judge against audit: the same verdict on 4 of 5 runs" in output
    assert "\x1b" not in output


def test_another_labeller(logs: Path) -> None:
    output = said(logs, "--label", "judge")
    assert "2/6" in output


def test_one_document_for_programs(logs: Path) -> None:
    data = json.loads(said(logs, "--json"), parse_constant=pytest.fail)
    (group,) = data["groups"]
    assert (group["cheating"], group["scored"], group["unscored"]) == (2, 5, 1)
    assert data["command"] == f"proctor report {logs} --json"
    assert set(data["versions"]) >= {"python", "proctor", "inspect_ai", "scipy"}
    (source,) = data["sources"]
    assert (source["name"], source["runs"]) == ("exam.eval", 6)
    digest = subprocess.run(
        ["sha256sum", logs / "exam.eval"], capture_output=True, text=True, check=True
    )
    assert source["sha256"] == digest.stdout.split()[0]


def test_the_command_can_be_run_again(tmp_path: Path) -> None:
    """As it stands in a report, with names that a shell would take apart."""
    folder = tmp_path / "my logs; rm"
    written(log_of(usual_runs()), folder)
    data = json.loads(said(folder, "--label", "judge", "--json"))
    again = subprocess.run(
        ["bash", "-c", f'printf "%s\\n" {data["command"]}'],
        capture_output=True,
        text=True,
        check=True,
    )
    words = ["proctor", "report", str(folder), "--label", "judge", "--json"]
    assert again.stdout.splitlines() == words


def test_files(logs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    done = report(logs, "-o", folder, "--json")
    # what goes to a program is one document all the same
    assert json.loads(done.stdout)["command"].endswith("--json")
    assert f"files are in {folder}." in done.stderr
    assert (folder / "report.html").is_file()
    with (folder / "runs.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6


def test_logs_without_a_name_are_in_logs(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "6 runs of 1 log" in said()
    monkeypatch.chdir(logs)
    assert "There is no log logs" in report().output


def test_a_log_that_is_given_twice_counts_once(logs: Path) -> None:
    assert "6 runs of 1 log." in said(logs, logs / "exam.eval", logs)


def test_a_damaged_log_is_a_note(logs: Path) -> None:
    (logs / "torn.eval").write_bytes((logs / "exam.eval").read_bytes()[:999])
    output = said(logs)
    assert "6 runs of 1 log." in output
    assert "torn.eval is not an Inspect log" in output


def test_logs_of_two_folders_with_one_name(tmp_path: Path) -> None:
    """Each is a source of its own, with its own runs."""
    for name, count in (("a", 2), ("b", 3)):
        runs = [
            sample(n, uuid=f"{name}{n}", audit=audit("compliant")) for n in range(count)
        ]
        written(log_of(runs, name=name), tmp_path / name)
    data = json.loads(said(tmp_path / "a", tmp_path / "b", "--json"))
    assert [source["runs"] for source in data["sources"]] == [2, 3]


def test_settings_that_differ_are_told(tmp_path: Path) -> None:
    """Runs of one model at two temperatures would silently be one group."""
    for number, heat in enumerate((0.0, 1.0)):
        runs = [sample(1, uuid=f"{number}", audit=audit("compliant"))]
        log = log_of(runs, name=str(number))
        log.eval.model_generate_config = GenerateConfig(
            temperature=heat, max_connections=number
        )
        written(log, tmp_path, f"{number}.eval")
    assert "different settings" in said(tmp_path)


def test_overwritten_labels_are_compared_with_the_judges(tmp_path: Path) -> None:
    """The rate is people's, the judge's is corrected by them."""
    for folder, wrong in (("judged", "cheating"), ("logs", "compliant")):
        labels = ["cheating"] * 10 + [wrong] + ["compliant"] * 20
        runs = [sample(n, scorer=judge(value)) for n, value in enumerate(labels)]
        written(log_of(runs), tmp_path / folder)
    output = said(tmp_path / "logs", "--judged", tmp_path / "judged")
    assert "10/31" in output and "They differ in 1 of 31 runs" in output
    assert "scorer against human: the same verdict on 30 of 31 runs" in output
    assert "Error of scorer on 31 labelled runs" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "There is no log nowhere"),
        (["logs", "--label", "jugde"], "there is final, audit, judge."),
        (["logs", "--judged", "nowhere"], "There is no log nowhere"),
        (["logs", "--judged", "other"], "No run of the logs stands in other"),
        (["logs", "-o", "logs/exam.eval"], "was not written to logs/exam.eval"),
        (["logs", "-o", "/proc/report"], "was not written to /proc/report"),
        (["empty"], "holds no .eval or .json log"),
        (["torn"], "The logs hold no run"),
    ],
)
def test_one_line_says_what_is_wrong(
    logs: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(logs.parent)
    Path("empty").mkdir()
    Path("torn").mkdir()
    Path("torn/torn.eval").write_text("torn")
    others = [sample(1, uuid="another", audit=audit("compliant"))]
    written(log_of(others, name="other"), Path("other"))
    done = report(*arguments)
    assert done.exit_code == 1
    assert told in done.output
    assert done.output.count("\n") == 1 and done.output.startswith("Error: ")


def test_files_that_cannot_be_written_lose_nothing(logs: Path, tmp_path: Path) -> None:
    """What was read for minutes is shown all the same."""
    (tmp_path / "report" / "runs.csv").mkdir(parents=True)
    done = report(logs, "-o", tmp_path / "report")
    assert done.exit_code == 1
    assert "2/5" in done.stdout
    assert "runs.csv is a folder; remove or rename it" in done.stderr
    assert "Traceback" not in done.output


def test_help_imports_nothing_heavy() -> None:
    """`proctor --help` answers at once."""
    code = (
        "import sys, proctor.cli.report;"
        "print([m for m in ('inspect_ai', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_progress_is_for_who_watches(logs: Path) -> None:
    """A bar on the terminal, and nothing of it in what is piped on."""
    master, slave = pty.openpty()
    code = f"from proctor.cli.report import command; command([{str(logs)!r}])"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=slave,
        env=environment,
    ) as process:
        os.close(slave)
        seen = b""
        with suppress(OSError):  # so a terminal ends
            while part := os.read(master, 4096):
                seen += part
        output = process.stdout.read() if process.stdout else b""
    os.close(master)
    assert process.returncode == 0
    assert b"Reading runs" in seen and b"6/6" in seen
    assert b"Reading runs" not in output and b"6 runs of 1 log" in output


# --- the published logs -----------------------------------------------------------


@needs_published
def test_published_rates_and_the_judge_corrected_by_the_published_labels() -> None:
    """As the study has them, each with the interval that Wilson's formula gives."""
    data = json.loads(
        said(PUBLISHED / "logs", "--judged", PUBLISHED / "llm_judge_logs", "--json")
    )
    found = {}
    for group in data["groups"]:
        k, n, z = group["cheating"], group["scored"], 1.959963985
        centre = (k + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * (k * (n - k) / n + z * z / 4) ** 0.5
        rate, corrected = group["rate"], group["corrected"]
        assert rate["low"] == pytest.approx(centre - half, abs=1e-9)
        assert rate["high"] == pytest.approx(centre + half, abs=1e-9)
        assert corrected["low"] <= rate["value"] <= corrected["high"]
        found[group["model"].rsplit("/", 1)[-1].split("-")[0]] = (k, n)
    assert found == {
        "o4": (23, 25),
        "claude": (0, 25),
        "deepseek": (0, 20),
        "gemini": (1, 25),
    }
    assert any("was never finished" in note for note in data["notes"])
    correction = data["correction"]
    assert correction["labelled"] == 95 and correction["missing"] is None
    # 24 runs cheated, and the judge found all; of 71 others it spared 69
    assert correction["sensitivity"]["value"] == 1
    assert correction["specificity"]["value"] == pytest.approx(69 / 71)
