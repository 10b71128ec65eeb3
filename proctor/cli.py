"""The command `proctor`."""

import sys

import click

from .demo import DemoError, run_demo
from .models.scripted import PERSONAS


@click.group()
@click.version_option(package_name="proctor")
def main() -> None:
    """Tools beside `inspect eval cheating_evals.py`."""


@main.command()
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "docker", "local"]),
    default="auto",
    show_default=True,
    help="Where the exams take place; auto: Docker where an engine answers.",
)
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False),
    default=None,
    help="Where the log goes [default: INSPECT_LOG_DIR].",
)
def demo(sandbox: str, log_dir: str | None) -> None:
    """Run all scripted agents and compare the verdicts with the truth."""
    try:
        mistakes = run_demo(sandbox, log_dir)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(1 if mistakes else 0)


@main.command()
def personas() -> None:
    """List the scripted agents, for `--model scripted/NAME`."""
    width = max(map(len, PERSONAS))
    for persona in PERSONAS.values():
        click.echo(f"{persona.name:{width}}  {persona.verdict:9}  {persona.story}")
