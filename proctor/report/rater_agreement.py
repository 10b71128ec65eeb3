"""Who labelled which runs, and how two or more of them agree. Pure.

Labellers are the scores with a verdict (`audit`, `judge`, any other), `human` for what
people decided together, and where several people reviewed, each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from ..logs.decisions import HUMAN, standing
from ..logs.runs import Run, by_precedence
from ..stats.agreement import compare, krippendorff_alpha
from ..stats.estimate import Estimate
from ..taxonomy import Verdict
from .contents import RaterAgreement

# What one labeller says, by the run's uuid.
Verdicts = Mapping[str, Verdict]


def labellers(runs: Iterable[Run]) -> dict[str, Verdicts]:
    """Return what each labeller says, those first who count more.

    Runs on which a labeller has no verdict are not among theirs.
    """
    said: dict[str, dict[str, Verdict]] = {}
    people: dict[str, dict[str, Verdict]] = {}
    for run in runs:
        for name, label in run.labels.items():
            if label.verdict is not None:
                said.setdefault(name, {})[run.uuid] = label.verdict
        for author, decision in standing(run.decisions).items():
            if decision.verdict is not None:
                people.setdefault(author, {})[run.uuid] = decision.verdict
    found: dict[str, Verdicts] = {
        name: said[name] for name in by_precedence(sorted(said))
    }
    if len(people) > 1:
        found |= {f"{HUMAN} {author}": people[author] for author in sorted(people)}
    return found


def pairings(runs: Sequence[Run]) -> tuple[RaterAgreement, ...]:
    """Compare each labeller's verdicts with each other's that counts more.

    Returns:
        The pairs that have labelled some of the same runs. Single people are only
        compared with each other.
    """
    said = labellers(runs)
    people = _people(said)
    pairs = [
        (name, reference)
        for reference, name in combinations(said, 2)
        # a person beside a machine: the joint verdict says enough
        if (name in people) == (reference in people)
    ]
    made = [pairing(runs, name, said[name], ref, said[ref]) for name, ref in pairs]
    return tuple(one for one in made if one.agreement.count)


def _people(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(f"{HUMAN} ")}


def pairing(
    runs: Iterable[Run],
    labeller: str,
    verdicts: Verdicts,
    reference: str,
    truth: Verdicts,
) -> RaterAgreement:
    """Compare one labeller's verdicts with another's.

    Args:
        runs: The runs; only those count that both have labelled.
        labeller: Name of the one.
        verdicts: Its verdicts.
        reference: Name of the other, who is taken to be right.
        truth: The other's verdicts.
    """
    both = [run for run in runs if run.uuid in verdicts and run.uuid in truth]
    differing = [run for run in both if verdicts[run.uuid] is not truth[run.uuid]]
    return RaterAgreement(
        labeller,
        reference,
        compare((verdicts[run.uuid], truth[run.uuid]) for run in both),
        tuple(differing),
        {run.uuid: verdicts[run.uuid] for run in differing},
    )


def alpha(runs: Sequence[Run]) -> Estimate | None:
    """Return Krippendorff's alpha over all labellers, people one by one.

    Returns:
        The figure with its interval; None where not more than two labelled, or it does
        not exist.
    """
    said = labellers(runs)
    names = [n for n in said if n != HUMAN] if _people(said) else list(said)
    if len(names) <= 2:
        return None
    return krippendorff_alpha(
        [[_NUMBERS[said[name].get(run.uuid)] for run in runs] for name in names]
    )


_NUMBERS: Mapping[Verdict | None, float] = {
    Verdict.COMPLIANT: 0.0,
    Verdict.CHEATING: 1.0,
    None: float("nan"),
}
