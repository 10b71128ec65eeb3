"""What is found while a sample runs, shown behind its tool call."""

from inspect_ai.log import transcript

from ..logs.explanations import note
from ..room.layout import Room
from ..rules import Derivation
from ..trace.reader import TraceReader

# Findings are looked for after each call up to this many lines of the recording;
# beyond, only at the end, so that an agent that makes a million of them does not slow
# its own run down.
INLINE_LINES = 50_000
# Of one call, so many findings are shown behind it; a reader has long seen enough.
SHOWN = 20


class LiveFindings:
    """Reads and judges a recording while it grows, each event of it once."""

    def __init__(self, room: Room) -> None:
        """Start before the first tool call.

        Args:
            room: The layout of the room.
        """
        self._reader = TraceReader()
        self._derivation = Derivation(room)
        self._lines = 0

    def show(self, text: str, call: int) -> None:
        """Write what a tool call adds to the findings into the transcript.

        Args:
            text: What was recorded during the call.
            call: Its number.
        """
        self._lines += text.count("\n")
        if self._lines > INLINE_LINES:
            return
        self._reader.feed(text, call)
        self._derivation.follow(self._reader.trace().events)
        findings = self._derivation.findings(call)
        for finding in findings[:SHOWN]:
            transcript().info(note(finding), source="proctor")
        if more := max(0, len(findings) - SHOWN):
            transcript().info(
                f"And {more} more: the score has them all.", source="proctor"
            )
