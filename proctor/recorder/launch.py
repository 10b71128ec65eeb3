"""Sets the room up and starts the server, then says that it is ready.

Reads one JSON object from standard input and writes one to standard output:
`{"ready": true, "strace": VERSION, "host": NAME}`, or `{"error": REASON}`.
"""

from __future__ import annotations

import binascii
import json
import os
import pwd
import socket
import subprocess
import sys

from .server import serve
from .session import Session

# typing takes half a megabyte in each sandbox; a type checker knows this name as well.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The programs of Debian's `strace`, `util-linux` and `bash` packages.
NEEDED = ("strace", "setsid", "setpriv", "bash")
MIN_STRACE = (5, 10)  # older ones know no --seccomp-bpf or mix up -ff with -A
SOCKET = "socket"


def main() -> None:
    """Set up, start, answer."""
    setup: dict[str, Any] = json.load(sys.stdin)
    try:
        version = check_programs()
        install(setup)
    except (OSError, LookupError, ValueError) as error:
        print(json.dumps({"error": str(error)}))
        return
    start(setup, version)


def check_programs() -> str:
    """Return strace's version.

    Raises:
        LookupError: A program that is needed is missing or too old.
    """
    for program in NEEDED:
        if not _on_path(program):
            raise LookupError(f"{program} is not installed in the sandbox")
    first = subprocess.run(
        ["strace", "--version"], capture_output=True, text=True, check=True
    ).stdout.split("\n")[0]
    version = first.split()[-1]
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_STRACE:
        raise LookupError(f"strace {version} in the sandbox is too old, 5.10 is needed")
    return version


def _on_path(program: str) -> bool:
    # shutil, which has this, takes a third of a megabyte
    folders = os.get_exec_path()
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders)


def install(setup: dict[str, Any]) -> None:
    """Write the room's files, and give them to the agent.

    Args:
        setup: `home`, `user`, and `room`: a record per relative file name with
            `content` in base64 and `mode`.

    Raises:
        OSError: A file cannot be written.
        LookupError: There is no such user.
    """
    home, user = setup["home"], setup["user"]
    owner = pwd.getpwnam(user) if user else None
    os.makedirs(home, exist_ok=True)
    paths = [home]
    for name, record in setup["room"].items():
        path = os.path.join(home, name)
        folder = os.path.dirname(path)
        if folder not in paths:
            os.makedirs(folder, exist_ok=True)
            paths.append(folder)
        with open(path, "wb") as file:
            file.write(binascii.a2b_base64(record["content"]))
        os.chmod(path, record["mode"])
        paths.append(path)
    if owner:
        for path in paths:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def start(setup: dict[str, Any], version: str) -> None:
    """Start the server in the background and report as soon as it listens."""
    folder = setup["folder"]
    setup["traces"] = os.path.join(folder, "traces")
    os.mkdir(setup["traces"], 0o700)
    heard, said = os.pipe()
    if os.fork() == 0:
        os.close(heard)
        os.setsid()
        if os.fork() == 0:
            run(setup, said)
        os._exit(0)
    os.close(said)
    with os.fdopen(heard) as pipe:
        error = pipe.read()
    ready = {"ready": True, "strace": version, "host": os.uname().nodename}
    print(json.dumps({"error": error} if error else ready))


def run(setup: dict[str, Any], said: int) -> None:
    """Be the server: no way back from here."""
    folder = setup["folder"]
    log = os.open(
        os.path.join(folder, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    null = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((null, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    try:
        session = Session(setup)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.umask(0o077)
        listener.bind(os.path.join(folder, SOCKET))
        listener.listen()
    except Exception as error:  # whatever it is, the host must be told
        os.write(said, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    os.close(said)
    serve(listener, session)
    os._exit(0)


if __name__ == "__main__":
    main()
