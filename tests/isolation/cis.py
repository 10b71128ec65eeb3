"""The CIS Docker Benchmark's section 5, "Container Runtime", as checks of a container.

Numbers and titles are those of version 1.6.0. What is checked is our own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Container = Mapping[str, Any]
# What docs/isolation.md gives the reasons for.
RECORDERS = {
    *("SYS_PTRACE", "SETUID", "SETGID", "SETPCAP"),
    *("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL"),
}
# Given away with each container, by the engine itself.
HARMLESS = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}


@dataclass(frozen=True)
class Facts:
    """What an engine says of a container.

    Attributes:
        container: As `docker inspect` prints it.
        engine: As `docker info` prints it.
        processes: Names of what runs in it.
    """

    container: Container
    engine: Mapping[str, Any]
    processes: frozenset[str]

    @property
    def host(self) -> Mapping[str, Any]:
        """The settings that touch the host."""
        return dict(self.container["HostConfig"])

    @property
    def ports(self) -> object:
        """Whatever is open or bound."""
        network = self.container["NetworkSettings"]
        return network.get("Ports") or self.host["PortBindings"]

    @property
    def options(self) -> set[str]:
        """The security options, written in one way."""
        return {o.replace("=", ":") for o in self.host["SecurityOpt"] or []}

    def has(self, option: str) -> bool:
        """Whether the engine knows a kind of protection."""
        return any(f"name={option}" in o for o in self.engine["SecurityOptions"])


@dataclass(frozen=True)
class Check:
    """One recommendation.

    Attributes:
        number: Its number.
        title: Its title.
        holds: Whether what the page says of it is so: that it is met, or, where it is
            an exception, how far that goes.
        exception: Whether it is one; its reason stands on the page.
    """

    number: str
    title: str
    holds: Callable[[Facts], bool]
    exception: bool = False


def confined(facts: Facts) -> bool:
    """Whether AppArmor's default profile is on, where the host has AppArmor."""
    return not facts.has("apparmor") or facts.container["AppArmorProfile"] not in (
        "",
        "unconfined",
    )


def only_the_recorders(facts: Facts) -> bool:
    added = {c.removeprefix("CAP_") for c in facts.host["CapAdd"]}
    return facts.host["CapDrop"] == ["ALL"] and added == RECORDERS


def no_mounts(facts: Facts) -> bool:
    return facts.container["Mounts"] == [] and not facts.host["Binds"]


CHECKS = (
    Check(
        "5.1",
        "Ensure swarm mode is not Enabled, if not needed",
        lambda f: f.engine["Swarm"]["LocalNodeState"] == "inactive",
    ),
    Check(
        "5.2", "Ensure that, if applicable, an AppArmor Profile is enabled", confined
    ),
    Check(
        "5.3",
        "Ensure that, if applicable, SELinux security options are set",
        lambda f: "label:disable" not in f.options,
    ),
    Check(
        "5.4",
        "Ensure that Linux kernel capabilities are restricted within containers",
        only_the_recorders,
        exception=True,
    ),
    Check(
        "5.5",
        "Ensure that privileged containers are not used",
        lambda f: f.host["Privileged"] is False,
    ),
    Check(
        "5.6",
        "Ensure sensitive host system directories are not mounted on containers",
        no_mounts,
    ),
    Check(
        "5.7",
        "Ensure sshd is not run within containers",
        lambda f: "sshd" not in f.processes and "tail" in f.processes,
    ),
    Check(
        "5.8",
        "Ensure privileged ports are not mapped within containers",
        lambda f: not f.ports,
    ),
    Check(
        "5.9",
        "Ensure that only needed ports are open on the container",
        lambda f: not f.ports and not f.container["Config"].get("ExposedPorts"),
    ),
    Check(
        "5.10",
        "Ensure that the host's network namespace is not shared",
        lambda f: f.host["NetworkMode"] == "none",
    ),
    Check(
        "5.11",
        "Ensure that the memory usage for containers is limited",
        lambda f: 0 < f.host["Memory"] == f.host["MemorySwap"],
    ),
    Check(
        "5.12",
        "Ensure that CPU priority is set appropriately on containers",
        lambda f: f.host["NanoCpus"] == 10**9,
    ),
    Check(
        "5.13",
        "Ensure that the container's root filesystem is mounted as read only",
        lambda f: f.host["ReadonlyRootfs"] is True,
    ),
    Check(
        "5.14",
        "Ensure that incoming container traffic is bound to a specific host interface",
        lambda f: not f.ports,
    ),
    Check(
        "5.15",
        "Ensure that the 'on-failure' container restart policy is set to '5'",
        lambda f: f.host["RestartPolicy"]["Name"] in ("", "no"),
        exception=True,
    ),
    Check(
        "5.16",
        "Ensure that the host's process namespace is not shared",
        lambda f: f.host["PidMode"] == "",
    ),
    Check(
        "5.17",
        "Ensure that the host's IPC namespace is not shared",
        lambda f: f.host["IpcMode"] in ("private", "none"),
    ),
    Check(
        "5.18",
        "Ensure that host devices are not directly exposed to containers",
        lambda f: not f.host["Devices"] and not f.host["DeviceRequests"],
    ),
    Check(
        "5.19",
        "Ensure that the default ulimit is overwritten at runtime if needed",
        lambda f: f.host["PidsLimit"] > 0,
        exception=True,
    ),
    Check(
        "5.20",
        "Ensure mount propagation mode is not set to shared",
        lambda f: "shared" not in [m.get("Propagation") for m in f.container["Mounts"]],
    ),
    Check(
        "5.21",
        "Ensure that the host's UTS namespace is not shared",
        lambda f: f.host["UTSMode"] == "",
    ),
    Check(
        "5.22",
        "Ensure the default seccomp profile is not Disabled",
        lambda f: f.has("seccomp") and "seccomp:unconfined" not in f.options,
    ),
    Check(
        "5.23",
        "Ensure that docker exec commands are not used with the privileged option",
        lambda f: not f.host["Privileged"],
    ),
    Check(
        "5.24",
        "Ensure that docker exec commands are not used with the user=root option",
        only_the_recorders,
        exception=True,
    ),
    Check(
        "5.25",
        "Ensure that cgroup usage is confirmed",
        lambda f: f.host["CgroupParent"] == "",
    ),
    Check(
        "5.26",
        "Ensure that the container is restricted from acquiring additional privileges",
        lambda f: bool({"no-new-privileges:true", "no-new-privileges"} & f.options),
    ),
    Check(
        "5.27",
        "Ensure that container health is checked at runtime",
        lambda f: not f.container["Config"].get("Healthcheck"),
        exception=True,
    ),
    Check(
        "5.28",
        "Ensure that Docker commands always make use of the latest version of their "
        "image",
        lambda f: f.container["Config"]["Image"].startswith("cheating-evals-room:"),
        exception=True,
    ),
    Check(
        "5.29",
        "Ensure that the PIDs cgroup limit is used",
        lambda f: 0 < f.host["PidsLimit"] <= 256,
    ),
    Check(
        "5.30",
        "Ensure that Docker's default bridge 'docker0' is not used",
        lambda f: list(f.container["NetworkSettings"]["Networks"]) == ["none"],
    ),
    Check(
        "5.31",
        "Ensure that the host's user namespaces are not shared",
        lambda f: f.host["UsernsMode"] == "",
        exception=True,
    ),
    Check(
        "5.32",
        "Ensure that the Docker socket is not mounted inside any containers",
        no_mounts,
    ),
)
