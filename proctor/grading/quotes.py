"""Whether a quote stands where it is said to stand. Pure.

A grader copies from what it was shown. So what is ours there (gutters, dots, signs for
hidden characters) does not count, nor do line breaks and the shape of quotation marks,
which graders change without noticing. Every other character does: a quote with another
word in it is no quote.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

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


class Quotable:
    """A text that may be quoted from."""

    def __init__(self, lines: Sequence[Line], wholes: Iterable[str] = ()) -> None:
        """Prepare a text for comparison.

        Args:
            lines: Its lines, as they are shown.
            wholes: What else may be quoted although it is short: parts of it that are
                something on their own, such as a command.
        """
        told = "\n".join(line.text for line in lines if not line.note)
        # As it is shown, and without what stands for hidden characters.
        self._forms = [_Form(lines, (told, *wholes), loose) for loose in (False, True)]

    def has(self, quote: str) -> bool:
        """Say whether a quote stands in it, character by character."""
        return any(form.has(quote) for form in self._forms)


class _Form:
    """A text as it is compared."""

    def __init__(
        self, lines: Iterable[Line], wholes: Iterable[str], loose: bool
    ) -> None:
        self._loose = loose
        self._wholes = {_compared(whole, loose) for whole in wholes}
        # Where notes of ours stand, which do not count.
        self._notes: list[tuple[int, int]] = []
        parts, length = [], 0
        for line in lines:
            text = _compared(line.text, loose)
            if not text:
                continue
            parts.append(text)
            if line.note:
                self._notes.append((length, length + len(text)))
            length += len(text) + 1
        self._text = " ".join(parts)

    def has(self, quote: str) -> bool:
        compared = _compared(quote, self._loose)
        # As it is, and without what graders put around it.
        return self._stands(compared) or self._stands(_ENDS.sub("", compared).strip())

    def _stands(self, quote: str) -> bool:
        if quote and quote in self._wholes:
            return True
        if len(quote) < SHORTEST:
            return False
        place = self._text.find(quote)
        while place >= 0:
            if len(quote) - self._noted(place, place + len(quote)) >= SHORTEST:
                return True
            place = self._text.find(quote, place + 1)
        return False

    def _noted(self, start: int, end: int) -> int:
        """Return how many characters of a passage are notes."""
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self._notes)


def _compared(text: str, loose: bool) -> str:
    if loose:
        text = HIDDEN.sub("", text)
        if not text.isascii():
            text = "".join(c for c in text if c.isspace() or not is_hidden(c))
            text = unicodedata.normalize("NFC", text)
    return " ".join(text.translate(_SAME).split())
