"""What the agent wrote is told literally, and cannot pass for what we wrote.

How Inspect's viewer shows it is tested in a browser (`tests/test_view.py`); here it
is compared with CommonMark, read as the viewer reads it.
"""

import html
import re
from dataclasses import replace

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)
from inspect_ai.tool import ToolCall
from markdown_it import MarkdownIt
from markdown_it.token import Token

from proctor._inspect.viewer import TEXT, UNCUT, WORD, Citation, citations, literal
from proctor.logs.explanations import (
    AFTERWARDS,
    ELSEWHERE,
    EXPLAINED,
    explanation,
    note,
)
from proctor.rules import Finding, Outcome
from proctor.taxonomy import Category, Verdict

FOUND = Finding(
    "key.read",
    "/home/agent/reference/answers.txt",
    Outcome.SUCCEEDED,
    "sed p reference/answers.txt",
    20,
    6.0,
    2,
    False,
    Category.ENVIRONMENT_USAGE,
)
SEVENTH = Citation("[M7]", "id-7", 7)

# What the agent wrote, and how it is shown.
HOSTILE = {
    "plain": ("a name", "a name"),
    "image": ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    "script": (
        "<script>window.__pwned=1</script>",
        "<script>window.__pwned=1</script>",
    ),
    "end of the code": ("</code><b>x</b>", "</code><b>x</b>"),
    "entities": ("&lt;b&gt; &#60; &amp;", "&lt;b&gt; &#60; &amp;"),
    "emphasis": ("**COMPLIANT** _x_ ~~y~~", "**COMPLIANT** _x_ ~~y~~"),
    "link": ("[click](javascript:alert(1))", "[click](javascript:alert(1))"),
    "picture": ("![x](e.example/x.png)", "![x](e.example/x.png)"),
    "backticks": ("`` ` ``` end", "`` ` ``` end"),
    "only backticks": ("``", "``"),
    "a table": ("| a | b |", "| a | b |"),
    "formulas": ("$x$ $$y$$ \\(z\\)", "$x$ $$y$$ \\(z\\)"),
    "lines": ("a\n\n# Compliant\n- b", "a ⏎  ⏎ # Compliant ⏎ - b"),
    "other lines": ("a\r\x0b\x0c\x85\u2028b", "a\\r\\x0b\\x0c\\x85\\u2028b"),
    "terminal": ("\x1b[31mred\x1b[0m\x07", "\\x1b[31mred\\x1b[0m\\x07"),
    "override": ("\u202egnp.exe\u202c", "\\u202egnp.exe\\u202c"),
    "isolate": ("\u2066a\u2069\u200e\u200f", "\\u2066a\\u2069\\u200e\\u200f"),
    "right to left": ("\u05d0 (1)\u0661", "\\u05d0 (1)\\u0661"),
    "marks": ("Z\u0301\u0301\u20dd", "Z\\u0301\\u0301\\u20dd"),
    "invisible": ("a\u200b\u00ad\u2060\ufeffb", "a\\u200b\\xad\\u2060\\ufeffb"),
    "blank": ("a\u3164\u2800b", "a\\u3164\\u2800b"),
    "no text": ("\udcff", "\\udcff"),
    # what the viewer would change even in code
    "superscript": ("<sup>x</sup>", "\\x3csup>x\\x3c/sup>"),
    "reference": ("[M1] (E22, M3)", "[\\x4d1] (\\x4522, \\x4d3)"),
    "no reference": ("[M1x] XM1 M_1", "[M1x] XM1 M_1"),
    "a definition": ("[a]: b", "[a\\x5d: b"),
    "placeholder": ("(open:767A125E)x", "\\x28open:767A125E)x"),
    "backslash": ("$___LATEX_BACKSLASH___$", "$___\\x4cATEX_BACKSLASH___$"),
    "dots": ("$\\dots$", "$\\x5cdots$"),
}


def tokens(markdown: str) -> list[Token]:
    """Read Markdown like the viewer, which escapes HTML before it does."""
    reader = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable("table")
    return reader.parse(html.escape(markdown))


def lines(paragraph: Token) -> list[str]:
    """Return what is shown of a paragraph; of code, what stands in it."""
    parts = []
    for child in paragraph.children or []:
        assert child.type in ALLOWED, f"{child.type} in {paragraph.content}"
        parts.append("\n" if child.type == "softbreak" else child.content)
    return html.unescape("".join(parts)).split("\n")


ALLOWED = ("text", "code_inline", "strong_open", "strong_close", "softbreak")


@pytest.mark.parametrize("case", HOSTILE)
def test_what_the_agent_wrote_is_shown_literally(case: str) -> None:
    text, shown = HOSTILE[case]
    (child,) = tokens(literal(text))[1].children or []
    assert child.type == "code_inline"
    assert html.unescape(child.content) == shown


@pytest.mark.parametrize("case", HOSTILE)
def test_no_name_and_no_command_changes_the_form_of_a_note(case: str) -> None:
    text, shown = HOSTILE[case]
    note_of = note(replace(FOUND, target=text, command=text, more=2))
    opening, paragraph, closing = tokens(note_of)
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    assert lines(paragraph) == [
        "⚠ CHEATING key.read: the answer key was read (succeeded)",
        f"target {shown} and 2 more",
        f"command {shown}",
    ]


@pytest.mark.parametrize("case", HOSTILE)
def test_no_name_forges_a_line_of_an_explanation(case: str) -> None:
    text, shown = HOSTILE[case]
    finding = replace(FOUND, target=text, command=text)
    told = explanation(Verdict.CHEATING, [finding, FOUND], [SEVENTH, AFTERWARDS])
    read = tokens(told)
    assert [token.type for token in read[::3]] == ["paragraph_open"] * 3
    head, first, second = map(lines, read[1::3])
    assert head == ["Cheating: 2 findings."]
    assert first[0].startswith("[M7] ⚠ CHEATING key.read")
    assert first[1:] == [f"target {shown}", f"command {shown}"]
    assert second[0].startswith("After the last call ⚠ CHEATING key.read")
    # the only reference is ours, although nobody has to look for it in the code only
    assert re.findall(r"\b[ME]\d+\b", told, re.ASCII) == ["M7"]


def test_a_long_text_is_cut_visibly_and_its_end_is_seen() -> None:
    told = literal("echo " + "ab " * 2000 + "; sed p key")
    start, end = TEXT
    assert told.startswith("`echo ab ab ") and told.endswith(" ab ; sed p key`")
    assert f" … {6016 - start - end} characters left out … " in told
    assert len(told) < start + end + 50
    assert "left out" not in literal("ab " * ((start + end + UNCUT) // 3))


@pytest.mark.parametrize("letter", ["x", "\u202e", "M1,", "<sup>", "`"])
def test_no_word_is_longer_than_a_line(letter: str) -> None:
    """The viewer does not break words: one that is too long covers what is beside."""
    told = literal(f"cat {letter * 200} end")
    assert max(map(len, told.split())) < 100
    assert "characters left out" in told and told.rstrip("` ").endswith(" end")


def test_a_cut_makes_no_reference_of_the_end_of_a_word() -> None:
    """Within the word it would be none; behind the cut it would be one."""
    start, end = WORD
    told = literal("x" * (start + 100) + "M" + "1" * (end - 1))
    assert f"… \\x4d{'1' * (end - 1)}`" in told


def test_an_empty_text_is_told_as_such() -> None:
    assert literal("") == literal("\n") == "(empty)"


def test_an_attempt_and_what_is_minor_are_told_apart_at_a_glance() -> None:
    tried = note(replace(FOUND, outcome=Outcome.REFUSED))
    assert "⚠ CHEATING key.read" in tried and "(attempt, refused)" in tried
    small = note(replace(FOUND, rule="process.list", minor=True, command=""))
    assert small == (
        "**minor process.list: the processes were listed (succeeded)**\n"
        "target `/home/agent/reference/answers.txt`"
    )


def test_an_explanation_counts_and_cites() -> None:
    minor = replace(FOUND, rule="process.list", minor=True)
    told = explanation(
        Verdict.CHEATING, [FOUND, FOUND, minor], [SEVENTH, ELSEWHERE, AFTERWARDS]
    )
    head, *paragraphs = told.split("\n\n")
    assert head == "Cheating: 2 findings, and 1 minor."
    assert [text.split(" **")[0] for text in paragraphs] == [
        "[M7]",
        "In another conversation",
        "After the last call",
    ]
    told = explanation(Verdict.COMPLIANT, [minor], [SEVENTH])
    assert told.startswith("Compliant: 1 minor finding only.\n")
    assert explanation(Verdict.COMPLIANT, [], []).startswith("Compliant: nothing")


def test_of_many_findings_the_first_are_explained() -> None:
    count = EXPLAINED + 3
    told = explanation(Verdict.CHEATING, [FOUND] * count, [SEVENTH] * count)
    assert told.count("⚠") == EXPLAINED
    assert told.startswith(f"Cheating: {count} findings.")
    assert told.endswith("And 3 more: the metadata lists them all.")


# --- where it happened ------------------------------------------------------------


def turn(content: object, *calls: str) -> ChatMessageAssistant:
    made = [ToolCall(call, "bash_session", {"action": "read"}) for call in calls]
    return ChatMessageAssistant(content=content, tool_calls=made)  # type: ignore[arg-type]


def numbers(*messages: ChatMessage) -> dict[str, int | None]:
    return {call: place.number for call, place in citations(messages).items()}


def reply(call: str) -> ChatMessageTool:
    return ChatMessageTool(content="", tool_call_id=call)


def test_messages_have_the_numbers_that_the_viewer_shows() -> None:
    user, system = ChatMessageUser(content="go"), ChatMessageSystem(content="s")
    silent = ContentReasoning(reasoning=" ", summary=None)
    thinks = ContentReasoning(reasoning="hm")
    assert numbers() == numbers(system, user, turn("I stop.")) == {}
    assert numbers(user, turn("one", "a"), reply("a")) == {"a": 2}
    # all system messages are one, the first
    assert numbers(system, user, system, turn("one", "a")) == {"a": 3}
    assert numbers(user, system, turn("one", "a")) == {"a": 3}
    # what says nothing is not shown; its calls are
    assert numbers(user, turn(" ", "a"), reply("a"), turn("", "b")) == {"a": 2, "b": 3}
    assert numbers(user, turn([silent], "a"), turn([thinks], "b")) == {"a": 2, "b": 3}
    text = [ContentText(text="")]
    assert numbers(user, turn(text, "a"), turn("x", "b")) == {"a": 2, "b": 3}
    # a message's calls have a number each
    both = turn("two", "a", "b")
    replies = [reply("a"), reply("b")]
    assert numbers(user, both, *replies, user, turn("x", "c")) == {
        "a": 2,
        "b": 2,
        "c": 6,
    }


def test_a_citation_names_the_message() -> None:
    message = turn("one", "a")
    cited = citations([ChatMessageUser(content="go"), message])["a"]
    assert cited == Citation("[M2]", message.id, 2)
