"""How `inspect view` shows a log: addresses, numbers of messages, links, Markdown.

None of it is documented but the key of the references; it was read in the bundle of
Inspect 0.3.285, and is tested in a browser (`tests/test_view.py`).
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    Content,
    ContentReasoning,
    ContentText,
)
from inspect_ai.scorer import Reference
from inspect_ai.tool import ToolCall

from ..text import escaped, is_hidden, moves, printable

# Where `inspect view` serves, unless told otherwise.
VIEWER = "http://127.0.0.1:7575"

# What is longer is cut in the middle, since what matters in a command may stand behind
# a long filling: a text, and a word, which the viewer does not break, so that it would
# run across what stands beside it. Characters of the start, and of the end.
TEXT, WORD = (160, 60), (40, 15)
# What is not cut out: the mark of a cut would be as long.
UNCUT = 30
NEWLINE = " ⏎ "

# What the viewer replaces in the text as a whole, before and after it reads it as
# Markdown, and so within code spans too (`renderFullPipelineMarkdown` and
# `injectReferenceLinks`): superscripts, what it takes for the definition of a link, its
# own placeholders, a command of TeX, and the references to messages and events.
_REPLACED = re.compile(
    r"<(?=/?sup>)"
    r"|\](?=: )"
    r"|\((?=(?:open|close):767A125E\))"
    r"|(?<=___)L(?=ATEX_BACKSLASH)"
    r"|\\(?=dots)"
    r"|\b[ME](?=\d+\b)",
    re.ASCII,
)


def address(log: str, sample: str, epoch: int, viewer: str = VIEWER) -> str:
    """Return the address of a sample, in a viewer started on its log's folder."""
    log, sample = (
        # a name may hold what is no Unicode
        quote(part, safe="", errors="surrogatepass")
        for part in (log, sample)
    )
    return f"{viewer}/#/logs/{log}/samples/sample/{sample}/{epoch}/"


def command(folder: Path) -> str:
    """Return the command that starts the viewer on a folder of logs."""
    return f"inspect view --log-dir {shlex.quote(str(folder))}"


@dataclass(frozen=True)
class Citation:
    """The message that a finding or a quote refers to.

    Attributes:
        text: How it is cited; the viewer makes a link of `[M7]`.
        message: The message's id; None where there is no message to cite.
        number: Its number in the viewer's Messages tab.
    """

    text: str
    message: str | None = None
    number: int | None = None


def citation(number: int, message: str | None) -> Citation:
    """Cite the message with a number in the viewer."""
    return Citation(f"[M{number}]", message, number)


def citations(messages: Sequence[ChatMessage]) -> dict[str, Citation]:
    """Find the message in which each tool call was made.

    Args:
        messages: The conversation.

    Returns:
        The citations by the ids of the tool calls.
    """
    return {
        call.id: citation(number, message.id)
        for number, message in numbered(messages)
        for call in calls_of(message)
    }


def references(cited: Iterable[Citation]) -> dict[str, Any]:
    """Return the metadata that makes links of the citations in an explanation.

    The key is documented at `inspect_ai.scorer.Reference`. Where it is there at all,
    the viewer shows the explanation beside the transcript, so that it is left out where
    nothing is cited.
    """
    texts = {c.message: c.text for c in cited if c.message is not None}
    found = [
        Reference(type="message", cite=text, id=message).model_dump()
        for message, text in texts.items()
    ]
    return {"scanner_references": found} if found else {}


def numbered(messages: Sequence[ChatMessage]) -> Iterator[tuple[int, ChatMessage]]:
    """Yield each message with the number under which the viewer begins it.

    The viewer counts what it shows: all system messages as one, the first; a tool's
    reply with its call; and a message of the model's only where it says something,
    before its calls, each of which has a number of its own.
    """
    following = 2 if any(message.role == "system" for message in messages) else 1
    number = following
    for message in messages:
        if message.role == "system":
            yield 1, message
            continue
        if message.role != "tool":
            number = following
            calls = len(calls_of(message))
            following += calls + (not calls or _says_something(message))
        yield number, message


def calls_of(message: ChatMessage) -> list[ToolCall]:
    """Return the tool calls of a message."""
    if isinstance(message, ChatMessageAssistant):
        return message.tool_calls or []
    return []


def _says_something(message: ChatMessage) -> bool:
    """Whether the viewer shows a message besides its calls."""
    if isinstance(message.content, str):
        return bool(message.content.strip())
    return any(_is_visible(content) for content in message.content)


def _is_visible(content: Content) -> bool:
    if isinstance(content, ContentText):
        return bool(content.text.strip() or content.citations)
    if isinstance(content, ContentReasoning):
        return bool(content.reasoning.strip() or (content.summary or "").strip())
    return True


# --- Markdown ---------------------------------------------------------------------


def literal(text: str, shown_at_most: tuple[int, int] = TEXT) -> str:
    """Write a text so that the viewer, which reads Markdown, shows it as it is.

    It stands in a code span of one line; and what could end that, hide or move what
    stands beside it, or be taken for something of ours, is written as an escape.

    Args:
        text: The text.
        shown_at_most: Characters of its start and of its end that are shown.

    Returns:
        Markdown of one line; what is too long is cut in the middle, and says so.
    """
    shown = NEWLINE.join(printable(text).splitlines())
    if not shown:
        return "(empty)"
    shown = _unreplaced(escaped(shown, lambda c: is_hidden(c) or moves(c)))
    shown = re.sub(r"\S+", lambda word: _cut(word[0], *WORD), shown)
    # Again, because a cut can make a word of what was the end of one.
    return _code(_unreplaced(_cut(shown, *shown_at_most)))


def _unreplaced(text: str) -> str:
    return _REPLACED.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _cut(text: str, start: int, end: int) -> str:
    left_out = len(text) - start - end
    if left_out <= UNCUT:
        return text
    return f"{text[:start]} … {left_out} characters left out … {text[-end:]}"


def _code(text: str) -> str:
    """Write a code span (CommonMark 0.31, section 6.1)."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    # One space on each side is taken off again.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    fence = "`" * (longest + 1)
    return f"{fence}{pad}{text}{pad}{fence}"
