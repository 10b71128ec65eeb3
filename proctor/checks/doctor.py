"""The table of checks, in the order in which they are made.

To add one, write a function from a setting to a result and add an entry.
"""

from . import docker, machine, model
from .check import Check

DOCKER, LOCAL, CLUSTER = ("docker",), ("local",), ("k8s",)
# Seconds. The first import of a provider's package takes some on a loaded machine.
IMPORT = 60
ENGINE = ("engine",)
ROOM = ("engine", "compose")

CHECKS = (
    Check("python", "Python", machine.python),
    Check("proctor", "proctor", machine.proctor),
    Check("packages", "Packages", machine.packages),
    Check("dotenv", ".env", machine.dotenv),
    Check("log_dir", "Log folder", machine.log_dir),
    Check("model", "Model", model.client, limit=IMPORT),
    Check("key", "Key", model.key, limit=IMPORT, after=("model",)),
    Check("local", "Local room", machine.local_room, limit=IMPORT, kinds=LOCAL),
    Check("cluster", "Cluster", machine.cluster, limit=IMPORT, kinds=CLUSTER),
    Check("engine", "Docker engine", docker.engine, limit=IMPORT, kinds=DOCKER),
    Check("compose", "Docker Compose", docker.compose, 40, DOCKER),
    Check("runtime", "Runtime", docker.runtime, 15, DOCKER, ENGINE),
    Check("disk", "Docker's disk", docker.disk, 25, DOCKER, ROOM),
    Check("memory", "Memory", docker.memory, 15, DOCKER, ROOM),
    Check("image", "Image", docker.image, 15, DOCKER, ROOM),
    Check("strace", "strace", docker.tracer, 60, DOCKER, (*ROOM, "image")),
    Check("ptrace", "Tracing", docker.ptrace, 75, DOCKER, (*ROOM, "image", "strace")),
    Check("left_over", "Left over", docker.left_over, 35, DOCKER, ENGINE),
)
