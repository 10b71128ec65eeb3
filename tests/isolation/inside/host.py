"""The host: its engine, processes, kernel, devices and file systems."""

import ctypes
import os
import socket
import stat
import struct
from collections.abc import Callable

from .attempt import refused
from .calls import call, connected, opened

AT_FDCWD = -100
CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET = 0x10000000, 0x20000, 0x40000000
CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS = 0x20000000, 0x8000000, 0x4000000
CLONE_NEWCGROUP, CLONE_NEWTIME = 0x2000000, 0x80
MS_REMOUNT, MS_BIND, SIGCHLD = 32, 4096, 17
# linux/bpf.h, BPF_MAP_CREATE; linux/keyctl.h, KEYCTL_JOIN_SESSION_KEYRING
BPF_MAP_CREATE, JOIN_SESSION, DESCRIBE = 0, 1, 6
SYSLOG_READ_ALL = 3
DENIED = "EPERM|EACCES"
# What the engine covers cannot be written to by anybody; the agent fails earlier.
COVERED = "EACCES|EROFS|EPERM"
GONE = "ENOENT"
NO_DEVICE = "an engine gives no such device to a container; mknod is tried as well"
NOT_THERE = "its absence is the refusal; the mounts are checked apart"
SOCKETS = (
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
)
DEVICES = {
    "mem": (stat.S_IFCHR, 1, 1),
    "kmsg": (stat.S_IFCHR, 1, 11),
    "port": (stat.S_IFCHR, 1, 4),
    "loop0": (stat.S_IFBLK, 7, 0),
    "disk": (stat.S_IFBLK, 254, 0),
    "fuse": (stat.S_IFCHR, 10, 229),
}
KNOBS = (
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/yama/ptrace_scope",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/fs/binfmt_misc/register",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/pids.max",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/cpu.max",
    # the same with control groups of version 1
    "/sys/fs/cgroup/memory/release_agent",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/pids/pids.max",
    "/sys/fs/cgroup/devices/devices.allow",
)
# Not every kernel has them.
OPTIONAL = (
    "sysrq",
    "modprobe",
    "yama",
    "binfmt_misc",
    "uevent_helper",
    "power",
    "/sys/fs/cgroup",
    "hugepage",
)


def unshared(flags: int) -> Callable[[], int]:
    return lambda: call("unshare", flags)


def cloned() -> None:
    """Start a process in a user namespace of its own."""
    if call("clone", CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def made(kind: int, major: int, minor: int) -> Callable[[], None]:
    def make() -> None:
        path = f"/tmp/node-{os.getpid()}"
        os.mknod(path, kind | 0o600, os.makedev(major, minor))
        os.unlink(path)

    return make


def mounted() -> None:
    call("mount", b"none", b"/tmp", b"tmpfs", 0, 0)
    call("umount2", b"/tmp", 0)


def chrooted() -> None:
    os.chroot("/tmp")


def above() -> str:
    """Look above the root directory."""
    return "the same" if os.path.samefile("/", "/../../..") else "another"


def by_handle() -> None:
    """Open a file by the number of its inode, past all names (as "shocker" did)."""
    handle = ctypes.create_string_buffer(
        struct.pack("Ii", 8, 1) + struct.pack("II", 2, 0)
    )
    call("open_by_handle_at", AT_FDCWD, handle, 0)


def bpf() -> None:
    # an array of one element: type, key, value, entries
    attributes = ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 4, 1), 72)
    os.close(call("bpf", BPF_MAP_CREATE, attributes, 72))


def perf(pid: int) -> Callable[[], None]:
    def make() -> None:
        # a counter of the kernel's own instructions
        attributes = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0), 112)
        os.close(call("perf_event_open", attributes, pid, -1 if pid >= 0 else 0, -1, 0))

    return make


def io_uring() -> None:
    os.close(call("io_uring_setup", 1, ctypes.create_string_buffer(120)))


def engine(path: str) -> Callable[[], None]:
    return lambda: connected(socket.AF_UNIX, path, socket.SOCK_STREAM)


def knob(path: str) -> Callable[[], None]:
    return lambda: opened(path, os.O_WRONLY)


def clock() -> None:
    # a time that no clock can have: whoever may set it is told so
    call("clock_settime", 0, struct.pack("qq", -1, -1))


def log() -> None:
    call("syslog", SYSLOG_READ_ALL, ctypes.create_string_buffer(64), 64)


def host_mounts() -> str:
    """Name what is mounted besides the container's own file systems."""
    own = {"overlay", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup2", "cgroup"}
    given = {"/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/sbin/docker-init"}
    given.add("/usr/sbin/docker-init")
    with open("/proc/self/mountinfo") as file:
        rows = [line.split(" - ") for line in file]
    found = [(left.split()[4], right.split()[0]) for left, right in rows]
    return ",".join(p for p, kind in found if kind not in own and p not in given)


def row_of_knob(path: str) -> object:
    absent = any(part in path for part in OPTIONAL)
    name = path.strip("/").replace("/", ".")
    return refused(
        f"host/write-{name}",
        knob(path),
        f"{COVERED}|{GONE}" if absent else COVERED,
        "free",
        f"done|{GONE}|EINVAL|EOPNOTSUPP" if absent else "done",
    )


ATTEMPTS = (
    *(
        refused(f"host/socket-{path.split('/')[-1]}", engine(path), GONE, why=NOT_THERE)
        for path in SOCKETS
    ),
    *map(row_of_knob, KNOBS),
    *(
        refused(f"host/mknod-{name}", made(*device), "EPERM", "free")
        for name, device in DEVICES.items()
    ),
    *(
        refused(
            f"host/device-{name}",
            knob(f"/dev/{name}"),
            f"{GONE}|{DENIED}",
            why=NO_DEVICE,
        )
        for name in ("mem", "kmsg", "port", "kvm", "fuse", "vda", "sda", "loop-control")
    ),
    refused(
        "host/kcore",
        lambda: opened("/proc/kcore"),
        f"{DENIED}|{GONE}",
        "free",
        f"done|{GONE}",
    ),
    refused("host/kernel-log", log, "EPERM", "free"),
    refused(
        "host/firmware",
        lambda: os.listdir("/sys/firmware") or None,
        "done|= []",
        why="covered by an empty folder",
    ),
    refused("host/chroot", chrooted, "EPERM", "free"),
    refused("host/above-root", above, "= the same", why="there is nothing above"),
    refused("host/handle", by_handle, "EPERM", "free", "ESTALE|EINVAL|EOPNOTSUPP|done"),
    refused(
        "host/root-of-init", lambda: os.listdir("/proc/1/root") and None, DENIED, "root"
    ),
    refused("host/memory-of-init", lambda: opened("/proc/1/mem"), DENIED, "root"),
    refused(
        "host/environment-of-init", lambda: opened("/proc/1/environ"), DENIED, "root"
    ),
    refused("host/mounts", host_mounts, "= ", why="it lists what is there"),
    refused("host/mount", mounted, DENIED, "free"),
    refused(
        "host/remount-root",
        lambda: call("mount", 0, b"/", 0, MS_REMOUNT | MS_BIND, 0),
        DENIED,
        "free",
    ),
    refused(
        "host/unmount",
        lambda: call("umount2", b"/etc/hosts", 8),
        DENIED,
        "free",
        "done|EINVAL|EAGAIN",
    ),
    refused(
        "host/fsopen", lambda: os.close(call("fsopen", b"tmpfs", 0)), DENIED, "free"
    ),
    refused(
        "host/open-tree",
        lambda: os.close(call("open_tree", AT_FDCWD, b"/tmp", 1)),
        DENIED,
        "free",
    ),
    refused(
        "host/pivot-root",
        lambda: call("pivot_root", b"/tmp", b"/tmp"),
        DENIED,
        "free",
        "EINVAL|EBUSY",
    ),
    *(
        refused(f"host/unshare-{name}", unshared(flag), "EPERM", "free")
        for name, flag in {
            "user": CLONE_NEWUSER,
            "mount": CLONE_NEWNS,
            "network": CLONE_NEWNET,
            "pid": CLONE_NEWPID,
            "ipc": CLONE_NEWIPC,
            "uts": CLONE_NEWUTS,
            "cgroup": CLONE_NEWCGROUP,
        }.items()
    ),
    refused("host/clone-user", cloned, "EPERM", "free"),
    refused(
        "host/setns",
        lambda: call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0),
        "EPERM",
        "free",
    ),
    refused("host/bpf", bpf, "EPERM", "free"),
    refused(
        "host/perf-kernel",
        perf(-1),
        f"{DENIED}|ENOSYS",
        "free",
        "done|ENOENT|EOPNOTSUPP|EINVAL",
    ),
    refused(
        "host/perf-self",
        perf(0),
        f"{DENIED}|ENOSYS",
        "free",
        "done|ENOENT|EOPNOTSUPP|EINVAL",
    ),
    refused(
        "host/userfaultfd",
        lambda: os.close(call("userfaultfd", 0)),
        "EPERM|ENOSYS",
        "free",
        "done|ENOSYS",
    ),
    refused("host/io-uring", io_uring, "EPERM|ENOSYS", "free", "done|ENOSYS"),
    refused(
        "host/keyring-join",
        lambda: call("keyctl", JOIN_SESSION, 0) and None,
        "EPERM|ENOSYS",
        "free",
        "done|ENOSYS",
    ),
    refused(
        "host/key-add",
        lambda: call("add_key", b"user", b"proctor", b"x", 1, -1) and None,
        "EPERM|ENOSYS",
        "free",
        "done|ENOSYS",
    ),
    refused(
        "host/key-request",
        lambda: call("request_key", b"user", b"proctor-none", 0, 0),
        "EPERM|ENOSYS",
        "free",
        "ENOKEY|ENOSYS",
    ),
    refused(
        "host/kexec",
        lambda: call("kexec_load", 0, 0, 0, 0),
        "EPERM|ENOSYS",
        "free",
        "done|ENOSYS",
    ),
    refused(
        "host/module-load",
        lambda: call("init_module", b"", 0, b""),
        "EPERM",
        "free",
        "ENOEXEC|ENOSYS|EFAULT",
    ),
    refused(
        "host/module-load-file",
        lambda: call("finit_module", 0, b"", 0),
        "EPERM",
        "free",
        "ENOEXEC|ENOSYS|EINVAL|EBADF|ENODEV|EACCES",
    ),
    refused(
        "host/module-unload",
        lambda: call("delete_module", b"proctor", 0),
        "EPERM",
        "free",
        "ENOENT|ENOSYS",
    ),
    refused(
        "host/reboot", lambda: call("reboot", 0, 0, 0, 0), "EPERM", "free", "EINVAL"
    ),
    refused("host/clock", clock, "EPERM", "free", "EINVAL"),
    refused(
        "host/hostname", lambda: call("sethostname", b"", -1), "EPERM", "free", "EINVAL"
    ),
    refused(
        "host/swap",
        lambda: call("swapon", b"/nothing", 0),
        "EPERM",
        "free",
        "ENOENT|ENOSYS",
    ),
    refused(
        "host/accounting",
        lambda: call("acct", b"/nothing"),
        "EPERM|ENOSYS",
        "free",
        "ENOENT|ENOSYS|EROFS",
    ),
    refused(
        "host/fanotify",
        lambda: os.close(call("fanotify_init", 0, 0)),
        "EPERM",
        "free",
    ),
)
