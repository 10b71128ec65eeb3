"""Checks of the machine: Python, packages, settings, log folder, other sandboxes."""

import json
import logging
import os
import platform
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from .check import Result, ok, problem, warning
from .setting import SECRET, Setting

PACKAGE = "proctor"
RUNNING = Path(__file__).resolve().parents[1]
# pip leaves the package as it is, and installs what it lacks.
INSTALL = f"install them: pip install {PACKAGE}"
MIB, GIB = 2**20, 2**30
# Where less is free, no log may be begun: one run's recording alone may take 64 MiB.
MIN_LOG_SPACE = 100 * MIB
# A hundred runs' logs of the usual size, and room for whoever else writes there.
COMFORTABLE = GIB
LOCAL_TOOLS = {
    "strace": "strace",
    "setsid": "util-linux",
    "setpriv": "util-linux",
    "bash": "bash",
}


def python(setting: Setting) -> Result:
    """Compare Python's version with what the package asks for."""
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(distribution(PACKAGE).metadata["Requires-Python"])
    here = platform.python_version()
    # a preview of a new Python counts as that Python
    if wanted.contains(here, prereleases=True):
        return ok(here)
    return problem(f"Python {here}, and {wanted} is needed", "install a newer one")


def proctor(setting: Setting) -> Result:
    """Look for a second version of this package."""
    if wrong := version_problem(setting.folder):
        return problem(wrong)
    return ok(f"{version(PACKAGE)}, in {RUNNING}")


def version_problem(folder: Path) -> str | None:
    """Say whether another version of this package is there; None where it is not.

    A task of one version under the rules of another has the results of neither.

    Args:
        folder: Where the task's file is.
    """
    beside = folder / PACKAGE if (folder / "cheating_evals.py").is_file() else None
    for other in (beside, _installed()):
        if other and (other / "__init__.py").is_file() and not other.samefile(RUNNING):
            own = other if "site-packages" in RUNNING.parts else RUNNING
            return (
                f"Two versions of {PACKAGE} meet: {RUNNING} is running, and {other} is "
                f"there, too. Install the one that you mean (pip install -e "
                f"'{own.parent}'), or work in another folder, without PYTHONPATH."
            )
    return None


def _installed() -> Path | None:
    """Say where the installed package is; None where none is installed."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    source = json.loads(found.read_text("direct_url.json") or "{}")
    if source.get("dir_info", {}).get("editable"):
        return Path(url2pathname(urlparse(source["url"]).path)) / PACKAGE
    return Path(str(found.locate_file(PACKAGE)))


def packages(setting: Setting) -> Result:
    """Compare the versions of all packages with what this one asks for."""
    asked = list(wanted(distribution(PACKAGE).requires or []))
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


def dotenv(setting: Setting) -> Result:
    """Read the file with settings, and look for keys that must not be in it."""
    if setting.dotenv is None:
        return ok(f"there is none in {setting.folder} or above; none is needed")
    from dotenv import dotenv_values

    trouble = _Trouble()
    logger = logging.getLogger("dotenv")
    before, logger.propagate = logger.propagate, False
    logger.addHandler(trouble)
    try:
        dotenv_values(setting.dotenv)
    except (OSError, UnicodeDecodeError) as error:
        return problem(f"{setting.dotenv} cannot be read: {error}", "mend or remove it")
    finally:
        logger.removeHandler(trouble)
        logger.propagate = before
    if trouble.lines:
        return problem(
            f"{setting.dotenv}: line {trouble.lines[0]} cannot be read",
            "write NAME=VALUE, with quotes around a value of several words",
        )
    keys = [name for name in setting.written if _is_secret(name)]
    tracked = (setting.dotenv.parent / "compose.yaml").is_file()
    if keys and tracked:
        return warning(
            f"{setting.dotenv} holds {', '.join(sorted(keys))}, and is in the "
            "repository",
            "export keys in your shell, and take them out of it",
        )
    return ok(str(setting.dotenv))


def _is_secret(name: str) -> bool:
    return any(word in name.upper() for word in SECRET)


class _Trouble(logging.Handler):
    """Takes the numbers of the lines that the file's parser complains of."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        # "could not parse statement starting at line %s" is all it ever says
        numbers = record.args if isinstance(record.args, tuple) else ()
        self.lines += [n for n in numbers if isinstance(n, int)] or [0]


def log_dir(setting: Setting) -> Result:
    """Write to the log folder, and see how much more could be written."""
    if "://" in setting.log_dir:
        return ok(f"{setting.log_dir}, which is not looked at before the run")
    if wrong := log_dir_problem(setting.log_dir):
        return problem(wrong)
    free = free_space(Path(setting.log_dir))
    text = f"{setting.log_dir}, {size(free)} free"
    if free < COMFORTABLE:
        return warning(text, "make room: a run that fills the disk loses its log")
    return ok(text)


def log_dir_problem(log_dir: str) -> str | None:
    """Say what keeps logs from being written; None where they can be.

    Nothing is left behind, and no folder either.

    Args:
        log_dir: A path, or a URL, of which nothing is known before it is used.
    """
    if "://" in log_dir:
        return None
    folder = Path(log_dir).absolute()
    try:
        _try_out(folder)
    except OSError as error:
        return (
            f"The log folder {folder} cannot be written to ({error.strerror}): name "
            "another with --log-dir."
        )
    free = free_space(folder)
    if free < MIN_LOG_SPACE:
        return (
            f"Only {free // MIB} MiB are free for logs in {folder}, and "
            f"{MIN_LOG_SPACE // MIB} MiB are needed: make room, or name another folder "
            "with --log-dir."
        )
    return None


def free_space(folder: Path) -> int:
    """Return how many bytes are free where a folder lies, or would lie."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _try_out(folder: Path) -> None:
    """Make the folder and an empty file in it, and take both away again.

    Raises:
        OSError: One of both cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def local_room(setting: Setting) -> Result:
    """Look for what a room without a container needs."""
    if wrong := local_problem():
        return problem(wrong)
    if setting.model and not setting.model.startswith("scripted/"):
        return problem(
            f"a local room is for scripted models, not for {setting.model}: it has no "
            "walls",
            "leave --sandbox local out",
        )
    return ok("strace and all else; for scripted models only, since it has no walls")


def local_problem(
    which: Callable[[str], str | None] = shutil.which,
) -> str | None:
    """Say what a local room lacks; None where it can be had."""
    missing = sorted({pkg for tool, pkg in LOCAL_TOOLS.items() if not which(tool)})
    if missing:
        return (
            f"A local room needs {', '.join(missing)}: install it "
            f"(`sudo apt-get install {' '.join(missing)}`), or Docker."
        )
    if not Path("/proc/self/syscall").exists():
        return "A local room needs Linux with /proc; on another system install Docker."
    if not Path("/usr/bin/python3").exists():
        return (
            "A local room needs /usr/bin/python3: install it "
            "(`sudo apt-get install python3`), or Docker."
        )
    if os.geteuid() == 0 and not _nobody_exists():
        return "A local room run by root needs the user nobody: create it."
    return None


def _nobody_exists() -> bool:
    try:
        pwd.getpwnam("nobody")
    except KeyError:
        return False
    return True


def cluster(setting: Setting) -> Result:
    """Look for what a cluster's sandbox needs on this machine."""
    if wrong := kubernetes_problem():
        return problem(f"needs {wrong}")
    return ok("package and helm; the cluster itself is not looked at")


def kubernetes_problem() -> str | None:
    """Say what a cluster's sandbox needs and is not there; None where all is."""
    if find_spec("k8s_sandbox") is None:
        return "a package: pip install 'proctor[k8s]' (docs/clusters.md)."
    if not shutil.which("helm"):
        return (
            "helm 3.13 or newer (https://helm.sh/docs/intro/install/, "
            "docs/clusters.md)."
        )
    return None


def size(number: int) -> str:
    """Write a number of bytes."""
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number // MIB} MiB"
