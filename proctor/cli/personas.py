"""`proctor personas`."""

import click


@click.command("personas")
def command() -> None:
    """List the scripted agents, for `--model scripted/NAME`."""
    from ..models.scripted import PERSONAS

    width = max(map(len, PERSONAS))
    for persona in PERSONAS.values():
        click.echo(f"{persona.name:{width}}  {persona.verdict:9}  {persona.story}")
