"""What people decided about a run, kept in the log itself. Pure.

The score `human` of a sample holds every decision ever made of it as Inspect's own
history of edits, each with its author, time and reason. The scores of the instruments
stay as they were. Where reviewers contradict each other the run has no human verdict
until one of them decides between the two (`adjudicates`).
"""

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from inspect_ai.log import ProvenanceData
from inspect_ai.scorer import Score, ScoreEdit

from ..taxonomy import Category, Verdict, categories_of, category_of, verdict_of

HUMAN = "human"
DISAGREE = "reviewers disagree"
WITHDRAWN = "the decision was withdrawn"
# What Inspect writes for a field that an edit leaves as it is.
UNCHANGED = "UNCHANGED"


class DecisionError(ValueError):
    """Something is no decision; the message is one line that says why."""


@dataclass(frozen=True)
class Decision:
    """What one person decided about one run.

    Attributes:
        author: Who.
        verdict: What; None where an earlier decision of the author's is withdrawn.
        category: Where the run belongs in the study's taxonomy; None where not said.
        reason: Why, in the author's words; may be empty.
        time: When, with its time zone.
        blind: Whether judge and audit were hidden until it was made.
        adjudicates: Whether it decides between reviewers.
        queued: Why the run was shown: `proctor.logs.triage.Reason`.
        id: Tells it from all others, so that none is entered twice.
    """

    author: str
    verdict: Verdict | None
    category: Category | None = None
    reason: str = ""
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    blind: bool = False
    adjudicates: bool = False
    queued: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        """Check that its parts go together.

        Raises:
            DecisionError: They do not.
        """
        if not self.author.strip():
            raise DecisionError("a decision needs an author")
        if self.category is None:
            return
        if self.verdict is None or self.category not in categories_of(self.verdict):
            raise DecisionError(
                f"the category {self.category} does not go with the verdict "
                f"{self.verdict or 'none'}"
            )

    def as_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {
            "time": self.time.isoformat(),
            "queued": list(self.queued),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Decision":
        """Read what `as_record` has written.

        Raises:
            DecisionError: It has not.
        """
        try:
            verdict, category = record["verdict"], record["category"]
            return cls(
                author=str(record["author"]),
                verdict=None if verdict is None else Verdict(verdict),
                category=None if category is None else Category(category),
                reason=str(record["reason"]),
                time=datetime.fromisoformat(record["time"]),
                blind=bool(record["blind"]),
                adjudicates=bool(record["adjudicates"]),
                queued=tuple(record["queued"]),
                id=str(record["id"]),
            )
        except DecisionError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise DecisionError(f"this is no decision: {error!r}") from error


def standing(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the last decision of each author, but for withdrawn ones."""
    last: dict[str, Decision] = {}
    for decision in decisions:
        # an author who decides again has the last place, for adjudication
        last.pop(decision.author, None)
        if decision.verdict is not None:
            last[decision.author] = decision
    return last


def settled(decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision that speaks for all reviewers.

    Returns:
        The last one that adjudicates, else the last one where all agree on the verdict;
        None where nobody decided, or reviewers contradict each other.
    """
    last = list(standing(decisions).values())
    adjudicating = [decision for decision in last if decision.adjudicates]
    if adjudicating:
        return adjudicating[-1]
    agreed = len({decision.verdict for decision in last}) == 1
    return last[-1] if agreed else None


def as_edit(decisions: Iterable[Decision], new: Decision) -> ScoreEdit:
    """Write a decision as an edit of the score `human`.

    Args:
        decisions: Those made before it, of all authors, in order.
        new: The decision.

    Returns:
        The edit. Its value is what all reviewers say after it; where they contradict
        each other, or the only decision was withdrawn, the score is unscored with the
        reason. Its provenance holds the decision itself.
    """
    known = [*decisions, new]
    last = standing(known)
    final = settled(known)
    if final is not None:
        value: str | float = str(final.verdict)
        reason = None
    else:
        value = math.nan
        reason = DISAGREE if last else WITHDRAWN
    return ScoreEdit(
        value=value,
        answer=None,
        explanation="\n\n".join(map(_told, last.values())) or WITHDRAWN,
        reason=reason,
        metadata={
            "category": str(final.category) if final and final.category else None,
            "reviewers": {d.author: str(d.verdict) for d in last.values()},
        },
        provenance=ProvenanceData(
            timestamp=new.time,
            author=new.author,
            reason=new.reason or None,
            metadata={"decision": new.as_record()},
        ),
    )


def _told(decision: Decision) -> str:
    what = str(decision.verdict)
    if decision.category:
        what += f", {decision.category}"
    how = [
        *(["blind"] if decision.blind else []),
        *(["adjudicating"] if decision.adjudicates else []),
    ]
    aside = f" ({', '.join(how)})" if how else ""
    why = f"\n{decision.reason}" if decision.reason else ""
    return f"**{decision.author}{aside}: {what}**{why}"


def decisions_in(scores: Mapping[str, Score] | None) -> tuple[Decision, ...]:
    """Read the decisions that a sample's scores hold, in order.

    Besides those of the score `human` also verdicts that somebody gave another score by
    Inspect's own means (`inspect_ai.log.edit_score`), since that is a decision, too.
    """
    found = []
    for name, score in (scores or {}).items():
        for number, edit in enumerate(score.history):
            decision = _decision(name, number, edit)
            if decision is not None:
                found.append(decision)
    return tuple(sorted(found, key=lambda decision: decision.time))


def _decision(name: str, number: int, edit: ScoreEdit) -> Decision | None:
    made = edit.provenance
    if made is None:
        return None  # the score as it was before any edit
    record = made.metadata.get("decision")
    if isinstance(record, Mapping):
        return Decision.from_record(record)
    verdict = verdict_of(edit.value)
    if verdict is None:
        return None
    return Decision(
        author=made.author.strip() or "unknown",
        verdict=verdict,
        category=category_of(edit.value),
        reason=made.reason or "",
        time=made.timestamp,
        id=f"{name}/{number}/{made.timestamp.isoformat()}",
    )


def as_given(score: Score) -> Score:
    """Return a score as the instrument gave it, before anybody edited it."""
    first = score.history[0] if score.history else None
    if first is None or first.provenance is not None or first.value == UNCHANGED:
        return score
    return Score(
        value=first.value,
        explanation=None if first.explanation == UNCHANGED else first.explanation,
        metadata=first.metadata if isinstance(first.metadata, dict) else None,
        reason=score.reason,
    )
