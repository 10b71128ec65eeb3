"""What a check is, and what carries checks out."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from .setting import Setting

# The form of the record; a change that readers would notice makes it one more.
SCHEMA = 1
KINDS = ("docker", "local", "k8s")


class Outcome(StrEnum):
    """How a check ended.

    A run would fail on a problem, and not on a warning; what was skipped could not be
    looked at, or was not asked for.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        outcome: How it ended.
        text: What is there, or what is wrong.
        advice: What to do about it; empty where there is nothing to do.
    """

    outcome: Outcome
    text: str
    advice: str = ""


ok = partial(Result, Outcome.OK)
warning = partial(Result, Outcome.WARNING)
problem = partial(Result, Outcome.PROBLEM)
skipped = partial(Result, Outcome.SKIPPED)


@dataclass(frozen=True)
class Check:
    """An entry of the table of checks.

    Attributes:
        name: How the record and other checks name it.
        title: How a person reads it.
        look: What is done.
        limit: Seconds after which it counts as failed.
        kinds: The sandboxes that it matters for.
        after: Checks without whose success it says nothing.
    """

    name: str
    title: str
    look: Callable[[Setting], Result]
    limit: float = 10
    kinds: tuple[str, ...] = KINDS
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """A check that was carried out.

    Attributes:
        check: The check.
        result: What it found.
        seconds: How long it took.
    """

    check: Check
    result: Result
    seconds: float


def carry_out(checks: Iterable[Check], setting: Setting) -> Iterator[Done]:
    """Carry out what matters for a sandbox, in order, each within its time limit.

    Meanwhile the environment is the one that a run would find.

    Args:
        checks: The checks.
        setting: What is to be run.

    Returns:
        What was found, as soon as it is.
    """
    good: set[str] = set()
    with setting.applied():
        for check in checks:
            if setting.sandbox not in check.kinds:
                continue
            start = time.monotonic()
            if missing := [name for name in check.after if name not in good]:
                result = skipped(f"not looked at: needs {', '.join(missing)}")
            else:
                result = _limited(check, setting)
            if result.outcome in (Outcome.OK, Outcome.WARNING):
                good.add(check.name)
            yield Done(check, result, time.monotonic() - start)


def _limited(check: Check, setting: Setting) -> Result:
    """Carry out a check in a thread, which is left behind where it hangs."""
    found: SimpleQueue[Result] = SimpleQueue()

    def look() -> None:
        try:
            found.put(check.look(setting))
        except ImportError as error:
            found.put(
                problem(str(error), "install what is missing: pip install proctor")
            )
        except Exception as error:  # a check that breaks must not hide the others
            found.put(problem(f"could not be looked at: {error!r}"))

    threading.Thread(target=look, daemon=True).start()
    try:
        return found.get(timeout=check.limit)
    except Empty:
        return problem(f"no answer within {check.limit:g} seconds")


def ready(done: Iterable[Done]) -> bool:
    """Whether the task would run."""
    return all(each.result.outcome is not Outcome.PROBLEM for each in done)


def as_record(setting: Setting, done: Iterable[Done]) -> dict[str, Any]:
    """Return everything as plain data.

    Args:
        setting: What is to be run.
        done: What was found.
    """
    done = list(done)
    return {
        "schema": SCHEMA,
        "ready": ready(done),
        "sandbox": setting.sandbox,
        "model": setting.model,
        "log_dir": setting.log_dir,
        "checks": [
            {
                "name": each.check.name,
                "title": each.check.title,
                "outcome": str(each.result.outcome),
                "text": setting.redacted(each.result.text),
                "advice": setting.redacted(each.result.advice),
                "seconds": round(each.seconds, 3),
            }
            for each in done
        ],
    }
