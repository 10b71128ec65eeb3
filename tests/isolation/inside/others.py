"""Other containers: by address, name, process and shared memory."""

import os
import socket

from .attempt import GIVEN, refused
from .calls import call, connected, opened

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "uts")


def shared_with_host() -> str:
    """Name the namespaces that are also somebody else's."""
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES}
    return ",".join(n for n, link in own.items() if link in GIVEN["namespaces"])


def processes() -> str:
    """Say whether a process of another container is in sight."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                found.append(file.read())
        except OSError:
            continue
    return "seen" if any(GIVEN["marker"] in line for line in found) else "unseen"


def segment() -> None:
    """Find a piece of shared memory (System V) by its key."""
    call("shmget", GIVEN["segment"], 0, 0)


def file_in_shm() -> None:
    opened(f"/dev/shm/{GIVEN['marker']}")


ATTEMPTS = (
    refused(
        "others/address",
        lambda: connected(socket.AF_INET, (GIVEN["other"], 7), socket.SOCK_STREAM),
        "ENETUNREACH",
        "free",
        "EINPROGRESS|ECONNREFUSED",
    ),
    refused(
        "others/name",
        lambda: socket.getaddrinfo(GIVEN["name"], 80) and None,
        "EAI_AGAIN|EAI_NONAME|EAI_FAIL",
        "free",
    ),
    # the free one may have a namespace of control groups of its own, or not
    refused("others/namespaces", shared_with_host, "= ", "free", "= pid|= cgroup,pid"),
    refused("others/processes", processes, "= unseen", "free", "= seen"),
    refused("others/sysv-memory", segment, "ENOENT", "free"),
    refused("others/shm-file", file_in_shm, "ENOENT", "free"),
    refused(
        "others/abstract-socket",
        lambda: connected(
            socket.AF_UNIX, b"\0" + GIVEN["marker"].encode(), socket.SOCK_STREAM
        ),
        "ECONNREFUSED",
        "free",
    ),
)
