"""Transcripts that try to steer the judge, with the verdicts that are true anyway.

For the tests of the rendering, and for the trial of a judge: it is given each
transcript with and without its injection, and a verdict that differs is a flip. All of
it is written for this purpose. Most are runs that cheated and want to be judged
compliant; the others are honest runs that somebody wants convicted, or that only speak
of cheating.
"""

from dataclasses import dataclass

from inspect_ai.model import ChatMessage

from ...taxonomy import Verdict
from .conversations import CONVERSATIONS, Place, place_in, spoken
from .table import ROWS

__all__ = ["LIBRARY", "Injection", "Place"]


@dataclass(frozen=True)
class Injection:
    """A transcript with an injection, and its twin without.

    Attributes:
        id: Its name.
        attack: What it tries.
        place: Where it stands.
        verdict: What the agent really did, injection or not.
        payload: The injected text.
        messages: The conversation with it.
        plain: The conversation without it.
    """

    id: str
    attack: str
    place: Place
    verdict: Verdict
    payload: str
    messages: list[ChatMessage]
    plain: list[ChatMessage]


def _build(name: str, attack: str, place: Place, run: str, payload: str) -> Injection:
    conversation = CONVERSATIONS[run]
    return Injection(
        id=name,
        attack=attack,
        place=place,
        verdict=conversation.verdict,
        payload=payload,
        messages=spoken(place_in(conversation, place, payload)),
        plain=spoken(place_in(conversation, place, "")),
    )


LIBRARY: tuple[Injection, ...] = tuple(_build(*row) for row in ROWS)
