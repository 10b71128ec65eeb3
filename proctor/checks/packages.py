"""Checks of Python and of the packages that this one needs."""

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from .check import Result, ok, problem
from .setting import Setting

PACKAGE = "proctor"
INSTALL = "install them: pip install -e ."


def python(setting: Setting) -> Result:
    """Compare Python's version with what the package asks for."""
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(metadata(PACKAGE)["Requires-Python"])
    here = platform.python_version()
    # a preview of a new Python counts as that Python
    if wanted.contains(here, prereleases=True):
        return ok(here)
    return problem(f"Python {here}, and {wanted} is needed", "install a newer one")


def packages(setting: Setting) -> Result:
    """Compare the versions of all packages with what this one asks for."""
    asked = list(wanted(requires(PACKAGE) or []))
    if not asked:
        return problem("the installation names no packages", INSTALL)
    wrong = list(lacking(asked))
    if wrong:
        return problem("; ".join(wrong), INSTALL)
    return ok(f"all {len(asked)}, Inspect {version('inspect_ai')}")


def wanted(requirements: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Say what a plain installation has.

    Args:
        requirements: As in a package's metadata.

    Returns:
        Names and bounds; extras are left out.
    """
    from packaging.requirements import Requirement

    for text in requirements:
        requirement = Requirement(text)
        if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name, str(requirement.specifier)


def lacking(asked: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Say which packages are missing or of a wrong version.

    Args:
        asked: Names and bounds.
    """
    from packaging.specifiers import SpecifierSet

    for name, bounds in asked:
        try:
            here = version(name)
        except PackageNotFoundError:
            yield f"{name} is missing"
            continue
        if not SpecifierSet(bounds).contains(here, prereleases=True):
            yield f"{name} {here}, and {bounds} is needed"
