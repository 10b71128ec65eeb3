"""What a terminal shows of what programs write to it, read call by call."""

import time
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from proctor.recorder import screen as recorder
from proctor.recorder.server import RequestHandler
from proctor.sandbox.screen import GAP, Screen

PROMPT = "agent@exam:~$ "


def shown(*writes: str | bytes) -> list[str]:
    """Write in turn, and read the screen after each."""
    screen = Screen()
    said = []
    for text in writes:
        data = text.encode() if isinstance(text, str) else text
        screen.write([(0, data.decode("latin-1"))])
        said.append(screen.read())
    return said


# What is written in each call, and what each returns.
CASES: dict[str, tuple[Sequence[str | bytes], list[str]]] = {
    "a prompt and a line": (
        [PROMPT, f"hello\r\n{PROMPT}", f"\r\nno\r\n{PROMPT}"],
        [PROMPT, f"hello\n{PROMPT}", f"\nno\n{PROMPT}"],
    ),
    "nothing": (["", "x", ""], ["", "x", ""]),
    "blank lines": (["a\r\n\r\n", "\r\nb"], ["a\n\n", "\nb"]),
    "trailing spaces": (["a  \r\nb "], ["a  \nb "]),
    "tabs stay tabs": (["CapEff:\t0\r\n\t\tx\r\n"], ["CapEff:\t0\n\t\tx\n"]),
    "a bare newline": (["a\nb\n"], ["a\nb\n"]),
    "a line far longer than the terminal": (["x" * 1000 + "\r\n"], ["x" * 1000 + "\n"]),
    "a character cut in two": ([b"\xc3", b"\xa9\r\n"], ["", "é\n"]),
    "no UTF-8": ([b"a\xffb"], ["a\ufffdb"]),
    "an accent that comes by itself": (["e\u0301\r\n"], ["e\u0301\n"]),
    "bells and other controls": (["a\a\x01\x0c\x0eb\x7f"], ["ab"]),
    # what a program takes back
    "a backspace": (["50%\b\b\b60%\r\n"], ["60%\n"]),
    "wiped out": (["abc\b \b\r\n"], ["ab\n"]),
    "a backspace at the beginning": (["\b\bx"], ["x"]),
    "wide characters": (["日本\b\b語\r\n"], ["日語\n"]),
    "half of a wide character": (["日本\rx\r\n"], ["x 本\n"]),
    "a tab is gone over": (["a\tb\rc\tB\r\n"], ["c\tB\n"]),
    "a progress bar": (["\r10%\r20%\r100%\r\nend\r\n"], ["100%\nend\n"]),
    "a progress bar over three calls": (
        ["\r10%", "\r20%", "\r100%", "\r\nend\r\n"],
        ["10%", "20%", "100%", "\nend\n"],
    ),
    "a shorter line over a longer": (["\rabcdef\rab    \r\n"], ["ab\n"]),
    "a line erased": (["abc\r\x1b[Kdef\r\n", "\x1b[2Kg"], ["def\n", "g"]),
    "erased behind a word": (["\x1b[1mab\x1b[0m\x1b[K\r\n"], ["ab\n"]),
    "lines rewritten": (
        ["one: 1%\r\ntwo: 1%\r\n", "\x1b[2A\rone: 9%\r\n\r\n"],
        ["one: 1%\ntwo: 1%\n", "one: 9%\n"],
    ),
    "taken out and put in": (["abcd\b\b\x1b[P\x1b[@-\r\n"], ["ab-d\n"]),
    # what would lose text on a terminal with an end
    "cleared": (["one\r\n\x1b[H\x1b[2J\x1b[3Jtwo\r\n"], ["one\ntwo\n"]),
    "cleared in another way": (["one\r\n\x1b[H\x1b[Jtwo\r\n"], ["one\ntwo\n"]),
    "reset": (["one\r\n\x1bctwo\r\n"], ["one\ntwo\n"]),
    "another screen": (["one\r\n\x1b[?1049htwo\x1b[?1049l"], ["one\ntwo"]),
    "more lines than the terminal has": (
        ["".join(f"{n}\r\n" for n in range(500))],
        ["".join(f"{n}\n" for n in range(500))],
    ),
    # what a dumb terminal shows nothing of
    "colours and a title": (["\x1b]0;a title\x07\x1b[38:2::1:2:3mr\x1b[m"], ["r"]),
    "a title without an end": (["a\x1b]0;title", "b"], ["a", "b"]),
    "a sequence cut in two": (["a\x1b", "[3", "1mb"], ["a", "", "b"]),
    "no sequence at all": (["\x1b\r\nb\x1b[12\r\nc"], ["\nb\nc"]),
    "a number that is none": (["\x1b[²mb"], ["²mb"]),
    "too many numbers": (["a\x1b[1;2;3;4Ab\r\n"], ["ab\n"]),
    "a private movement": (["a\x1b[?5Hb\r\n"], ["ab\n"]),
    "far away": (["\x1b[9999;9999H\x1b[9999Bx"], ["\n" * 47 + " " * 131 + "x"]),
}


def test_what_is_shown() -> None:
    said = {name: shown(*writes) for name, (writes, _) in CASES.items()}
    assert said == {name: expected for name, (_, expected) in CASES.items()}


def test_the_return_key_begins_a_line_that_nobody_has_to_see() -> None:
    """The terminal does not echo, and `\\r` must not go over the prompt."""
    screen = Screen()
    said = []
    for text in (PROMPT, f"\r50%\r100%\r\n{PROMPT}", "\r\nno\r\n"):
        screen.write([(0, text)])
        said.append(screen.read())
        screen.enter()
    assert said == [PROMPT, f"100%\n{PROMPT}", "\nno\n"]


def test_what_the_recorder_did_not_keep_is_told() -> None:
    kept = recorder.Screen(8)
    kept.write(b"abcd\xc3")
    kept.write(b"\xa9" * 5 + b"wxyz")
    screen = Screen()
    screen.write(kept.read())
    assert screen.read() == f"abcd{GAP.format(6)}wxyz"
    assert kept.read() == []


def test_what_was_shown_in_a_lost_reply_stands_in_the_next() -> None:
    """The host says which reply it knows of (`got`); a number is carried out once."""
    session = SimpleNamespace(
        failure=None,
        screen=recorder.Screen(100),
        recording=SimpleNamespace(take=lambda limit: ("", False)),
        act=lambda action, text, wait: "waiting",
        check=lambda: None,
    )
    handler = RequestHandler(session)  # type: ignore[arg-type]
    said = []
    for written, number, got in (
        *((b"one", 1, 0), (b"two", 2, 0), (b"late", 2, 0)),
        *((b"three", 3, 2), (b"", 4, 3)),
    ):
        session.screen.write(written)
        request = {"kind": "act", "action": "read", "text": "", "wait": 1}
        reply = handler.answer(request | {"number": number, "got": got})
        said.append([data for _, data in reply["screen"]])
    assert said == [["one"], ["one", "two"], ["one", "two"], ["latethree"], []]


def test_a_flood_is_cheap() -> None:
    """Whatever is written without end, a call takes no longer than a few seconds."""
    limit = 64 * 1024
    for pattern in (
        *("yes\r\n", "\x1b[1Ax\b", "\x1b[9999@x\r", "a\x1b[X\b", "\n\x1b[9999Cx"),
        *("\t\b", "a\u0301", "\u0301", "日\b", "\x1b[H\x1b[2Jx", "\x1b[", "\x1b]0;"),
    ):
        kept = recorder.Screen(limit)
        kept.write(pattern.encode() * limit)
        pieces = kept.read()
        assert sum(len(data) for _, data in pieces) == limit
        began, screen = time.process_time(), Screen()
        screen.write(pieces)
        assert len(screen.read()) < 30 * limit, pattern
        assert time.process_time() - began < 5, pattern


@given(st.lists(st.binary()))
def test_nothing_that_a_program_writes_raises(writes: list[bytes]) -> None:
    shown(*writes)


SEQUENCES = st.from_regex(r"\x1b[\[\](#%]?[0-9;?>=:]{0,4}[ -/]?[@-~]", fullmatch=True)


@given(st.lists(st.one_of(SEQUENCES, st.sampled_from(["a", "\r\n", "\b", "日"]))))
def test_no_sequence_raises(parts: list[str]) -> None:
    shown("".join(parts), *parts)


PLAIN = st.one_of(st.characters(exclude_categories=["C"]), st.sampled_from("\n\t"))


@given(st.lists(st.text(PLAIN)), st.booleans())
def test_ordinary_text_comes_out_as_it_is(writes: list[str], crlf: bool) -> None:
    written = [text.replace("\n", "\r\n") if crlf else text for text in writes]
    assert "".join(shown(*written)) == "".join(writes)


MOVING = [*"aé日\t\r\n\b", "\x1b[K", "\x1b[2C", "\x1b[A", "\x1b[J"]


@given(st.lists(st.sampled_from(MOVING)), st.lists(st.integers(0, 200)))
def test_it_does_not_matter_where_writing_is_cut(
    parts: list[str], cuts: list[int]
) -> None:
    data = "".join(parts).encode().decode("latin-1")
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    whole, cut_up = Screen(), Screen()
    whole.write([(0, data)])
    for piece in pieces:
        cut_up.write([(0, piece)])
    assert cut_up.read() == whole.read()
