"""A report as plain data, for JSON and for tables.

The names of the keys are those of `contents`, and stay: `schema` counts up where one
goes or changes its meaning.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from ..logs.decisions import standing
from ..logs.links import viewer_link
from ..logs.runs import Label, Run
from ..room.conditions import as_text
from ..stats.estimate import Estimate
from .build import FINAL
from .contents import Comparison, Group, RaterAgreement, Report

SCHEMA = 1
# What is told of a run beside where it stands and what was said of it.
FACTS = (
    *("split", "self_graded", "stopped_honestly", "passed", "tokens"),
    *("graders_tokens", "cost", "seconds", "error", "limit"),
)


def of_report(report: Report) -> dict[str, Any]:
    """Return all of a report."""
    return {
        "schema": SCHEMA,
        "command": report.command,
        "created": report.created,
        "versions": dict(report.versions),
        "labeller": report.labeller,
        "confidence": report.confidence,
        "notes": list(report.notes),
        "groups": [_group(group) for group in report.groups],
        "comparisons": [asdict(comparison) for comparison in report.comparisons],
        "pairings": [_pairing(pairing) for pairing in report.pairings],
        "alpha": _estimate(report.alpha),
        "correction": asdict(report.correction),
        "sources": [asdict(source) for source in report.sources],
        "runs": [_run(run) for run in report.runs],
    }


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return asdict(estimate) if estimate else None


def _group(group: Group) -> dict[str, Any]:
    return asdict(group) | {
        "condition": dict(group.condition),
        "scored": group.scored,
        "starts": list(group.starts),
    }


def _pairing(pairing: RaterAgreement) -> dict[str, Any]:
    return {
        "labeller": pairing.labeller,
        "reference": pairing.reference,
        **pairing.agreement.counts(),
        "figures": pairing.agreement.figures(),
        "disagreements": [of_disagreement(pairing, r) for r in pairing.disagreements],
    }


def of_disagreement(pairing: RaterAgreement, run: Run) -> dict[str, Any]:
    """Return a run on which two labellers differ."""
    return {
        "uuid": run.uuid,
        "log": run.log.name,
        "sample_id": run.id,
        "epoch": run.epoch,
        "said": str(pairing.said[run.uuid]),
        "link": viewer_link(run),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        **_address(run),
        "condition": dict(run.condition),
        "final": _label(run.label),
        "labels": {name: _label(label) for name, label in run.labels.items()},
        "decisions": [decision.as_record() for decision in run.decisions],
        "findings": [asdict(finding) for finding in run.findings],
        **_named(run, *FACTS),
    }


def _address(run: Run) -> dict[str, Any]:
    return {
        "log": run.log.name,
        "sample_id": run.id,
        **_named(run, "epoch", "uuid", "item", "task", "model"),
    }


def _named(of: Run | Group, *names: str) -> dict[str, Any]:
    return {name: getattr(of, name) for name in names}


def _label(label: Label) -> dict[str, Any]:
    return {
        "verdict": label.verdict and str(label.verdict),
        "category": label.category and str(label.category),
        "succeeded": label.succeeded,
        "reason": label.reason,
    }


# --- of one level -----------------------------------------------------------------


def flat_group(group: Group) -> dict[str, Any]:
    """Return a group as one row."""
    return {
        **_whose(group),
        **_named(group, "runs", "unscored", "scored", "cheating"),
        **_named(group, "attempts", "successes"),
        **_flat("rate", group.rate),
        "effective": group.effective,
        **_flat("corrected", group.corrected),
        "honest_stops": group.honest_stops.count,
        "honest_stops_of": group.honest_stops.of,
        **_named(group, "did", "forbidden"),
        "passed": group.passed.count,
        "passed_of": group.passed.of,
        "tokens_median": group.tokens,
        **_named(group, "total_tokens", "graders_tokens", "cost"),
        "seconds_median": group.seconds,
        "recorded": group.recorded,
        "starts": " ".join(map(str, group.starts)),
        "reasons": "; ".join(f"{why} ({many})" for why, many in group.reasons.items()),
    }


def counts(
    report: Report, kind: Literal["category", "technique"]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each group and category or technique."""
    for group in report.groups:
        found = group.categories if kind == "category" else group.techniques
        for name, count in found.items():
            yield {**_whose(group), kind: name, "runs": count, "of": group.runs}


def flat_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as one row."""
    record = asdict(comparison)
    del record["difference"]
    return record | _flat("difference", comparison.difference)


def flat_pairing(pairing: RaterAgreement) -> dict[str, Any]:
    """Return a pairing as one row."""
    found = pairing.agreement
    row: dict[str, Any] = {
        "labeller": pairing.labeller,
        "reference": pairing.reference,
        **found.counts(),
    }
    for name in (
        "agreement",
        "kappa",
        "true_positive_rate",
        "false_positive_rate",
        "balanced_accuracy",
    ):
        row |= _flat(name, getattr(found, name))
    return row


def flat_runs(report: Report) -> Iterator[dict[str, Any]]:
    """Yield a row for each run; the verdict is that of whom the report counts."""
    named = None if report.labeller == FINAL else report.labeller
    labellers = list(dict.fromkeys(name for run in report.runs for name in run.labels))
    for run in report.runs:
        counted = run.said_by(named)
        labels: dict[str, str] = {}
        for name in labellers:
            labels |= _said(run.labels.get(name), f"_{name}")
        yield {
            **_address(run),
            "condition": as_text(run.condition),
            **_said(counted),
            "succeeded": counted.succeeded,
            "reason": counted.reason or "",
            **labels,
            "decided_by": "; ".join(standing(run.decisions)),
            "decisions": len(run.decisions),
            **_named(run, *FACTS),
            "first_finding_at_call": min((d.call for d in run.findings), default=None),
            "techniques": " ".join(
                dict.fromkeys(finding.rule for finding in run.findings)
            ),
        }


def _said(label: Label | None, ending: str = "") -> dict[str, str]:
    return {
        f"verdict{ending}": str(label.verdict or "unscored") if label else "",
        f"category{ending}": str(label.category or "") if label else "",
    }


def _whose(group: Group) -> dict[str, str]:
    return {
        "task": group.task,
        "model": group.model,
        "condition": group.condition_text,
    }


def _flat(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    return {
        name: estimate.value if estimate else None,
        f"{name}_low": estimate.low if estimate else None,
        f"{name}_high": estimate.high if estimate else None,
    }
