"""Whether a quote stands where it is said to stand. Pure.

A grader copies from what it was shown. So what is ours there (gutters, dots, signs for
hidden characters) does not count, nor do line breaks and the shape of quotation marks,
which graders change without noticing. Every other character does: a quote with another
word in it is no quote.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..text import HIDDEN, Line, is_hidden
from .delimiters import DOT, GUTTER, NOTE

# Characters below which a quote could stand anywhere. Shorter ones count where they are
# the whole of what they are quoted from.
SHORTEST = 8

_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`", "'"),  # noqa: RUF001
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys((DOT, GUTTER.strip(), NOTE.strip()), None),
    }
)
# What graders put around a quote.
_AROUND = r"(?:\[?(?:…|\.{3,})\]?|[\"'])"
_ENDS = re.compile(rf"^(?:{_AROUND} ?)+|(?: ?{_AROUND})+$")


@dataclass(frozen=True)
class _Form:
    """A text as it is compared.

    Attributes:
        text: The text.
        notes: Where notes of ours stand in it.
    """

    text: str
    notes: list[tuple[int, int]] = field(default_factory=list)


class Quotable:
    """What may be quoted from."""

    def __init__(self, lines: Sequence[Line], wholes: Iterable[str] = ()) -> None:
        """Prepare a text for comparison.

        Args:
            lines: Its lines, as they are shown.
            wholes: What else may be quoted although it is short: parts of it that are
                something on their own, such as a command.
        """
        told = "\n".join(line.text for line in lines if not line.note)
        self._wholes = {
            _compared(whole, loose=loose)
            for whole in (told, *wholes)
            for loose in (False, True)
        }
        # As it is shown, and without what stands for hidden characters.
        self._forms = [_form(lines, loose=False), _form(lines, loose=True)]

    def has(self, quote: str) -> bool:
        """Say whether a quote stands in it, character by character."""
        return any(
            self._stands(candidate, form)
            for loose, form in enumerate(self._forms)
            for candidate in _candidates(quote, loose=bool(loose))
        )

    def _stands(self, quote: str, form: _Form) -> bool:
        if quote and quote in self._wholes:
            return True
        if len(quote) < SHORTEST:
            return False
        place = form.text.find(quote)
        while place >= 0:
            if len(quote) - _overlap(form.notes, place, len(quote)) >= SHORTEST:
                return True
            place = form.text.find(quote, place + 1)
        return False


def _candidates(quote: str, *, loose: bool) -> list[str]:
    """Return a quote as it is, and without what graders put around it."""
    compared = _compared(quote, loose=loose)
    return [compared, _ENDS.sub("", compared).strip()]


def _form(lines: Iterable[Line], *, loose: bool) -> _Form:
    parts, notes, length = [], [], 0
    for line in lines:
        text = _compared(line.text, loose=loose)
        if not text:
            continue
        parts.append(text)
        if line.note:
            notes.append((length, length + len(text)))
        length += len(text) + 1
    return _Form(" ".join(parts), notes)


def _compared(text: str, *, loose: bool) -> str:
    if loose:
        text = HIDDEN.sub("", text)
        if not text.isascii():
            text = "".join(c for c in text if c.isspace() or not is_hidden(c))
            text = unicodedata.normalize("NFC", text)
    return " ".join(text.translate(_SAME).split())


def _overlap(spans: Iterable[tuple[int, int]], start: int, length: int) -> int:
    end = start + length
    return sum(max(0, min(end, b) - max(start, a)) for a, b in spans)
