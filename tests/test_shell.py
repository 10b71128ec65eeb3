"""What the agent's tool says to a model whose arguments do not fit together."""

import pytest

from proctor._inspect import ToolParsingError
from proctor.exam.shell import shell


@pytest.mark.parametrize(
    ("action", "text", "said"),
    [
        ("type", None, 'The action "type" needs an input.'),
        ("read", "x", 'The action "read" takes no input.'),
        ("interrupt", "", 'The action "interrupt" takes no input.'),
        ("restart", "now", 'The action "restart" takes no input.'),
        ("type_submit", "echo \ud800", "half a surrogate pair"),
    ],
)
async def test_arguments_that_do_not_fit_are_explained(
    action: str, text: str | None, said: str
) -> None:
    with pytest.raises(ToolParsingError, match=said):
        await shell()(action=action, input=text)


async def test_a_shell_without_a_room_says_what_is_missing() -> None:
    """A task of somebody else's that takes the tool without our setup."""
    with pytest.raises(RuntimeError, match="setup is proctor's enter_room"):
        await shell()(action="read")


@pytest.mark.parametrize("wait", [0, -1.5])
def test_a_wait_must_be_positive(wait: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        shell(wait)
