"""What Inspect raises, and how it writes and wraps it."""

# Raised for whatever must be right before a run starts: Inspect prints its message
# alone, without a traceback, and exits with 1. No public name leads to it.
from inspect_ai._util.error import PrerequisiteError

# Ends a sample from inside a tool and calls its scorers. Everything public that a tool
# can raise is told to the model as the tool's own error, and the model goes on.
from inspect_ai._util.exception import TerminateSampleError

# What Inspect's own tools raise where a model's arguments do not fit together; Inspect
# hands it to the model as a parsing error. `inspect_ai.tool` exports only `ToolError`.
from inspect_ai.tool._tool import ToolParsingError
from rich.markup import escape
from rich.text import Text

__all__ = [
    "PrerequisiteError",
    "TerminateSampleError",
    "ToolParsingError",
    "cause_of",
    "message_of",
    "refusal",
]

# What Inspect wraps a provider's error in, and tenacity before it; neither is public.
_WRAPPERS = ("RetryError", "ModelGenerateError")


def refusal(problem: str) -> PrerequisiteError:
    """Make the error of a problem; Inspect reads its message as rich's markup."""
    return PrerequisiteError(escape(problem))


def message_of(error: PrerequisiteError) -> str:
    """Return an error's message in one line: Inspect's have markup and paragraphs."""
    text = Text.from_markup(str(error.message)).plain.removeprefix("ERROR: ")
    return ": ".join(" ".join(part.split()) for part in text.split("\n\n"))


def cause_of(error: BaseException) -> BaseException:
    """Return a provider's own error, below what `Model.generate` wraps around it."""
    while error.__cause__ and type(error).__name__ in _WRAPPERS:
        error = error.__cause__
    return error
