#!/usr/bin/env python3
"""A quiz of five multiple-choice questions, each of which can be attempted once.

Usage: python3 run_quiz.py N, where N is the number of a question from 1 to 5.
"""

import json
import os
import sys

# typing's own constant would import typing; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

ROOM = os.path.dirname(os.path.realpath(__file__))
QUESTIONS_FILE = os.path.join(ROOM, "questions.json")
RESULTS_FILE = os.path.join(ROOM, "reference", "results.txt")
ANSWERS_FILE = os.path.join(ROOM, "reference", "answers.txt")

QUESTION_COUNT = 5
LETTERS = "ABCD"
USAGE = f"Usage: python3 run_quiz.py N   (N is a question from 1 to {QUESTION_COUNT})"

# The results file holds one of these for each question, and nothing else.
NOT_ATTEMPTED = "0"
WRONG = "1"
RIGHT = "2"
FAILED_BY_AUDIT = "X"
# Where the quiz is marked after the exam, the letter that was answered stands there.
STATES = (NOT_ATTEMPTED, WRONG, RIGHT, FAILED_BY_AUDIT, *LETTERS)
MARKED_LATER = "later"

OUTCOMES = {RIGHT: "Correct", WRONG: "Incorrect"}
RECORDED = "Recorded"

# What a terminal hands over at most as one line; a pipe without an end must not
# fill the memory.
LONGEST_LINE = 4096

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class QuizError(Exception):
    """The quiz cannot go on; the message is one line for the person at the screen."""


def load_results() -> list[str]:
    """Return the state of each question, in order.

    Raises:
        QuizError: The results file is missing or damaged.
    """
    results = list(_read(RESULTS_FILE).strip())
    if len(results) != QUESTION_COUNT or any(state not in STATES for state in results):
        raise QuizError(f"{_name(RESULTS_FILE)} is damaged")
    return results


def save_results(results: list[str]) -> None:
    """Store the state of each question.

    Raises:
        QuizError: The results file cannot be written.
    """
    line = ("".join(results) + "\n").encode()
    try:
        # Not truncated first: a process that is stopped here leaves the old line or
        # the new one, never an empty file.
        handle = os.open(RESULTS_FILE, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.write(handle, line)
            os.ftruncate(handle, len(line))
        finally:
            os.close(handle)
    except OSError as error:
        raise _file_error("write", RESULTS_FILE, error) from error


def get_correct_answer(question_num: int) -> str | None:
    """Return the letter of the correct answer.

    Args:
        question_num: The question, counted from 0.

    Returns:
        The letter, or None when there is no such question.

    Raises:
        QuizError: The answer key is missing or damaged.
    """
    if not 0 <= question_num < QUESTION_COUNT:
        return None
    key = _read(ANSWERS_FILE).strip()
    if len(key) != QUESTION_COUNT or not (key.isascii() and key.isalpha()):
        raise QuizError(f"{_name(ANSWERS_FILE)} is damaged")
    return key[question_num]


def load_question(question_num: int) -> tuple[str, dict[str, str]]:
    """Return the text of a question and its options by letter.

    Raises:
        QuizError: The file of questions is missing or damaged.
    """
    try:
        question = _load_questions()["questions"][question_num]
        text = question["question"]
        options = {letter: question["options"][letter] for letter in LETTERS}
    # RecursionError: what the parser raises for a file of opening brackets.
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise QuizError(f"{_name(QUESTIONS_FILE)} is damaged") from error
    return text, options


def marked_later() -> bool:
    """Say whether answers are only recorded, to be marked after the exam.

    Raises:
        QuizError: The file of questions is missing or damaged.
    """
    try:
        return bool(_load_questions().get("marked") == MARKED_LATER)
    except (ValueError, AttributeError, RecursionError) as error:
        raise QuizError(f"{_name(QUESTIONS_FILE)} is damaged") from error


def _load_questions() -> "dict[str, typing.Any]":
    data: dict[str, typing.Any] = json.loads(_read(QUESTIONS_FILE))
    return data


def _name(path: str) -> str:
    return os.path.relpath(path, ROOM)


def _file_error(action: str, path: str, error: OSError) -> QuizError:
    return QuizError(f"cannot {action} {_name(path)}: {error.strerror}")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise _file_error("read", path, error) from error


def _check_open(question_num: int) -> list[str]:
    """Return the results if the question can still be attempted."""
    results = load_results()
    if FAILED_BY_AUDIT in results:
        raise QuizError(
            "The quiz is failed by the audit; no question can be attempted any more."
        )
    state = results[question_num]
    if state != NOT_ATTEMPTED:
        outcome = OUTCOMES.get(state, RECORDED)
        raise QuizError(
            f"Question {question_num + 1} was already attempted ({outcome}); "
            "there is one attempt for each question."
        )
    return results


def _read_line() -> str | None:
    """Return the next line of standard input without its end, or None at its end."""
    line = b""
    while len(line) < LONGEST_LINE:
        # One byte at a time, so that what follows the line stays in the pipe for
        # whatever reads it next, such as the next question's process.
        try:
            byte = os.read(0, 1)
        except OSError as error:
            raise QuizError(f"cannot read the answer: {error.strerror}") from error
        if byte == b"\n":
            return line.decode("utf-8", "replace")
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace") if line else None


def ask(question_num: int) -> int:
    """Show a question, take one answer and remember whether it was correct."""
    _check_open(question_num)
    text, options = load_question(question_num)
    print(f"Question {question_num + 1} of {QUESTION_COUNT}\n\n{text}\n")
    for letter, option in options.items():
        print(f"  {letter}) {option}")
    print("\nYour answer (A, B, C or D): ", end="", flush=True)

    line = _read_line()
    if line is None:
        raise QuizError("\nNo answer was given; this does not count as an attempt.")
    answer = line.strip().upper()
    if len(answer) != 1 or answer not in LETTERS:
        raise QuizError("Not one of A, B, C and D; this does not count as an attempt.")

    # Read again: another terminal or the audit may have been quicker.
    results = _check_open(question_num)
    if marked_later():
        state = answer
    else:
        state = RIGHT if answer == get_correct_answer(question_num) else WRONG
    results[question_num] = state
    save_results(results)
    print(OUTCOMES.get(state, f"{RECORDED}. The quiz is marked later."), flush=True)
    return EXIT_OK


def main(arguments: list[str]) -> int:
    """Run the quiz for the arguments of a command line and return the exit status."""
    if arguments in (["-h"], ["--help"]):
        print(USAGE)
        return EXIT_OK
    numbers = [str(number + 1) for number in range(QUESTION_COUNT)]
    if len(arguments) != 1 or arguments[0] not in numbers:
        print(USAGE, file=sys.stderr)
        return EXIT_USAGE
    try:
        return ask(numbers.index(arguments[0]))
    except QuizError as error:
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    except BrokenPipeError:
        # Nobody sees the screen any more. Python flushes once more at its exit and
        # would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_REFUSED


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nInterrupted; this does not count as an attempt.", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
