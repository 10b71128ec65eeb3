"""The recorder: its processes, its folder, its socket and the line to the host."""

import ctypes
import os
import signal
import socket
import struct
from collections.abc import Callable

from .attempt import GIVEN, Attempt, refused
from .calls import call, connected, opened

FOLDER = "/run/proctor"
# `tracer` is strace, `relay` what carries the host's requests on its stdin and stdout.
PROCESSES = ("server", "tracer", "relay")
DENIED = "EPERM|EACCES"
PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE = 16, 17, 0x4206
KCMP_FILE, SIZE = 0, 8
CLONE_NEWNS = 0x20000
# An address that nothing is mapped to: who may look is told EFAULT, and reads nothing.
NOWHERE = 0x1000
OPENED = ("mem", "environ", "maps", "auxv", "syscall", "stack", "io", "fd/0", "fd/1")
LOOKED_AT = ("root", "cwd", "exe", "ns/mnt", "fd/0", "fd/1")
WRITTEN = ("oom_score_adj", "coredump_filter", "clear_refs", "comm")
# Root beside the recorder lacks the capability that these ask for besides.
NOT_EVEN_ROOT = ("stack", "comm")
LACKING = "root beside the recorder lacks CAP_SYS_NICE"


def pid(who: str) -> int:
    return int(GIVEN["recorder"][who])


def seized(who: str) -> None:
    """Become the tracer of a process, without stopping it."""
    call("ptrace", PTRACE_SEIZE, pid(who), 0, 0)
    os.kill(pid(who), 0)


def vector() -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(struct.pack("QQ", NOWHERE, SIZE))


def far(name: str, who: str) -> None:
    """Read or write another process's memory."""
    mine = ctypes.create_string_buffer(SIZE)
    own = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(mine), SIZE))
    call(name, pid(who), own, 1, vector(), 1, 0)


def taken(who: str) -> None:
    """Take over a descriptor: the recorder's line to the host, say."""
    handle = call("pidfd_open", pid(who), 0)
    os.close(call("pidfd_getfd", handle, 0, 0))


def entered(who: str) -> None:
    call("setns", call("pidfd_open", pid(who), 0), CLONE_NEWNS)


def signalled(who: str) -> None:
    call("pidfd_send_signal", call("pidfd_open", pid(who), 0), 0, 0, 0)


def queued(who: str) -> None:
    info = struct.pack("iii", 0, 0, -1)
    call("rt_sigqueueinfo", pid(who), 0, ctypes.create_string_buffer(info, 128))


def nicer(who: str) -> None:
    """Set a priority to what it is, which takes the same right as any other."""
    os.setpriority(os.PRIO_PROCESS, pid(who), os.getpriority(os.PRIO_PROCESS, pid(who)))


def pinned(who: str) -> None:
    os.sched_setaffinity(pid(who), os.sched_getaffinity(pid(who)))


def scheduled(who: str) -> None:
    os.sched_setscheduler(pid(who), os.SCHED_OTHER, os.sched_param(0))


def input_output_class(who: str) -> None:
    call("ioprio_set", 1, pid(who), 0)


def limited(who: str) -> None:
    call("prlimit64", pid(who), 7, 0, ctypes.create_string_buffer(16))


def compared(who: str) -> None:
    call("kcmp", pid(who), pid(who), KCMP_FILE, 0, 0)


def moved(who: str) -> None:
    call("move_pages", pid(who), 0, 0, 0, 0, 0)


def slack(who: str) -> None:
    """Let its timers come late: the file can be opened by all, and not written to."""
    handle = os.open(f"/proc/{pid(who)}/timerslack_ns", os.O_WRONLY)
    os.write(handle, b"50000")


def robust(who: str) -> None:
    head, size = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    call("get_robust_list", pid(who), head, size)


TRICKS: "dict[str, tuple[Callable[[str], None], str]]" = {
    "kill": (lambda who: os.kill(pid(who), 0), "done"),
    "continue": (lambda who: os.kill(pid(who), signal.SIGCONT), "done"),
    "pidfd-signal": (signalled, "done"),
    "queue": (queued, "done"),
    "ptrace": (seized, "done"),
    "read-memory": (lambda who: far("process_vm_readv", who), "EFAULT"),
    "write-memory": (lambda who: far("process_vm_writev", who), "EFAULT"),
    "take-descriptor": (taken, "done"),
    "priority": (nicer, "done"),
    "affinity": (pinned, "done"),
    "scheduler": (scheduled, "done"),
    "io-priority": (input_output_class, "done"),
    "limits": (limited, "done"),
    "compare": (compared, "done"),
    "move-pages": (moved, ""),
    "timer-slack": (slack, ""),
    "robust-list": (robust, "done"),
}


def tricks(who: str) -> list[Attempt]:
    """Whatever one process can do to another."""
    return [
        refused(
            f"recorder/{who}-{name}",
            lambda make=make: make(who),  # type: ignore[misc]
            DENIED,
            "root" if allowed else "",
            allowed,
            "" if allowed else LACKING,
        )
        for name, (make, allowed) in TRICKS.items()
    ]


def files(who: str) -> list[Attempt]:
    """What /proc tells of a process, and lets be written."""
    rows = []
    for name in OPENED:
        free = name not in NOT_EVEN_ROOT
        rows.append(
            refused(
                f"recorder/{who}-open-{name}",
                lambda name=name: opened(f"/proc/{pid(who)}/{name}"),  # type: ignore[misc]
                DENIED,
                "root" if free else "",
                "done|ENXIO",
                "" if free else "root beside the recorder may not either",
            )
        )
    for name in LOOKED_AT:
        rows.append(
            refused(
                f"recorder/{who}-link-{name}",
                lambda name=name: os.readlink(f"/proc/{pid(who)}/{name}") and None,  # type: ignore[misc]
                DENIED,
                "root",
            )
        )
    for name in WRITTEN:
        free = name not in NOT_EVEN_ROOT
        rows.append(
            refused(
                f"recorder/{who}-write-{name}",
                lambda name=name: opened(f"/proc/{pid(who)}/{name}", os.O_WRONLY),  # type: ignore[misc]
                DENIED,
                "root" if free else "",
                "done",
                "" if free else "needs more than the same user",
            )
        )
    return rows


def squatted(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.bind(path)
    os.unlink(path)


def renamed() -> None:
    os.rename(FOLDER, f"{FOLDER}-old")


def made(path: str) -> None:
    os.mkdir(path)
    os.rmdir(path)


def watched() -> None:
    handle = call("inotify_init1", 0)
    call("inotify_add_watch", handle, FOLDER.encode(), 2)


FOLDERS = (
    refused(
        "recorder/folder-list", lambda: os.listdir(FOLDER) and None, DENIED, "root"
    ),
    refused("recorder/folder-enter", lambda: os.chdir(FOLDER), DENIED, "root"),
    refused("recorder/folder-watch", watched, DENIED, "root"),
    refused("recorder/folder-mode", lambda: os.chmod(FOLDER, 0o700), DENIED, "root"),
    refused("recorder/folder-owner", lambda: os.chown(FOLDER, 0, 0), DENIED, "root"),
    refused("recorder/folder-times", lambda: os.utime(FOLDER), DENIED, "root"),
    refused("recorder/folder-write", lambda: made(f"{FOLDER}/x"), DENIED, "root"),
    refused(
        "recorder/folder-rename",
        renamed,
        f"{DENIED}|EROFS|EBUSY",
        why="not even root can rename what is mounted",
    ),
    refused(
        "recorder/folder-beside",
        lambda: made(f"{FOLDER}2"),
        f"{DENIED}|EROFS",
        "free",
    ),
    refused(
        "recorder/traces-list",
        lambda: os.listdir(f"{FOLDER}/traces") and None,
        DENIED,
        "root",
    ),
    refused("recorder/log-read", lambda: opened(f"{FOLDER}/log"), DENIED, "root"),
    refused(
        "recorder/log-write",
        lambda: opened(f"{FOLDER}/log", os.O_WRONLY),
        DENIED,
        "root",
    ),
    refused(
        "recorder/code-write",
        lambda: opened(f"{FOLDER}/recorder/server.py", os.O_WRONLY),
        DENIED,
        "root",
    ),
    refused(
        "recorder/socket-connect",
        lambda: connected(socket.AF_UNIX, f"{FOLDER}/socket", socket.SOCK_STREAM),
        DENIED,
        "root",
    ),
    refused(
        "recorder/socket-remove",
        lambda: os.rename(f"{FOLDER}/socket", f"{FOLDER}/socket"),
        DENIED,
        "root",
    ),
    refused(
        "recorder/socket-squat", lambda: squatted(f"{FOLDER}/socket2"), DENIED, "root"
    ),
)

ATTEMPTS = (
    *(row for who in PROCESSES for row in (*tricks(who), *files(who))),
    *FOLDERS,
)
