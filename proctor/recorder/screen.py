"""What programs wrote to the terminal, bounded in size. The host makes text of it."""

# The size that programs are told the terminal has.
ROWS, COLUMNS = 48, 132


class Screen:
    """What was written to the terminal since it was last read.

    Keeps the first and the last half of `limit` bytes and counts what lay between,
    so that a program that writes without end costs no more memory than one that
    says a word.
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

    def read(self) -> list[tuple[int, str]]:
        """Take everything off the screen.

        Returns:
            Pieces of what was written, byte by byte as Latin-1, each behind the number
            of bytes before it that were not kept.
        """
        lost = self.received - len(self._head) - min(len(self._tail), self._half)
        head, tail = bytes(self._head), bytes(self._tail[-self._half :])
        self._head.clear()
        self._tail.clear()
        self.received = 0
        pieces = [(0, head), (lost, tail)] if lost else [(0, head + tail)]
        return [(gap, data.decode("latin-1")) for gap, data in pieces if data]
