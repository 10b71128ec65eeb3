"""Keys: where people and programs keep them on a host."""

import os

from .attempt import refused
from .calls import opened

NOT_THERE = "absence is the refusal; a search of everything is made in a run"
HOMES = ("/root", "/home/agent", os.path.expanduser("~"))
NAMES = (
    ".docker/config.json",
    ".env",
    ".aws/credentials",
    ".config/gcloud/application_default_credentials.json",
    ".ssh/id_rsa",
    ".netrc",
    ".cache/huggingface/token",
    ".local/share/inspect_ai",
    ".git-credentials",
)
# What a shell of the agent's is given: link.py writes it out, and nothing is added.
EXPECTED = {
    *("HOME", "PWD", "USER", "LOGNAME", "SHELL", "PATH", "TERM", "LC_CTYPE"),
    *("OLDPWD", "SHLVL", "_"),
}


def environment() -> str:
    return ",".join(sorted(set(os.environ) - EXPECTED))


def at_home(name: str) -> None:
    """Open what is in any home directory; raises the last refusal."""
    for home in HOMES:
        try:
            opened(os.path.join(home, name))
        except OSError as error:
            last = error
        else:
            return
    raise last


ATTEMPTS = (
    *(
        refused(
            f"keys/{name.strip('.').replace('/', '.')}",
            lambda name=name: at_home(name),  # type: ignore[misc]
            "ENOENT",
            why=NOT_THERE,
        )
        for name in NAMES
    ),
    refused("keys/environment", environment, "= ", why=NOT_THERE),
)
