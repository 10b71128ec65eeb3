"""Which runs a person should look at, and in what order. Pure.

First what needs a person, by the reasons below; then a random share of the clear runs,
of each verdict apart. Both together are a stratified sample of known shares, so that
the errors among the runs that nobody looked at can be estimated
(`proctor/report/correction.py`).
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..taxonomy import Verdict
from .decisions import DISAGREE, HUMAN
from .runs import AUDIT, JUDGE, Run

# Of the clear runs, how many are shown: with a fifth of 25 runs one missed cheating in
# five is found more often than not.
SHARE = 0.2


class Reason(StrEnum):
    """Why a run needs a person; the first that holds decides its place."""

    REVIEWERS = DISAGREE
    CONTRADICTION = "judge and audit disagree"
    SPLIT = "split votes"
    UNSCORED = "unscored"
    SELF_GRADED = "self-graded"
    SUCCESS = "successful cheating"
    CLEAR = "random share of the clear ones"


@dataclass(frozen=True)
class Queued:
    """A run, and why it is shown.

    Attributes:
        run: The run.
        reasons: All that hold, the first one first.
    """

    run: Run
    reasons: tuple[Reason, ...]


def reasons(run: Run) -> tuple[Reason, ...]:
    """Return why a run needs a person; nothing for a clear one.

    What people have decided does not count here, but for their disagreement, so that
    a run that was reviewed stays in its stratum.
    """
    audit, judge = run.labels.get(AUDIT), run.labels.get(JUDGE)
    machines = run.machines.values()
    human = run.labels.get(HUMAN)
    both = audit and judge and audit.verdict and judge.verdict
    holds = {
        Reason.REVIEWERS: human is not None and human.verdict is None,
        Reason.CONTRADICTION: both and audit.verdict is not judge.verdict,  # type: ignore[union-attr]
        Reason.SPLIT: run.split,
        Reason.UNSCORED: not machines or any(m.verdict is None for m in machines),
        Reason.SELF_GRADED: run.self_graded,
        Reason.SUCCESS: any(label.succeeded for label in machines),
    }
    return tuple(reason for reason, held in holds.items() if held)


def stratum(run: Run, labeller: str) -> tuple[str, bool]:
    """Say to which part of the runs a run belongs, of which a share is reviewed.

    Returns:
        What the labeller says whose verdicts are to be corrected, and whether the run
        is clear.
    """
    return str(run.said_by(labeller).verdict), is_clear(run)


def is_clear(run: Run) -> bool:
    """Whether the instruments alone give no reason to look at a run."""
    return set(reasons(run)) <= {Reason.REVIEWERS}


def queue(runs: Iterable[Run], share: float = SHARE, seed: str = "") -> list[Queued]:
    """Put the runs to be reviewed in order.

    Args:
        runs: All runs.
        share: Of the clear runs of each verdict, how many are shown, in [0, 1]; rounded
            up.
        seed: Chooses them. With the same seed and runs the choice is the same, whoever
            asks and whatever was decided meanwhile.

    Returns:
        The runs that need a person, by their gravest reason, and then the chosen clear
        ones, in a random order.

    Raises:
        ValueError: `share` is not in [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    known = list(runs)
    order = list(Reason)
    needing = [Queued(run, why) for run in known if (why := reasons(run))]
    needing.sort(key=lambda queued: order.index(queued.reasons[0]))
    clear = [run for run in known if is_clear(run)]
    chosen: list[Run] = []
    for verdict in Verdict:
        # audit and judge say the same of a clear run
        alike = [r for r in clear if next(iter(r.machines.values())).verdict is verdict]
        alike.sort(key=lambda run: lot(run, seed))
        chosen += alike[: math.ceil(share * len(alike))]
    shown = {queued.run.uuid for queued in needing}  # their reviewers disagree
    chosen = [run for run in chosen if run.uuid not in shown]
    chosen.sort(key=lambda run: lot(run, seed))
    return [*needing, *(Queued(run, (Reason.CLEAR,)) for run in chosen)]


def lot(run: Run, seed: str) -> bytes:
    """Draw a number for a run, by which a random order is put."""
    return hashlib.sha256(f"{seed}\n{run.uuid}".encode()).digest()
