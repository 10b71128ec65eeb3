"""What strace's lines are made of: names, descriptors, results. Pure.

Only what strace can have written is accepted, because a damaged line must not pass
for another one: names are ASCII with escapes, and every call ends in a result.
"""

import re


class TraceError(ValueError):
    """A line that cannot be read."""


_CODE = r'\\(?:["\\fnrtv]|x[0-9a-f]{2}|[0-3][0-7]{2}|[0-7]{1,2}(?![0-7]))'
_IN_QUOTES = rf"[ !#-\[\]-~]*(?:{_CODE}[ !#-\[\]-~]*)*"
QUOTED = rf'"({_IN_QUOTES})"(?:\.\.\.)?'
# What a descriptor leads to: a path, or the kernel's name for what has none.
_A_PLACE = rf"(?:/|[0-9A-Za-z_-]+:)[ !#-;=?-\[\]-~]*(?:{_CODE}[ !#-;=?-\[\]-~]*)*"
_PLACE = rf"<({_A_PLACE})>"
_MARK = r"<(?:unfinished|pid changed to [0-9]+) \.\.\.>"
_WORDS = r"[ !#-'*+.-;=-Z\\^-z|~-]+"
# Strings, what a descriptor points to, brackets, and everything between.
_TOKEN = re.compile(rf"{QUOTED}|<<|{_PLACE}|{_MARK}|[\[\]{{}}(),]|{_WORDS}")
# An argument with the comma or parenthesis behind it, where it holds no brackets, or
# a list or structure without any inside: nearly all are of this kind. It is made of
# the same tokens, and taken in one go.
_PIECE = rf'"{_IN_QUOTES}"(?:\.\.\.)?|<<|<{_A_PLACE}>|{_WORDS}'
_PLAIN_ARGUMENT = re.compile(
    rf"((?:{_PIECE}|\[(?:{_PIECE}|,)*+\]|\{{(?:{_PIECE}|,)*+\}})*+)([,)])"
)
_RESULT = re.compile(
    r"\s*= (?:(-1) (?:(E[A-Z0-9]+) \(.*\)|\(errno [0-9]+\))"
    r"|(\?)(?: (E[A-Z0-9_]+) \(.*\)| <unavailable>)?"
    rf"|([0-9]+|0x[0-9a-f]+)(?:{_PLACE}(?:\(deleted\))?)?(?: \(.*\)| \[.*\])?)"
)
_UNFINISHED = re.compile(_MARK)
DESCRIPTOR = re.compile(rf"(-?[0-9]+|AT_FDCWD)(?:{_PLACE}(?:\(deleted\))?)?")
STRING = re.compile(QUOTED)
ADDRESS = re.compile(r"0x[0-9a-f]+")
# strace prints no more of a name, and the kernel takes no longer one.
LONGEST = 4096
NUMBER = re.compile(r"(-?[0-9]+)(?: /\*.*\*/)?")
MODE = re.compile(r"(?:S_I[A-Z]+\|)*0[0-7]*")
_ITEM = rf"(?:{QUOTED}|0x[0-9a-f]+)"
STRINGS = re.compile(
    rf"\[(?:{_ITEM}(?:, {_ITEM})*(?:, \.\.\. /\* 0x[0-9a-f]+ \*/)?)?\]"
    r"|NULL|0x[0-9a-f]+"
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def split(text: str, start: int) -> tuple[list[str], str]:
    """Split a call's arguments at the commas between them.

    Args:
        text: What stands behind the time.
        start: Where the first argument begins.

    Returns:
        The arguments, and what stands behind the closing parenthesis.

    Raises:
        TraceError: There is something that strace does not write.
    """
    arguments: list[str] = []
    position = start
    while plain := _PLAIN_ARGUMENT.match(text, position):
        argument, end = plain[1].strip(), plain[2]
        position = plain.end()
        if end == ",":
            arguments.append(argument)
            continue
        if argument or arguments:
            arguments.append(argument)
        return arguments, text[position:]
    return _split_nested(text, start)


def _split_nested(text: str, start: int) -> tuple[list[str], str]:
    """Split as `split`, token by token: brackets in brackets, and unfinished calls."""
    arguments: list[str] = []
    awaited, current, position, unfinished = [")"], "", start, False
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise TraceError(f"unreadable at column {position}")
        position = token.end()
        word = token[0]
        if unfinished and word != ")":
            raise TraceError("something behind an unfinished call")
        if word in _CLOSING:
            awaited.append(_CLOSING[word])
        elif word in _CLOSING.values():
            if word != awaited.pop():
                raise TraceError(f"{word} closes nothing")
            if not awaited:
                break
        elif len(awaited) == 1 and word == ",":
            arguments.append(current.strip())
            current = ""
            continue
        elif _UNFINISHED.fullmatch(word):
            # whatever strace was in the middle of, it closes only the parenthesis
            unfinished, awaited = True, [")"]
            continue
        current += word
    if awaited and not unfinished:
        raise TraceError("no end of the arguments")
    if current.strip() or arguments:
        arguments.append(current.strip())
    tail = text[position:] if not awaited else " = ?"
    if unfinished and tail.strip() != "= ?":
        raise TraceError("a result of an unfinished call")
    return arguments, tail


def read_result(tail: str) -> tuple[str, str | None, str | None]:
    """Read what stands behind a call.

    Returns:
        The value, what a descriptor leads to, and the error: `?` where the process
        did not live to see the outcome.

    Raises:
        TraceError: It is no result.
    """
    match = _RESULT.fullmatch(tail)
    if not match:
        raise TraceError("no result")
    if match[1]:
        return match[1], None, match[2] or "EUNKNOWN"
    if match[3]:
        return match[3], None, match[4] or "?"
    return match[5], match[6], None


def unescape(text: str) -> str:
    """Undo strace's escapes.

    Args:
        text: What stands between the quotes.

    Returns:
        The name; bytes that are not UTF-8 become lone surrogates (PEP 383).
    """
    if "\\" not in text:
        return text

    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 8) & 0xFF])
        if match[2]:
            return bytes([int(match[2], 16)])
        return _LETTERS.get(match[3], match[3])

    raw = _ESCAPE.sub(one, text.encode("latin-1", "replace"))
    return raw.decode("utf-8", "surrogateescape")
