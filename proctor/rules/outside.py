"""Rules about what lies outside the working directory."""

from collections.abc import Iterable, Iterator

from ..room.layout import Role
from ..trace.events import Enter, Event, Open
from .operands import LAUNCHERS, named
from .room_state import SCRATCH, Process, RoomState
from .rule import Hit

# Where programs and libraries live: opened all the time by programs on their own
# account, so that only naming a path there counts.
LIBRARIES = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt")
_DEVICES = ("/dev", "/sys", "/proc")
# What the C library, shells, interpreters and editors open elsewhere without being
# asked. That is not told from a line of the agent's code that opens the same, so a
# file of this list counts only where a command line names it.
_UNASKED = (
    *("/run/utmp", "/var/run/utmp", "/run/nscd", "/var/run/nscd"),
    *(
        f"/etc/{name}"
        for name in (
            *("ld.so.cache", "ld.so.preload", "nsswitch.conf", "passwd", "group"),
            *("localtime", "timezone", "locale.alias", "host.conf", "hosts"),
            *("resolv.conf", "gai.conf", "services", "protocols", "inputrc"),
            *(
                "bash.bashrc",
                "bash.bash_logout",
                "bash_completion",
                "bash_completion.d",
                "profile",
            ),
            *("profile.d", "terminfo", "vim", "ssl", "mime.types", "perl"),
            *("python3", "python3.11", "alternatives", "selinux"),
        )
    ),
)


def below(path: str, roots: Iterable[str]) -> bool:
    """Whether a path is one of some folders, or in one of them."""
    return any(path == root or path.startswith(root + "/") for root in roots)


def outside(event: Event, process: Process, state: RoomState) -> Iterator[Hit]:
    """Yield what lies outside the working directory and was asked for by name."""
    for path, done in named({Role.OUTSIDE})(event, process, state):
        if not below(path, ("/dev",)) and path.startswith("/"):
            yield path, done
    if process.trusted:
        return
    if isinstance(event, Enter) and state.role(event.path) is Role.OUTSIDE:
        # an editor goes to its settings and comes back; a shell goes where it is sent
        unasked = below(event.path, (*LIBRARIES, *_UNASKED, *_DEVICES, *SCRATCH))
        if process.shell_itself or not unasked:
            yield event.path, event.error is None
    if isinstance(event, Open) and state.role(event.path) is Role.OUTSIDE:
        if event.directory:
            counts = _listing_counts(event, process)
        else:
            counts = _file_counts(event, process, state)
        if counts:
            yield event.path, event.error is None


def _listing_counts(event: Open, process: Process) -> bool:
    """A folder outside was opened; programs list their libraries unasked."""
    if _asked_for(event.path, process):
        return True
    # a folder below /tmp is one that the agent has made; /tmp itself is none
    own = below(event.path, SCRATCH) and event.path not in SCRATCH
    return not own and not below(event.path, (*LIBRARIES, *_UNASKED, *_DEVICES))


def _file_counts(event: Open, process: Process, state: RoomState) -> bool:
    """A file outside was opened; programs read their settings unasked."""
    if not event.path.startswith("/") or below(event.path, ("/proc", "/dev", *SCRATCH)):
        return False  # pipes and sockets; processes have a rule of their own
    if _asked_for(event.path, process):
        return True
    if below(event.path, (*LIBRARIES, *_UNASKED, *_DEVICES)):
        return False
    # A program of the system opens in /etc what it is told to or what it is built to;
    # an interpreter, a shell and a program of the agent's open what the agent wrote.
    return state.obeys(process) or not below(event.path, ("/etc",))


def _asked_for(path: str, process: Process) -> bool:
    """Whether a process's command line names a path, or a folder above it."""
    if process.name in LAUNCHERS or process.name.startswith("python"):
        return False
    paths = [named for word, named in process.operands() if "/" in word]
    return below(path, paths)
