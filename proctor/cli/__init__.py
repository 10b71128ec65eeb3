"""The command `proctor`: one module a command.

Inspect takes more than a second to import. So a command imports what it runs only
when it runs, and `proctor --help` answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from . import demo, personas, trace

if TYPE_CHECKING:
    from ..demo import run_demo as run_demo

# What commands run, by the module that it is imported from when it is first asked for.
_LATER = {"run_demo": "proctor.demo"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


@click.group()
@click.version_option(package_name="proctor")
def main() -> None:
    """Tools beside `inspect eval cheating_evals.py`."""


for _module in (demo, personas, trace):
    main.add_command(_module.command)
