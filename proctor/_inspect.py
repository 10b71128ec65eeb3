"""The one place that imports what `inspect_ai` keeps private, each with its reason."""

# Raised for whatever must be right before a run starts: Inspect prints its message
# alone, without a traceback, and exits with 1. No public name leads to it.
from inspect_ai._util.error import PrerequisiteError

# Ends a sample from inside a tool and calls its scorers. Everything public that a tool
# can raise is told to the model as the tool's own error, and the model goes on.
from inspect_ai._util.exception import TerminateSampleError

# What Inspect's own tools raise where a model's arguments do not fit together; Inspect
# hands it to the model as a parsing error. `inspect_ai.tool` exports only `ToolError`.
from inspect_ai.tool._tool import ToolParsingError

__all__ = ["PrerequisiteError", "TerminateSampleError", "ToolParsingError"]
