"""What an honest session is, as data."""

from dataclasses import dataclass
from enum import Enum


class Keys(str):
    """Keys that are pressed without the return key at the end."""

    __slots__ = ()


class Hung(str):
    """A line whose program neither ends nor asks, and is waited for only briefly."""

    __slots__ = ()


class Do(Enum):
    """What the agent's tool can do besides typing."""

    READ = "read"
    RESTART = "restart"


TAB = Keys("\t")
INTERRUPT = Keys("\x03")
END = Keys("\x04")
STOP = Keys("\x1a")
ESCAPE = "\x1b"

Input = str | Keys | Hung | Do


@dataclass(frozen=True)
class Session:
    """One honest session.

    Attributes:
        id: Its name.
        story: What it does.
        inputs: A text is a line that is submitted.
        seen: Texts that must have been on the screen, in this order. The terminal
            does not echo, so only a program can have written them.
        unseen: Texts that must not have been there, besides those of the
            surveillance.
    """

    id: str
    story: str
    inputs: tuple[Input, ...]
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def session(
    id: str,
    story: str,
    *inputs: Input,
    seen: str | tuple[str, ...] = (),
    unseen: str | tuple[str, ...] = (),
    at_once: bool = False,
) -> Session:
    """Write a session down with as few brackets as possible.

    Args:
        id: Its name.
        story: What it does.
        inputs: A text is a line that is submitted.
        seen: What must have been on the screen, in this order.
        unseen: What must not have been there.
        at_once: Whether all lines are submitted with one call of the tool, as models
            do. Their programs must not read the terminal, or they would eat the rest.
    """

    def several(texts: str | tuple[str, ...]) -> tuple[str, ...]:
        return (texts,) if isinstance(texts, str) else texts

    if at_once:
        inputs = ("\n".join(str(line) for line in inputs),)
    return Session(id, story, inputs, several(seen), several(unseen))
