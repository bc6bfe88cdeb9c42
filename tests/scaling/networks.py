"""The way from a host to the database and the broker, which can be cut and mended.

As root a host is a network namespace at the other end of a pair of virtual Ethernet cards, and a cut takes the link
down. Elsewhere it is only processes of their own, and what it sends to its forwarders vanishes.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

from benchmarks.proxies import PASS, REFUSE, SILENT, Proxy
from benchmarks.services import free_port

NETWORK = "198.18.0.0/15"  # for tests of network devices (RFC 2544): nobody's real network
LOOPBACK = "127.0.0.1"
WEB_PORT = 8000
# What PostgreSQL is told of connections that come by TCP (futurisys/database_url.py): the forwarder stands in for it.
KEPT_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}


def may_make_namespaces() -> bool:
    """Whether this user may, on this machine."""
    if os.geteuid() or shutil.which("ip") is None:
        return False
    name = f"futurisys-{os.getpid()}-probe"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return False
    _ip("netns", "delete", name)
    return True


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Forwarder(Proxy):
    """A proxy on any address of this machine, which notices that a client has vanished as a server does."""

    def __init__(self, target: tuple[str, int] | Path, address: str) -> None:
        self.address = address
        super().__init__(target)

    def _listen(self) -> None:
        listener = socket.create_server((self.address, self.port), backlog=128)
        self.port, self._listener = listener.getsockname()[1], listener
        self._start(self._accept, listener)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEPT_ALIVE.items():
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        super()._serve(client)


class Link:
    """The way of one host. Processes of this machine alone: no namespace, everything on the loopback."""

    def __init__(self, database: tuple[str, int] | Path, broker: tuple[str, int] | Path) -> None:
        self.here = self.there = LOOPBACK
        self.port = free_port()
        self.prefix: list[str] = []
        self._lay()
        self.database, self.broker = Forwarder(database, self.here), Forwarder(broker, self.here)

    def _lay(self) -> None:
        """Nothing to be laid."""

    def cut(self) -> None:
        """From now on nothing comes through, and nobody is told."""
        self.database.mode = self.broker.mode = SILENT

    def mend(self) -> None:
        """What was sent meanwhile is lost, so connections of before the cut end."""
        self.database.mode = self.broker.mode = REFUSE
        self.database.mode = self.broker.mode = PASS

    def remove(self) -> None:
        """Close everything."""
        for forwarder in (self.database, self.broker):
            forwarder.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Namespace(Link):
    """The way into a network namespace."""

    def __init__(self, database: tuple[str, int] | Path, broker: tuple[str, int] | Path, *, number: int) -> None:
        self.name = f"futurisys-{os.getpid()}-{number}"
        self._card = f"fut{os.getpid() % 100_000}n{number}"
        self._net = f"198.18.{os.getpid() % 250}.{number * 4}"
        super().__init__(database, broker)

    def _lay(self) -> None:
        base, last = self._net.rsplit(".", 1)
        self.here, self.there = f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}"
        self.port, self.prefix = WEB_PORT, ["ip", "netns", "exec", self.name]
        _ip("netns", "add", self.name)
        _ip("link", "add", self._card, "type", "veth", "peer", "name", "inside", "netns", self.name)
        _ip("address", "add", f"{self.here}/30", "dev", self._card)
        _ip("link", "set", self._card, "up")
        for command in (["address", "add", f"{self.there}/30", "dev", "inside"], ["link", "set", "inside", "up"]):
            _ip("-netns", self.name, *command)
        _ip("-netns", self.name, "link", "set", "lo", "up")

    def cut(self) -> None:
        """Pull the cable."""
        _ip("link", "set", self._card, "down")

    def mend(self) -> None:
        """Plug it in: the kernels send again what was not acknowledged, as far as they have patience left."""
        _ip("link", "set", self._card, "up")

    def remove(self) -> None:
        """Close everything; the cards go with the namespace."""
        super().remove()
        subprocess.run(["ip", "link", "delete", self._card], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)
