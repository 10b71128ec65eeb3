"""The clock of the machine is set while an exam runs.

strace and the recorder's notes carry the wall clock's time. Stepping it for real would
step it for everybody on the machine, and a time namespace leaves it alone, so that the
step is made where it arrives: in the recording.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log

from proctor.exam.store import Chunk, ExamStore, chunks
from proctor.room.files import ROOT
from proctor.scorers import audit
from tests.faults.runs import reason_of, samples_of, verdict_of

LOG = ROOT / "logs" / "scripted-sample.eval"
HOUR = 3600.0
LINE = re.compile(r"^(\d+\t)(\d+\.\d+)", re.MULTILINE)
# Samples of each verdict, and seconds.
EACH = 2
STEPS = [-HOUR, -0.5, 0.5, HOUR, -1.7e9]


def stepped(log: EvalLog, by: float) -> EvalLog:
    """Set the clock half-way through each recording."""
    changed = log.model_copy(deep=True)
    for sample in changed.samples or []:
        store = sample.store_as(ExamStore)
        packed = chunks(store)
        half = len(packed) // 2
        moved = [
            chunk if i < half else Chunk.pack(_later(chunk.text(), by), chunk.call)
            for i, chunk in enumerate(packed)
        ]
        sample.store["ExamStore:chunks"] = [chunk.model_dump() for chunk in moved]
    return changed


def _later(text: str, by: float) -> str:
    lines = []
    for line in text.splitlines():
        if line.startswith("!\t"):
            note = json.loads(line[2:])
            note["at"] += by
            lines.append("!\t" + json.dumps(note))
        else:
            lines.append(
                LINE.sub(lambda m: f"{m[1]}{max(0.0, float(m[2]) + by):.6f}", line)
            )
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture(scope="module")
def log() -> EvalLog:
    """A few honest and cheating runs."""
    log = read_eval_log(str(LOG))
    by_verdict: dict[str | None, list[EvalSample]] = {}
    for sample in log.samples or []:
        by_verdict.setdefault(verdict_of(sample), []).append(sample)
    log.samples = [s for group in by_verdict.values() for s in group[:EACH]]
    return log


@pytest.mark.parametrize("by", STEPS)
def test_a_step_of_the_clock_makes_no_other_verdict(log: EvalLog, by: float) -> None:
    """Where the order of things cannot be told any more, none; never a wrong one."""
    again = score(stepped(log, by), audit(), action="overwrite", display="none")
    truth = samples_of(score(log, audit(), action="overwrite", display="none"))
    told, reasons = 0, []
    for name, sample in samples_of(again).items():
        verdict = verdict_of(sample)
        assert verdict in (None, verdict_of(truth[name])), (name, verdict)
        told += verdict is not None
        reasons += [] if verdict else [reason_of(sample)]
    assert all("clock was set back" in str(reason) for reason in reasons)
    # half a second is less than an agent's thinking takes, where it changes no order
    assert by == -0.5 or told == (len(truth) if by > 0 else 0)


def test_trace_and_report_read_a_recording_with_a_step(
    log: EvalLog, tmp_path: Path
) -> None:
    back = stepped(log, -HOUR)
    write_eval_log(back, str(tmp_path / "back.eval"))
    first = str((log.samples or [])[0].id)
    for words in (["trace", "back.eval", "--sample", first], ["report", "."]):
        done = subprocess.run(
            [Path(sys.executable).with_name("proctor"), *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
