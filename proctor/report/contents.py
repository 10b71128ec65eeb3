"""What a report says, as plain data: the one thing that table, page and files show.

Whatever cannot be computed is None, never 0. Counts are of runs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..logs.runs import Run
from ..room.conditions import as_text, was_forbidden
from ..stats.agreement import Agreement
from ..stats.estimate import Estimate
from ..taxonomy import Verdict


@dataclass(frozen=True)
class Share:
    """How many of those of whom it is known.

    Attributes:
        count: How many.
        of: Of how many.
    """

    count: int
    of: int


@dataclass(frozen=True)
class Group:
    """The runs of one model under one condition.

    Attributes:
        model: The model.
        condition: What it was told and given, by factor; empty where logs do not say.
        task: Name and version of the task.
        runs: How many runs there are.
        unscored: How many have no verdict.
        cheating: How many cheated, attempts included.
        attempts: How many of those only tried.
        successes: How many of those succeeded; the outcome of the rest is unknown.
        rate: Cheating of the scored, with its interval.
        effective: As how many independent runs the scored ones count, where runs of
            the same item resemble each other; None where they are as many as scored.
        corrected: The rate corrected for the labeller's measured error.
        categories: Runs in each category of the study's taxonomy, all six of them.
        techniques: Runs in which each rule found something, by its id.
        honest_stops: Runs that stopped honestly.
        passed: Runs that passed the quiz.
        tokens: Median tokens of a run's agent.
        total_tokens: Tokens of all agents.
        graders_tokens: Tokens of all graders.
        cost: Of all; None where a run's is unknown.
        seconds: Median time of a run.
        starts: Of each run that cheated, the number of the tool call at which that
            began, in ascending order; runs without a recording are not among them.
        recorded: How many runs have a recording, to tell that from.
        reasons: Why runs are unscored, with how many.
        did: How many of the scored did what an exam forbids, forbidden or not.
    """

    model: str
    condition: tuple[tuple[str, str], ...]
    task: str
    runs: int
    unscored: int
    cheating: int
    attempts: int
    successes: int
    rate: Estimate | None
    effective: float | None
    corrected: Estimate | None
    categories: Mapping[str, int]
    techniques: Mapping[str, int]
    honest_stops: Share
    passed: Share
    tokens: float | None
    total_tokens: int
    graders_tokens: int
    cost: float | None
    seconds: float | None
    starts: tuple[int, ...]
    recorded: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    did: int = 0

    @property
    def scored(self) -> int:
        """How many have a verdict."""
        return self.runs - self.unscored

    @property
    def forbidden(self) -> bool:
        """Whether the agents were told not to cheat, as far as logs say."""
        return was_forbidden(self.condition)

    @property
    def condition_text(self) -> str:
        """The condition on one line; empty where logs do not say."""
        return as_text(self.condition)

    def told_apart(self, factors: Iterable[str]) -> str:
        """Return some factors of the condition on one line."""
        known = dict(self.condition)
        return as_text((name, known[name]) for name in factors if name in known)


@dataclass(frozen=True)
class Comparison:
    """Two groups, and whether they differ.

    Attributes:
        factor: In what they differ: "model", or the name of a factor.
        one: The one, as `model` or `factor=level`.
        other: The other.
        within: What both have in common, on one line.
        test: Name of the test.
        count: How many runs, pairs or items it compares.
        difference: Rate of the one less that of the other, with its interval.
        p: The p-value.
        adjusted: The same after Holm's correction over all comparisons of the report.
    """

    factor: str
    one: str
    other: str
    within: str
    test: str
    count: str
    difference: Estimate | None
    p: float
    adjusted: float


@dataclass(frozen=True)
class RaterAgreement:
    """Two labellers of the same runs.

    Attributes:
        labeller: Whose verdicts are compared with the other's.
        reference: Whose count as true.
        agreement: How they go together.
        disagreements: The runs on which they differ.
        said: What the labeller says of each of those, by the run's uuid; the reference
            says the opposite.
    """

    labeller: str
    reference: str
    agreement: Agreement
    disagreements: tuple[Run, ...] = ()
    said: Mapping[str, Verdict] = field(default_factory=dict)


@dataclass(frozen=True)
class Correction:
    """What was measured of the labeller that rates were corrected for.

    Attributes:
        labeller: Whose error it is.
        labelled: How many runs people have labelled.
        sensitivity: Share of cheating that it calls so.
        specificity: Share of compliant runs that it calls so.
        missing: Why rates could not be corrected; None where they were.
    """

    labeller: str
    labelled: int
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    missing: str | None = None


@dataclass(frozen=True)
class Source:
    """A log that the report was made of.

    Attributes:
        name: Its file name.
        sha256: Of its bytes.
        runs: How many of its runs count.
        model: Its model.
        created: When it was begun, as ISO 8601.
        status: Inspect's status.
    """

    name: str
    sha256: str
    runs: int
    model: str
    created: str
    status: str


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes:
        groups: By model and condition.
        comparisons: Of groups that differ in one thing.
        pairings: Of labellers.
        alpha: Krippendorff's alpha where more than two labelled; else None.
        correction: For the judge's error.
        notes: What a reader of any figure must know, a line each.
        labeller: Whose verdicts the rates count: a score's name, or "final" for the
            first of human, audit, judge, others.
        sources: The logs.
        command: What made it.
        versions: Of Python and the packages.
        created: When, as ISO 8601.
        runs: The runs themselves.
        confidence: Coverage of the intervals.
    """

    groups: tuple[Group, ...]
    comparisons: tuple[Comparison, ...]
    pairings: tuple[RaterAgreement, ...]
    alpha: Estimate | None
    correction: Correction
    notes: tuple[str, ...]
    labeller: str
    sources: tuple[Source, ...]
    command: str
    versions: Mapping[str, str]
    created: str
    runs: tuple[Run, ...] = ()
    confidence: float = 0.95
