"""What a reviewer is shown of a run, as plain rows of text. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inspect_ai.log import EvalSample
from inspect_ai.scorer import Score

from ..grading.transcript import Entry, EntryKind, Transcript, render
from ..logs.decisions import Decision, standing
from ..logs.runs import QUIZ, Run
from .evidence import Cited, evidence
from .rows import VERDICTS, Role, Row, Span, heading, line, make_row, prose, shown
from .state import Item, Progress

# Characters of a tool's output: all of them. Who decides must be able to see all.
WHOLE = 2**31


@dataclass(frozen=True)
class Page:
    """What is shown of a run.

    Attributes:
        facts: Which run it is, and what was said of it.
        transcript: The conversation.
    """

    facts: tuple[Row, ...]
    transcript: tuple[Row, ...] = ()


_KINDS = {
    EntryKind.SYSTEM: Role.PROMPT,
    EntryKind.USER: Role.PROMPT,
    EntryKind.WORDS: Role.AGENT,
    EntryKind.REASONING: Role.AGENT,
    EntryKind.CALL: Role.CALL,
    EntryKind.OUTPUT: Role.OUTPUT,
}


@dataclass(frozen=True)
class View:
    """What is shown to whom.

    Attributes:
        open: Whether judge and audit are shown.
        reviewers: Whether other reviewers are shown.
        own: What the reader has decided.
        seen: Whether the reader has seen the run openly, so that no decision is blind.
    """

    open: bool = True
    reviewers: bool = False
    own: Decision | None = None
    seen: bool = False


def page(item: Item, sample: EvalSample, view: View) -> Page:
    """Write the page of a run, of whose sample messages and scores are needed."""
    transcript = render(sample.messages, longest=WHOLE)
    cited = Cited()
    rows = [*_facts(item, sample, view)]
    if view.open:
        rows += evidence(item.run, sample, transcript, cited)
    if view.reviewers:
        rows += _reviewers(item.run, view)
    return Page(tuple(rows), tuple(_transcript(transcript, cited)))


def unreadable(item: Item, reason: str, view: View) -> Page:
    """Write the page of a run that cannot be read."""
    said = make_row((f"This run cannot be read: {line(reason)}", Role.WARNING))
    return Page((*_which(item, view), Row(), said))


def loading(item: Item) -> Page:
    """Write the page of a run that is being read."""
    said = f"Reading sample {line(item.run.id)}, epoch {item.run.epoch} …"
    return Page((make_row((said, Role.FAINT)),))


def end(progress: Progress) -> Page:
    """Write the page behind the last run."""
    if not progress.runs:
        head = ("Nothing is to be reviewed.", Role.STRONG)
    elif not progress.left:
        head = (f"All {progress.runs} runs are decided.", Role.COMPLIANT)
    else:
        head = (f"{progress.left} of {progress.runs} runs are left.", Role.STRONG)
    rows = [Row(), make_row(head)]
    if progress.skipped:
        rows.append(
            make_row((f"{progress.skipped} skipped: s takes them up.", Role.PLAIN))
        )
    ends = "q ends the review and enters the decisions in the logs."
    return Page((*rows, make_row((ends, Role.PLAIN))))


def _which(item: Item, view: View) -> Iterator[Row]:
    run = item.run
    yield make_row((line(run.model), Role.STRONG))
    if run.condition:
        told = ", ".join(f"{factor} {level}" for factor, level in run.condition)
        yield make_row((line(told), Role.PLAIN))
    yield make_row((f"sample {line(run.id)}, epoch {run.epoch}", Role.PLAIN))
    yield make_row((f"{line(run.task)}, {line(run.log.name)}", Role.FAINT))
    if view.open:
        why = ", ".join(item.reasons) or "not in the queue (--all)"
        yield make_row(("here because: ", Role.FAINT), (why, Role.STRONG))
    else:
        blind = "Judge and audit are hidden until you have decided."
        yield make_row((blind, Role.STRONG))
        if view.seen:
            text = "You have seen this run openly: your decision will not be blind."
            yield make_row((text, Role.WARNING))


def _facts(item: Item, sample: EvalSample, view: View) -> Iterator[Row]:
    run = item.run
    yield from _which(item, view)
    quiz = (sample.scores or {}).get(QUIZ)
    if quiz is not None:
        yield make_row(("quiz: ", Role.FAINT), (_quiz(quiz, run), Role.PLAIN))
    if run.limit:
        yield make_row((f"ended at a limit: {line(run.limit)}", Role.WARNING))
    if run.error:
        yield make_row((f"ended with an error: {line(run.error)}", Role.WARNING))
    if view.own:
        yield from heading("You", *_decided(view.own))
        yield from prose(view.own.reason)


def _quiz(score: Score, run: Run) -> str:
    passed = {True: "passed. ", False: "", None: ""}[run.passed]
    return f"{passed}{line(score.explanation or score.reason or score.value)}"


def _decided(decision: Decision) -> Iterator[Span]:
    verdict = decision.verdict
    yield (str(verdict), VERDICTS[verdict]) if verdict else ("withdrawn", Role.FAINT)
    if decision.category:
        yield f", {decision.category}", Role.PLAIN
    how = ["blind"] * decision.blind + ["adjudicating"] * decision.adjudicates
    if how:
        yield f" ({', '.join(how)})", Role.FAINT


def _reviewers(run: Run, view: View) -> Iterator[Row]:
    for author, decision in standing(run.decisions).items():
        if view.own is None or decision.id != view.own.id:
            yield from heading(line(author, 60), *_decided(decision))
            yield from prose(decision.reason)


# --- the conversation -------------------------------------------------------------


def _transcript(transcript: Transcript, cited: Cited) -> Iterator[Row]:
    """Yield all of a conversation; what is cited is marked."""
    if not transcript.entries:
        yield make_row(("There is no transcript.", Role.WARNING))
    last = None
    for entry in transcript.entries:
        notes = cited.notes.get(entry.number, [])
        begins, last = entry.number != last, entry.number
        head = (f"M{entry.number} ", Role.CITED if notes else Role.HEADING)
        yield Row(cited=bool(notes) and not begins)
        kind = (str(entry.kind), Role.HEADING)
        stop = begins and bool(notes)
        yield make_row(head, kind, cited=bool(notes), stop=stop)
        if begins:
            for text, role in notes:
                yield make_row(("◀ ", Role.CITED), (text, role), indent=2, cited=True)
        yield from _lines(entry, bool(notes))


def _lines(entry: Entry, cited: bool) -> Iterable[Row]:
    role = _KINDS[entry.kind]
    for one in entry.lines:
        text = (shown(one.text), Role.FAINT if one.note else role)
        yield make_row(text, indent=2, cited=cited)
