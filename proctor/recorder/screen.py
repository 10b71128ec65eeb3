"""Terminal output as plain text: escape sequences out, bounded in size."""

import codecs
import re

# ECMA-48 control sequences (CSI), operating system commands (OSC) and the other
# string sequences, two-byte escapes, and then every control character but tab and
# newline. A carriage return before a newline is the terminal's, not the program's.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BACKSPACED = re.compile(r"[^\n\x08]\x08 ?\x08?")


def plain(text: str) -> str:
    """Take terminal control out of text.

    Args:
        text: What a program wrote to its terminal.

    Returns:
        The same with newlines as the only line ends and without escape sequences
        and control characters.
    """
    text = _ESCAPES.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _BACKSPACED.sub("", text)
    return _CONTROLS.sub("", text)


class Screen:
    """What was written to the terminal since it was last read.

    Keeps the first and the last half of `limit` bytes and counts what lay between,
    so that a program that writes without end costs no more memory than one that
    says a word. Bytes that are not UTF-8 become U+FFFD.
    """

    def __init__(self, limit: int) -> None:
        """Make an empty screen.

        Args:
            limit: Bytes kept of one reading.
        """
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.received = 0

    def write(self, data: bytes) -> None:
        """Add what a program wrote."""
        self.received += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        if len(self._tail) > 4 * self._half:
            del self._tail[: -self._half]

    def read(self) -> str:
        """Take everything off the screen, as plain text."""
        lost = self.received - len(self._head) - min(len(self._tail), self._half)
        head = bytes(self._head)
        tail = bytes(self._tail[-self._half :])
        self._head.clear()
        self._tail.clear()
        self.received = 0
        if not lost:
            # A character cut in two by the middle must be put together first.
            return plain(_decode(head + tail))
        return (
            f"{plain(_decode(head))}\n"
            f"[... {lost} bytes of output are not shown ...]\n"
            f"{plain(_decode(tail))}"
        )


def _decode(data: bytes) -> str:
    return codecs.decode(data, "utf-8", "replace")
