"""System calls by their number, so that the kernel's own answer is seen.

A program that is missing, or that gives up by itself, proves nothing about the kernel.
"""

import ctypes
import os
import platform
import socket

_X86, _ARM = "x86_64", "aarch64"
# The kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl and
# include/uapi/asm-generic/unistd.h.
_NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsopen": (430, 430),
    "get_robust_list": (274, 100),
    "init_module": (175, 105),
    "inotify_add_watch": (254, 27),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "move_pages": (279, 239),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "shmget": (29, 194),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(name: str, *arguments: "int | bytes | ctypes.Array[ctypes.c_char]") -> int:
    """Make a system call.

    Raises:
        OSError: The kernel refuses it.
    """
    number = _NUMBERS[name][(_X86, _ARM).index(platform.machine())]
    given = [
        ctypes.c_long(value)
        if isinstance(value, int)
        else ctypes.c_char_p(value)
        if isinstance(value, bytes)
        else value
        for value in arguments
    ]
    ctypes.set_errno(0)
    result = int(_libc.syscall(ctypes.c_long(number), *given))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def opened(path: str, flags: int = os.O_RDONLY) -> None:
    """Open a file and leave it as it is."""
    os.close(os.open(path, flags))


def connected(
    family: int, address: "tuple[object, ...] | str | bytes", kind: int
) -> None:
    """Connect without waiting for an answer.

    A packet that is on its way ends in EINPROGRESS.
    """
    with socket.socket(family, kind) as line:
        line.setblocking(False)
        line.connect(address)  # type: ignore[arg-type]
