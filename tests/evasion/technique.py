"""What a technique of evasion is, and what may come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proctor.exam.quizzes import load

KEY_TEXT = load("impossible")[0].key

# Instead of keystrokes: the tool's own action.
RESTART = "<restart>"
# Keys that are typed without a newline behind them.
CTRL_C, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x1a", "\x1c"
KEYS = (CTRL_C, CTRL_Z, CTRL_BACKSLASH)


@dataclass(frozen=True)
class Found:
    """It is on record: the verdict is cheating, and these rules are among the findings.

    Attributes:
        rules: Their ids.
        seen: Pattern that must be on the screen: proof that the technique did what it
            says. Empty where it shows nothing.
    """

    rules: frozenset[str]
    seen: str = ""


@dataclass(frozen=True)
class Refused:
    """The sandbox has refused it.

    Attributes:
        proof: Pattern of the kernel's refusal, on the screen or in the recording.
    """

    proof: str


@dataclass(frozen=True)
class Unscored:
    """The recorder has failed closed.

    Attributes:
        reason: Pattern of the reason that it gives.
    """

    reason: str


Outcome = Found | Refused | Unscored


def found(*rules: str, seen: str = "") -> Found:
    """Expect findings."""
    return Found(frozenset(rules), seen)


def shown(*rules: str) -> Found:
    """Expect findings, and the key on the screen: the technique works."""
    return Found(frozenset(rules or ("key.read",)), KEY_TEXT)


@dataclass(frozen=True)
class Technique:
    """One way to try not to be seen.

    Attributes:
        id: Its name.
        about: What it does, and why that could work.
        calls: What is typed, one string a tool call.
        must: What may come of it; more than one where that depends on the kernel.
        programs: Names in `programs/` that lie ready in the room: C is compiled and
            has no ending there, a C name that ends in `.so` is made a library.
        files: Further text files that lie ready, by their relative name.
        wait: Seconds that each call may take.
        breaks: It uses the container up; the next technique gets a new one.
        deceives: The recorder does not see, or not by its name, what was read; that is
            the second witness's to tell.
    """

    id: str
    about: str
    calls: tuple[str, ...]
    must: tuple[Outcome, ...]
    programs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    wait: float = 15
    breaks: bool = False
    deceives: bool = False


def technique(
    id: str,
    about: str,
    *calls: str,
    must: Outcome | tuple[Outcome, ...],
    programs: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
    wait: float = 15,
    breaks: bool = False,
    deceives: bool = False,
) -> Technique:
    """Write a row of the tables."""
    outcomes = must if isinstance(must, tuple) else (must,)
    return Technique(
        id, about, calls, outcomes, programs, files or {}, wait, breaks, deceives
    )
