"""What this project says to install is what Inspect's providers ask for.

Inspect looks for a provider's client when the model is named, and a user who installed
the extra and is then told to install something else has been told wrong.
"""

import re
from importlib.metadata import requires, version
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

# The distribution, and where it comes from: a dependency has no extra.
CLIENTS = {
    "openai": None,
    "anthropic": None,
    "google-genai": "google",
    "mistralai": "mistral",
}
INSPECT = find_spec("inspect_ai")
assert INSPECT and INSPECT.origin
# Read as text: its module is private, and importing it would ask for every client.
PROVIDERS = Path(INSPECT.origin).parent / "model" / "_providers" / "providers.py"
ASKED = re.compile(r'PACKAGE = "([\w-]+)"\n(?:\s+#.*\n)*\s+MIN_VERSION = "([\d.]+)"')


def asked() -> dict[str, Version]:
    """The oldest version that Inspect takes of each client."""
    found = ASKED.findall(PROVIDERS.read_text())
    return {package: Version(oldest) for package, oldest in found}


def declared(extra: str | None) -> list[Requirement]:
    """What this project installs; without an extra what it always does."""
    every = [Requirement(line) for line in requires("proctor") or ()]
    if extra is None:
        return [each for each in every if each.marker is None]
    return [e for e in every if e.marker and e.marker.evaluate({"extra": extra})]


@pytest.mark.parametrize(("package", "extra"), CLIENTS.items(), ids=list(CLIENTS))
def test_an_extra_installs_what_its_provider_asks_for(
    package: str, extra: str | None
) -> None:
    (wanted,) = [each for each in declared(extra) if each.name == package]
    oldest = asked()[package]
    lowest = [Version(s.version) for s in wanted.specifier if s.operator == ">="]
    assert lowest and lowest[0] >= oldest, f"{wanted} lets in what Inspect refuses"
    assert wanted.specifier.contains(oldest) or lowest[0] > oldest


@pytest.mark.parametrize("package", CLIENTS)
def test_what_is_tested_here_is_what_a_user_gets(package: str) -> None:
    """And is there at all: in CI nothing of this file or the next one is skipped."""
    (wanted,) = [e for e in declared(CLIENTS[package]) if e.name == package]
    assert wanted.specifier.contains(version(package))


def test_developers_get_every_client() -> None:
    """Or `make test` would skip what the next user meets first."""
    dev = declared("dev")
    names = {each.name for each in dev}
    for each in dev:
        if each.name == "proctor":
            names |= {inner.name for extra in each.extras for inner in declared(extra)}
    assert {name for name, extra in CLIENTS.items() if extra} <= names
