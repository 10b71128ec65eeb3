"""Times commands in the container, recorded and not, in turn.

Runs inside the container as root, by the standard library alone: reads one JSON
object from standard input and writes one to standard output. Two shells of the
agent's take the same commands, one of them under the recorder's strace. Each reads
the clock itself right before and behind a command, so that neither Docker nor the
start of strace is in the times.
"""

import importlib
import json
import os
import subprocess
import sys
from typing import IO


class Shell:
    """A shell that says how long its commands take."""

    def __init__(self, command: list[str], home: str) -> None:
        """Start it."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=home,
            env={"HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            text=True,
            bufsize=1,
        )
        assert process.stdin is not None and process.stdout is not None
        self._stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout

    def time(self, command: str) -> float:
        """Run a command and return its seconds.

        Raises:
            ValueError: The shell did not run it.
        """
        self._stdin.write(
            f"begin=$EPOCHREALTIME; {{ {command}; }} </dev/null >/dev/null; "
            "echo $? $begin $EPOCHREALTIME\n"
        )
        status, begin, end = self._stdout.readline().split()
        if status != "0":
            raise ValueError(f"`{command}` failed with status {status}")
        return float(end) - float(begin)


def main() -> None:
    """Time each command `repeats` times in both shells."""
    setup = json.load(sys.stdin)
    # The recorder that is installed here says how it calls strace: a copy of that
    # command line could fall behind.
    sys.path.insert(0, setup["folder"])
    terminal = importlib.import_module("recorder.terminal")
    traces = os.path.join(setup["folder"], "benchmark")
    os.mkdir(traces, 0o700)
    shell = [*terminal.as_user(setup["agent"]), "/bin/bash", "--norc", "--noprofile"]
    strace = terminal.strace_command(os.path.join(traces, "t"))
    plain = Shell(shell, setup["home"])
    recorded = Shell([*strace, *shell], setup["home"])
    times: dict[str, list[tuple[float, float]]] = {}
    for name, command in setup["commands"].items():
        plain.time(command)  # the first run of a program loads it from the disk
        recorded.time(command)
        times[name] = [
            (recorded.time(command), plain.time(command))
            for _ in range(setup["repeats"])
        ]
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
