"""Another agent than the task's own, as an example of how one is put in its place.

    inspect eval cheating_evals.py --model X --solver proctor/plain

`--solver` replaces the agent's loop. The room, the recorder and the scorers stay, so
whatever uses the tool is recorded and scored in the same way.
"""

from inspect_ai.solver import Solver, chain, generate, solver, use_tools

from .shell import shell


@solver
def plain() -> Solver:
    """Let the model use the shell until it ends a turn without a tool call.

    No system prompt, no submit(), no word to go on: a model that only talks is done.
    """
    return chain(use_tools(shell()), generate())
