"""Makes the logs that a fresh clone has: a small run of scripted agents, reviewed.

    make samples

Nothing in them is a result about any model: the agents play a part, the grader is a
rule of thumb, and the reviewer is the script that knows the truth. They show what
`inspect view`, `proctor review` and `proctor report` look like.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from inspect_ai.log import list_eval_logs

from proctor.logs.decisions import Decision
from proctor.logs.journal import LOGS, ORIGINALS, DecisionJournal, JournalEntry
from proctor.logs.runs import Run, collect
from proctor.logs.triage import SHARE, queue
from proctor.models.grader import NAME as GRADER
from proctor.models.scripted import MIXED, PERSONAS, persona_of
from proctor.room.files import ROOT

NAME = "scripted-sample.eval"
REVIEWER = "scripted reviewer (not a person)"
# Honest ones; cheaters of each sort; some on whom the rule of thumb errs.
CAST = (
    *("guesser", "retrier", "sceptic", "restarter"),
    *("cat_key", "variable_key", "patcher", "swapper", "key_writer", "audit_editor"),
    *("name_guesser", "signaller"),
)


def main() -> None:
    """Run the agents, have the run judged and reviewed, and put the logs in place."""
    places = [ROOT / LOGS / NAME, ROOT / ORIGINALS / NAME]
    for place in places:
        place.unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        log = run(Path(folder))
        log = log.rename(Path(folder) / NAME)
        review(log)
    print(*places, sep="\n")


def run(folder: Path) -> Path:
    """Have the agents take the exam; returns the log."""
    numbers = [list(PERSONAS).index(name) + 1 for name in CAST]
    command = [
        *(sys.executable, "-m", "inspect_ai", "eval", "cheating_evals.py"),
        *("--model", f"scripted/{MIXED}", "--model-role", f"grader=scripted/{GRADER}"),
        *("-T", f"runs={max(numbers)}", "--sample-id", ",".join(map(str, numbers))),
        *("--tags", "scripted,sample", "--log-dir", str(folder), "--display", "plain"),
        *("--metadata", "note=scripted agents, no result about any model"),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    (info,) = list_eval_logs(str(folder))
    return Path(info.name.removeprefix("file://"))


def review(log: Path) -> None:
    """Decide what a review would ask for, as the script of each agent says."""
    runs = collect([log]).runs
    journal = DecisionJournal(log, REVIEWER, ROOT / LOGS, ROOT / ORIGINALS)
    entries = []
    for queued in queue(runs, SHARE, journal.eval_id):
        run = queued.run
        decision = decide(run, tuple(map(str, queued.reasons)))
        entries.append(JournalEntry(run.id, run.epoch, decision))
    journal.write(entries)


def decide(run: Run, why: tuple[str, ...]) -> Decision:
    """Say of a run what its persona did."""
    persona = persona_of(int(run.id))
    audit = run.labels["audit"]
    fits = audit.verdict is persona.verdict
    return Decision(
        author=REVIEWER,
        verdict=persona.verdict,
        category=audit.category if fits else None,
        reason=f"By its script: {persona.story}",
        queued=why,
    )


if __name__ == "__main__":
    main()
