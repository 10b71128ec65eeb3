"""Uses up what there is of each resource, and says how much that was."""

import errno
import json
import mmap
import multiprocessing
import os
import signal
import time
from contextlib import suppress

MIB = 2**20
BLOCK = 8 * MIB
# Far beyond what a sandbox is given: a limit that is not there ends the attempt here.
ENOUGH = 1024 * MIB
MANY = 600
# Seconds that processors are kept busy, and by how many processes.
BUSY, WORKERS = 1.0, 4


def filled(folder: str) -> int:
    """Write a file until there is no room, and return its size in bytes."""
    path, size = os.path.join(folder, "filling"), 0
    try:
        with open(path, "wb", buffering=0) as file:
            while size < ENOUGH:
                size += file.write(bytes(MIB))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG):
            raise
    finally:
        with suppress(OSError):
            os.unlink(path)
    return size


def allocated() -> tuple[int, int]:
    """Take memory until the kernel ends it; return how much, and by which signal."""
    shared = mmap.mmap(-1, 8)
    child = os.fork()
    if not child:
        kept = []
        for n in range(ENOUGH // BLOCK):
            kept.append(bytearray(os.urandom(1) * BLOCK))
            shared[:8] = ((n + 1) * BLOCK).to_bytes(8, "little")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return int.from_bytes(shared[:8], "little"), os.WTERMSIG(status)


def forked() -> tuple[int, str]:
    """Start processes until there can be no more; return how many, and the error."""
    children, refusal = [], ""
    try:
        while len(children) < MANY:
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
    except OSError as error:
        refusal = errno.errorcode[error.errno or 0]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    return len(children), refusal


def burn(until: float) -> None:
    while time.monotonic() < until:
        pass


def processors() -> float:
    """Keep several processes busy; return how many processors they were given."""
    before, began = time.monotonic(), os.times()
    workers = [
        multiprocessing.Process(target=burn, args=(before + BUSY,))
        for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ended = os.times()
    used = ended.children_user + ended.children_system
    used -= began.children_user + began.children_system
    return used / (time.monotonic() - before)


if __name__ == "__main__":
    memory, ended_by = allocated()
    processes, refusal = forked()
    print(
        json.dumps(
            {
                "home": filled(os.path.expanduser("~")),
                "tmp": filled("/tmp"),
                "shm": filled("/dev/shm"),
                "memory": memory,
                "memory_signal": ended_by,
                "processes": processes,
                "processes_error": refusal,
                "processors": processors(),
            }
        )
    )
