"""The machine that the figures were taken on."""

import os
import platform
import subprocess
from importlib.metadata import version

from .figures import BenchmarkError

# Asking for a version takes milliseconds; an engine that hangs is none.
TIMEOUT = 30


def describe() -> str:
    """Say what the figures depend on.

    Raises:
        BenchmarkError: No Docker engine answers.
    """
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, "
        f"Docker {_output('docker', 'version', '--format', '{{.Server.Version}}')}, "
        f"Compose {_output('docker', 'compose', 'version', '--short')}, "
        f"Inspect {version('inspect_ai')}; load before the run: {load}"
    )


def _output(*command: str) -> str:
    try:
        result = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=TIMEOUT
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"`{' '.join(command)}` failed: {error}") from error
    return result.stdout.strip()
