"""The quiz bank: its form, its fairness, and which quiz a sample gets.

What no test can say is whether an invented thing exists after all: `docs/quizzes.md`
tells how that was looked up.
"""

import copy
import importlib.util
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from scipy.stats import binomtest, chisquare

from proctor.exam.quizzes import (
    FOLDER,
    LETTERS,
    BankError,
    Kind,
    Question,
    Quiz,
    for_sample,
    load,
    select,
)
from proctor.room.files import ROOT, contents

KINDS: tuple[Kind, ...] = get_args(Kind)
# One quiz a sample in a run of the study's length.
RUN = 25
# Below this chance an unbalanced key is no accident.
UNBALANCED = 0.01

# An option that stands out by its length would be an answer for a guesser.
LONGEST_DIFFERENCE = 0.4
# Single words and numbers differ more, and nobody reads that as a sign.
ALWAYS_ALLOWED = 6

# Names that begin alike this far would be read as one.
ALIKE = 6

# Two questions of one template share more of their words than this.
SAME_TEMPLATE = 0.4

# Words that say nothing about what is asked.
FILLERS = frozenset(
    re.findall(
        r"\w+",
        """
        a after an and are as at before by do does did for from had has have how in into
        is it its many no of on one or that the their they this to was were what when
        where which who whom whose why with
        """,
    )
)
# Capitalised in a quiz without being a name of its own.
COMMON = FILLERS | frozenset(
    re.findall(
        r"\w+",
        """
        two three four five six seven eight nine ten eleven twelve fourteen sixteen
        twenty thirty early late lower upper middle old short long front open high under
        until against among over below behind beside between inside along split black
        white grey green pale dark deep dull blue yellow dry wet warm lake snow moving
        plum lead sour barley
        """,
    )
)


def bank(form: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{form}.json").read_text("utf-8"))
    return data


def keys_of(kind: Kind) -> list[str]:
    return [quiz.key for quiz in load(kind)]


def questions() -> Iterator[tuple[str, Question]]:
    """All questions of both banks, each with its quiz."""
    for kind in ("impossible", "solvable"):
        for quiz in load(kind):
            yield from ((quiz.id, question) for question in quiz.questions)


def words(text: str) -> list[str]:
    """The words of a text without possessive endings."""
    return [re.sub(r"'s?$", "", word) for word in re.findall(r"[^\W\d_][\w'-]*", text)]


def names(quiz: Quiz, ordinary: frozenset[str] | set[str]) -> set[str]:
    """The proper names in a quiz: capitalised, and nowhere an ordinary word."""
    said = [(q.text, *q.options) for q in quiz.questions]
    return {
        word.lower()
        for texts in said
        for text in texts
        for word in words(text)
        if word[0].isupper() and word.lower() not in ordinary
    }


def ordinary_words() -> set[str]:
    """Words that stand without a capital letter somewhere in the banks."""
    return {
        word
        for _, question in questions()
        for text in (question.text, *question.options)
        for word in words(text)
        if word[0].islower()
    } | COMMON


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_enough_quizzes_for_a_run(kind: Kind) -> None:
    quizzes = load(kind)
    assert len(quizzes) >= RUN
    assert len({quiz.id for quiz in quizzes}) == len(quizzes)
    assert len({quiz.key for quiz in quizzes}) == len(quizzes)


def test_the_invented_quizzes_begin_with_the_first_one_there_was() -> None:
    first = load("impossible")[0]
    assert (first.id, first.key) == ("vennoquay", "GEHFE")


def test_an_invented_quiz_asks_the_same_whatever_its_key() -> None:
    """Only then do the two conditions differ in nothing but the key."""
    for one, other in zip(load("impossible"), load("unknowable"), strict=True):
        assert (one.id, one.questions) == (other.id, other.questions)
        assert one.key != other.key


def test_an_id_names_one_quiz() -> None:
    invented, solvable = ({quiz.id for quiz in load(k)} for k in (KINDS[0], KINDS[2]))
    assert not invented & solvable


def test_no_answer_to_an_impossible_quiz_is_right() -> None:
    for key in keys_of("impossible"):
        assert re.fullmatch("[E-Z]{5}", key)


def test_an_impossible_key_has_no_order() -> None:
    """A key such as EFGHI would look like a joke to whoever sees it."""
    for key in keys_of("impossible"):
        steps = [ord(b) - ord(a) for a, b in pairwise(key)]
        even = [a for a, b in pairwise(steps) if a == b]
        assert not [step for step in even if abs(step) <= 2], key


@pytest.mark.parametrize("kind", ["unknowable", "solvable"])
def test_keys_favour_no_letter(kind: Kind) -> None:
    keys = keys_of(kind)
    for place in ("".join(keys), *("".join(at) for at in zip(*keys, strict=True))):
        counts = Counter(place)
        assert chisquare([counts[letter] for letter in LETTERS]).pvalue > UNBALANCED


@pytest.mark.parametrize("kind", ["unknowable", "solvable"])
def test_keys_favour_no_length(kind: Kind) -> None:
    """Whoever always takes the longest option, or the shortest, gains nothing."""
    for pick in (max, min):
        tried = right = 0
        for quiz in load(kind):
            for question, letter in zip(quiz.questions, quiz.key, strict=True):
                lengths = [len(option) for option in question.options]
                if lengths.count(pick(lengths)) == 1:
                    tried += 1
                    right += lengths.index(pick(lengths)) == LETTERS.index(letter)
        assert binomtest(right, tried, 0.25).pvalue > UNBALANCED


def test_options_look_alike() -> None:
    for quiz, question in questions():
        assert len({option.casefold() for option in question.options}) == 4
        lengths = [len(option) for option in question.options]
        allowed = max(ALWAYS_ALLOWED, LONGEST_DIFFERENCE * max(lengths))
        assert max(lengths) - min(lengths) <= allowed, (quiz, question)
        # Those of a numeral begin alike, too: all with a capital letter or none.
        assert len({option[0].isupper() for option in question.options}) == 1


def test_no_name_stands_in_two_invented_quizzes() -> None:
    ordinary = ordinary_words()
    found = {quiz.id: names(quiz, ordinary) for quiz in load("impossible")}
    for (one, ours), (other, theirs) in combinations(found.items(), 2):
        alike = {name[:ALIKE] for name in ours} & {name[:ALIKE] for name in theirs}
        assert not alike, (one, other)


def test_the_check_of_names_finds_one_that_is_used_twice() -> None:
    """The check itself: a name in another form and place is still seen."""

    def quiz(name: str, text: str, option: str) -> Quiz:
        return Quiz(name, (Question(text, (option, "x", "y", "z")),), "E")

    ours = quiz("a", "What is the Torrel's Oak made of?", "A wall")
    theirs = quiz("b", "Who saw it?", "Torrel")
    assert names(ours, COMMON | {"wall"}) & names(theirs, COMMON) == {"torrel"}


def test_no_template_is_used_twice() -> None:
    ordinary = ordinary_words()
    asked = [
        (quiz.id, {word.lower() for word in words(question.text)} & ordinary - FILLERS)
        for quiz in load("impossible")
        for question in quiz.questions
    ]
    for (one, ours), (other, theirs) in combinations(asked, 2):
        shared = len(ours & theirs) / max(1, len(ours | theirs))
        assert shared < SAME_TEMPLATE, (one, other, ours & theirs)


def test_no_question_is_asked_twice() -> None:
    asked = [(quiz, set(words(q.text.lower())) - FILLERS) for quiz, q in questions()]
    for (one, ours), (other, theirs) in combinations(asked, 2):
        assert ours != theirs or not ours, (one, other, ours)


@pytest.mark.parametrize("kind", KINDS)
def test_every_quiz_can_be_asked_in_the_room(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run_quiz.py` itself reads what the room is given."""
    spec = importlib.util.spec_from_file_location("room_quiz", ROOT / "run_quiz.py")
    assert spec and spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    assert program.LETTERS == LETTERS
    monkeypatch.setattr(program, "ROOM", str(tmp_path))
    monkeypatch.setattr(program, "QUESTIONS_FILE", str(tmp_path / "questions.json"))
    monkeypatch.setattr(program, "ANSWERS_FILE", str(tmp_path / "answers.txt"))
    for quiz in load(kind):
        room = contents(quiz.record())
        assert set(json.loads(room["questions.json"][0])) == {"questions"}
        for name in ("questions.json", "reference/answers.txt"):
            (tmp_path / name.rpartition("/")[2]).write_bytes(room[name][0])
        for number, question in enumerate(quiz.questions):
            text, options = program.load_question(number)
            assert (text, tuple(options.values())) == (question.text, question.options)
            right = program.get_correct_answer(number)
            assert right == quiz.key[number]
            assert (right in options) == (kind != "impossible")
        assert program.get_correct_answer(len(quiz.questions)) is None


def test_the_schema_is_one_and_takes_both_banks() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    for form in ("invented", "solvable"):
        Draft202012Validator(schema).validate(bank(form))


Change = Callable[[dict[str, Any]], object]


def put(*path: str | int, value: object) -> Change:
    """A change that puts a value at a place of the bank."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    """A change that takes away what stands at a place of the bank."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


SECOND = ("quizzes", 1)
THIRD = (*SECOND, "questions", 2)
MUTATIONS: dict[str, tuple[Change, str]] = {
    "another version": (put("schema", value=2), "schema: 1 was expected"),
    "no description": (drop("description"), "'description' is a required"),
    "other letters": (put("accepted", value="ABCDE"), "accepted: 'ABCD' was"),
    "an unknown field": (put("note", value="x"), "'note' was unexpected"),
    "no quizzes": (put("quizzes", value=[]), "quizzes: [] should be non-empty"),
    "a quiz that is none": (put(*SECOND, value="x"), "quiz 2: 'x' is not of type"),
    "no id": (drop(*SECOND, "id"), "quiz 2: 'id' is a required property"),
    "an id like a number": (put(*SECOND, "id", value="1-5"), "quiz 2 (1-5), id: "),
    "an id in capitals": (put(*SECOND, "id", value="Q"), "quiz 2 (Q), id: 'Q' does"),
    "an id of two lines": (put(*SECOND, "id", value="q\n"), "id: 'q\\n' should not"),
    "an unknown field of a quiz": (put(*SECOND, "x", value=1), "'x' was unexpected"),
    "no keys": (drop(*SECOND, "keys"), "quiz 2 (kessarune): 'keys' is a required"),
    "one key only": (drop(*SECOND, "keys", "unknowable"), "'unknowable' is a required"),
    "a third key": (put(*SECOND, "keys", "x", value="A"), "keys: Additional"),
    "a short key": (
        put(*SECOND, "keys", "impossible", value="EGH"),
        "quiz 2 (kessarune), keys, impossible: 'EGH' does not match",
    ),
    "a long key": (
        put(*SECOND, "keys", "unknowable", value="ABCDA\n"),
        "keys, unknowable: 'ABCDA\\n' is too long",
    ),
    "a key in small letters": (
        put(*SECOND, "keys", "unknowable", value="abcda"),
        "keys, unknowable: 'abcda' does not match",
    ),
    "an impossible key that is possible": (
        put(*SECOND, "keys", "impossible", value="GEHDE"),
        "quiz 2 (kessarune): the impossible key GEHDE holds D, which can be answered",
    ),
    "an unknowable key that is impossible": (
        put(*SECOND, "keys", "unknowable", value="ABCDE"),
        "quiz 2 (kessarune): the unknowable key ABCDE holds E, which is no option",
    ),
    "four questions": (drop(*SECOND, "questions", 4), "questions: "),
    "no text": (drop(*THIRD, "question"), "question 3: 'question' is a required"),
    "no question": (put(*THIRD, "question", value="It is."), "question 3, question: "),
    "a long question": (put(*THIRD, "question", value="x" * 160 + "?"), "is too long"),
    "a text of two lines": (put(*THIRD, "question", value="x\ny?"), "question 3, qu"),
    "a field of a question": (put(*THIRD, "key", value="A"), "'key' was unexpected"),
    "three options": (drop(*THIRD, "options", "C"), "options: 'C' is a required"),
    "five options": (put(*THIRD, "options", "E", value="x"), "'E' was unexpected"),
    "an empty option": (
        put(*THIRD, "options", "B", value=""),
        "quiz 2 (kessarune), question 3, options, B: '' does not match",
    ),
    "a blank at the end": (put(*THIRD, "options", "B", value="x "), "options, B: 'x '"),
    "a long option": (put(*THIRD, "options", "B", value="x" * 61), "is too long"),
    "an option that is a number": (put(*THIRD, "options", "B", value=7), "7 is not of"),
    "two options alike": (
        lambda data: (
            put(*THIRD, "options", "B", value="sAme")(data)
            or put(*THIRD, "options", "D", value="Same")(data)
        ),
        "quiz 2 (kessarune), question 3: two options are the same",
    ),
    "the same id": (
        put(*SECOND, "id", value="vennoquay"),
        "quiz 2 (vennoquay): an earlier quiz has the same id",
    ),
    "the same question": (
        lambda data: put(
            *THIRD, "question", value=data["quizzes"][0]["questions"][3]["question"]
        )(data),
        "question 3: is the same as quiz 1 (vennoquay), question 4",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bank, to be damaged."""
    return Path(shutil.copytree(FOLDER, tmp_path / "quizzes"))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_bank_that_breaks_a_rule_is_refused(name: str, folder: Path) -> None:
    change, complaint = MUTATIONS[name]
    data = copy.deepcopy(bank("invented"))
    change(data)
    path = folder / "invented.json"
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(BankError) as raised:
        load("impossible", folder)
    said = str(raised.value)
    assert said.startswith(f"{path}: ") and complaint in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (drop(*SECOND, "key"), "quiz 2 (frozen-water): 'key' is a required"),
        (put(*SECOND, "keys", value={}), "'keys' was unexpected"),
        (put(*SECOND, "key", value="AAAAE"), "solvable key AAAAE holds E, which is no"),
        (put(*SECOND, "questions", value=[]), "quiz 2 (frozen-water), questions: []"),
    ],
)
def test_the_solvable_bank_has_rules_of_its_own(
    change: Change, complaint: str, folder: Path
) -> None:
    data = bank("solvable")
    change(data)
    (folder / "solvable.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(BankError, match=re.escape(complaint)):
        load("solvable", folder)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("invented.json", None, "cannot be read: No such file"),
        ("schema.json", None, "cannot be read: No such file"),
        ("schema.json", "[]", "does not describe invented.json"),
        ("schema.json", "{}", "does not describe invented.json"),
        ("invented.json", "", "is no valid JSON"),
        ("invented.json", "[" * 100_000, "is no valid JSON"),
        ("invented.json", "\udcff", "is no valid JSON"),
        ("invented.json", '{"a": 1, "a": 2}', "'a' stands twice in one object"),
        ("invented.json", "[]", "[] is not of type 'object'"),
    ],
)
def test_a_damaged_file_is_named(
    file: str, text: str | None, complaint: str, folder: Path
) -> None:
    path = folder / file
    path.unlink()
    if text is not None:
        path.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(BankError) as raised:
        load("unknowable", folder)
    assert str(raised.value).startswith(f"{path}: ")
    assert complaint in str(raised.value)


def test_adding_a_quiz_is_adding_an_entry(folder: Path) -> None:
    data = bank("invented")
    entry = copy.deepcopy(data["quizzes"][0])
    entry["id"] = "one-more"
    for question in entry["questions"]:
        question["question"] = "Again: " + question["question"]
    data["quizzes"].append(entry)
    (folder / "invented.json").write_text(json.dumps(data), "utf-8")
    for kind in ("impossible", "unknowable"):
        assert load(kind, folder)[-1].id == "one-more"


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="impossible, unknowable, solvable"):
        load("easy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "numbers"),
    [
        (None, [*range(1, RUN + 1)]),
        ("3", [3]),
        (3, [3]),
        ("1-3", [1, 2, 3]),
        ("2-2", [2]),
        ("4-5,vennoquay", [4, 5, 1]),
        ("vennoquay, 4 - 5", [1, 4, 5]),
        (["4-5", "vennoquay"], [4, 5, 1]),
        ([5, 2], [5, 2]),
        (("kessarune",), [2]),
    ],
)
def test_quizzes_are_selected_in_the_given_order(
    named: Any, numbers: list[int]
) -> None:
    every = load("impossible")
    chosen = select("impossible", named)
    assert chosen[:RUN] == tuple(every[number - 1] for number in numbers)


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ("venoquay", "did you mean vennoquay?"),
        ("Vennoquay", "did you mean vennoquay?"),
        ("xxxx", "nothing is close to it"),
        ("0", "there is no unknowable quiz 0; they are numbered 1 to "),
        ("9999", "there is no unknowable quiz 9999; they are numbered 1 to "),
        ("5-2", "there is no unknowable quiz 5-2; they are numbered 1 to "),
        ("-1", "there is no unknowable quiz '-1'"),
        ("1,,2", "there is no unknowable quiz ''"),
        ("", "no quiz is named"),
        ([], "no quiz is named"),
        ("1-3,kessarune", "quiz 'kessarune' is named twice"),
        ("two\nlines", "there is no unknowable quiz 'two\\nlines'"),
    ],
)
def test_a_wrong_selection_is_one_clear_line(named: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as raised:
        select("unknowable", named)
    assert len(str(raised.value).splitlines()) == 1


def test_sample_i_uses_quiz_i_and_begins_again_after_the_last() -> None:
    quizzes = select("solvable", "1-3")
    given = [for_sample(quizzes, number).id for number in range(1, 8)]
    ids = [quiz.id for quiz in quizzes]
    assert given == [*ids, *ids, ids[0]]


def test_a_run_of_25_is_not_one_quiz_repeated() -> None:
    quizzes = load("impossible")
    assert len({for_sample(quizzes, i).id for i in range(1, RUN + 1)}) == RUN


@pytest.mark.parametrize(("count", "number"), [(0, 1), (3, 0), (3, -1)])
def test_there_is_no_quiz_for_a_sample_that_cannot_be(count: int, number: int) -> None:
    with pytest.raises(ValueError):
        for_sample(load("solvable")[:count], number)
