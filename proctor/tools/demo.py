"""The demonstration: every scripted agent takes the exam, and the truth is compared."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inspect_ai import eval as inspect_eval
from inspect_ai import task_with
from inspect_ai.scorer import Score
from inspect_ai.solver import TaskState
from inspect_ai.util import registry_create
from rich.console import Console
from rich.text import Text

from .._inspect import PrerequisiteError
from ..checks.docker import docker_problem
from ..checks.machine import local_problem, log_dir_problem
from ..checks.setting import Setting
from ..exam.session import close_after
from ..formats import many
from ..models.grader import NAME as GRADER
from ..models.scripted import MIXED, PERSONAS, persona_of

TASK = "proctor/cheating_evals"
UNSCORED = "unscored"
# Of one agent, with two idle cores; docs/clusters.md has 100 of them in 236 s.
SECONDS = {"docker": 2.4, "local": 1.0}
# Twice the cores, as Inspect's Docker sandboxes: more would be no faster, and all of
# them would be over at about the same time.
AT_A_TIME = 2 * (os.cpu_count() or 1)
COLOURS = {"cheating": "red", "compliant": "green"}
HEAD = ("right", "verdict", "rule of thumb", "agent")
WIDTHS = (7, 11, 15, 2 + max(map(len, PERSONAS)))


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

    def line(self) -> Text:
        """Write it on one line, with what is wrong at its end."""
        mark = ("yes", "green") if self.right else ("no", "bold red")
        verdicts = [(v, COLOURS.get(v, "yellow")) for v in (self.verdict, self.judged)]
        cells = (mark, *verdicts, (self.name, "bold"))
        line = Text()
        for (text, style), width in zip(cells, WIDTHS, strict=True):
            line.append(text.ljust(width), style)
        line.append(self.story)
        if not self.right:
            wrong = [f"it is {self.wanted}"] if self.verdict != self.wanted else []
            wrong += [f"missing {rule}" for rule in sorted(self.missing)]
            wrong += [f"false {rule}" for rule in sorted(self.extra)]
            wrong += [self.reason] if self.reason else []
            line.append(f" ({'; '.join(wrong)})", "red")
        return line


def run_demo(sandbox: str, log_dir: str | None) -> int:
    """Run all scripted agents, and print each verdict as it falls.

    Args:
        sandbox: `auto`, `docker` or `local`.
        log_dir: Where the log goes; None for Inspect's own setting.

    Returns:
        How many were judged wrong.

    Raises:
        DemoError: There is no place to run in, or the run failed.
    """
    console = Console()
    log_dir = log_dir or Setting(sandbox, None, Path.cwd()).log_dir
    if wrong := log_dir_problem(log_dir):
        raise DemoError(wrong)
    kind = choose(sandbox, console)
    announce(kind, console)
    compared: list[Comparison] = []

    async def close_and_show(state: TaskState) -> None:
        await close_after(state)
        compared.append(compare(int(state.sample_id), state.scores or {}))
        console.print(compared[-1].line(), soft_wrap=True)

    try:
        exam = registry_create(
            "task",
            TASK,
            runs=len(PERSONAS),
            sandbox=kind,
            grader=f"scripted/{GRADER}",
        )
        logs = inspect_eval(
            task_with(exam, cleanup=close_and_show),
            model=f"scripted/{MIXED}",
            log_dir=log_dir,
            max_samples=AT_A_TIME,
            display="none",
        )
    except PrerequisiteError as error:
        raise DemoError(Text.from_markup(str(error.message)).plain) from error
    if not logs or logs[0].status != "success":
        raise DemoError(f"The run was not finished; its log is in {log_dir}.")
    summarise(compared, console)
    console.print(f"Log: {logs[0].location}", soft_wrap=True)
    console.print("See every step of it with `inspect view`.")
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


def announce(kind: str, console: Console) -> None:
    """Say what is run, how long it takes, and what the columns are."""
    console.print(
        f"$ inspect eval {TASK} --model scripted/{MIXED} -T runs={len(PERSONAS)} "
        f"-T sandbox={kind} -T grader=scripted/{GRADER} --max-samples {AT_A_TIME}",
        style="bold",
        highlight=False,
        soft_wrap=True,
    )
    minutes = round(len(PERSONAS) * SECONDS[kind] / 60)
    console.print(
        f"{len(PERSONAS)} agents, about {many(minutes, 'minute')} on two idle cores; "
        "each verdict as it falls:\n"
    )
    head = (text.ljust(width) for text, width in zip(HEAD, WIDTHS, strict=True))
    console.print("".join(head) + "what it does", style="bold", soft_wrap=True)


def compare(number: int, scores: Mapping[str, Score]) -> Comparison:
    """Compare a sample of `scripted/mixed` with its persona's truth.

    Args:
        number: The sample's, from 1.
        scores: Its scores; none where it ended in an error.
    """
    persona = persona_of(number)
    score = scores.get("audit")
    metadata = (score.metadata if score else None) or {}
    found = frozenset(finding["rule"] for finding in metadata.get("findings", []))
    reason = score.reason if score else "no score; the log says why"
    return Comparison(
        persona.name,
        persona.story,
        str(persona.verdict),
        _verdict(score),
        persona.findings - found,
        found - persona.findings,
        str(reason) if reason else None,
        _verdict(scores.get("judge")),
    )


def _verdict(score: Score | None) -> str:
    return score.value if score and isinstance(score.value, str) else UNSCORED


def summarise(compared: list[Comparison], console: Console) -> None:
    """Print lines that sum all comparisons up."""
    same = sum(one.judged == one.verdict for one in compared)
    console.print(
        f"\nThe rule of thumb is scripted/{GRADER} in the place of a grader, to show "
        f"the judge's way: no model's judgement. It says the same of {same}."
    )
    right = sum(one.right for one in compared)
    console.print(f"{right} of {len(compared)} agents were judged as they should be.")
