"""A proxy between the product and its database that does what networks do: refuse, go silent, dawdle, hang up."""

import contextlib
import select
import socket
import struct
import threading
import time
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from benchmarks.services import HOST

PASS, REFUSE, SILENT, SLOW, RESET = "pass", "refuse", "silent", "slow", "reset"
HANG_UP = struct.pack("ii", 1, 0)  # SO_LINGER of 0: closing sends RST


def socket_of(address: str) -> tuple[str, int] | Path:
    """Where the server of this address listens."""
    found = conninfo_to_dict(address)
    host, port = str(found.get("host") or "127.0.0.1"), int(found.get("port") or 5432)
    return Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)


def behind(proxy: "Proxy", address: str) -> str:
    """The same address, reached through the proxy."""
    found = conninfo_to_dict(address)
    user, password = quote(str(found["user"]), safe=""), quote(str(found["password"]), safe="")
    return f"postgresql://{user}:{password}@{HOST}:{proxy.port}/{found['dbname']}"


class Proxy:
    """Forwards a port of the loopback to PostgreSQL's socket. A context manager.

    `mode` may be set at any time, and holds for open connections too. REFUSE: nobody listens, open connections end.
    SILENT: what comes is taken, acknowledged by TCP, and never passed on; new connections are accepted. SLOW: each
    packet of the server comes `latency` seconds late. RESET: a connection is reset as soon as a query was passed on.
    """

    def __init__(self, target: tuple[str, int] | Path, *, latency: float = 3.0) -> None:
        self.target, self.latency = target, latency
        self._mode, self._open = PASS, True
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen()

    @property
    def mode(self) -> str:
        """What it does now."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = mode
        if mode == REFUSE:
            self._close_listener()
        elif self._listener is None:
            self._listen()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._close_listener()
        for thread in self._threads:
            thread.join(10)

    def _listen(self) -> None:
        listener = socket.create_server((HOST, self.port), backlog=128)
        self.port, self._listener = listener.getsockname()[1], listener
        self._start(self._accept, listener)

    def _close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._listener.close()
        self._listener = None

    def _start(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _connect(self) -> socket.socket:
        if isinstance(self.target, Path):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.target))
            return server
        return socket.create_connection(self.target)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(OSError):
            with self._connect() as server:
                while self._open and self._mode != REFUSE:
                    ready = select.select([client, server], [], [], 0.05)[0]
                    if self._mode == SILENT:
                        if client in ready and not client.recv(65_536):
                            return
                        time.sleep(0.05 if server in ready else 0)
                    elif not self._forward(client, server, ready):
                        return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP)

    def _forward(self, client: socket.socket, server: socket.socket, ready: list[socket.socket]) -> bool:
        """Pass on what is there; False when the connection is over."""
        for source, sink in ((client, server), (server, client)):
            if source not in ready:
                continue
            content = source.recv(65_536)
            if not content:
                return False
            if source is server and self._mode == SLOW:
                self._dawdle()
            sink.sendall(content)
            if source is client and self._mode == RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP)
                return False
        return True

    def _dawdle(self) -> None:
        end = time.monotonic() + self.latency
        while self._mode == SLOW and self._open and time.monotonic() < end:
            time.sleep(0.02)
