"""What recorder, judge and other scorers say of a run, with what they cite. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.scorer import Score

from ..grading.transcript import Transcript
from ..logs.decisions import HUMAN, as_given
from ..logs.runs import AUDIT, JUDGE, Label, Run
from ..rules import titles
from ..taxonomy import Verdict
from .rows import VERDICTS, Role, Row, Span, heading, line, make_row, prose

# Findings and quotes of one instrument that are shown.
MANY = 50


@dataclass
class Cited:
    """What is cited.

    Attributes:
        notes: By whom, and as what, by the number of the message.
    """

    notes: defaultdict[int, list[Span]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, number: int, text: str, role: Role) -> None:
        """Keep that a message is cited."""
        if (text, role) not in self.notes[number]:
            self.notes[number].append((text, role))


def evidence(
    run: Run, sample: EvalSample, transcript: Transcript, cited: Cited
) -> Iterator[Row]:
    """Yield what the instruments say; `cited` takes what they cite."""
    scores = sample.scores or {}
    first = [name for name in (AUDIT, JUDGE) if name in run.labels]
    rest = [name for name in run.labels if name not in (AUDIT, JUDGE, HUMAN)]
    for name in [*first, *rest]:
        score = as_given(scores[name])
        known = score.metadata if isinstance(score.metadata, dict) else {}
        yield from heading(line(name.upper(), 40), *_label(run.labels[name]))
        if name == AUDIT:
            yield from _findings(_records(known, "findings"), transcript, cited)
            for doubt in _listed(known, "contradictions"):
                yield make_row((f"contradicted: {line(doubt)}", Role.WARNING), indent=2)
        elif name == JUDGE:
            yield from _judgement(known, score, cited)
        else:
            yield from prose(score.explanation)


def _records(metadata: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [one for one in _listed(metadata, name) if isinstance(one, Mapping)]


def _listed(metadata: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list, where there is one: logs may hold anything."""
    value = metadata.get(name)
    return value if isinstance(value, list) else []


def _label(label: Label) -> Iterator[Span]:
    if label.verdict is None:
        yield "unscored", Role.WARNING
        yield f": {line(label.reason or 'no reason is given')}", Role.PLAIN
        return
    yield str(label.verdict), VERDICTS[label.verdict]
    if label.category:
        yield f", {label.category}", Role.PLAIN
    if label.succeeded is not None:
        yield ", succeeded" if label.succeeded else ", an attempt", Role.PLAIN


def _findings(
    records: Sequence[Mapping[str, Any]],
    transcript: Transcript,
    cited: Cited,
) -> Iterator[Row]:
    if not records:
        yield make_row(("nothing that is forbidden is on record", Role.FAINT), indent=2)
    for at, record in enumerate(records):
        rule, outcome = line(record.get("rule"), 60), line(record.get("outcome"), 40)
        minor = bool(record.get("minor"))
        role = Role.FAINT if minor else Role.CHEATING
        number = _number(record, transcript)
        if number is not None:
            cited.add(number, f"audit: {rule}, {outcome}", role)
        if at >= MANY:
            continue
        yield make_row(
            *_citation(number, record),
            (f"{'minor ' if minor else ''}{rule}", role),
            (f", {outcome}", Role.PLAIN),
            indent=2,
        )
        title = titles().get(str(record.get("rule")))
        more = record.get("more") or 0
        target = line(record.get("target")) + (f" and {more} more" if more else "")
        if title:
            yield make_row((title, Role.FAINT), indent=4)
        yield make_row(("target  ", Role.FAINT), (target, Role.PLAIN), indent=4)
        if record.get("command"):
            command = line(record["command"])
            yield make_row(("command ", Role.FAINT), (command, Role.PLAIN), indent=4)
    yield from _more(len(records))


def _number(record: Mapping[str, Any], transcript: Transcript) -> int | None:
    """Return the number under which the transcript has what a finding cites.

    A finding cites a call, which in the viewer may have a number of its own; here it
    stands under that of its message.
    """
    cited, number = record.get("message"), record.get("message_number")
    for entry in transcript.entries:
        if cited is not None and entry.message == cited:
            return entry.number
    if not isinstance(number, int):
        return None
    before = [e.number for e in transcript.entries if e.number <= number]
    return max(before, default=None)


def _more(count: int) -> Iterator[Row]:
    if count > MANY:
        yield make_row((f"and {count - MANY:,} more in the log", Role.FAINT), indent=2)


def _citation(number: int | None, record: Mapping[str, Any]) -> Iterator[Span]:
    if number is not None:
        yield f"M{number} ", Role.CITED
    elif record.get("tool_call") is None:
        yield "after the last call: ", Role.FAINT
    else:
        yield "in another conversation: ", Role.FAINT


def _judgement(known: Mapping[str, Any], score: Score, cited: Cited) -> Iterator[Row]:
    if known.get("self_graded"):
        yield make_row(("self-graded: by the model itself", Role.WARNING), indent=2)
    quotes = _records(known, "evidence")
    for at, one in enumerate(quotes):
        number, quote = one.get("message"), line(one.get("quote"))
        if isinstance(number, int):
            cited.add(number, f"judge: “{line(quote, 80)}”", Role.CITED)
        if at < MANY:
            head = f"M{line(number, 10)} "
            yield make_row((head, Role.CITED), (f"“{quote}”", Role.PLAIN), indent=2)
    yield from _more(len(quotes))
    votes = _records(known, "votes")
    if not votes:
        yield from prose(score.explanation)
    told: set[str] = set()
    for number, vote in enumerate(votes, 1):
        yield from _vote(number, vote, told)


def _vote(number: int, vote: Mapping[str, Any], told: set[str]) -> Iterator[Row]:
    head = (f"vote {number} ", Role.FAINT)
    named = vote.get("grader")
    grader = (f", {line(named, 60)}" if named else "", Role.FAINT)
    reply = vote.get("reply")
    if not isinstance(reply, Mapping):
        unusable = ("unusable", Role.WARNING)
        yield make_row(head, unusable, grader, indent=2)
        yield from prose(line(vote.get("failure") or "no reason is given"), indent=4)
        return
    verdict = line(reply.get("verdict"), 40)
    role = Role.CHEATING if verdict == Verdict.CHEATING else Role.COMPLIANT
    parts = [line(reply[key], 60) for key in ("category", "outcome") if key in reply]
    sure = reply.get("confidence")
    parts += [f"confidence {sure:.2f}"] if isinstance(sure, float | int) else []
    what = (f", {', '.join(parts)}" if parts else "", Role.PLAIN)
    yield make_row(head, (verdict, role), what, grader, indent=2)
    words = str(reply.get("explanation") or "")
    if words and words in told:
        yield make_row(("in the same words", Role.FAINT), indent=4)
    else:
        told.add(words)
        yield from prose(words, indent=4)
