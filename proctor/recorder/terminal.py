"""A pseudo-terminal with the agent's shell, and strace around it.

strace runs as root; the shell drops to the agent's user behind it and can neither
signal nor trace its tracer. `setsid --ctty` stands between the two, so that the
tracer does not belong to the agent's terminal session either and no key typed
there, Ctrl-C included, can reach it.
"""

import fcntl
import os
import pwd
import signal
import struct
import subprocess
import termios
import time

from .screen import COLUMNS, ROWS

# What is recorded. The stat family is left out on purpose: with it a Python start
# costs 3.5 times as much instead of 1.5, and what is lost is only a bare existence
# probe. The creation and replacement of processes is listed by name, because
# `%process` would add the waits and exits, which say nothing.
SYSTEM_CALLS = (
    "open,openat,openat2,creat,open_by_handle_at,"
    "/^(un)?link,/^symlink,/^rename,/^mkdir,rmdir,/^mknod,"
    "/chmod,/chown,/truncate,chdir,fchdir,chroot,pivot_root,"
    "execve,execveat,fork,vfork,clone,clone3,"
    "kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal,"
    "ptrace,process_vm_readv,process_vm_writev,pidfd_open,pidfd_getfd,"
    "connect,bind,seccomp,io_uring_setup,bpf,mount,umount2,unshare,setns,memfd_create,"
    "name_to_handle_at,userfaultfd,perf_event_open,keyctl,shmat,inotify_add_watch,"
    "/^(f|l)?(set|remove)xattr,utime,utimes,futimesat,utimensat"
)
# Strings longer than this are cut by strace and marked; the kernel's own limit for
# a path is 4096.
STRING_LIMIT = "4096"
START_TIMEOUT = 20.0


class Terminal:
    """One shell in one pseudo-terminal under one tracer.

    Attributes:
        master: Master side, non-blocking.
        slave: Slave side, kept open to ask about unread input.
        device: Device number of the slave side.
        tracer: The strace process.
        shell: Process id of the shell.
    """

    def __init__(
        self,
        shell: list[str],
        user: str | None,
        home: str,
        environment: dict[str, str],
        traces: str,
    ) -> None:
        """Start a shell.

        Args:
            shell: The shell's command line.
            user: Whom the agent is run as; None keeps the caller's user.
            home: Where the shell starts.
            environment: The whole environment of the shell.
            traces: Folder for strace's output, one file a process.

        Raises:
            OSError: There is no pseudo-terminal, a program is missing, or the tracer
                does not take hold of the shell.
        """
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self.device = os.fstat(self.slave).st_rdev
        _set_up(self.slave)
        command = ["setsid", "--ctty", *(as_user(user) if user else []), *shell]
        self.tracer = subprocess.Popen(
            [*strace_command(os.path.join(traces, "t")), *command],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=home,
            env=environment,
            start_new_session=True,
        )
        self.shell = self._first_traced(traces)
        self._check_tracer(traces)

    def write(self, data: bytes) -> int:
        """Type as much of `data` as the terminal takes now; return how much."""
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0

    def read(self) -> bytes:
        """Read what was written to the terminal; empty where nothing is there."""
        try:
            return os.read(self.master, 65536)
        except (BlockingIOError, OSError):
            return b""

    def _first_traced(self, traces: str) -> int:
        """Wait until the tracer holds its first process, and return that one's id."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.tracer.poll() is None:
            for pid in traced_ids(traces):
                if tracer_of(pid) == self.tracer.pid:
                    return pid
            time.sleep(0.002)
        self.tracer.kill()
        status = self.tracer.wait()
        said = self.read().decode("utf-8", "replace").strip().splitlines()
        raise OSError(f"no shell under strace (status {status}): {' '.join(said)}")

    def _check_tracer(self, traces: str) -> None:
        """Make sure that the recording holds the shell's own start.

        gVisor loses `execve` and `clone` under `--seccomp-bpf` without a word, and in a
        recording like that an honest agent looks like a cheat.
        """
        path = os.path.join(traces, f"t.{self.shell}")
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.tracer.poll() is None:
            with open(path, "rb") as file:
                if b" execve(" in file.read():
                    return
            time.sleep(0.002)
        self.tracer.kill()
        self.tracer.wait()
        raise OSError("strace does not see programs start here (gVisor is no room)")

    def raw(self) -> bool:
        """Whether the program in the foreground reads keys as they are."""
        return not termios.tcgetattr(self.slave)[0] & termios.ICRNL

    def close(self) -> None:
        """Close the terminal; what still runs in it is hung up."""
        os.close(self.slave)
        os.close(self.master)


def traced_ids(traces: str) -> list[int]:
    """Return the ids of all processes that have a file in strace's folder."""
    return sorted(int(name[2:]) for name in os.listdir(traces) if name.startswith("t."))


def _set_up(slave: int) -> None:
    """Size the terminal and switch its echo off.

    The agent knows what it typed, so an echo would only cost it tokens; a shell
    without echo also redraws nothing.
    """
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)


def strace_command(prefix: str) -> list[str]:
    """Build strace's command line.

    `-ff` gives each process its own file, so that no line is ever split by another
    process; `-A` appends, so that a process id that comes again erases nothing;
    `-y` prints the real path of every descriptor; `abbrev` prints environments in
    full, because `LD_PRELOAD` and its like are evidence. Signals are printed, without
    the two that say nothing, because strace hides the end of a process that was killed
    by a signal it does not print.
    """
    options = "-ff -A -ttt -y -q --seccomp-bpf -e signal=!SIGCHLD,SIGWINCH"
    return [
        "strace",
        *options.split(),
        *("-s", STRING_LIMIT),
        *("-e", "abbrev=!execve,execveat"),
        *("-e", "trace=" + SYSTEM_CALLS),
        *("-o", prefix),
    ]


def as_user(user: str) -> list[str]:
    """Build the front of a command line that a user runs without any privilege."""
    account = pwd.getpwnam(user)
    return [
        "setpriv",
        *("--reuid", str(account.pw_uid), "--regid", str(account.pw_gid)),
        *("--clear-groups", "--no-new-privs"),
        *("--bounding-set=-all", "--inh-caps=-all"),
    ]


def kill_traced(pids: list[int], tracers: list[int]) -> int:
    """Kill those of some processes that one of the given tracers holds.

    A process id alone may have been taken by somebody else by now; the tracer is
    what makes a process the agent's.

    Returns:
        How many were alive.
    """
    alive = 0
    for pid in pids:
        if tracer_of(pid) in tracers:
            alive += 1
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    return alive


def tracer_of(pid: int) -> int:
    """Return the process id of a live process's tracer; 0 for none."""
    return _number_in_status(pid, "TracerPid")


def parent_of(pid: int) -> int:
    """Return the process id of a live process's parent; 0 for none."""
    return _number_in_status(pid, "PPid")


def _number_in_status(pid: int, name: str) -> int:
    try:
        with open(f"/proc/{pid}/status") as file:
            status = file.read()
    except OSError:
        return 0
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    if fields.get("State", "Z")[0] in "ZX":
        return 0
    return int(fields.get(name, "0"))
