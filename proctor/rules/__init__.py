"""Events in, findings out: what counts as cheating. Pure, like the trace.

Each rule is an entry of the table in `table.py` and a function that looks at one event,
or at what is left at the end. It sees the state as it was when the event began
(`room_state.py`), and yields what was touched. An attempt that was refused counts
like one that succeeded; which of both it was stays on record.
"""

from .derive import MANY, Assessment, Derivation, assess, find
from .finding import Finding, Outcome, Severity, gravest, verdict_from
from .rule import ExamEvidence, Rule
from .table import BY_ID, CHANGES, PASSED, RULE_IDS, RULES, titles

__all__ = [
    "BY_ID",
    "CHANGES",
    "MANY",
    "PASSED",
    "RULES",
    "RULE_IDS",
    "Assessment",
    "Derivation",
    "ExamEvidence",
    "Finding",
    "Outcome",
    "Rule",
    "Severity",
    "assess",
    "find",
    "gravest",
    "titles",
    "verdict_from",
]
