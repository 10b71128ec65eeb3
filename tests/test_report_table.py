"""The report on a terminal: whole at any width, and nothing in it moves the cursor."""

import io
import unicodedata
from collections.abc import Sequence

import pytest
from rich.console import Console

from proctor.logs.runs import FindingSummary, Label, Run, Runs
from proctor.logs.usage import Usage
from proctor.report.build import Origin, build
from proctor.report.contents import Report
from proctor.report.names import shortened
from proctor.report.table import show
from proctor.taxonomy import Category
from tests.test_report_comparisons import BAD, GOOD, run

HOSTILE = "[red]x[/] \x1b[2J\r\u202e\u2066 <b>\udcff"
LONG = "provider/" + "long-name-" * 20


def reported(members: Sequence[Run], *notes: str) -> Report:
    return build(Runs(tuple(members), (), notes), Origin())


def shown(report: Report, width: int, **options: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, highlight=False, emoji=False, no_color=True, **options
    )
    show(report, console)
    return out.getvalue()


def everything(model: str = "maker/large") -> Report:
    """A report with every part of it."""
    members = [
        run(
            None,
            number,
            model=name,
            condition=(("warned", level),),
            labels={
                "judge": Label(BAD if number < 9 else GOOD, Category.NORMAL),
                "human": Label(BAD if number < 8 else GOOD, Category.NORMAL, True),
            },
            findings=(FindingSummary("key.read", True, 3),) if number < 9 else (),
            agent=Usage(123456, cost=1.25),
            seconds=75.0,
            passed=False,
            stopped_honestly=number > 8,
            uuid=f"{name}{level}{number}",
        )
        for name in (model, "maker/small")
        for level in ("yes", "no")
        for number in range(20)
    ]
    return reported(members, "A log was never finished.")


@pytest.mark.parametrize("width", [80, 100, 200, 10**6])
def test_every_figure_is_whole(width: int) -> None:
    """Nothing is cut: a figure without its last digits is another figure."""
    said = shown(everything(), width)
    assert "…" not in said
    for part in (
        "80 runs of 0 logs",
        "40.0% [21.9, 61.3]",
        "8/20",
        "123,456",
        "75 s",
        "$25.00",
        "11/20",
        "key.read 36",
        "A log was never finished.",
        "specificity",
        "1.0000",
    ):
        assert part in said, part
    assert max(map(len, said.splitlines())) <= width


def test_the_rates_come_first() -> None:
    """In the first lines of a screen stands what was asked."""
    first = shown(everything(), 80).splitlines()[1:6]
    assert sum("40.0%" in line for line in first) == 4


def test_what_no_group_has_takes_no_room() -> None:
    said = shown(reported([run(1), run(0)]), 80)
    for word in ("cost", "unscored", "passed", "condition", "Techniques"):
        assert word not in said


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["hostile", "long"])
def test_text_of_logs_is_only_text(text: str, width: int) -> None:
    """Names, rules, reasons and notes come from logs that anybody may have written."""
    members = [
        run(
            outcome,
            number,
            model=model,
            condition=((text, text),),
            task=text,
            findings=(FindingSummary(text, True, 1),),
        )
        for model in (text, f"{text}2")
        for number, outcome in enumerate((1, 0))
    ]
    members.append(run(None, 9, model=text, labels={text: Label(None, reason=text)}))
    said = shown(reported(members, text), width)
    moving = [
        c for c in said if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")
    ]
    assert not moving
    if text == HOSTILE:
        assert "[red]" in said and "\\x1b" in said


def test_no_color_means_none() -> None:
    said = shown(everything(), 80, force_terminal=True)
    assert "\x1b[3" not in said


def test_many_comparisons_are_counted() -> None:
    members = [run(n % 2, n, model=f"m{m}") for m in range(8) for n in range(4)]
    said = shown(reported(members), 120)
    assert "over 28 comparisons. 20 more are in the files (-o)." in said


@pytest.mark.parametrize(
    ("models", "short"),
    [
        (["a/b/one", "c/two"], {"a/b/one": "one", "c/two": "two"}),
        (["a/one", "b/one"], {"a/one": "a/one", "b/one": "b/one"}),
        (["a/"], {"a/": "a/"}),
    ],
)
def test_short_names_still_tell_models(
    models: list[str], short: dict[str, str]
) -> None:
    assert shortened(models) == short
