"""The state of a review: which runs, where the reviewer is, what was decided.

Nothing of a terminal is in it, and of the disk only what takes decisions and looks.
What an author has decided before counts, in the log or still in the journal, so that a
review that is taken up again goes on behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..logs.decisions import Decision, standing
from ..logs.journal import DecisionJournal, JournalEntry
from ..logs.runs import Run
from ..logs.triage import SHARE, Reason, lot, queue, reasons
from ..taxonomy import Category, Verdict
from .seen import Seen


@dataclass(frozen=True)
class Mode:
    """How is reviewed.

    Attributes:
        blind: Whether judge and audit are hidden until the reviewer has decided.
        adjudicate: Whether only runs are shown whose reviewers disagree, to decide
            between them.
        share: Of the clear runs, how many are shown, in [0, 1].
        everything: Whether the other runs follow.
    """

    blind: bool = False
    adjudicate: bool = False
    share: float = SHARE
    everything: bool = False


@dataclass(frozen=True)
class Item:
    """A run to be reviewed.

    Attributes:
        run: The run.
        journal: Takes decisions about it.
        reasons: Why it is shown; nothing where only all were asked for.
    """

    run: Run
    journal: DecisionJournal
    reasons: tuple[Reason, ...] = ()


def choose(runs: Mapping[DecisionJournal, Sequence[Run]], mode: Mode) -> list[Item]:
    """Put the runs of all logs in the order of review.

    The order of an open review is the queue's. A blind one shows the same runs in a
    random order, the same for each reviewer: in the queue's a run's place would tell
    what judge and audit say.

    Args:
        runs: The runs of each log, by what takes decisions about them.
        mode: How is reviewed.

    Raises:
        ValueError: The share is out of range.
    """
    items = [
        Item(run, journal, why)
        for journal, its in runs.items()
        for run, why in _chosen(its, journal.eval_id, mode)
    ]
    if mode.blind:
        items.sort(key=lambda one: lot(one.run, f"order\n{one.journal.eval_id}"))
    else:
        order = [*Reason]
        items.sort(key=lambda i: order.index(i.reasons[0]) if i.reasons else len(order))
    return items


def _chosen(
    runs: Sequence[Run], seed: str, mode: Mode
) -> list[tuple[Run, tuple[Reason, ...]]]:
    if mode.adjudicate:
        asked = [(run, reasons(run)) for run in runs]
        return [(run, why) for run, why in asked if Reason.REVIEWERS in why]
    # that others disagree is theirs, and not for somebody who is to decide blindly
    shown = [replace(run, labels=run.machines) for run in runs] if mode.blind else runs
    queued = {one.run.uuid: one.reasons for one in queue(shown, mode.share, seed)}
    whole = {run.uuid: run for run in runs}
    others = [(run, ()) for run in runs if run.uuid not in queued]
    chosen = [(whole[uuid], why) for uuid, why in queued.items()]
    return [*chosen, *(others if mode.everything else [])]


@dataclass(frozen=True)
class Progress:
    """How far a review is.

    Attributes:
        runs: How many runs it has.
        decided: How many of them this reviewer has decided, now or before.
        skipped: How many were skipped.
        taken: What was decided now, by verdict.
    """

    runs: int
    decided: int
    skipped: int
    taken: Mapping[Verdict, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many are still to be decided, skipped ones included."""
        return self.runs - self.decided


class ReviewState:
    """A review by one person."""

    def __init__(
        self, author: str, items: Iterable[Item], mode: Mode, seen: Seen
    ) -> None:
        """Take up a review where this author has left it.

        Args:
            author: Who decides.
            items: What is reviewed, in order (`choose`).
            mode: How.
            seen: Which runs the author has seen openly.

        Raises:
            JournalError: A journal cannot be read.
        """
        self.author = author
        self.items = tuple(items)
        self.mode = mode
        self._seen = seen
        # each of the author's decisions, in order
        waiting = {
            journal: journal.waiting() for journal in {i.journal for i in self.items}
        }
        self._chains = [self._before(i.run, waiting[i.journal]) for i in self.items]
        self._taken: set[str] = set()
        self._skipped: set[int] = set()
        self._done: list[int] = []
        self.at = len(self.items)
        self.proceed()

    def _before(self, run: Run, entries: Iterable[JournalEntry]) -> list[Decision]:
        waiting = [
            e.decision for e in entries if (e.id, e.epoch) == (run.id, run.epoch)
        ]
        known = {decision.id: decision for decision in [*run.decisions, *waiting]}
        return [one for one in known.values() if one.author == self.author]

    # --- where the reviewer is ----------------------------------------------------

    @property
    def current(self) -> Item | None:
        """The run that is shown; None at the end."""
        return self.items[self.at] if self.at < len(self.items) else None

    @property
    def decision(self) -> Decision | None:
        """What this author says of the run that is shown."""
        return self._standing(self.at) if self.current else None

    @property
    def open(self) -> bool:
        """Whether judge and audit may be shown for this run."""
        return not self.mode.blind or bool(self.current and self._chains[self.at])

    @property
    def independent(self) -> bool:
        """Whether a decision made now would be blind."""
        item = self.current
        return not self.open and item is not None and item.run.uuid not in self._seen

    @property
    def progress(self) -> Progress:
        """How far the review is."""
        made = [
            decision.verdict
            for chain in self._chains
            for decision in standing(chain).values()
            if decision.id in self._taken and decision.verdict
        ]
        return Progress(
            len(self.items),
            sum(self._standing(at) is not None for at in range(len(self.items))),
            len(self._skipped),
            {verdict: made.count(verdict) for verdict in Verdict},
        )

    def listing(self) -> list[tuple[Item, Decision | None]]:
        """Return all runs, each with what this author has decided."""
        return [(item, self._standing(at)) for at, item in enumerate(self.items)]

    def _standing(self, at: int) -> Decision | None:
        decision = standing(self._chains[at]).get(self.author)
        if decision and self.mode.adjudicate and not decision.adjudicates:
            return None  # one of those that are to be decided between
        return decision

    # --- going on -----------------------------------------------------------------

    def proceed(self) -> None:
        """Go to the next run that is neither decided nor skipped; else to the end."""
        count = len(self.items)
        here = -1 if self.current is None else self.at
        for step in range(1, count + 1):
            at = (here + step) % count
            if self._standing(at) is None and at not in self._skipped:
                self.at = at
                return
        self.at = count

    def back(self) -> bool:
        """Go to the run before; whether there is one."""
        moved = self.at > 0
        self.at -= moved
        return moved

    def forward(self) -> bool:
        """Go to the run behind, or to the end; whether that is somewhere else."""
        moved = self.at < len(self.items)
        self.at += moved
        return moved

    def skip(self) -> None:
        """Leave the run for later; at the end take up what was skipped."""
        if self.current is None:
            self._skipped.clear()
            self.proceed()
            return
        if self._standing(self.at) is None:
            self._skipped.add(self.at)
            self._done.append(self.at)
        self.proceed()

    def show(self) -> None:
        """Keep that the run is seen, where it is shown openly.

        Raises:
            OSError: That cannot be kept.
        """
        if self.open and self.current:
            self._seen.add(self.current.run.uuid)

    # --- deciding -----------------------------------------------------------------

    def decide(
        self, verdict: Verdict, category: Category | None = None, reason: str = ""
    ) -> Decision:
        """Decide the run that is shown; where that is does not change.

        Raises:
            DecisionError: Verdict and category do not go together.
            JournalError: The decision could not be put on the disk, and is not taken.
            IndexError: No run is shown.
        """
        item, before = self.items[self.at], self.decision
        decision = Decision(
            self.author,
            verdict,
            category,
            reason,
            blind=self.independent,
            # who corrects a decision between reviewers still decides between them
            adjudicates=self.mode.adjudicate or bool(before and before.adjudicates),
            queued=tuple(map(str, item.reasons)),
        )
        self._take(decision)
        self._skipped.discard(self.at)
        self._done.append(self.at)
        return decision

    def _take(self, decision: Decision) -> None:
        item = self.items[self.at]
        item.journal.take(JournalEntry(item.run.id, item.run.epoch, decision))
        self._chains[self.at].append(decision)
        self._taken.add(decision.id)

    def undo(self) -> bool:
        """Take back the decision of the run that is shown, else what was done last.

        Returns:
            Whether there was anything to take back. The run is shown then.

        Raises:
            JournalError: That cannot be written; nothing has changed.
            OSError: The journal cannot be read; nothing has changed.
        """
        if self.decision is None:
            if not self._done:
                return False
            self.at = self._done[-1]
        if self.at in self._skipped:
            self._skipped.discard(self.at)
        elif self.decision is not None:
            self._take_back(self.decision)
        if self.at in self._done:
            self._done.reverse()
            self._done.remove(self.at)
            self._done.reverse()
        return True

    def _take_back(self, decision: Decision) -> None:
        """Take back a decision.

        A blind one, after which judge and audit were shown, stays on record, and so
        does what is in the log already: the author withdraws it.
        """
        item, chain = self.items[self.at], self._chains[self.at]
        waits = any(
            entry.decision.id == decision.id for entry in item.journal.waiting()
        )
        if waits and not decision.blind:
            item.journal.undo(decision)
            chain.remove(decision)
            return
        own = [d for d in chain if d.verdict and not d.adjudicates]
        if decision.adjudicates and own:
            # what the author says as a reviewer is not withdrawn with it
            now = Decision(self.author, None)
            self._take(replace(own[-1], time=now.time, id=now.id))
        else:
            self._take(Decision(self.author, None))
