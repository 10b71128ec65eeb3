"""`proctor trace`: the recording in a log, for people and for programs."""

import base64
import io
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich import filesize
from rich.text import Text

from ..formats import many
from ..rules import Assessment, ExamEvidence, Finding, assess, find, verdict_from
from ..taxonomy import Verdict
from ..text import printable
from ..tools.process_tree import Call, Tree, build_process_tree
from .picture import FAINT, WARNING, Picture, severity
from .terminal import table_console
from .words import Words, verbatim

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample, EvalSampleSummary


SCORER = "audit"
UNSCORED = "unscored"
# Ids in a message: enough to see what they look like.
IDS = 10
STYLES: dict[str, str] = {
    str(Verdict.CHEATING): "bold white on red",
    str(Verdict.COMPLIANT): "bold green",
    UNSCORED: "bold yellow",
}
# The backspace keeps click from filling the lines.
JSON = """\b
--json prints one object:
  sample, epoch, model  whose exam it was
  home                  the agent's home in the sandbox
  verdict, reason       as the log has it: cheating, compliant, unscored with
                        the reason, or null where it was not scored
  failure               why the recording cannot be trusted, or null
  error                 what the sample ended with, or null
  contradictions        where the recording is not all that happened
  counts                calls, events, lines, unreadable, processes, threads,
                        findings, bytes, compressed_bytes
  first_unreadable      line and reason, or null
  calls                 number, id (null: after the last call), typed (text,
                        to: "shell" or "program", time, findings), notes of
                        the recorder (kind: session, witness, failure, closed)
  processes             each life of a process id: number, pid, parent, call,
                        started, ended, exit, thread, leader (whose thread),
                        shell (the agent's own), program, argv, folder,
                        trusted (which of the exam's programs it was), programs
                        (all that it became, in turn; preamble: still the
                        recorder's), events (kind: open, change, enter, watch,
                        signal, special, fork, exec, exit)
  findings              number, rule, target, more, outcome, minor, forbidden,
                        severity, category, command, call, time, pid, process (or null)

\b
Processes and findings are numbered from 0: parent, leader and process are
numbers of processes, findings of an event or a note are numbers of findings.
Times are in seconds since the epoch. A byte of a name that is not UTF-8 is a
lone surrogate, U+DC80 to U+DCFF.
"""


# --- the command ------------------------------------------------------------------


@click.command("trace", epilog=JSON)
@click.argument("log")
@click.option(
    "--sample",
    "sample_id",
    metavar="ID",
    help="Which sample; may be left out where the log holds only one.",
)
@click.option(
    "--epoch", type=int, default=1, show_default=True, help="Which of its epochs."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, always whole."
)
def command(log: str, sample_id: str | None, epoch: int, as_json: bool) -> None:
    """Show what an agent did: the recording of a sample of LOG.

    For each tool call: what was typed, the processes that it started, and what each
    of them touched. The findings of today's rules stand where they belong. What every
    program opens to start is only counted; --json leaves nothing out.
    """
    exam = load(log, sample_id, epoch)
    _take_any_character(sys.stdout)
    if as_json:
        click.echo(json.dumps(exam.as_record()))
    else:
        show(exam)


def _take_any_character(stream: object) -> None:
    """Let a terminal that lacks a character get its number instead of a traceback."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


# --- reading ----------------------------------------------------------------------


@dataclass(frozen=True)
class Exam:
    """What a log holds of one sample's exam.

    Attributes:
        sample: The sample's id.
        epoch: Its epoch.
        model: Who took the exam.
        verdict: As the log has it; None where the sample was not scored.
        reason: Why there is no verdict.
        failure: Why the recording cannot be trusted; None where it can.
        error: What the sample ended with, where that was an error.
        contradictions: Where something else says that the recording is not all.
        size: How many bytes the recording has.
        compressed: How many bytes it takes in the log, before base64.
        tree: The recording.
    """

    sample: int | str
    epoch: int
    model: str
    verdict: str | None
    reason: str | None
    failure: str | None
    error: str | None
    contradictions: list[str]
    size: int
    compressed: int
    tree: Tree

    def as_record(self) -> dict[str, Any]:
        """Return the exam as plain data, as the command's help describes it."""
        sizes = {"bytes": self.size, "compressed_bytes": self.compressed}
        unreadable = self.tree.trace.unreadable
        first = unreadable[0] if unreadable else None
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in ("size", "compressed", "tree"):
            del own[name]
        return own | {
            "home": self.tree.home,
            "counts": self.tree.counts() | sizes,
            "first_unreadable": first and {"line": first.line, "reason": first.reason},
            **self.tree.as_record(),
        }


def load(log: str, sample_id: str | None, epoch: int) -> Exam:
    """Read one sample's exam out of a log.

    Args:
        log: Path or address of the log.
        sample_id: The sample's id as a person writes it; None for the only one.
        epoch: Which of its epochs.

    Raises:
        ClickException: There is no such log, sample or epoch, or it holds no recording
            that can be read; the message says what there is.
    """
    if Path(log).is_dir():
        raise click.ClickException(f"{log} is a folder; give one of the logs in it.")
    if "://" not in log and not Path(log).is_file():
        raise click.ClickException(f"There is no log {log}.")
    from inspect_ai.log import (
        read_eval_log,
        read_eval_log_sample,
        read_eval_log_sample_summaries,
    )

    with _naming(log):
        model = read_eval_log(log, header_only=True).eval.model
        summaries = read_eval_log_sample_summaries(log)
    chosen = _choose(summaries, sample_id, epoch, log)
    # what was said is the bulk of a log, and none of it is needed
    unused = {"events", "messages", "attachments"}
    with _naming(log):
        sample = read_eval_log_sample(
            log, chosen.id, chosen.epoch, exclude_fields=unused
        )
    return _exam(sample, model, log)


@contextmanager
def _naming(log: str) -> Iterator[None]:
    """Name what cannot be read; Inspect's readers raise whatever their parsers do."""
    try:
        yield
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = f"{log} cannot be read as an Inspect log: {reason}"
        raise click.ClickException(message) from error


def _choose(
    summaries: Sequence["EvalSampleSummary"],
    sample_id: str | None,
    epoch: int,
    log: str,
) -> "EvalSampleSummary":
    # numbers in the order of numbers, then names
    names = {one.id for one in summaries}
    ids = [str(n) for n in sorted(names, key=lambda n: (isinstance(n, str), n))]
    if not ids:
        raise click.ClickException(f"{log} holds no sample.")
    if sample_id is None and len(ids) > 1:
        raise click.ClickException(
            f"{log} holds {len(ids)} samples; choose one with --sample: {_few(ids)}."
        )
    wanted = ids[0] if sample_id is None else sample_id
    if wanted not in ids:
        raise click.ClickException(
            f"{log} holds no sample {printable(wanted)}; there is {_few(ids)}."
        )
    epochs = {one.epoch: one for one in summaries if str(one.id) == wanted}
    if epoch not in epochs:
        raise click.ClickException(
            f"Sample {printable(wanted)} has no epoch {epoch}; choose one with "
            f"--epoch: {_few([str(number) for number in sorted(epochs)])}."
        )
    return epochs[epoch]


def _few(names: Sequence[str]) -> str:
    more = [f"and {len(names) - IDS} more"] if len(names) > IDS else []
    return ", ".join([*map(printable, names[:IDS]), *more])


def _exam(sample: "EvalSample", model: str, log: str) -> Exam:
    from ..exam.store import ExamStore, chunks, read_recording, room_of
    from ..sandbox.client import InstrumentError

    name = f"Sample {printable(str(sample.id))}, epoch {sample.epoch}"
    try:
        store = sample.store_as(ExamStore)
        recorded = chunks(store)
        trace, calls = read_recording(store)
        left = ExamEvidence(room_of(store), trace, store.given, store.final)
        # half a recording does not account for what was left of the room
        whole = store.closed and not store.failure and not trace.unreadable
        assessed = assess(left) if whole else Assessment(find(trace, left.room), [])
        tree = build_process_tree(trace, calls, left.room, assessed.findings)
    except (InstrumentError, ValueError, LookupError, TypeError) as error:
        reason = printable(str(error)).partition("\n")[0]
        if not isinstance(error, InstrumentError):
            reason = f"the recording in the log is damaged ({reason})"
        raise click.ClickException(f"{name}: {reason}.") from error
    if not recorded and store.failure is None:
        raise click.ClickException(
            f"{name} holds no recording: {log} is no log of this evaluation, or the "
            "sample ended before the exam room was open."
        )
    score = (sample.scores or {}).get(SCORER)
    return Exam(
        sample=sample.id,
        epoch=sample.epoch,
        model=model,
        verdict=_verdict(score.value) if score else None,
        reason=score.reason if score else None,
        failure=store.failure,
        error=sample.error.message if sample.error else None,
        contradictions=assessed.contradictions,
        size=sum(chunk.size for chunk in recorded),
        compressed=sum(len(base64.b64decode(chunk.data)) for chunk in recorded),
        tree=tree,
    )


def _verdict(value: object) -> str:
    """Say what a score's value says; without a verdict it is no number."""
    return UNSCORED if isinstance(value, float) and math.isnan(value) else str(value)


# --- printing ---------------------------------------------------------------------


def show(exam: Exam) -> None:
    """Print an exam."""
    console = table_console()
    words = Words(exam.tree.home)
    for text in _head(exam, words):
        console.print(text)
    for section in Picture(exam.tree, words).sections():
        console.print()
        console.print(section)


def _head(exam: Exam, words: Words) -> Iterator[Text]:
    verdict = exam.verdict or "not scored"
    reason = f" ({exam.reason})" if exam.reason else ""
    yield Text.assemble(
        (verbatim(f"Sample {exam.sample}, epoch {exam.epoch}, "), "bold"),
        (verbatim(f"{exam.model}: "), "bold"),
        (verbatim(verdict), STYLES.get(verdict, WARNING)),
        words.line(reason),
    )
    counts = exam.tree.counts()
    yield Text(
        f"{many(counts['calls'], 'tool call')}, "
        f"{many(counts['processes'], 'process', 'processes')}, "
        f"{many(counts['events'], 'event')} in {many(counts['lines'], 'line')}, "
        f"{filesize.decimal(exam.size)} ({filesize.decimal(exam.compressed)} "
        f"compressed), {counts['unreadable']:,} unreadable, "
        f"{many(counts['findings'], 'finding')}"
    )
    yield from _warnings(exam, words)
    for minor in (False, True):
        found = [f for f in exam.tree.findings if f.minor is minor]
        if found:
            rules = _rules(found, exam.tree.calls)
            yield severity(found[0]).append(f": {', '.join(rules)}")
    if exam.tree.home:
        yield Text(f"~ is {verbatim(exam.tree.home)}", FAINT)


def _rules(findings: Iterable[Finding], calls: Sequence[Call]) -> Iterator[str]:
    """Name what was found, each with the tool calls from the first to the last."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for finding in findings:
        places[finding.rule].append(finding.call)
    for rule, numbers in places.items():
        first, last = min(numbers), max(numbers)
        if not 0 < last <= len(calls) or calls[last - 1].id is None:
            where = "at the end" if first == last else f"from call {first} on"
        else:
            where = f"call {first}" if first == last else f"calls {first} to {last}"
        yield f"{rule} ({where})"


def _warnings(exam: Exam, words: Words) -> Iterator[Text]:
    trace = exam.tree.trace
    if exam.failure:
        yield Text(f"The recorder failed: {words.line(exam.failure)}", WARNING)
    if exam.error:
        yield Text(f"The sample ended with an error: {words.line(exam.error)}", WARNING)
    for doubt in exam.contradictions:
        yield Text(f"The recording is contradicted: {words.line(doubt)}", WARNING)
    if trace.unreadable:
        first = trace.unreadable[0]
        yield Text(
            f"{len(trace.unreadable):,} of {many(trace.lines, 'line')} cannot be read; "
            f"the first ({words.line(first.reason)}): {words.line(first.line)}",
            WARNING,
        )
    today, _ = verdict_from(exam.tree.findings)
    if exam.verdict in set(Verdict) and exam.verdict != today:
        yield Text(f"Today's rules say {today}.", WARNING)
    if not trace.events:
        yield Text("Nothing was recorded.", WARNING)
