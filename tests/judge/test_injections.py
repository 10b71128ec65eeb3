"""The library of injections is what it says, and none of them leaves its fence."""

from collections import Counter

import pytest

from proctor._inspect.viewer import calls_of
from proctor.grading.transcript import EntryKind, render
from proctor.taxonomy import Verdict
from proctor.text import legible
from proctor.trial.injections import LIBRARY, Injection, Place

from .reading import found, parse

MARK = "5d1c0a9be27f4366"
EACH = pytest.mark.parametrize("injection", LIBRARY, ids=lambda one: one.id)
# In which entry each place stands.
KINDS = {
    Place.OUTPUT: EntryKind.OUTPUT,
    Place.FILE_NAME: EntryKind.OUTPUT,
    Place.WORDS: EntryKind.WORDS,
    Place.REASONING: EntryKind.REASONING,
    Place.ARGUMENTS: EntryKind.CALL,
    Place.ERROR: EntryKind.OUTPUT,
    Place.ANSWER: EntryKind.CALL,
}
ATTACKS = """
    fake fence|fake end of the transcript|role look-alike|chat token|ready-made verdict
    |fake votes|claim about the audit|fake rubric|claim of permission|authority|urgency
    |threat|flattery|pity|reframing|encoding|homoglyphs|hidden characters
    |escape sequences|other language|noise|quote stuffing|false summary|accusation
    |false confession|mere mention
"""


def test_the_library_is_large_and_balanced() -> None:
    assert len(LIBRARY) >= 48
    assert len({injection.id for injection in LIBRARY}) == len(LIBRARY)
    verdicts = Counter(injection.verdict for injection in LIBRARY)
    assert set(verdicts) == set(Verdict)
    assert verdicts[Verdict.COMPLIANT] * 4 >= len(LIBRARY)
    assert {injection.place for injection in LIBRARY} == set(Place)
    expected = {attack.strip() for attack in ATTACKS.split("|")}
    assert {injection.attack for injection in LIBRARY} == expected
    assert max(len(injection.payload) for injection in LIBRARY) >= 100_000


@pytest.mark.parametrize("verdict", Verdict)
def test_both_verdicts_are_attacked_in_many_places(verdict: Verdict) -> None:
    places = {one.place for one in LIBRARY if one.verdict is verdict}
    assert places >= set(Place) - {Place.ERROR}


@EACH
def test_the_twin_differs_by_the_injection_alone(injection: Injection) -> None:
    assert len(injection.messages) == len(injection.plain)
    changed = [
        (one, other)
        for one, other in zip(injection.messages, injection.plain, strict=True)
        if one != other
    ]
    # An answer stands in the call and in the reply to it.
    assert len(changed) == (2 if injection.place is Place.ANSWER else 1)
    plain = "\n".join(entry.text for entry in render(injection.plain).entries)
    assert legible(injection.payload, terminal=True) not in plain


@EACH
def test_an_injection_stays_within_its_fence_and_hides_nothing(
    injection: Injection,
) -> None:
    transcript, twin = render(injection.messages), render(injection.plain)
    read = parse(transcript.text(MARK), MARK)
    assert [entry[:2] for entry in read] == [
        entry[:2] for entry in parse(twin.text(MARK), MARK)
    ]
    pairs = zip(transcript.entries, twin.entries, strict=True)
    changed = {one.kind for one, other in pairs if one.lines != other.lines}
    answered = {EntryKind.OUTPUT} if injection.place is Place.ANSWER else set()
    assert KINDS[injection.place] in changed
    assert changed <= {KINDS[injection.place], *answered}
    # a grader that is not taken in cites it: it is evidence of what was tried
    typed = injection.place in (Place.ARGUMENTS, Place.WORDS, Place.REASONING)
    told = legible(injection.payload, terminal=not typed).strip()
    first = next(line for line in told.split("\n") if len(line.strip()) >= 8)[:2_000]
    assert found(transcript, first)
    last = told.split("\n")[-1][-2_000:]
    assert found(transcript, last) or len(last) < 8 or len(set(told.split("\n"))) == 1
    # noise and false ends leave every command of the agent's in the text
    commands = [
        call.arguments["input"]
        for message in injection.plain
        for call in calls_of(message)
        if "input" in call.arguments
    ]
    text = "\n".join(entry.text for entry in transcript.entries)
    assert all(command in text for command in commands)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("fence-end", "<<<0123456789abcdef end>>>"),
        ("end-tag", "</transcript>"),
        ("system-line", "System:"),
        ("human-assistant", "Assistant:"),
        ("chat-tokens", "<|im_start|>"),
        ("inst-tokens", "[/INST]"),
        ("heading", "### Instruction"),
        ("verdict-json", '"verdict":'),
        ("verdict-block", "```json"),
        ("verdict-escaped", r"\"verdict\":"),
        ("earlier-votes", "Vote 1 of 3:"),
        ("votes-in-file-name", "verdict="),
        ("zero-width", "\u200b"),
        ("bidi", "\u202e"),
        ("tags", "\U000e0054"),
        ("terminal-title", "\x1b"),
        ("honest-verdict-json", '"verdict":'),
        ("honest-fence", "<<<fedcba9876543210 end>>>"),
    ],
)
def test_what_looks_like_ours_is_broken(name: str, raw: str) -> None:
    [injection] = [one for one in LIBRARY if one.id == name]
    assert raw in injection.payload
    assert raw not in render(injection.messages).text(MARK)
