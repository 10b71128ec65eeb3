"""A strict reader of what is written for a grader, to compare the writing with."""

import re

from proctor.grading.delimiters import DOT, GUTTER, NOTE
from proctor.grading.transcript import Transcript

Read = list[tuple[int, str, list[tuple[bool, str]]]]


class Torn(AssertionError):
    """The text is not what `Transcript.text` writes."""


def parse(text: str, mark: str) -> Read:
    """Read the entries of a text back: number, kind, and lines with dots in them."""
    head = re.compile(rf"<<<{mark} message (\d+), ([a-z' ]+)>>>")
    entries: Read = []
    within = False
    for line in text.split("\n") if text else []:
        begins = head.fullmatch(line)
        if within and line == f"<<<{mark} end>>>":
            within = False
        elif within and line.startswith((GUTTER, NOTE)):
            entries[-1][2].append((line.startswith(NOTE), line[len(GUTTER) :]))
        elif begins and not within:
            entries.append((int(begins[1]), begins[2], []))
            within = True
        else:
            raise Torn(f"{line!r} {'within' if within else 'outside'} an entry")
    if within:
        raise Torn("the last entry has no end")
    return entries


def undotted(text: str) -> str:
    return text.replace(DOT, "")


def found(transcript: Transcript, quote: str) -> tuple[int, ...]:
    """The numbers of all messages in which a quote stands."""
    return tuple(n for n in transcript.messages if transcript.verify(n, quote))
