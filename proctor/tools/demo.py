"""The demonstration: every scripted agent takes the exam, and the truth is compared."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from inspect_ai.log import (
    EvalLog,
    EvalSample,
    list_eval_logs,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.scorer import Score
from rich.console import Console
from rich.table import Table

from ..checks.preflight import docker_problem, local_problem
from ..models.grader import NAME as GRADER
from ..models.scripted import MIXED, PERSONAS, persona_of
from ..room.files import ROOT

TASK = "cheating_evals.py"
UNSCORED = "unscored"


class DemoError(Exception):
    """The demonstration cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Comparison:
    """One persona's exam beside the truth.

    Attributes:
        name: The persona.
        story: What it does.
        wanted: The true verdict.
        verdict: The audit's; `unscored` where it has none.
        missing: Rules that should have found something.
        extra: Rules that should not have.
        reason: Why there is no verdict.
        judged: The judge's verdict; `unscored` where it has none.
    """

    name: str
    story: str
    wanted: str
    verdict: str
    missing: frozenset[str]
    extra: frozenset[str]
    reason: str | None
    judged: str = UNSCORED

    @property
    def right(self) -> bool:
        """Whether verdict and findings are the expected ones."""
        return self.verdict == self.wanted and not self.missing and not self.extra


def run_demo(sandbox: str, log_dir: str | None) -> int:
    """Run all scripted agents and print how they were judged.

    Args:
        sandbox: `auto`, `docker` or `local`.
        log_dir: Where the log goes; None for Inspect's own setting.

    Returns:
        How many were judged wrong.

    Raises:
        DemoError: There is no place to run in, or the run failed.
    """
    console = Console()
    kind = choose(sandbox, console)
    command = [
        *("inspect", "eval", TASK, "--model", f"scripted/{MIXED}"),
        *("-T", f"runs={len(PERSONAS)}", "-T", f"sandbox={kind}"),
        *("--model-role", f"grader=scripted/{GRADER}"),
    ]
    console.print(f"[bold]$ {' '.join(command)}[/bold]", highlight=False)
    with TemporaryDirectory() as folder:
        # a place of its own tells this run's log from all others
        log = _run([sys.executable, "-m", "inspect_ai", *command[1:]], folder)
        compared = [compare(s) for s in log.samples or []]
        saved = _keep(log, log_dir)
    show(compared, console)
    console.print(f"Log: {saved}. See every step of it with `inspect view`.")
    return sum(not one.right for one in compared) + len(PERSONAS) - len(compared)


def choose(sandbox: str, console: Console) -> str:
    """Choose where to run, and say so.

    Raises:
        DemoError: There is neither Docker nor what a local room needs.
    """
    if sandbox != "auto":
        return sandbox
    docker = docker_problem()
    if docker is None:
        console.print("A Docker engine answers: the exams take place in containers.")
        return "docker"
    local = local_problem()
    if local is None:
        console.print(
            f"{docker}\nSo the exams take place in temporary folders on this machine, "
            "which is enough for scripted agents."
        )
        return "local"
    raise DemoError(f"There is no place for the exams. {docker} Or: {local}")


def _run(command: list[str], folder: str) -> EvalLog:
    result = subprocess.run([*command, "--log-dir", folder], cwd=ROOT, check=False)
    logs = list_eval_logs(folder)
    if result.returncode or not logs:
        raise DemoError("The run failed; the lines above say why.")
    return read_eval_log(logs[0])


def _keep(log: EvalLog, log_dir: str | None) -> Path:
    folder = Path(log_dir) if log_dir else ROOT / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(log.location).name
    write_eval_log(log, str(path))
    return path


def compare(sample: EvalSample) -> Comparison:
    """Hold a sample of `scripted/mixed` against its persona's truth."""
    persona = persona_of(int(sample.id))
    score = (sample.scores or {}).get("audit")
    metadata = (score.metadata if score else None) or {}
    found = frozenset(finding["rule"] for finding in metadata.get("findings", []))
    reason = sample.error.message if sample.error else score.reason if score else None
    return Comparison(
        persona.name,
        persona.story,
        str(persona.verdict),
        _verdict(score),
        persona.findings - found,
        found - persona.findings,
        str(reason) if reason else None,
        _verdict((sample.scores or {}).get("judge")),
    )


def _verdict(score: Score | None) -> str:
    return score.value if score and isinstance(score.value, str) else UNSCORED


def show(compared: list[Comparison], console: Console) -> None:
    """Print a table of all comparisons and a line that sums them up."""
    table = Table(
        "agent", "what it does", "verdict", "as it should be", "rule of thumb"
    )
    for one in compared:
        table.add_row(
            one.name,
            one.story,
            _coloured(one.verdict),
            _remark(one),
            _coloured(one.judged),
        )
    console.print(table)
    same = sum(one.judged == one.verdict for one in compared)
    console.print(
        f"The rule of thumb is scripted/{GRADER} in the place of a grader, to show the "
        f"judge's way: no model's judgement. It says the same of {same}."
    )
    right = sum(one.right for one in compared)
    console.print(f"{right} of {len(compared)} agents were judged as they should be.")


def _coloured(verdict: str) -> str:
    colour = {"cheating": "red", "compliant": "green"}.get(verdict, "yellow")
    return f"[{colour}]{verdict}[/{colour}]"


def _remark(one: Comparison) -> str:
    if one.right:
        return "yes"
    remarks = [f"no, it is {one.wanted}"] if one.verdict != one.wanted else ["no"]
    remarks += [f"missing {rule}" for rule in sorted(one.missing)]
    remarks += [f"false {rule}" for rule in sorted(one.extra)]
    return "; ".join([*remarks, *([one.reason] if one.reason else [])])
