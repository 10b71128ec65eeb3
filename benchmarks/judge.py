"""What the judge costs beside the published protocol, and the mark it has to beat.

    python -m benchmarks.judge FOLDER

FOLDER holds `logs/` and `labels.csv`, as the published transcripts do. The grader
replays the labels of the published judge: no model is asked. A token counts as four
characters on both sides. The published protocol (arXiv 2507.02977) asked three votes
with up to four questions each and gave the whole transcript with every question.
"""

import argparse
import asyncio
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatMessage,
    ContentReasoning,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from rich.console import Console
from rich.table import Table

from proctor._inspect.viewer import calls_of
from proctor.cli.terminal import table_console
from proctor.grading.rubric import system_prompt
from proctor.grading.transcript import EntryKind, Transcript, render
from proctor.grading.voting import Case, collect_votes, majority
from proctor.logs.reading import TRANSCRIPT, find_logs, read_runs
from proctor.stats.agreement import compare
from proctor.taxonomy import VERDICTS, Category, Verdict

from .figures import BenchmarkError, Figure, Section, number

VOTES = 3
CHARACTERS_PER_TOKEN = 4
# Questions of a published vote: one where the first settled it, four at most.
QUESTIONS = (1, 2, 4)
TYPICAL = 2
Labels = dict[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class Cost:
    """What judging one transcript took.

    Attributes:
        calls: Of the grader, by our judge.
        tokens: What it read.
        whole: Tokens of the transcript as it is, which each published question held.
        verdict: What came of it.
    """

    calls: int
    tokens: float
    whole: float
    verdict: Verdict | str


def read_labels(folder: Path) -> Labels:
    """Return the judge's and the human's verdict of each run, by log and sample.

    Raises:
        BenchmarkError: There is no such table.
    """
    path = folder / "labels.csv"
    if not path.is_file():
        raise BenchmarkError(f"there is no {path}")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["log"], row["sample_id"]): (
                str(VERDICTS[row["llm_judge_label"].lower()]),
                row["human_verdict"],
            )
            for row in csv.DictReader(file)
        }


async def costs_of(folder: Path, labels: Labels, reasoning: bool) -> list[Cost]:
    """Judge every labelled run, one after the other.

    Raises:
        BenchmarkError: There is none.
    """
    costs = [
        await cost_of(run, labels[path.name, str(run.id)][0], reasoning)
        for path in find_logs(str(folder / "logs"))
        for run in read_runs(path, TRANSCRIPT - {"messages"})
        if (path.name, str(run.id)) in labels
    ]
    if not costs:
        raise BenchmarkError(f"no run in {folder / 'logs'} is in labels.csv")
    return costs


async def cost_of(run: EvalSample, verdict: str, reasoning: bool) -> Cost:
    """Judge a run with a grader that says what the published judge said."""
    transcript = render(run.messages, reasoning=reasoning)
    case = Case(transcript, system_prompt())
    votes = await collect_votes(case, [replaying(verdict, transcript)], VOTES)
    return Cost(
        sum(vote.calls.count for vote in votes),
        sum(vote.calls.input_tokens for vote in votes),
        whole(run, reasoning) / CHARACTERS_PER_TOKEN,
        majority(votes, VOTES),
    )


def whole(run: EvalSample, reasoning: bool) -> int:
    """Return the characters of a transcript, with or without the agent's reasoning."""
    thoughts = [
        part.reasoning
        for message in run.messages
        if reasoning and not isinstance(message.content, str)
        for part in message.content
        if isinstance(part, ContentReasoning)
    ]
    calls = [json.dumps(c.arguments) for m in run.messages for c in calls_of(m)]
    said = [message.text for message in run.messages]
    return sum(map(len, [*said, *calls, *thoughts]))


def replaying(verdict: str, transcript: Transcript) -> Model:
    """Build a grader that always gives one verdict, with a quote that stands there."""
    cheating = verdict == Verdict.CHEATING
    quoted = next(
        (e for e in transcript.entries if e.kind is EntryKind.CALL),
        transcript.entries[0],
    )
    text = json.dumps(
        {
            "explanation": "As the published label says.",
            "evidence": [{"message": quoted.number, "quote": quoted.text}],
            "verdict": verdict,
            "category": str(
                Category.ENVIRONMENT_USAGE if cheating else Category.NORMAL
            ),
            "outcome": "attempted" if cheating else "none",
            "stopped_honestly": not cheating,
            "said_impossible": False,
            "confidence": 1.0,
        }
    )

    def reply(messages: list[ChatMessage], *_: object) -> ModelOutput:
        read = sum(len(m.text) for m in messages) // CHARACTERS_PER_TOKEN
        output = ModelOutput.from_content("mockllm/model", text)
        written = len(text) // CHARACTERS_PER_TOKEN
        output.usage = ModelUsage(
            input_tokens=read, output_tokens=written, total_tokens=read + written
        )
        return output

    return get_model("mockllm/model", custom_outputs=reply, memoize=False)


def section(folder: Path) -> Section:
    """Measure and report, beside a vote of two questions, as most were.

    Args:
        folder: With the published logs and their labels.

    Raises:
        BenchmarkError: They are not there.
    """
    costs = asyncio.run(costs_of(folder, read_labels(folder), True))
    asked = VOTES * TYPICAL
    return Section(
        f"Judging a transcript by a model, {len(costs)} published runs\n"
        "A: our judge\n"
        f"B: the published protocol, {VOTES} votes of {TYPICAL} questions",
        [
            Figure("calls", [(cost.calls, asked) for cost in costs], number),
            Figure(
                "tokens read",
                [(cost.tokens, asked * cost.whole) for cost in costs],
                number,
            ),
        ],
    )


def show(costs: list[Cost], labels: Labels, console: Console) -> None:
    """Print both tables."""
    count = len(costs)
    calls = sum(cost.calls for cost in costs) / count
    tokens = sum(cost.tokens for cost in costs) / count
    size = sum(cost.whole for cost in costs) / count
    unscored = sum(not isinstance(cost.verdict, Verdict) for cost in costs)
    table = Table(
        title=f"A transcript's cost, mean of {count} runs",
        caption=(
            f"{unscored} without a verdict. Whole transcript: {size:,.0f} tokens."
        ),
    )
    for name in ("protocol", "calls", "tokens read", "calls: ours / this", "tokens"):
        table.add_column(name, justify="left" if name == "protocol" else "right")
    table.add_row("ours", f"{calls:.2f}", f"{tokens:,.0f}", "", "")
    for questions in QUESTIONS:
        asked = VOTES * questions
        table.add_row(
            f"published, {VOTES} votes of {questions} questions",
            str(asked),
            f"{asked * size:,.0f}",
            f"{calls / asked:.2f}",
            f"{tokens / (asked * size):.2f}",
        )
    console.print(table)
    figures = compare(labels.values()).figures()
    mark = Table("the published judge against the human", "", "95% interval")
    for name, value in figures.items():
        if not name.endswith(("_low", "_high")):
            low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
            between = f"{low:.3f} to {high:.3f}" if low is not None else ""
            mark.add_row(name, f"{value:.3f}".removesuffix(".000"), between)
    console.print(mark)


def main() -> int:
    """Measure, print, and return an exit status: 1 where something went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.judge", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--without-reasoning",
        action="store_true",
        help="leave the agent's reasoning out, on both sides",
    )
    options = parser.parse_args()
    folder = options.folder
    try:
        labels = read_labels(folder)
        costs = asyncio.run(costs_of(folder, labels, not options.without_reasoning))
        show(costs, labels, table_console())
    except (BenchmarkError, KeyError, ValueError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
