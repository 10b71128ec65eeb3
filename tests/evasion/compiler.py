"""The programs of the techniques, compiled once for a whole run of tests."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
# Static: the room's C library may be another one. Warnings are the compiler's own
# doubts about code that is strange on purpose.
_PROGRAM = ("-static", "-pthread")
_LIBRARY = ("-shared", "-fPIC")


class Compiler:
    """Compiles each program at its first use."""

    def __init__(self, folder: Path) -> None:
        """Compile into a folder."""
        self._folder = folder

    def program(self, name: str) -> bytes:
        """Return a program as it lies in the room.

        Args:
            name: Of a file in `programs/`; C without its ending.
        """
        if name.endswith(".py"):
            return (PROGRAMS / name).read_bytes()
        target = self._folder / name
        if not target.exists():
            self._compile(PROGRAMS / f"{name}.c", target)
        return target.read_bytes()

    def _compile(self, source: Path, target: Path) -> None:
        if not shutil.which("gcc"):
            missing = "gcc is missing: the technique's C program cannot be compiled"
            if os.environ.get("CI") == "true":
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
        kind = _LIBRARY if target.suffix == ".so" else _PROGRAM
        subprocess.run(
            ["gcc", *kind, "-O1", "-s", "-w", str(source), "-o", str(target)],
            check=True,
        )
