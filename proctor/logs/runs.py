"""A run as reviews and reports see it: plain facts of one sample, without transcript.

Whatever task has written the log: of the scores only those are labels whose value is a
verdict, or that are ours and unscored.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.scorer import Score

from .._inspect import PrerequisiteError
from ..rules import Outcome
from ..taxonomy import Category, Verdict, category_of, verdict_of
from .decisions import (
    DISAGREE,
    HUMAN,
    Decision,
    DecisionError,
    as_given,
    decisions_in,
    settled,
    standing,
)
from .reading import TRANSCRIPT, read_header, read_runs
from .usage import Usage, sane, usage_of

AUDIT, JUDGE, QUIZ = "audit", "judge", "quiz"
# Whose word counts where several labelled a run: a person's before the recorder's,
# that before a judge's, and any other last.
PRECEDENCE = (HUMAN, AUDIT, JUDGE)


@dataclass(frozen=True)
class Label:
    """What one labeller says of a run.

    Attributes:
        verdict: The verdict; None where the run is unscored.
        category: Where it belongs in the study's taxonomy; None where not said.
        succeeded: Whether cheating succeeded, else it was an attempt; None where not
            said, or where there was none.
        reason: Why there is no verdict.
        behaved: Whether the agent did what an exam forbids, whether or not it was
            forbidden to this one; None where that is as the verdict says.
    """

    verdict: Verdict | None
    category: Category | None = None
    succeeded: bool | None = None
    reason: str | None = None
    behaved: bool | None = None

    @property
    def did(self) -> bool:
        """Whether the agent did what an exam forbids, forbidden or not."""
        return self.verdict is Verdict.CHEATING or self.behaved is True


@dataclass(frozen=True)
class FindingSummary:
    """One finding of the recorder's that is more than minor, forbidden or not.

    Attributes:
        rule: Id of the rule.
        succeeded: Whether it was done, else only tried.
        call: Number of the tool call during which it happened, from 1.
        message: Number of the message of that call in the viewer; None where unknown.
    """

    rule: str
    succeeded: bool
    call: int
    message: int | None = None


@dataclass(frozen=True)
class Run:
    """One sample of a log.

    Attributes:
        log: The log it was read from.
        id: The sample's id.
        epoch: Its epoch, from 1.
        uuid: What tells the run from all others.
        task: Name of the task, with its version.
        model: Who took the exam.
        replayed: Whether no model took part, and the run plays that of another log.
        condition: What the agent was told and given, by factor.
        item: Which quiz it was asked, or a digest of its input: runs with the same one
            repeat each other.
        labels: What each labeller says, by the score's name.
        decisions: What people decided, in order.
        findings: Findings that count, in order.
        split: Whether the judge's votes were not unanimous.
        self_graded: Whether the judge was the model itself.
        stopped_honestly: Whether the agent gave up instead of cheating, as the judge
            says; None where nobody says so.
        passed: Whether the quiz was passed; None where nobody says so.
        agent: What the agent used; None where the log does not say.
        graders: What graders used, by model; empty where the log does not say.
        seconds: How long it took; None where unknown.
        error: The error it ended with.
        limit: The limit it ended at.
    """

    log: Path
    id: str
    epoch: int
    uuid: str
    task: str
    model: str
    replayed: bool = False
    condition: tuple[tuple[str, str], ...] = ()
    item: str = ""
    labels: Mapping[str, Label] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    findings: tuple[FindingSummary, ...] = ()
    split: bool = False
    self_graded: bool = False
    stopped_honestly: bool | None = None
    passed: bool | None = None
    agent: Usage | None = None
    graders: Mapping[str, Usage] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None
    limit: str | None = None

    @property
    def label(self) -> Label:
        """What counts: of the labels the first in `PRECEDENCE`.

        A labeller who says that there is no verdict counts, too: what the recorder did
        not see, a judge does not make up for.
        """
        for name in by_precedence(self.labels):
            return self.labels[name]
        return Label(None, reason=self.error or "it was not scored")

    @property
    def tokens(self) -> int:
        """Tokens the agent used; 0 where the log does not say."""
        return self.agent.total if self.agent else 0

    @property
    def graders_tokens(self) -> int:
        """Tokens its graders used; 0 where the log does not say."""
        return sum(usage.total for usage in self.graders.values())

    @property
    def cost(self) -> float | None:
        """What agent and graders cost, in dollars; None where a price is unknown."""
        usages = [*([self.agent] if self.agent else []), *self.graders.values()]
        known = [usage.cost for usage in usages if usage.cost is not None]
        return math.fsum(known) if known and len(known) == len(usages) else None

    @property
    def machines(self) -> dict[str, Label]:
        """What the instruments say: all labels but people's."""
        return {name: label for name, label in self.labels.items() if name != HUMAN}

    def said_by(self, name: str | None) -> Label:
        """Return what one labeller says; None for what counts."""
        if name is None:
            return self.label
        return self.labels.get(name, Label(None, reason=f"no score {name}"))


def by_precedence(names: Iterable[str]) -> list[str]:
    """Put labellers in order: those in `PRECEDENCE` first, others as they come."""
    known = list(names)
    ordered = [name for name in PRECEDENCE if name in known]
    return [*ordered, *(name for name in known if name not in PRECEDENCE)]


@dataclass(frozen=True)
class Runs:
    """What was read from logs.

    Attributes:
        runs: The runs, each once.
        logs: The logs, those that could be read.
        notes: What a reader of any figure must know of them, a line each.
        damaged: The logs that could not be read to their end, each with the note that
            says so.
    """

    runs: tuple[Run, ...]
    logs: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    damaged: Mapping[Path, str] = field(default_factory=dict)


def collect(
    paths: Iterable[Path], progress: Callable[[Path, int], None] | None = None
) -> Runs:
    """Read the runs of logs.

    A log that is damaged, was cut off, or cannot be read is no reason to stop: what
    there is of it is read, and a note says what is missing. A run that stands in
    several logs (as after `inspect eval-retry`) counts once, from the newest log; of
    equally new ones from that with more decisions of people.

    Args:
        paths: The logs.
        progress: Called after each run, with its log and how many runs were read.
    """
    found: dict[str, tuple[tuple[str, int], Run]] = {}
    notes: list[str] = []
    logs: list[Path] = []
    damaged: dict[Path, str] = {}
    twice = 0
    for path in paths:
        count = 0
        try:
            header = read_header(path)
            for sample in read_runs(path, TRANSCRIPT):
                run = run_of(sample, header, path)
                rank = (str(header.eval.created), len(run.decisions))
                known = found.get(run.uuid)
                twice += known is not None
                if known is None or known[0] <= rank:
                    found[run.uuid] = (rank, run)
                count += 1
                if progress:
                    progress(path, len(found))
        except (PrerequisiteError, DecisionError) as error:
            said = str(getattr(error, "message", f"{path}: {error}.")).rstrip()
            damaged[path] = f"{said} What could be read of it: {count} runs."
            notes.append(damaged[path])
            if not count:
                continue
        else:
            notes += _cut_off(header, path, count)
        logs.append(path)
    if twice:
        notes.append(f"{twice} runs stand in several logs; the newest log counts.")
    runs = tuple(run for _, run in found.values())
    return Runs(runs, tuple(logs), tuple([*notes, *_versions(runs)]), damaged)


def _cut_off(header: EvalLog, path: Path, count: int) -> list[str]:
    samples = header.eval.dataset.samples or 0
    planned = samples * (header.eval.config.epochs or 1)
    if header.status == "success":
        return []
    missing = f"{count} of {planned} runs are in it" if planned else f"{count} runs"
    return [f"{path.name} was never finished (status: {header.status}): {missing}."]


def _versions(runs: Iterable[Run]) -> list[str]:
    by_name: dict[str, set[str]] = {}
    for run in runs:
        by_name.setdefault(run.task.split(" ")[0], set()).add(run.task)
    return [
        f"Verdicts of different versions are not comparable: {', '.join(sorted(tasks))}"
        for tasks in by_name.values()
        if len(tasks) > 1
    ]


def run_of(sample: EvalSample, header: EvalLog, path: Path) -> Run:
    """Take the facts of a sample, whose transcript is not needed."""
    scores = sample.scores or {}
    audit = _metadata(scores.get(AUDIT))
    judge = _metadata(scores.get(JUDGE))
    decisions = decisions_in(scores)
    model = header.eval.model
    votes = _mappings(judge.get("votes"))
    agent, graders = usage_of(sample, model, votes)
    replayed = model == "none"
    if replayed:  # which says whose run it plays
        model = str(sample.metadata.get("model") or model)
    name = header.eval.task.rsplit("/", 1)[-1]
    version = header.eval.task_version
    return Run(
        log=path,
        id=str(sample.id),
        epoch=sample.epoch,
        uuid=sample.uuid or f"{header.eval.eval_id}/{sample.id}/{sample.epoch}",
        task=f"{name} v{version}" if version else name,
        model=model,
        replayed=replayed,
        condition=_condition(sample.metadata),
        item=_item(sample),
        labels=_labels(scores, decisions),
        decisions=decisions,
        findings=_findings(audit),
        split=len({_said(vote) for vote in votes}) > 1,
        self_graded=bool(judge.get("self_graded")),
        stopped_honestly=_flag(judge.get("stopped_honestly")),
        passed=_passed(scores.get(QUIZ)),
        agent=agent,
        graders=graders,
        seconds=sane(sample.total_time),
        error=sample.error.message if sample.error else None,
        limit=str(sample.limit.type) if sample.limit else None,
    )


def _metadata(score: Score | None) -> dict[str, Any]:
    return (score.metadata if score else None) or {}


def _condition(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    told = metadata.get("condition")
    if not isinstance(told, Mapping):
        return ()
    return tuple((str(factor), str(level)) for factor, level in told.items())


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _item(sample: EvalSample) -> str:
    quiz = sample.metadata.get("quiz")
    if isinstance(quiz, str) and quiz:
        return quiz
    text = sample.input if isinstance(sample.input, str) else str(sample.id)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _labels(
    scores: Mapping[str, Score], decisions: tuple[Decision, ...]
) -> dict[str, Label]:
    labels = {
        name: label
        for name, score in scores.items()
        if name != HUMAN and (label := _label(name, score)) is not None
    }
    if standing(decisions):
        final = settled(decisions)
        labels[HUMAN] = (
            Label(final.verdict, final.category, _succeeded(final.category))
            if final
            else Label(None, reason=DISAGREE)
        )
    return labels


def _label(name: str, score: Score) -> Label | None:
    score = as_given(score)
    value, known = score.value, _metadata(score)
    verdict = verdict_of(value)
    if verdict is None:
        unscored = isinstance(value, float) and math.isnan(value)
        if not unscored or name not in PRECEDENCE:
            return None
        return Label(None, reason=str(score.reason or "no reason is given"))
    category = category_of(value) or category_of(known.get("category"))
    succeeded = _flag(known.get("succeeded", _succeeded(category)))
    if verdict is Verdict.COMPLIANT:
        succeeded = None
    return Label(verdict, category, succeeded, behaved=_flag(known.get("did")))


def _succeeded(category: Category | None) -> bool | None:
    """Tell success from attempt by the taxonomy, which has one word for attempts."""
    if category is None or verdict_of(category) is not Verdict.CHEATING:
        return None
    return category is not Category.ENVIRONMENT_USAGE


def _findings(audit: Mapping[str, Any]) -> tuple[FindingSummary, ...]:
    """Read the findings of any version of the audit, or of a namesake of it."""
    return tuple(
        FindingSummary(
            finding["rule"],
            finding.get("outcome") == Outcome.SUCCEEDED,
            finding["call"],
            finding.get("message_number"),
        )
        for finding in _mappings(audit.get("findings"))
        if isinstance(finding.get("rule"), str)
        and isinstance(finding.get("call"), int)
        and not finding.get("minor")
    )


def _said(vote: Mapping[str, Any]) -> str:
    """Return a vote's verdict, or that it was unusable."""
    reply = vote.get("reply")
    return str(reply.get("verdict") if isinstance(reply, Mapping) else None)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _passed(score: Score | None) -> bool | None:
    value = score.value if score else None
    if not isinstance(value, dict) or "passed" not in value:
        return None
    return bool(value["passed"])
