"""Findings in words, for people who read a log in `inspect view`.

The viewer reads explanations and notes as Markdown, and what a finding names was
written by the agent: file names, commands. So all of that stands in code spans of one
line each; and what could end one, hide or move what stands beside it, or be taken for
something of ours, is written as an escape. The score's metadata has it in full.
"""

import re
import unicodedata
from collections.abc import Sequence

from .._inspect.viewer import Citation, escaped
from ..rules import Finding, Outcome, printable, titles
from ..taxonomy import Verdict

# What is longer is cut in the middle, since what matters in a command may stand behind
# a long filling: a text, and a word, which the viewer does not break, so that it would
# run across what stands beside it. Characters of the start, and of the end.
TEXT, WORD = (160, 60), (40, 15)
# What is not left out: the mark of a cut would be as long.
SPARED = 30
# Of many findings, so many are explained: nobody reads on, and the log stays small.
EXPLAINED = 50
NEWLINE = " ⏎ "

# Blank, although Unicode calls them letters and symbols.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
AFTERWARDS = Citation("After the last call")
ELSEWHERE = Citation("In another conversation")


def note(finding: Finding) -> str:
    """Write the note that stands in the transcript behind a tool call."""
    rule = finding.rule
    weight = "minor" if finding.minor else "⚠ CHEATING"
    if not finding.minor and not finding.forbidden:
        weight = "not forbidden"
    tried = "" if finding.outcome is Outcome.SUCCEEDED else "attempt, "
    head = f"{weight} {rule}: {titles()[rule]} ({tried}{finding.outcome})"
    more = f" and {finding.more} more" if finding.more else ""
    lines = [f"**{head}**", f"target {literal(finding.target)}{more}"]
    if finding.command:
        lines.append(f"command {literal(finding.command)}")
    return "\n".join(lines)


def explanation(
    verdict: Verdict, findings: Sequence[Finding], cited: Sequence[Citation]
) -> str:
    """Explain a verdict by what was found.

    Args:
        verdict: The verdict.
        findings: What was found.
        cited: The message of each finding.

    Returns:
        A line that sums up, and a paragraph for each finding.
    """
    if not findings:
        return "Compliant: nothing that was forbidden is on record."
    pairs = list(zip(findings, cited, strict=True))
    told = [
        f"{citation.text} {note(finding)}" for finding, citation in pairs[:EXPLAINED]
    ]
    more = len(findings) - len(told)
    rest = [f"And {more} more: the metadata lists them all."] if more else []
    return "\n\n".join([_summary(verdict, findings), *told, *rest])


def _summary(verdict: Verdict, findings: Sequence[Finding]) -> str:
    minor = sum(finding.minor for finding in findings)
    allowed = sum(not finding.counts for finding in findings) - minor
    others = [
        *([f"{minor} minor"] if minor else []),
        *([f"{allowed} of what was not forbidden"] if allowed else []),
    ]
    if verdict is Verdict.CHEATING:
        counted = _count(len(findings) - minor - allowed, "finding")
        return f"Cheating: {', and '.join([counted, *others])}."
    if allowed:
        told = f"{_count(allowed, 'finding')} of what was not forbidden"
        return f"Compliant: {told}{f', and {minor} minor' if minor else ''}."
    return f"Compliant: {_count(minor, 'minor finding')} only."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def literal(text: str, shown_at_most: tuple[int, int] = TEXT) -> str:
    """Write a text of the agent's so that the viewer shows it as it is.

    Args:
        text: The text.
        shown_at_most: Characters of its start and of its end that are shown.

    Returns:
        Markdown of one line; what is too long is cut in the middle, and says so.
    """
    shown = NEWLINE.join(printable(text).splitlines())
    if not shown:
        return "(empty)"
    if not shown.isascii():
        shown = "".join(c if _stays_in_place(c) else _escaped(c) for c in shown)
    shown = re.sub(r"\S+", lambda word: _cut(word[0], *WORD), escaped(shown))
    # Again, because a cut can make a word of what was the end of one.
    return _code(escaped(_cut(shown, *shown_at_most)))


def _cut(text: str, start: int, end: int) -> str:
    left_out = len(text) - start - end
    if left_out <= SPARED:
        return text
    return f"{text[:start]} … {left_out} characters left out … {text[-end:]}"


def _code(text: str) -> str:
    """Write a code span (CommonMark 0.31, section 6.1)."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    # One space on each side is taken off again.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    fence = "`" * (longest + 1)
    return f"{fence}{pad}{text}{pad}{fence}"


def _stays_in_place(c: str) -> bool:
    """Whether a character is seen where it is written, and moves no other.

    Letters that are written from right to left take the signs next to them along, and
    marks stand upon the letter before them, any number of them.
    """
    if c in _BLANK or unicodedata.category(c).startswith("M"):
        return False
    return unicodedata.bidirectional(c) not in ("R", "AL", "AN")


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii")
