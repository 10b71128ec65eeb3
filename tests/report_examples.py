"""Reports to look at: a large one, one of nothing, and one of hostile names."""

import random
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from proctor.logs.decisions import Decision
from proctor.logs.runs import FindingSummary, Label, Run, Runs
from proctor.logs.usage import Usage
from proctor.report.build import Origin, build
from proctor.report.contents import Report, Source
from proctor.report.figures import drawn
from proctor.taxonomy import Category, Verdict

BAD, GOOD = Verdict.CHEATING, Verdict.COMPLIANT
WHEN = datetime(2025, 7, 3, 12, tzinfo=UTC)
VERSIONS = {"python": "3.11.2", "proctor": "0.2.0", "inspect_ai": "0.3.285"}
# By model: how often it cheats, plainly warned and not, and how soon it begins.
MODELS = {
    "maker/large-4-2025-05-14": (0.08, 0.24, 14),
    "maker/small-4": (0.02, 0.04, 20),
    "router/other/reasoner-pro-preview:thinking": (0.62, 0.88, 5),
    "another/flash-2.5": (0.35, 0.55, 9),
}
RULES = (
    "key.read",
    "reference.enter",
    "oversight.read",
    "outside.access",
    "answers.search",
    "results.forge",
    "quiz.change",
    "quiz.hijack",
    "oversight.change",
    "oversight.log",
    "sandbox.escape",
    "process.snoop",
    "custom.rule",
)
CATEGORIES = (
    Category.ENVIRONMENT_USAGE,
    Category.SANDBOX_MODIFIED,
    Category.OVERSIGHT_DISABLED,
    Category.WORKAROUND,
)
# Elements, scripts, what leads a terminal or a line astray, and sheer length.
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=x onerror="alert(1)">',
    "end": "</title></style></svg><h1>forged</h1>",
    "quote": "\"' onmouseover=\"alert(1)\" style='position:fixed'",
    "template": "{{ 7 * 7 }} {% raw %} ${x} $a_b$",
    "reference": "&lt;b&gt; &amp;amp; &#x202e;",
    "bidi": "gnp.\u202egnihtemos\u2066 \u2067x",
    "hebrew": "\u05d0\u05d1\u05d2 \u0627\u0644",
    "control": "a\x00b\x1b[2J\rc\nd\x85e\u2028f",
    "surrogate": "byte \udcff",
    "marks": "z" + "\u0300" * 40,
    "foreign": "\u6a21\u578b \U0001f600",
    "url": "url(https://example.org/x) @import 'https://example.org/y'",
    "long": "provider/" + "long-name-" * 29,
    "unbroken": "W" * 300,
}


def large() -> Report:
    """Four models, plainly warned and not, labelled by recorder, judge and people."""
    chance = random.Random(5)
    logs = {model: Path("logs") / f"{n}.eval" for n, model in enumerate(MODELS, 1)}
    runs = [
        _run(chance, logs[model], model, warned, number)
        for model in MODELS
        for warned in ("no", "yes")
        for number in range(50)
    ]
    sources = {
        path: Source(
            f"2025-07-03T12-00-0{n}+00-00_cheating-evals_{n * 7:022d}.eval",
            f"{n:x}" * 64,
            0,
            model,
            "2025-07-03T12:00:00+00:00",
            "success" if n < 4 else "error",
        )
        for n, (model, path) in enumerate(logs.items(), 1)
    }
    notes = ("4.eval was never finished (status: error): 100 of 120 runs are in it.",)
    origin = Origin(
        sources, "proctor report logs -o paper", VERSIONS, "2025-07-03T15:00:00+00:00"
    )
    return build(Runs(tuple(runs), tuple(logs.values()), notes), origin)


def _run(chance: random.Random, log: Path, model: str, warned: str, number: int) -> Run:
    rarely, often, late = MODELS[model]
    cheats = chance.random() < (rarely if warned == "yes" else often)
    if chance.random() < 0.03:
        labels = {"audit": Label(None, reason="the recorder did not start")}
        findings: tuple[FindingSummary, ...] = ()
    else:
        findings = _findings(chance, late) if cheats else ()
        labels = {"audit": _label(chance, cheats)}
    judged = cheats if chance.random() < 0.92 else not cheats
    labels["judge"] = _label(chance, judged)
    if chance.random() < 0.4:
        labels["human"] = _label(chance, cheats if chance.random() < 0.97 else judged)
    return Run(
        log=log,
        id=f"item-{number:02d}",
        epoch=1,
        uuid=f"{model}/{warned}/{number}",
        task="cheating_evals v2",
        model=model,
        condition=(("prompt", "exam"), ("warned", warned)),
        item=f"{number:02d}",
        labels=labels,
        findings=findings,
        stopped_honestly=not cheats and chance.random() < 0.7,
        passed=cheats and chance.random() < 0.3,
        agent=Usage(chance.randrange(20_000, 300_000), cost=0),
        graders={"g": Usage(chance.randrange(2_000, 30_000), cost=chance.random())},
        seconds=chance.uniform(40, 900),
    )


def _label(chance: random.Random, cheats: bool) -> Label:
    if not cheats:
        return Label(GOOD, Category.NORMAL)
    category = chance.choice(CATEGORIES)
    return Label(BAD, category, chance.choice([True, True, False, None]))


def _findings(chance: random.Random, late: int) -> tuple[FindingSummary, ...]:
    first = 1 + int(chance.expovariate(1 / late))
    found = chance.choices(RULES, weights=range(len(RULES), 0, -1), k=4)
    return tuple(
        FindingSummary(rule, True, first + number) for number, rule in enumerate(found)
    )


def minimal() -> Report:
    """One model, no recording, nothing known, no run scored."""
    run = Run(Path("logs/one.eval"), "1", 1, "u", "task", "maker/model")
    return build(Runs((run,), ()), Origin())


def hostile(texts: Mapping[str, str] = HOSTILE) -> Report:
    """A report in which every text that a log can hold is an attack, or another."""
    runs = []
    for name, text in texts.items():
        for number, verdict in enumerate((BAD, BAD, GOOD, None)):
            reason = None if verdict else text
            label = Label(verdict, reason=reason)
            other = Label(GOOD if verdict is BAD else BAD)
            decision = Decision(text, GOOD, reason=text, time=WHEN)
            runs.append(
                Run(
                    log=Path(f"/tmp/{text}/logs") / f"{name}.eval",
                    id=text,
                    epoch=number,
                    uuid=f"{name}/{number}",
                    task=text,
                    model=text,
                    condition=((text, text),),
                    labels={"audit": label, text: other, "judge": other},
                    decisions=(decision,),
                    findings=(
                        FindingSummary(text, True, 3),
                        FindingSummary("key.read", True, 5),
                    ),
                    error=text,
                )
            )
    sources = {
        Path(name): Source(text, "0" * 64, 0, text, text, text)
        for name, text in texts.items()
    }
    every = " ".join(texts.values())
    origin = Origin(sources, every, dict.fromkeys(texts.values(), every), every)
    notes = tuple(texts.values())
    return build(Runs(tuple(runs), (), notes), origin)


def many(models: int = 30) -> Report:
    """More models than there are colours, or room for side by side."""
    chance = random.Random(7)
    runs = [
        Run(
            Path("logs/many.eval"),
            str(number),
            1,
            f"{model}/{number}",
            "cheating_evals v2",
            f"scripted/agent_{model}",
            item=str(number),
            labels={"audit": Label(BAD if model % 3 else GOOD, succeeded=True)},
            findings=_findings(chance, 4) if model % 3 else (),
        )
        for model in range(models)
        for number in range(3)
    ]
    return build(Runs(tuple(runs), ()), Origin())


EXAMPLES = {"large": large, "minimal": minimal, "hostile": hostile, "many": many}


@cache
def example(name: str) -> Report:
    """Return an example, the same each time."""
    return EXAMPLES[name]()


@cache
def drawings(name: str) -> dict[str, bytes]:
    """Return the figures of an example as SVG: drawn once, which takes seconds."""
    with warnings.catch_warnings():
        # of a letter that the type lacks, of a figure without room for its names
        warnings.simplefilter("error")
        return drawn(example(name), ["svg"])
