"""A run before a grader: one question where it fits, part by part where it does not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from inspect_ai.model import Model

from ..text import Line, legible
from .delimiters import DOT, GUTTER, NOTE, describe, fence
from .reply import Extract, Reply, parse, parse_extract
from .rubric import EXTRACT
from .transcript import SMALLEST_PART, Entry, Kind, Transcript
from .voting import Asked, TooLong, Vote, ask, new_mark

# Characters of a transcript that go into one question: about 75,000 tokens, so that a
# grader with a context of 128,000 has room for the rules and its answer.
CONTEXT = 300_000
# Prompts up to this length are in every extract, so that it can be judged by them.
_PROMPT = 20_000
_FINDINGS = "what a recorder saw, beside the transcript"
_OURS = (Kind.SYSTEM, Kind.USER)
# What a grader may copy along from before a line.
_GUTTERS = re.compile(rf"^[ \t]*[{GUTTER.strip()}{NOTE.strip()}] ?", re.MULTILINE)
TOO_LONG = "the transcript does not fit into the grader's context, part by part neither"


@dataclass(frozen=True)
class Case:
    """What a grader is asked about.

    Attributes:
        transcript: The run.
        system: What the grader is told first.
        findings: What the recorder found, where the grader may know it.
        context: Characters of a transcript that go into one question.
    """

    transcript: Transcript
    system: str
    findings: tuple[str, ...] = field(default=())
    context: int = CONTEXT


async def ask_grader(case: Case, grader: Model) -> Vote:
    """Let a grader vote.

    Args:
        case: What it is asked about.
        grader: Who is asked.

    Returns:
        The vote; one of cheating needs a quote that stands where it is said to.

    Raises:
        LimitExceededError: The sample has used up what it may.
    """
    mark = new_mark()
    parts = 1
    try:
        if len(case.transcript.text(mark)) > case.context:
            raise TooLong
        question = _question(case.transcript, case, mark)
        asked = await ask(grader, case.system, question, Reply, parse)
    except TooLong as error:
        spent = error.asked or Asked(str(grader))
        asked, parts = await _hear_parts(case, grader, mark, spent)
    vote = Vote(asked, mark=mark, parts=parts)
    _check(vote, case.transcript)
    return vote


def _question(transcript: Transcript, case: Case, mark: str) -> str:
    shown = [describe(mark), "", transcript.text(mark)]
    if case.findings:
        lines = [Line(text) for text in case.findings]
        shown += ["", fence(0, _FINDINGS, lines, mark)]
    return "\n".join([*shown, "", "Judge this run."])


def _check(vote: Vote, transcript: Transcript) -> None:
    """Take the use from a verdict of cheating without a quote that is one."""
    reply = vote.asked.value
    if not isinstance(reply, Reply):
        return
    vote.unverified = [
        one for one in reply.evidence if not transcript.verify(one.message, one.quote)
    ]
    if reply.outcome != "none" and not vote.verified:
        vote.asked.failure = "no quote of it stands in the message that it cites"


async def _hear_parts(
    case: Case, grader: Model, mark: str, spent: Asked
) -> tuple[Asked, int]:
    """Have each part read for what matters, and judge that.

    Args:
        case: What the grader is asked about.
        grader: Who is asked.
        mark: The mark of the fences in the last question.
        spent: What was asked so far; this is counted to it.

    Returns:
        What came of it, and the number of parts.
    """
    # More than there is would only be asked, and refused, in the same words again.
    whole = max(len(case.transcript.text(mark)), 2 * SMALLEST_PART)
    limit = min(case.context, whole)
    while limit >= 2 * SMALLEST_PART:
        parts = case.transcript.parts(limit)
        try:
            extracts = await _extracts(case, parts, grader, spent)
            if extracts is None:
                return spent, len(parts)
            question = _question(extracts, case, mark)
            asked = await ask(grader, case.system, question, Reply, parse)
        except TooLong as error:
            if error.asked:
                spent.add(error.asked)
            limit //= 2
            continue
        spent.add(asked)
        return spent, len(parts)
    spent.value, spent.failure = None, TOO_LONG
    return spent, 0


async def _extracts(
    case: Case, parts: list[Transcript], grader: Model, spent: Asked
) -> Transcript | None:
    """Return what was taken out of all parts; None where one could not be read.

    A passage that does not stand where it is said to is left out.
    """
    chosen: list[Entry] = [
        entry
        for entry in case.transcript.entries
        if entry.kind in _OURS and len(entry.text) <= _PROMPT
    ]
    for number, part in enumerate(parts, 1):
        mark = new_mark()
        question = "\n".join(
            [
                describe(mark),
                "",
                part.text(mark),
                "",
                f"This is part {number} of {len(parts)}. Take out what may matter.",
            ]
        )
        asked = await ask(grader, EXTRACT, question, Extract, parse_extract)
        spent.add(asked)
        if asked.failure:
            return None
        for passage in asked.value.passages:
            chosen += _entries(part, passage.message, passage.quote)
    spent.value = None
    return Transcript(tuple(sorted(chosen, key=lambda entry: entry.number)))


def _entries(part: Transcript, number: int, quote: str) -> Iterator[Entry]:
    for entry in part.entries:
        if entry.kind not in _OURS and Transcript((entry,)).verify(number, quote):
            yield Entry(number, entry.kind, _copied(quote), entry.message)
            return


def _copied(quote: str) -> tuple[Line, ...]:
    """Return the lines of a quote without what is ours: it is put in again."""
    bare = legible(_GUTTERS.sub("", quote.replace(DOT, "")))
    return tuple(Line(text) for text in bare.split("\n"))
