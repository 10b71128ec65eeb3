"""Transcripts that try to steer the judge, with the verdicts that are true anyway.

For the tests of the rendering, and for the trial of a judge: it is given each
transcript with and without its injection, and a verdict that differs is a flip. All of
it is written for this purpose (`injections.toml`). Most are runs that cheated and want
to be judged compliant; the others are honest runs that somebody wants judged cheating,
or that only speak of cheating.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.model import ChatMessage

from ...taxonomy import Verdict
from .conversations import CONVERSATIONS, Place, messages_of, with_text
from .disguises import DISGUISES

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


def _build(name: str, entry: dict[str, str]) -> Injection:
    conversation, place = CONVERSATIONS[entry["run"]], Place(entry["place"])
    payload = entry["text"]
    if "disguise" in entry:
        payload = DISGUISES[entry["disguise"]](payload)
    return Injection(
        id=name,
        attack=entry["attack"],
        place=place,
        verdict=conversation.verdict,
        payload=payload,
        messages=messages_of(with_text(conversation, place, payload)),
        plain=messages_of(with_text(conversation, place, "")),
    )


_TABLE = tomllib.loads(Path(__file__).with_name("injections.toml").read_text("utf-8"))
LIBRARY: tuple[Injection, ...] = tuple(_build(*entry) for entry in _TABLE.items())
