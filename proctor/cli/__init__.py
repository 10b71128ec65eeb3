"""The command `proctor`: one module a command.

Inspect takes more than a second to import. So a command imports what it runs only
when it runs, and `proctor --help` answers at once.
"""

import click

from . import agree, demo, doctor, labels, personas, plan, report, review, trace


@click.group()
@click.version_option(package_name="proctor")
def main() -> None:
    """Tools beside `inspect eval cheating_evals.py`."""


for _module in (agree, demo, doctor, labels, personas, plan, report, review, trace):
    main.add_command(_module.command)
