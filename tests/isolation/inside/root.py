"""Root: by number, by capability, by programs that have it, by files that give it."""

import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import Callable

from .attempt import refused
from .calls import call, opened

DENIED = "EPERM|EACCES"
SEALED = "EPERM|EACCES|EROFS"
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_CAP_AMBIENT = 38, 23, 47
PR_SET_SECUREBITS, CAP_SYS_ADMIN = 28, 21
ABSENT = "its absence is the refusal"
WRITTEN = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/usr/bin/python3.11",
    "/usr/bin/strace",
    "/usr/bin/bash",
    "/usr/bin/setpriv",
)
CREATED = (
    "/etc/ld.so.preload",
    "/etc/sudoers",
    "/etc/cron.d/x",
    "/var/spool/cron/x",
    "/etc/profile.d/x.sh",
    "/usr/local/bin/x",
    "/usr/lib/x.so",
    "/root/x",
    "/run/x",
    "/var/tmp/x",
    "/x",
)
PROGRAMS = {
    "su": ["su", "root", "-c", "id"],
    "mount": ["mount", "-t", "tmpfs", "none", "/tmp"],
    "newgrp": ["newgrp", "root"],
    "chsh": ["chsh", "-s", "/bin/sh", "root"],
}
CHAGE = ["/usr/bin/chage", "-l", "agent"]
# Programs that let another user in, and that the image does not have.
MISSING = ("sudo", "doas", "pkexec", "crontab", "at", "dbus-daemon", "newuidmap", "gcc")


def status(*names: str) -> str:
    with open("/proc/self/status") as file:
        rows = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    return " ".join(rows[name] for name in names)


def raised() -> None:
    """Ask for a capability (version 3, this process)."""
    head = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    bit = 1 << CAP_SYS_ADMIN
    data = ctypes.create_string_buffer(struct.pack("IIIIII", bit, bit, bit, 0, 0, 0))
    call("capset", head, data)


def ambient() -> None:
    call("prctl", PR_CAP_AMBIENT, 2, CAP_SYS_ADMIN, 0, 0)


def given_away(change: Callable[[str], None]) -> Callable[[], None]:
    """Change a copy of the interpreter that is one's own."""

    def make() -> None:
        path = f"/tmp/copy-{os.getpid()}"
        shutil.copyfile("/usr/bin/python3", path)
        try:
            change(path)
        finally:
            os.unlink(path)

    return make


def owned_by_root(path: str) -> None:
    os.chown(path, 0, 0)
    os.chmod(path, 0o4755)


def with_capability(path: str) -> None:
    # version 2, effective, and one permitted bit (linux/capability.h)
    value = struct.pack("<IIIII", 0x02000001, 1 << CAP_SYS_ADMIN, 0, 0, 0)
    os.setxattr(path, "security.capability", value)


def ran(words: list[str]) -> Callable[[], str]:
    """Run a program, and say whether it got on."""

    def make() -> str:
        # without a terminal, where it would ask for a password and wait
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        return "ran" if done.returncode == 0 else "refused"

    return make


def setuid_of_own() -> str:
    """Run one's own program with the bit: whose number has it?"""
    path = f"/tmp/own-{os.getpid()}"
    shutil.copyfile("/usr/bin/id", path)
    os.chmod(path, 0o6755)
    done = subprocess.run([path, "-u"], capture_output=True, text=True, check=True)
    os.unlink(path)
    return done.stdout.strip()


def spared() -> None:
    """Be the last that is ended where memory runs out."""
    os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000")


def created(path: str) -> Callable[[], None]:
    def make() -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(path)

    return make


def preloaded() -> str:
    """Bring a library of one's own into a program with the bit."""
    loader = next(
        p
        for p in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
        if os.path.exists(p)
    )
    return ran([loader, *CHAGE])()


ATTEMPTS = (
    refused("root/setuid", lambda: os.setuid(0), "EPERM", "root"),
    refused("root/setresuid", lambda: os.setresuid(-1, 0, -1), "EPERM", "root"),
    refused("root/setgid", lambda: os.setgid(0), "EPERM", "root"),
    refused("root/setgroups", lambda: os.setgroups([0, 42]), "EPERM", "root"),
    refused("root/capset", raised, "EPERM", "free"),
    refused("root/ambient", ambient, "EPERM", why="root starts without it as well"),
    refused(
        "root/securebits",
        lambda: call("prctl", PR_SET_SECUREBITS, 0, 0, 0, 0) and None,
        "EPERM",
        "root",
    ),
    refused(
        "root/bounding-set",
        lambda: bool(call("prctl", PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0)) or "none",
        "= none",
        "free",
        "= True",
    ),
    refused(
        "root/capabilities",
        lambda: set(status("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb").split()),
        "= {'0000000000000000'}",
        why="those of the recorder are checked apart",
    ),
    refused(
        "root/no-new-privileges", lambda: status("NoNewPrivs"), "= 1", "free", "= 0"
    ),
    refused("root/seccomp", lambda: status("Seccomp"), "= 2", "free", "= 0"),
    refused(
        "root/no-new-privileges-off",
        lambda: call("prctl", PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0),
        "EINVAL",
        why="nobody can switch it off again",
    ),
    refused("root/own-setuid", setuid_of_own, "= 1000", why="the owner is the agent"),
    refused("root/own-setuid-root", given_away(owned_by_root), "EPERM", "free"),
    refused("root/own-capability", given_away(with_capability), "EPERM", "free"),
    refused("root/setgid-program", ran(CHAGE), "= refused", "plain", "= ran"),
    refused("root/loader", preloaded, "= refused", why="the bit is not the loader's"),
    *(
        refused(f"root/run-{name}", ran(words), "= refused", why="asks for a password")
        for name, words in PROGRAMS.items()
    ),
    *(
        refused(
            f"root/no-{name}", lambda name=name: shutil.which(name), "done", why=ABSENT
        )  # type: ignore[misc]
        for name in MISSING
    ),
    *(
        refused(
            f"root/write-{path[1:].replace('/', '.')}",
            lambda path=path: opened(path, os.O_WRONLY | os.O_APPEND),  # type: ignore[misc]
            SEALED,
            "free",
            "done|ETXTBSY",
        )
        for path in WRITTEN
    ),
    *(
        refused(
            f"root/create-{path[1:].replace('/', '.')}",
            created(path),
            f"{SEALED}|ENOENT",
            "free",
            "done|ENOENT",
        )
        for path in CREATED
    ),
    refused("root/read-shadow", lambda: opened("/etc/shadow"), DENIED, "root"),
    refused("root/list-root", lambda: os.listdir("/root") and None, DENIED, "root"),
    refused(
        "root/oom-score",
        spared,
        DENIED,
        "free",
        # an engine inside a container cannot give what it has not
        "done|EACCES",
    ),
    refused(
        "root/nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5), DENIED, "free"
    ),
    refused(
        "root/real-time",
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        "EPERM",
        "free",
        "done|EPERM",
    ),
)
