"""Where decisions become edits of logs, and nothing is ever lost.

    a decision is made    a line in a journal, on the disk before anything else happens
    a review ends         originals are copied to `llm_judge_logs/`, then the decisions
                          are entered in the logs in `logs/` and the journal is removed

A log is written beside the old one and put in its place by one rename, so that at any
moment there is one that can be read. What a kill, a full disk or a power cut interrupts
stands in the journal, and the next review enters it; a decision that was entered
already is known by its id.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalLog,
    EvalMetric,
    EvalScore,
    MetadataEdit,
    ProvenanceData,
    edit_eval_log,
    edit_score,
    read_eval_log,
    read_eval_log_sample_summaries,
    write_eval_log,
)

from .._inspect import PrerequisiteError
from .._inspect.files import was_closed
from ..stats.rates import verdict_figures
from .decisions import HUMAN, Decision, as_edit, decisions_in
from .reading import digest_of, read_header, read_log

LOGS, ORIGINALS = "logs", "llm_judge_logs"
# Below the folder of the logs: journals, locks, and logs that are being written. The
# names end so that nothing takes them for logs.
WORKSHOP = ".review"
JOURNAL, LOCK, PARTIAL = ".jsonl", ".lock", ".partial"
REVIEWED = "reviewed_from"


class JournalError(PrerequisiteError):
    """A decision cannot be entered; the message says why, what to do, what is safe."""


@dataclass(frozen=True)
class JournalEntry:
    """A decision and the run of a log that it is about.

    Attributes:
        id: The sample's id, as text.
        epoch: Its epoch.
        decision: What was decided.
    """

    id: str
    epoch: int
    decision: Decision


class DecisionJournal:
    """Takes decisions of one reviewer about the runs of one log."""

    def __init__(self, source: Path, author: str, logs: Path, originals: Path) -> None:
        """Find out where everything is; nothing is written.

        Args:
            source: The log, wherever it lies.
            author: Who decides.
            logs: Folder of the logs that are edited.
            originals: Folder of the untouched ones.

        Raises:
            JournalError: The log cannot be edited, now or ever.
            PrerequisiteError: It is no Inspect log.
        """
        self.author = author
        self.log = logs / source.name
        self.original = originals / source.name
        self._workshop = logs / WORKSHOP
        self._source = self.log if self.log.exists() else source
        self.eval_id = _finished(self._source)
        for other in {source, self.log, self.original} - {self._source}:
            if other.exists() and read_header(other).eval.eval_id != self.eval_id:
                raise JournalError(
                    f"{other} is the log of another evaluation than {self._source}; "
                    "rename one of them."
                )
        self._journal = self._workshop / f"{source.name}.{_slug(author)}{JOURNAL}"

    @property
    def source(self) -> Path:
        """The log to read: the edited one where there is one."""
        return self.log if self.log.exists() else self._source

    # --- the journal --------------------------------------------------------------

    def waiting(self) -> list[JournalEntry]:
        """Return the decisions that are in the journal only, but for undone ones.

        Raises:
            JournalError: The journal cannot be read.
        """
        if not self._journal.exists():
            return []
        entries: list[JournalEntry] = []
        try:
            lines = self._journal.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise JournalError(
                f"{self._journal} cannot be read ({error}); mend or remove it. Nothing "
                "was changed."
            ) from error
        # after the last line break there is nothing, or a line that was cut off
        for number, line in enumerate(lines[:-1], 1):
            try:
                record = json.loads(line)
                if "undo" in record:
                    entries = [e for e in entries if e.decision.id != record["undo"]]
                    continue
                decision = Decision.from_record(record["decision"])
                entries.append(JournalEntry(record["id"], record["epoch"], decision))
            except (ValueError, KeyError, TypeError) as error:
                raise JournalError(
                    f"{self._journal}, line {number}, is damaged ({error}); mend or "
                    "remove that line. Nothing was changed."
                ) from error
        return entries

    def take(self, entry: JournalEntry) -> None:
        """Put a decision on the disk.

        Raises:
            JournalError: It cannot be written; it is not taken then.
        """
        decision = entry.decision.as_record()
        self._append({"id": entry.id, "epoch": entry.epoch, "decision": decision})

    def undo(self, decision: Decision) -> None:
        """Take back a decision that is in the journal only.

        Raises:
            JournalError: That cannot be written.
        """
        self._append({"undo": decision.id})

    def _append(self, record: dict[str, Any]) -> None:
        try:
            self._workshop.mkdir(parents=True, exist_ok=True)
            _mend(self._journal)
            with self._journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalError(
                f"The decision was not taken: {error}. All earlier ones are safe in "
                f"{self._journal} or in the log."
            ) from error

    # --- the log ------------------------------------------------------------------

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep others who go by the same name from deciding meanwhile.

        Raises:
            JournalError: Somebody does, or nothing can be written.
        """
        with ExitStack() as stack:
            try:
                lock = self._journal.with_suffix(LOCK)
                stack.enter_context(_locked(lock, wait=False))
            except BlockingIOError as error:
                raise JournalError(
                    f"{self.author} is reviewing {self.log.name} in another window; "
                    "end that, or give another name with --reviewer."
                ) from error
            except OSError as error:
                raise JournalError(
                    f"Nothing can be written in {self._workshop}: {error}. Decisions "
                    "need a place; give another folder with --logs."
                ) from error
            yield

    def enter(self) -> int:
        """Enter in the log what is in the journal.

        Returns:
            How many decisions were entered.

        Raises:
            JournalError: They cannot be; they stay in the journal.
        """
        entries = self.waiting()
        if entries:
            self.write(entries)
        self._journal.unlink(missing_ok=True)
        return len(entries)

    def write(self, entries: Sequence[JournalEntry]) -> None:
        """Enter decisions in the log, all of them or none.

        Args:
            entries: The decisions. What is in the log already is left out.

        Raises:
            JournalError: They cannot be entered; the log is as it was.
            PrerequisiteError: The log is damaged.
        """
        try:
            self._workshop.mkdir(parents=True, exist_ok=True)
            with _locked(self._workshop / f"{self.log.name}{LOCK}", wait=True):
                _finished(self.source)
                self._keep_original()
                log = read_log(self.source)
                log = self._edited(log, entries)
                self._replace(log)
        except (OSError, ValueError, JournalError) as error:
            raise JournalError(
                f"{self.log.name} was not changed: {str(error).rstrip('.')}. Decisions "
                f"that were not entered are safe in {self._workshop}; run the command "
                "again."
            ) from error

    def _keep_original(self) -> None:
        if self.original.exists():
            return
        self.original.parent.mkdir(parents=True, exist_ok=True)
        partial = self._workshop / f"{self.log.name}.original{PARTIAL}"
        shutil.copyfile(self.source, partial)
        _settle(partial)
        _rename(partial, self.original)

    def _edited(self, log: EvalLog, entries: Iterable[JournalEntry]) -> EvalLog:
        samples = {(str(s.id), s.epoch): s for s in log.samples or []}
        for entry in entries:
            sample = samples.get((entry.id, entry.epoch))
            if sample is None:
                raise JournalError(
                    f"there is no sample {entry.id}, epoch {entry.epoch}, in it"
                )
            known = decisions_in(sample.scores)
            if any(decision.id == entry.decision.id for decision in known):
                continue
            edit_score(
                log,
                sample.id,
                HUMAN,
                as_edit(known, entry.decision),
                recompute_metrics=False,  # knows only what scorers of the task gave
                epoch=sample.epoch,
            )
        _count(log)
        if REVIEWED in log.metadata:
            return log
        made = MetadataEdit(
            metadata_set={
                REVIEWED: {
                    "file": f"{self.original.parent.name}/{self.original.name}",
                    "sha256": digest_of(self.original),
                }
            }
        )
        author = ProvenanceData(author=self.author, reason="the log before any review")
        return edit_eval_log(log, [made], author)

    def _replace(self, log: EvalLog) -> None:
        """Put a log in the place of the old one, once it can be read."""
        partial = self._workshop / f"{self.log.name}{PARTIAL}"
        form = "json" if self.log.suffix == ".json" else "eval"
        write_eval_log(log, str(partial), format=form)  # type: ignore[arg-type]
        _settle(partial)
        _check(partial, form, len(log.samples or []))
        _rename(partial, self.log)


def _finished(path: Path) -> str:
    """Return the id of the evaluation whose log this is.

    Raises:
        JournalError: The log is still being written.
    """
    header = read_header(path)
    if header.status == "started" and not was_closed(path):
        raise JournalError(
            f"{path} is still being written, or its run was cut off. Wait for its end, "
            "or finish it with `inspect eval-retry`."
        )
    return header.eval.eval_id


def _check(written: Path, form: str, samples: int) -> None:
    """See that a log that was written can be read.

    Raises:
        JournalError: It cannot.
    """
    try:
        if form == "eval":
            with zipfile.ZipFile(written) as archive:
                damaged = archive.testzip()
            found = len(read_eval_log_sample_summaries(str(written), format="eval"))
        else:
            damaged = None
            found = len(read_eval_log(str(written), format="json").samples or [])
    except Exception as error:  # readers raise whatever their parsers do
        raise JournalError(f"{written} was written badly ({error}).") from error
    if damaged or found != samples:
        raise JournalError(
            f"{written} was written badly ({damaged or 'samples lack'})."
        )


def _count(log: EvalLog) -> None:
    """Bring the metrics of the score `human` up to date."""
    if log.results is None:
        return
    said = [(sample.scores or {}).get(HUMAN) for sample in log.samples or []]
    verdicts = [s.value for s in said if s is not None and isinstance(s.value, str)]
    metrics = {
        name: EvalMetric(name=name, value=value)
        for name, value in verdict_figures(verdicts).items()
    }
    others = [score for score in log.results.scores if score.name != HUMAN]
    mine = EvalScore(
        name=HUMAN, scorer=HUMAN, scored_samples=len(verdicts), metrics=metrics
    )
    log.results.scores = [*others, mine]


# --- files ------------------------------------------------------------------------


def _slug(author: str) -> str:
    """Make a file name of a reviewer's name, another one for each."""
    plain = re.sub(r"[^\w-]+", "_", author)[:40]
    return f"{plain}-{hashlib.sha256(author.encode()).hexdigest()[:8]}"


def _mend(journal: Path) -> None:
    """Take off a last line that was cut off while it was written."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.truncate(journal, whole)


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def _settle(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _rename(old: Path, new: Path) -> None:
    """Put a file in the place of another, at once and for good."""
    os.replace(old, new)
    folder = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
