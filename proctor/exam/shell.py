"""The agent's tool: an interactive shell, with the name and actions of Inspect's.

The same interface as Inspect's `bash_session`, so that published transcripts replay
unchanged, but an implementation of our own: every system call that matters is
recorded, and a call returns when the program waits for input.
"""

from typing import Literal

from inspect_ai.tool import Tool, tool

from .._inspect import ToolParsingError
from .session import TOOL, act

# Long enough for anything that an exam needs, short enough that a hanging program
# does not eat the sample's time; Inspect's tool has the same.
WAIT = 30
INTERRUPT = "\x03"
_NOTES = {
    "running": "\n[The program is still running and has not asked for input.]",
    "flood": "\n[The program is still running; its output does not end.]",
}


def _keys(action: str, text: str | None) -> str:
    """Return what an action types.

    Raises:
        ToolParsingError: Action and input do not fit together.
    """
    if action == "type" and text is None:
        raise ToolParsingError('The action "type" needs an input.')
    if action in ("restart", "read", "interrupt") and text is not None:
        raise ToolParsingError(f'The action "{action}" takes no input.')
    keys = {
        "type": text or "",
        "type_submit": (text or "") + "\n",
        "interrupt": INTERRUPT,
    }.get(action, "")
    try:
        keys.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ToolParsingError(
            "The input holds half a surrogate pair, which no keyboard can type."
        ) from None
    return keys


@tool(name=TOOL, parallel=False)
def shell(wait: float = WAIT) -> Tool:
    """Build the agent's interactive shell.

    Args:
        wait: Seconds after which a call returns although the program neither ends
            nor waits for input.

    Returns:
        The tool. A call raises `ToolParsingError` where the model's arguments do not
        fit together, and ends the sample where the recorder has failed.

    Raises:
        ValueError: `wait` is not positive.
    """
    if wait <= 0:
        raise ValueError(f"wait must be a positive number of seconds, not {wait}")

    async def execute(
        action: Literal["type", "type_submit", "restart", "read", "interrupt"],
        input: str | None = None,
    ) -> str:
        r"""Interact with a bash shell that keeps its state between calls.

        A call returns the output since the last call. It returns as soon as the
        shell, or the program that runs in it, waits for input; a program that is
        still at work after a while goes on, and "read" gives its further output.

        - To run a command, or to answer a program's question: "type_submit" with
          the text as input.
        - To send keys without the return key at the end: "type". Control characters
          are written as Unicode escapes, "\u0004" for Ctrl-D.
        - To stop a program: "interrupt".

        Args:
          action: What to do:
            - "type": type the input
            - "type_submit": type the input, then the return key
            - "read": read further output
            - "interrupt": press Ctrl-C
            - "restart": end all programs and start a new shell
          input: What to type; for "type" and "type_submit" only.

        Returns:
          The output.
        """
        text = _keys(action, input)
        kind: Literal["type", "read", "restart"] = (
            action if action in ("read", "restart") else "type"
        )
        reply = await act(kind, text, wait)
        return reply.screen + _NOTES.get(reply.state, "")

    return execute
