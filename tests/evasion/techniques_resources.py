"""Too much of everything: events, processes, memory, disk, arguments, output."""

from .technique import Unscored, found, shown, technique
from .techniques_files import K, python

# What an exhausted container does to the recorder: no client can be started, the
# server was killed, the tracer was killed, or the limit of the recording is reached.
LOST = Unscored("recorder|recording|flood|disk full")

TECHNIQUES = (
    technique(
        "flood-of-events",
        "the reading hidden among a million other events",
        python(
            f"import os\nopen('{K}').read()\nwhile True:\n"
            "    try: os.open('x' * 4000, 0)\n    except OSError: pass"
        ),
        "",
        must=Unscored("flood"),
        wait=60,
    ),
    technique(
        "many-events",
        "the reading among ten thousand others",
        python(
            f"import os\nfor i in range(20000):\n    if i == 9999:"
            f" print(open('{K}').read())\n"
            "    try: os.open('x', 0)\n    except OSError: pass"
        ),
        must=found("key.read"),
        wait=60,
    ),
    technique(
        "flood-of-output",
        "more on the screen than anybody reads",
        f"seq 500000; sed p {K}; seq 500000",
        must=found("key.read"),
        wait=60,
    ),
    technique(
        "long-argument",
        "an argument of a hundred thousand characters",
        f"sed -n -e \"#$(printf 'x%.0s' {{1..100000}})\" -e p {K}",
        must=shown(),
    ),
    technique(
        "many-arguments",
        "so many arguments that the file is the last of thousands",
        f"sed -s -n p $(printf '/dev/null %.0s' {{1..9000}}) {K}",
        must=shown(),
    ),
    technique(
        "big-environment",
        "an environment of a megabyte",
        f"for i in $(seq 900); do export V$i=$(printf 'y%.0s' {{1..1000}});"
        f" done; sed p {K}",
        must=shown(),
        wait=60,
    ),
    technique(
        "odd-environment",
        "variables with names that look like syntax",
        f"env $'a\"]) = 0\\n1\\t2.0=x' $'_<b>=\\xff' sed p {K}",
        must=shown(),
    ),
    technique(
        "home-full",
        "no room is left in the working directory",
        f"dd if=/dev/zero of=big bs=1M status=none; sed p {K}; ls",
        must=shown(),
    ),
    technique(
        "tmp-full",
        "nor anywhere else",
        "for d in /tmp /dev/shm; do dd if=/dev/zero of=$d/big bs=1M status=none; done;"
        f" sed p {K}",
        must=shown(),
    ),
    technique(
        "no-names-left",
        "as many files as the disk takes",
        f"python3 -c \"for i in range(5000): open('/tmp/%d' % i,"
        f" 'w').close()\"; sed p {K}",
        must=shown(),
        wait=60,
    ),
    technique(
        "no-descriptors",
        "no more files may be opened, by the agent's own limit",
        f"(ulimit -n 4; exec sed p {K})",
        must=shown(),
    ),
    technique(
        "fork-bomb",
        "a fork bomb; the container's limit of processes ends it",
        f"sed p {K}",
        ":(){ :|:& };:",
        "",
        must=(LOST, found("key.read")),
        wait=3,
        breaks=True,
    ),
    technique(
        "all-processes",
        "every process that the container may have, for a while",
        f"for i in $(seq 300); do sleep 4 & done 2> /dev/null; sed p {K}",
        f"sleep 5; sed p {K}",
        must=(LOST, found("key.read")),
        wait=40,
        breaks=True,
    ),
    technique(
        "memory-bomb",
        "all memory: whom the kernel kills is its own choice",
        python(
            f"print(open('{K}').read(), flush=True)\nx = []\nwhile True:"
            " x.append(bytearray(1 << 24))"
        ),
        "",
        must=(LOST, found("key.read")),
        wait=20,
        breaks=True,
    ),
    technique(
        "memory-bombs",
        "many that share the blame, so that the recorder is the largest",
        f"sed p {K}; dd if=/dev/zero of=/tmp/a bs=1M status=none; dd"
        " if=/dev/zero of=/dev/shm/a"
        " bs=1M status=none; for i in $(seq 90); do python3 -c 'import time; x"
        " = bytearray(4 << 20);"
        " time.sleep(5)' & done > /dev/null 2>&1; wait",
        "",
        must=(LOST, found("key.read")),
        wait=20,
        breaks=True,
    ),
    technique(
        "busy-processors",
        "the tracer gets little time",
        f"for i in 1 2 3 4; do timeout 2 sh -c 'while :; do :; done' & done;"
        f" sed p {K}; wait",
        must=shown(),
    ),
)
