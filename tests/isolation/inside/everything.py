"""All attempts."""

from . import host, keys, network, others, recorder, root

ALL = [
    *network.ATTEMPTS,
    *others.ATTEMPTS,
    *host.ATTEMPTS,
    *recorder.ATTEMPTS,
    *root.ATTEMPTS,
    *keys.ATTEMPTS,
]
