"""The limits of one Hub call: time, bytes, and the hosts it may speak to. Knows HTTP, not huggingface_hub."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2

from registry import hub_errors as wrong

T = TypeVar("T")

# Longest wait, in seconds, for a connection, for the next bytes, for sending bytes, for a pooled connection.
WAITS = {"connect": 5.0, "read": 15.0, "write": 30.0, "pool": 5.0}
# The library pauses up to 8 s before it tries again; with less than this left, a failure is the last one.
PATIENCE = 10.0
GRACE = 1.0  # what a call may take over its budget to say itself why it ended
ANSWERS = 32 << 20  # bytes of JSON a call may take in
RETRIED = {408, 429, 500, 502, 503, 504}


@dataclass
class Call:
    """What is being asked of whom, and how much time and how many bytes are left for it."""

    endpoint: str
    repo_id: str
    revision: str
    token: str | None
    budget: float  # seconds of wall clock
    max_bytes: int = ANSWERS
    uploads: bool = False
    storage: set[str] = field(default_factory=set)  # origins of large files the Hub sent us to
    received: int = 0

    def __post_init__(self) -> None:
        self.endpoint = self.endpoint.rstrip("/")
        if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", self.endpoint):
            raise wrong.BadAddress("The Hub's address must be http:// or https:// and a host, without a password.")
        self.deadline = time.monotonic() + self.budget

    @property
    def what(self) -> str:
        """Repository and revision, for sentences."""
        return f"{self.repo_id} at {self.revision}"

    def left(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()

    def run(self, work: Callable[[], T]) -> T:
        """Do the work in its own thread: a hanging name server or a pause of the library has no other limit.

        Raises what the work raised, HubTimeout when it does not end; such a thread ends at its next request.
        """
        done: list[T] = []
        failed: list[BaseException] = []

        def body() -> None:
            CURRENT.set(self)
            try:
                done.append(work())
            except BaseException as error:  # noqa: BLE001  raised again by the caller's thread
                failed.append(error)

        thread = threading.Thread(target=body, name="hub", daemon=True)
        thread.start()
        thread.join(max(0.0, self.left()) + GRACE)
        if failed:
            raise failed[0]
        if not done:
            raise self.late()
        return done[0]

    # -- what the HTTP client asks

    def before(self, request: httpx2.Request) -> None:
        """Refuse what must not leave, and give the rest no more time than is left."""
        if self.left() <= 0:
            raise self.late()
        origin = _origin(str(request.url))
        if origin != _origin(self.endpoint) and not self._may_leave(request, origin):
            raise wrong.HubMisbehaved(
                f"{self.endpoint} sent us to {origin} for {self.what}; that request was not made."
            )
        # A compressed answer could be a thousand times larger on disk than announced.
        request.headers["Accept-Encoding"] = "identity"
        asked = request.extensions.get("timeout") or {}
        limits = {name: min(asked.get(name) or wait, wait, self.left()) for name, wait in WAITS.items()}
        request.extensions["timeout"] = limits

    def _may_leave(self, request: httpx2.Request, origin: str) -> bool:
        if "authorization" in request.headers:
            return False
        if self.endpoint.startswith("https:") and not origin.startswith("https:"):
            return False
        if request.method == "PUT":
            return self.uploads
        return request.method in ("GET", "HEAD") and origin in self.storage

    def after(self, response: httpx2.Response) -> None:
        """Learn where large files are, end retries that would outlast the budget, watch over the body."""
        known = _origin(str(response.url)) in self.storage
        if response.has_redirect_location and (known or "/resolve/" in response.url.path):
            self.storage.add(_origin(urljoin(str(response.url), response.headers["location"])))
        if response.status_code in RETRIED and self.left() < max(PATIENCE, (_pause(response) or 0) + 1):
            raise self.answered(response)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise wrong.HubMisbehaved(f"{self.endpoint} sent {self.what} compressed, which was not asked for.")
        response.stream = _Watched(response.stream, self)

    def count(self, size: int) -> None:
        """Note bytes of a body that came in."""
        self.received += size
        if self.left() <= 0:
            raise self.late()
        if self.received > self.max_bytes:
            raise wrong.TooLarge(f"{self.what} is larger than the {self.max_bytes:,} bytes allowed, answers included.")

    # -- sentences

    def late(self) -> wrong.HubTimeout:
        """The budget is spent."""
        return wrong.HubTimeout(
            f"{self.endpoint} did not finish with {self.what} within {self.budget:g} s; try again later."
        )

    def lost(self, error: httpx2.TransportError) -> wrong.HubError:
        """The connection failed."""
        if self.left() <= 0:
            return self.late()
        if isinstance(error, httpx2.ReadTimeout | httpx2.WriteTimeout):
            return wrong.HubTimeout(f"{self.endpoint} went silent while asked for {self.what}; try again later.")
        return wrong.HubUnreachable(
            f"The connection to {self.endpoint} for {self.what} failed ({type(error).__name__}); "
            "check the address and the network."
        )

    def answered(self, response: httpx2.Response) -> wrong.HubError:
        """The error for a status alone."""
        status = response.status_code
        if status == 429:
            pause = _pause(response)
            when = f"in {pause} s" if pause is not None else "later"
            text = f"{self.endpoint} allows no more requests for now ({self.what}); try again {when}."
            return wrong.HubRateLimited(text, retry_after=pause)
        if status >= 500 or status == 408:
            return wrong.HubUnavailable(
                f"{self.endpoint} has a problem (HTTP {status}) with {self.what}; try again later."
            )
        if status in (401, 402, 403):
            which = "the token" if self.token else "a request without token"
            return wrong.HubRefused(f"{self.endpoint} does not accept {which} for {self.what} (HTTP {status}).")
        return wrong.HubMisbehaved(f"{self.endpoint} answered HTTP {status} for {self.what}.")


CURRENT: ContextVar[Call] = ContextVar("hub_call")


class LimitedClient(httpx2.Client):
    """The client huggingface_hub shares between threads, under the limits of the call of each."""

    def __init__(self, *hooks: Callable[[httpx2.Request], Any]) -> None:
        own: dict[str, list[Callable[..., Any]]] = {"request": [*hooks, _before], "response": [_after]}
        super().__init__(event_hooks=own, follow_redirects=True, timeout=None)

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send; a failure that leaves no time to try again is put in our words, which nobody retries."""
        try:
            return super().send(request, **how)
        except httpx2.TransportError as error:
            _give_up_on(error)
            raise


def _give_up_on(error: httpx2.TransportError) -> None:
    call = CURRENT.get()
    if call.left() < PATIENCE:
        raise call.lost(error) from error


def _before(request: httpx2.Request) -> None:
    call = CURRENT.get(None)
    if call is None:
        raise RuntimeError("huggingface_hub is used through registry.hub, within the limits of a call")
    call.before(request)


def _after(response: httpx2.Response) -> None:
    CURRENT.get().after(response)


class _Watched(httpx2.SyncByteStream):
    """A body whose every piece is counted."""

    def __init__(self, stream: Any, call: Call) -> None:
        self._stream, self._call = stream, call

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                self._call.count(len(piece))
                yield piece
        except httpx2.TransportError as error:
            _give_up_on(error)
            raise

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()


def _origin(url: str) -> str:
    split = urlsplit(url)
    port = split.port or {"http": 80, "https": 443}.get(split.scheme, 0)
    return f"{split.scheme}://{(split.hostname or '').lower()}:{port}"


def _pause(response: httpx2.Response) -> int | None:
    """Seconds the Hub asks us to wait, from RateLimit ("api";r=0;t=55) or Retry-After; else None."""
    limit = re.search(r"\br=0\b.*?\bt=(\d+)", response.headers.get("ratelimit", ""))
    if limit and response.status_code == 429:
        return int(limit[1])
    after = response.headers.get("retry-after", "").strip()
    return int(after) if after.isdigit() else None
