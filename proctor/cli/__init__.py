"""The command `proctor`: one module a command.

Inspect takes more than a second to import. So a command imports what it runs only
when it runs, and `proctor --help` answers at once.
"""

from importlib.metadata import requires

import click

from . import agree, demo, doctor, labels, personas, plan, report, review, trace


class _Commands(click.Group):
    """Says which extra to install where a command needs a package that is not there."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = extra_with((error.name or "").partition(".")[0])
            if extra is None:
                raise
            raise click.ClickException(
                f"`{ctx.command_path} {ctx.invoked_subcommand}` needs the package "
                f"{error.name}: pip install 'proctor[{extra}]'"
            ) from error


def extra_with(module: str) -> str | None:
    """Name the extra that installs a module; None where none does.

    Each package in this project's extras is called as the module that it holds.
    """
    from packaging.requirements import Requirement

    for text in requires("proctor") or []:
        wanted = Requirement(text)
        extra = str(wanted.marker).rpartition("extra ==")[2].strip(" \"'")
        if wanted.name == module and extra not in ("", "None", "dev"):
            return extra
    return None


@click.group(cls=_Commands)
@click.version_option(package_name="proctor")
def main() -> None:
    """Tools beside `inspect eval proctor/cheating_evals`."""


for _module in (agree, demo, doctor, labels, personas, plan, report, review, trace):
    main.add_command(_module.command)
