"""The HTTP of the loopback Hub: reading requests, sending answers, and harming them where a fault says so."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from examples.hub.faults import Fault, Faults
from examples.hub.store import CHUNK, MovedError, RefusedError


@dataclass(frozen=True)
class Seen:
    """One request as it came in; `port` tells the API (the Hub's own) from the storage behind it."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    port: int


@dataclass
class Answer:
    """What is sent back; a Path is sent as a file, with ranges."""

    status: int = 200
    body: bytes | Path = b""
    headers: dict[str, str] | None = None


@dataclass
class Request:
    """What a route is given."""

    method: str
    query: dict[str, str]
    headers: dict[str, str]
    body: "Chunked | Measured"
    base: str  # http://127.0.0.1:PORT of the API

    @property
    def token(self) -> str | None:
        """The bearer token, or None."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" and value else None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; RefusedError when it is none."""
        try:
            return dict(json.loads(self.body.read()))
        except (ValueError, TypeError):
            raise RefusedError(400, "The body is no JSON object") from None


Route = tuple[str, re.Pattern[str], Callable[..., Answer]]


def as_json(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


class Chunked:
    """The body of a request sent with Transfer-Encoding: chunked, as a stream."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream, self._left, self._ended = stream, 0, False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; everything without one."""
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if not self._left and not self._ended:
            self._left = int(self._stream.readline().split(b";")[0], 16)
            self._ended = self._left == 0
            if self._ended:
                self._stream.readline()
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        if data and not self._left:
            self._stream.readline()
        return data


class Measured:
    """The body of a request with a Content-Length, as a stream that ends there."""

    def __init__(self, stream: BufferedIOBase, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; everything without one."""
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


class Server(ThreadingHTTPServer):
    """A loopback server that can be stopped while connections are open."""

    daemon_threads = False  # server_close() waits for them, after close() has cut their connections

    def __init__(self, port: int, faults: Faults, seen: list[Seen]) -> None:
        self.faults, self.seen = faults, seen
        self.routes: list[Route] = []
        self.api = ""  # the address of the API
        self.closing = threading.Event()
        self._open: set[Any] = set()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that close() can cut it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""

    def close(self) -> None:
        """Stop listening, cut every connection, wait for the threads."""
        self.closing.set()
        self.shutdown()
        for connection in list(self._open):
            try:
                connection.shutdown(2)
            except OSError:
                self._open.discard(connection)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection: HTTP/1.1 with exact lengths, kept open between requests."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout = 120
    wbufsize = 1 << 16  # head and body leave together: apart, each answer would wait for an acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The log of requests is `LocalHub.requests`."""

    def do_GET(self) -> None:
        """Every method is served alike: routes know the method."""
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, self.server.server_address[1]))
        fault = self.server.faults.take(f"{self.command} {self.path}")
        body: Chunked | Measured = Measured(self.rfile, int(headers.get("content-length", 0)))
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = Chunked(self.rfile)
        if fault and self._harmed_before(fault, body):
            return
        try:
            answer = self._route(headers, body)
        except RefusedError as refused:
            answer = _refusal(refused, self.path)
        while body.read(CHUNK):  # what the route left would be taken for the next request
            pass
        self._send(answer, fault or Fault(pattern=""))

    def _harmed_before(self, fault: Fault, body: Chunked | Measured) -> bool:
        """Whether the fault has already dealt with the request."""
        if not (fault.delay or fault.silent or fault.drop or fault.status):
            return False
        while body.read(CHUNK):
            pass
        if fault.delay:
            self.server.closing.wait(fault.delay)
        if fault.silent:
            self.server.closing.wait()
        if fault.silent or fault.drop:
            self.close_connection = True
            return True
        if fault.status:
            self._send(as_json(fault.body, status=fault.status, headers=fault.headers), Fault(pattern=""))
        return bool(fault.status)

    def _route(self, headers: dict[str, str], body: Chunked | Measured) -> Answer:
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        request = Request(self.command, query, headers, body, self.server.api)
        for methods, pattern, function in self.server.routes:
            if self.command in methods.split() and (match := pattern.fullmatch(split.path)):
                given = {k: unquote(v or "") for k, v in match.groupdict().items()}
                answer: Answer = function(request, **given)
                return answer
        raise RefusedError(404, "Sorry, we can't find the page you are looking for.")

    # -- answers

    def _send(self, answer: Answer, fault: Fault) -> None:
        headers = {"X-Request-Id": f"Root=1-{time.time_ns():x}", **(answer.headers or {})}
        start, length, status = 0, _size(answer.body), answer.status
        wanted = self.headers.get("Range")
        if wanted and status == 200 and isinstance(answer.body, Path):
            status, start, length = _range(wanted, length, headers)
        length = max(0, length - fault.shorten)
        if fault.shorten and "X-Linked-Size" in headers:
            headers["X-Linked-Size"] = str(int(headers["X-Linked-Size"]) - fault.shorten)
        self._send_head(status, headers | {"Content-Length": str(length)}, fault)
        if self.command == "HEAD" or status == 416:
            return
        self._send_body(answer.body, start, length, fault)

    def _send_head(self, status: int, headers: dict[str, str], fault: Fault) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if fault.dribble_head:
            self.end_headers_slowly(fault.dribble_head)
        else:
            self.end_headers()

    def end_headers_slowly(self, seconds: float) -> None:
        """Send the head a byte at a time, until the Hub stops."""
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer: list[bytes] = []
        self._drip(head, seconds)

    def _drip(self, data: bytes, seconds: float) -> None:
        for at in range(len(data)):
            self.wfile.write(data[at : at + 1])
            self.wfile.flush()
            if self.server.closing.wait(seconds):
                return

    def _send_body(self, body: bytes | Path, start: int, length: int, fault: Fault) -> None:
        send = length if fault.truncate is None else min(fault.truncate, length)
        harmed = _size(body) // 2 - start if fault.corrupt else -1
        with body.open("rb") if isinstance(body, Path) else BytesIO(body) as file:
            file.seek(start)
            while send > 0 and (data := file.read(min(CHUNK, send))):
                if 0 <= harmed < len(data):
                    data = data[:harmed] + bytes([data[harmed] ^ 1]) + data[harmed + 1 :]
                harmed, send = harmed - len(data), send - len(data)
                if fault.dribble:
                    self._drip(data, fault.dribble)
                else:
                    self.wfile.write(data)
        if fault.truncate is not None:
            self.close_connection = True


def _refusal(refused: RefusedError, path: str) -> Answer:
    headers = {"X-Error-Message": refused.text}
    if isinstance(refused, MovedError):
        headers["Location"] = path.replace(f"/{refused.old}", f"/{refused.new}", 1)
    if refused.code:
        headers["X-Error-Code"] = refused.code
    return as_json(refused.body or {"error": refused.text}, status=refused.status, headers=headers)


def _size(body: bytes | Path) -> int:
    return body.stat().st_size if isinstance(body, Path) else len(body)


def _range(wanted: str, size: int, headers: dict[str, str]) -> tuple[int, int, int]:
    """(status, first byte, length) of one `bytes=a-b`; adds Content-Range. Odd ones get the whole file."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted.strip())
    if not match:
        return 200, 0, size
    first, last = int(match[1]), int(match[2] or size - 1)
    if first >= size:
        headers["Content-Range"] = f"bytes */{size}"
        return 416, 0, 0
    last = min(last, size - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return 206, first, last - first + 1
