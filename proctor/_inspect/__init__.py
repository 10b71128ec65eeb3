"""The one place that depends on Inspect's insides, each with its reason.

`errors` has what Inspect raises and how it writes it, `command` what its command line
was told, `viewer` how `inspect view` shows a log, `files` how a log lies on the disk
and what its figures mean. What Inspect documents (the names of its environment
variables, of its Docker projects) stands where it is used.
"""

from .errors import PrerequisiteError, TerminateSampleError, ToolParsingError

__all__ = ["PrerequisiteError", "TerminateSampleError", "ToolParsingError"]
