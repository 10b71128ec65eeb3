"""The network: of any kind, and the host's own addresses."""

import errno
import os
import socket
import struct

from .attempt import GIVEN, refused
from .calls import connected

# Reserved for documentation (RFC 5737, RFC 3849): nobody answers there.
SOMEWHERE, SOMEWHERE_6 = "192.0.2.1", "2001:db8::1"
# Where clouds tell a machine its own keys.
METADATA = "169.254.169.254"
UNREACHABLE = "ENETUNREACH"
SENT = "EINPROGRESS|ECONNREFUSED|done|EHOSTUNREACH"
RTM_NEWLINK, NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 16, 1, 4, 0x400
NETLINK_ROUTE = 0
IFF_UP = 1


def tcp(address: str, port: int, family: int = socket.AF_INET) -> None:
    connected(family, (address, port), socket.SOCK_STREAM)


def udp(address: str, port: int = 53) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"?", (address, port))


def new_link() -> None:
    """Ask the kernel for a new interface; the answer is an error number."""
    name = struct.pack("HH8s", 12, 3, b"proctor\0")
    kind = struct.pack("HHHH6sxx", 16, 18, 10, 1, b"dummy\0")
    body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + name + kind
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as line:
        line.bind((0, 0))
        line.send(struct.pack("IHHII", 16 + len(body), RTM_NEWLINK, flags, 1, 0) + body)
        (number,) = struct.unpack("i", line.recv(4096)[16:20])
    if number:
        raise OSError(-number, "netlink")


def nameserver() -> None:
    """Ask every nameserver that the sandbox has been told of."""
    with open("/etc/resolv.conf") as file:
        words = [line.split() for line in file if line.startswith("nameserver")]
    for _, address in words or [("", SOMEWHERE)]:
        connected(
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            (address, 53),
            socket.SOCK_DGRAM,
        )
        if not address.startswith("127."):
            return
    raise OSError(errno.ENETUNREACH, "only its own loopback")


def packet(kind: int) -> None:
    with socket.socket(socket.AF_PACKET, kind, socket.htons(3)):
        pass


def raw(protocol: int, family: int = socket.AF_INET) -> None:
    with socket.socket(family, socket.SOCK_RAW, protocol):
        pass


def of_family(family: int, kind: int) -> None:
    with socket.socket(family, kind):
        pass


def interfaces() -> str:
    """Name those that are up: a kernel puts tunnels that are down into each network."""
    found = []
    for _, name in socket.if_nameindex():
        with open(f"/sys/class/net/{name}/flags") as file:
            if int(file.read(), 16) & IFF_UP:
                found.append(name)
    return ",".join(sorted(found))


def answered(port: int) -> None:
    """Connect to this machine's own address."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


def vsock() -> None:
    # 2 is the host (VMADDR_CID_HOST)
    connected(40, (2, 1024), socket.SOCK_STREAM)


def tun() -> None:
    os.close(os.open("/dev/net/tun", os.O_RDWR))


ATTEMPTS = (
    refused("network/tcp", lambda: tcp(SOMEWHERE, 80), UNREACHABLE, "free", SENT),
    refused("network/udp", lambda: udp(SOMEWHERE), UNREACHABLE, "free", SENT),
    refused("network/metadata", lambda: tcp(METADATA, 80), UNREACHABLE, "free", SENT),
    refused(
        "network/ipv6",
        lambda: tcp(SOMEWHERE_6, 80, socket.AF_INET6),
        f"{UNREACHABLE}|EADDRNOTAVAIL|EAFNOSUPPORT",
        why="an engine's bridge has no route for IPv6 unless it is given one",
    ),
    refused(
        "network/broadcast",
        lambda: udp("255.255.255.255"),
        f"{UNREACHABLE}|EACCES",
        why="needs an option that is not refused, and then a route",
    ),
    refused("network/multicast", lambda: udp("224.0.0.1"), UNREACHABLE, "free", SENT),
    refused(
        "network/nameserver",
        nameserver,
        UNREACHABLE,
        why="the host may itself have none",
    ),
    refused(
        "network/name",
        lambda: socket.getaddrinfo("example.com", 80),
        "EAI_AGAIN|EAI_NONAME|EAI_FAIL",
        why="no name can be looked up without a network",
    ),
    refused("network/raw-icmp", lambda: raw(socket.IPPROTO_ICMP), "EPERM", "free"),
    refused("network/raw-tcp", lambda: raw(socket.IPPROTO_TCP), "EPERM", "free"),
    refused(
        "network/raw-ipv6",
        lambda: raw(socket.IPPROTO_ICMPV6, socket.AF_INET6),
        "EPERM|EAFNOSUPPORT",
        "free",
        "done|EAFNOSUPPORT",
    ),
    refused("network/packet", lambda: packet(socket.SOCK_RAW), "EPERM", "free"),
    refused("network/packet-dgram", lambda: packet(socket.SOCK_DGRAM), "EPERM", "free"),
    refused(
        "network/vsock",
        vsock,
        "EPERM|EAFNOSUPPORT|ENODEV",
        why="the kernel may be without virtual sockets",
    ),
    refused(
        "network/bluetooth",
        lambda: of_family(31, socket.SOCK_RAW),
        "EPERM|EAFNOSUPPORT",
        why="the kernel may be without it",
    ),
    refused(
        "network/interfaces",
        interfaces,
        "= lo",
        "free",
        "= eth0,lo",
    ),
    refused(
        "network/new-interface",
        new_link,
        "EPERM",
        "free",
        "done|EEXIST|ENOTSUP",
    ),
    refused("network/tun", tun, "ENOENT|EPERM|EACCES", why="it may be a module"),
    refused(
        "network/host-loopback",
        lambda: answered(GIVEN["tcp"]),
        "ECONNREFUSED",
        "here",
    ),
    refused(
        "network/host-abstract-socket",
        lambda: connected(
            socket.AF_UNIX, b"\0" + GIVEN["abstract"].encode(), socket.SOCK_STREAM
        ),
        "ECONNREFUSED",
        "here",
    ),
    refused(
        "network/gateway",
        lambda: udp(GIVEN["gateway"], 53),
        UNREACHABLE,
        "free",
        SENT,
    ),
)
