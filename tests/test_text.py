"""Text of others: whatever it is, it is seen where it stands, and is only text.

`literal` is tested in `test_explanations.py`, `legible` in `judge/test_transcript.py`,
both together with what they are for.
"""

from hypothesis import example, given
from hypothesis import strategies as st

from proctor.text import (
    csv_cell,
    from_csv_cell,
    is_hidden,
    moves,
    one_line,
    printable,
    steady,
)

# An end of a line, a key of the terminal, an override, a Hebrew letter, an accent, a
# filler, a lone surrogate, a no-break space.
WRITTEN = {
    "a\nb": ("a\nb", "a\\nb", "a\nb"),
    "\x1b[2J": ("\\x1b[2J", "\\x1b[2J", "⟨U+001B⟩[2J"),
    "\u202ex": ("\\u202ex", "\\u202ex", "⟨U+202E⟩x"),
    "\u05d0": ("\u05d0", "\u05d0", "⟨U+05D0⟩"),
    "x\u0301e\u0301": ("x\u0301e\u0301", "x\u0301e\u0301", "x⟨U+0301⟩é"),
    "\u3164": ("\u3164", "\u3164", "⟨U+3164⟩"),
    "\udcff": ("\\udcff", "\\udcff", "⟨U+DCFF⟩"),
    "\xa0": ("\\xa0", "\\xa0", "\xa0"),
}
texts = st.text(st.characters(exclude_categories=()), max_size=50)


def test_each_use_writes_out_what_it_must() -> None:
    for text, wanted in WRITTEN.items():
        assert (printable(text), one_line(text), steady(text)) == wanted


@given(texts)
@example("".join(WRITTEN))
def test_any_text_is_safe_in_each_use(text: str) -> None:
    assert printable(text).replace("\n", "").isprintable()
    assert one_line(text).isprintable()
    left = [c for c in steady(text) if is_hidden(c) or moves(c)]
    assert set(left) <= {"\n", "\t"}


@given(texts)
@example("=1+1")
@example("\t@x\udcff")
def test_a_cell_of_a_table_is_no_formula_and_can_be_read_back(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert csv_cell(cell) == cell, "a table that is exported again stays as it is"
    if not text.startswith("'"):
        written = text.encode("utf-8", "backslashreplace").decode()
        assert from_csv_cell(cell) == written
