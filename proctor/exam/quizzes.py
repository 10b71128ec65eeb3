"""The quiz bank: what is asked in the room, and which quiz a sample gets.

Two files of questions serve three kinds of quiz. Those about invented things have two
keys: one outside the options, so that no answer is ever right (`impossible`), and one
that nobody can know (`unknowable`). The easy ones have the true key (`solvable`). Each
sample gets a quiz of its own, so that 25 samples are not one repeated.
"""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from ..room.conditions import Kind
from ..room.files import ROOT

FOLDER = ROOT / "quizzes"
SCHEMA = "schema.json"
# The letters that `run_quiz.py` accepts, in the order of a question's options.
LETTERS = "ABCD"

# For each kind: which file, and so which form of the schema.
_FORMS: dict[Kind, str] = {
    "impossible": "invented",
    "unknowable": "invented",
    "solvable": "solvable",
}
# `jsonschema` quotes what it refuses, which may be a whole quiz, and then says why.
_LONGEST_COMPLAINT = 160


class BankError(ValueError):
    """The bank cannot be used; the message is one line that names file and quiz."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        text: What is asked, one sentence.
        options: What can be answered, in the order of `LETTERS`.
    """

    text: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Quiz:
    """One quiz.

    Attributes:
        id: Its name in the bank, the same for both keys of an invented quiz.
        questions: Its five questions.
        key: The letter that counts as right, for each question in order.
    """

    id: str
    questions: tuple[Question, ...]
    key: str

    def record(self) -> dict[str, Any]:
        """Return it as `contents` of the room and `questions.json` have it."""
        return {
            "id": self.id,
            "key": self.key,
            "questions": [
                {
                    "question": question.text,
                    "options": dict(zip(LETTERS, question.options, strict=True)),
                }
                for question in self.questions
            ],
        }


@cache
def load(kind: Kind, folder: Path = FOLDER) -> tuple[Quiz, ...]:
    """Load all quizzes of a kind, in the order of their file.

    Args:
        kind: Which key they get.
        folder: The folder with the two banks and their schema.

    Raises:
        ValueError: There is no such kind.
        BankError: A file is missing or damaged, or a quiz breaks a rule.
    """
    if kind not in _FORMS:
        known = ", ".join(get_args(Kind))
        raise ValueError(f"there is no kind of quiz {kind!r}; there are: {known}")
    form = _FORMS[kind]
    path = folder / f"{form}.json"
    bank = _read(path)
    schema = _read(folder / SCHEMA)
    if not isinstance(schema, dict) or form not in schema.get("$defs", {}):
        raise BankError(f"{folder / SCHEMA}: does not describe {form}.json")
    # One complaint is enough, and the rules need the form; so both are lazy.
    for complaint in chain(_form_errors(bank, form, schema), _rule_errors(bank)):
        raise BankError(f"{path}: {' '.join(complaint.split())}")
    return tuple(_quiz(entry, kind) for entry in bank["quizzes"])


def select(
    kind: Kind,
    names: str | int | Sequence[str | int] | None = None,
    folder: Path = FOLDER,
) -> tuple[Quiz, ...]:
    """Load the quizzes that a user names.

    Args:
        kind: Which key they get.
        names: Ids, numbers counted from 1 in the order of the file, or ranges of
            numbers, in one string with commas or in a sequence: `1-5,vennoquay`. A
            number need not be a string, since Inspect hands over `-T quizzes=3` as
            one. None: all.
        folder: As in `load`.

    Returns:
        The quizzes in the given order.

    Raises:
        ValueError: No such quiz, or the same one twice. The message is one line.
        BankError: As in `load`.
    """
    quizzes = load(kind, folder)
    if names is None:
        return quizzes
    parts = [names] if isinstance(names, (str, int)) else names
    words = [word.strip() for part in parts for word in str(part).split(",")]
    if not any(words):
        raise ValueError("no quiz is named; leave `quizzes` out to take all of them")
    chosen: list[Quiz] = []
    for word in words:
        for quiz in _named(word, kind, quizzes):
            if quiz in chosen:
                raise ValueError(f"quiz {quiz.id!r} is named twice")
            chosen.append(quiz)
    return tuple(chosen)


def for_sample(quizzes: Sequence[Quiz], number: int) -> Quiz:
    """Return the quiz of a sample: number i gets quiz i, and then from the first again.

    Args:
        quizzes: As `select` returns them.
        number: The sample, counted from 1.

    Raises:
        ValueError: There are no quizzes, or the number is below 1.
    """
    if not quizzes:
        raise ValueError("there is no quiz to choose from")
    if number < 1:
        raise ValueError(f"samples are counted from 1, not {number}")
    return quizzes[(number - 1) % len(quizzes)]


def _named(word: str, kind: Kind, quizzes: Sequence[Quiz]) -> Sequence[Quiz]:
    """Return what one word names: a quiz or a range of them."""
    if span := re.fullmatch(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?", word):
        first, last = int(span[1]), int(span[2] or span[1])
        if not 1 <= first <= last <= len(quizzes):
            raise ValueError(
                f"there is no {kind} quiz {word}; they are numbered 1 to {len(quizzes)}"
            )
        return quizzes[first - 1 : last]
    by_id = {quiz.id: quiz for quiz in quizzes}
    if word in by_id:
        return [by_id[word]]
    close = difflib.get_close_matches(word.lower(), by_id)
    hint = f"did you mean {' or '.join(close)}?" if close else "nothing is close to it"
    raise ValueError(
        f"there is no {kind} quiz {word!r}; {hint} "
        f"(an id, or a number from 1 to {len(quizzes)})"
    )


def _quiz(entry: dict[str, Any], kind: Kind) -> Quiz:
    questions = (
        Question(q["question"], tuple(q["options"][letter] for letter in LETTERS))
        for q in entry["questions"]
    )
    key = entry["key"] if kind == "solvable" else entry["keys"][kind]
    return Quiz(entry["id"], tuple(questions), key)


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=_without_repetition)
    except OSError as error:
        raise BankError(f"{path}: cannot be read: {error.strerror}") from error
    # RecursionError: what the parser raises for a file of opening brackets.
    except (ValueError, RecursionError) as error:
        raise BankError(f"{path}: is no valid JSON: {error}") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; JSON would silently let the last of two equal names win."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{name!r} stands twice in one object")
        made[name] = value
    return made


def _form_errors(bank: Any, form: str, schema: dict[str, Any]) -> Iterator[str]:
    """Say what the schema finds wrong, first things first."""
    # Imported late: it takes longer than the rest of the module together.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    # One form instead of the choice: a failed choice does not say what is wrong.
    rules = {"$ref": f"#/$defs/{form}", "$defs": schema["$defs"]}
    for error in Draft202012Validator(rules).iter_errors(bank):
        said = error.message
        if len(said) > _LONGEST_COMPLAINT:
            said = "... " + said[-_LONGEST_COMPLAINT:]
        place = _place(bank, list(error.absolute_path))
        yield f"{place}: {said}" if place else said


def _place(bank: Any, path: list[str | int]) -> str:
    """Say in words where something stands, with the quiz's id where it has one."""
    words = []
    for before, step in zip(["", *path], path, strict=False):
        if before == "quizzes":
            entry = bank["quizzes"][step]
            name = entry.get("id") if isinstance(entry, dict) else None
            words.append(f"quiz {int(step) + 1}" + (f" ({name})" if name else ""))
        elif before == "questions":
            words.append(f"question {int(step) + 1}")
        elif step not in ("quizzes", "questions") or step is path[-1]:
            words.append(str(step))
    return ", ".join(words)


def _rule_errors(bank: Any) -> Iterator[str]:
    """Say what is wrong that no schema can say. The bank has the schema's form."""
    accepted = bank["accepted"]
    seen: dict[str, str] = {}
    ids: set[str] = set()
    for number, entry in enumerate(bank["quizzes"], 1):
        quiz = f"quiz {number} ({entry['id']})"
        if entry["id"] in ids:
            yield f"{quiz}: an earlier quiz has the same id"
        ids.add(entry["id"])
        for name, key in entry.get("keys", {"solvable": entry.get("key")}).items():
            yield from (f"{quiz}: {said}" for said in _key_errors(name, key, accepted))
        for position, question in enumerate(entry["questions"], 1):
            here = f"{quiz}, question {position}"
            text = question["question"].casefold()
            if text in seen:
                yield f"{here}: is the same as {seen[text]}"
            seen.setdefault(text, here)
            if len({o.casefold() for o in question["options"].values()}) < len(LETTERS):
                yield f"{here}: two options are the same"


def _key_errors(kind: str, key: str, accepted: str) -> Iterator[str]:
    """Say whether a key holds letters that its kind forbids."""
    for letter in key:
        if kind == "impossible" and letter in accepted:
            yield f"the impossible key {key} holds {letter}, which can be answered"
        if kind != "impossible" and letter not in accepted:
            yield f"the {kind} key {key} holds {letter}, which is no option"
