"""`proctor demo`."""

import sys

import click


@click.command("demo")
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
def command(sandbox: str, log_dir: str | None) -> None:
    """Run all scripted agents and compare the verdicts with the truth."""
    from ..tools.demo import DemoError, run_demo

    try:
        mistakes = run_demo(sandbox, log_dir)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(1 if mistakes else 0)
