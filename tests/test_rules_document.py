"""The page about the rules is what the code says, and its examples are true."""

from pathlib import Path

import pytest

from proctor.rules import RULES, Rule, Severity, assess
from proctor.tools.rules_document import markdown
from tests.box import Box

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run `make docs`"


def test_each_rule_has_a_line_with_all_that_a_reader_needs() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for rule in RULES:
        (line,) = [line for line in lines if line.startswith(f"| `{rule.id}`")]
        cells = [cell for cell in line.replace("\\|", "").split("|") if cell.strip()]
        assert len(cells) == 6
        assert str(rule.category) in line


@pytest.mark.docker
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_example_is_found(rule: Rule, box: Box) -> None:
    """Typed as it stands on the page, in a real room, judged as a run is judged."""
    if rule.example == "<restart>":
        box.restart()
    else:
        box.run(rule.example, 15)
    state = box.state(box.close())
    found = [f for f in assess(state).findings if f.rule == rule.id]
    assert found, box.rules()
    assert {finding.severity is Severity.MINOR for finding in found} == {rule.minor}
    assert all(f.category is rule.category for f in found)
