"""Does the program in the foreground of a terminal wait for input?

A tool call should return the moment the agent could type again, not after a guess
of a pause. The kernel knows: `/proc/PID/syscall` names the system call a sleeping
process is in. A process of the terminal's foreground group that reads from that
terminal, or polls it, waits for the agent.
"""

import fcntl
import os
import struct
import termios

# System call numbers: asm/unistd_64.h for x86_64, asm-generic/unistd.h for aarch64.
# `None` where the architecture has no such call.
_NUMBERS: dict[str, dict[str, int | None]] = {
    "x86_64": {"read": 0, "poll": 7, "select": 23, "pselect6": 270, "ppoll": 271},
    "aarch64": {
        "read": 63,
        "poll": None,
        "select": None,
        "pselect6": 72,
        "ppoll": 73,
    },
}
_DEV_TTY = os.makedev(5, 0)
# No honest program polls more descriptors than this; a larger count is not ours.
_MAX_DESCRIPTORS = 1024
_POLLFD = struct.Struct("ihh")
_POLLIN = 1


class Reader:
    """A process that waits for terminal input.

    Attributes:
        pid: Its process id.
        switches: How often it has gone to sleep so far. A larger number later means
            that it woke up in between.
    """

    def __init__(self, pid: int, switches: int) -> None:
        """Make one."""
        self.pid = pid
        self.switches = switches

    def __eq__(self, other: object) -> bool:
        """Whether it is the same, and has not woken up in between."""
        return isinstance(other, Reader) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


def unread_input(slave: int) -> int:
    """Count the bytes typed into a terminal that no program has read yet."""
    answer = fcntl.ioctl(slave, termios.FIONREAD, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])


def foreground_group(master: int) -> int:
    """Return the id of the process group in the terminal's foreground."""
    answer = fcntl.ioctl(master, termios.TIOCGPGRP, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])


def find_reader(master: int, terminal: int, pids: list[int]) -> Reader | None:
    """Find a foreground process that waits for input from a terminal.

    Args:
        master: Master side of the pseudo-terminal.
        terminal: Device number of its slave side.
        pids: The processes to look at.

    Returns:
        The first such process, or None where all are busy with something else.
    """
    numbers = _NUMBERS.get(os.uname().machine)
    if numbers is None:
        return None
    try:
        group = foreground_group(master)
    except OSError:
        return None
    for pid in pids:
        try:
            if os.getpgid(pid) != group:
                continue
            if _waits(pid, terminal, numbers):
                return Reader(pid, _switches(pid))
        except (OSError, ValueError):
            continue  # it ended while we looked
    return None


def _waits(pid: int, terminal: int, numbers: dict[str, int | None]) -> bool:
    with open(f"/proc/{pid}/syscall") as file:
        words = file.read().split()
    if len(words) < 7:  # "running", or asleep outside of any system call
        return False
    number = int(words[0])
    arguments = [int(word, 16) for word in words[1:7]]
    if number == numbers["read"]:
        return _is_terminal(pid, arguments[0], terminal)
    if number in (numbers["select"], numbers["pselect6"]):
        return any(
            _is_terminal(pid, descriptor, terminal)
            for descriptor in _select_set(pid, arguments[0], arguments[1])
        )
    if number in (numbers["poll"], numbers["ppoll"]):
        return any(
            _is_terminal(pid, descriptor, terminal)
            for descriptor in _poll_set(pid, arguments[0], arguments[1])
        )
    return False


def _is_terminal(pid: int, descriptor: int, terminal: int) -> bool:
    device = os.stat(f"/proc/{pid}/fd/{descriptor}").st_rdev
    return device in (terminal, _DEV_TTY)


def _select_set(pid: int, count: int, address: int) -> list[int]:
    """Return the descriptors that a sleeping select() waits to read from."""
    if not address or not 0 < count <= _MAX_DESCRIPTORS:
        return []
    bits = _memory(pid, address, (count + 7) // 8)
    return [fd for fd in range(count) if bits[fd // 8] >> (fd % 8) & 1]


def _poll_set(pid: int, address: int, count: int) -> list[int]:
    """Return the descriptors that a sleeping poll() waits to read from."""
    if not address or not 0 < count <= _MAX_DESCRIPTORS:
        return []
    table = _memory(pid, address, count * _POLLFD.size)
    return [fd for fd, events, _ in _POLLFD.iter_unpack(table) if events & _POLLIN]


def _memory(pid: int, address: int, size: int) -> bytes:
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        file.seek(address)
        data = file.read(size)
    if len(data) != size:
        raise OSError("short read of process memory")
    return data


def _switches(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("voluntary_ctxt_switches:"):
                return int(line.split()[1])
    return 0
