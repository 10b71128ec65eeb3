"""Checks of the machine: settings, the log folder, disks."""

import logging
from pathlib import Path

from .check import Result, ok, problem, warning
from .folders import MIB, free_space, log_dir_problem
from .setting import SECRET, Setting

GIB = 2**30
# A hundred runs' logs of the usual size, and room for whoever else writes there.
COMFORTABLE = GIB


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


def local_room(setting: Setting) -> Result:
    """Look for what a room without a container needs."""
    from .preflight import local_problem

    if wrong := local_problem():
        return problem(wrong)
    if setting.model and not setting.model.startswith("scripted/"):
        return problem(
            f"a local room is for scripted models, not for {setting.model}: it has no "
            "walls",
            "leave --sandbox local out",
        )
    return ok("strace and all else; for scripted models only, since it has no walls")


def cluster(setting: Setting) -> Result:
    """Look for what a cluster's sandbox needs on this machine."""
    from .preflight import kubernetes_problem

    if wrong := kubernetes_problem():
        return problem(f"needs {wrong}")
    return ok("package and helm; the cluster itself is not looked at")


def size(number: int) -> str:
    """Write a number of bytes."""
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number // MIB} MiB"
