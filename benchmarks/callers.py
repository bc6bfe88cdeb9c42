"""Programs that ask every kind of door at once, and what they were told."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from benchmarks.oracle import IRIS, MODEL

CLIENT_SECONDS = 60


@dataclass(frozen=True)
class Seen:
    """One answer. `is_refusal`: 503 in the shape of its door, with Retry-After; `shows`: it holds a prediction."""

    kind: str
    status: int
    seconds: float
    is_refusal: bool
    shows: bool
    text: str


@dataclass(frozen=True)
class Question:
    """A request; a new idempotency key where it takes one."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] | None = None


def questions(token: str, session: str) -> list[Question]:
    """Each way in: token, session, key of the seeds; each shape of an error: problem+json, and {"error"} on /v2."""
    token_ = {"Authorization": f"Token {token}"}
    predict = f"/api/v1/models/{MODEL}/predict"
    return [
        Question("predict", "POST", predict, token_, {"inputs": IRIS}),
        Question("predict again", "POST", predict, token_ | {"Idempotency-Key": ""}, {"inputs": [IRIS] * 3}),
        Question("list", "GET", "/api/v1/models", token_),
        Question("list in a session", "GET", "/api/v1/models", {"Cookie": f"session={session}"}),
        Question("v2", "GET", f"/v2/models/{MODEL}", token_),
        Question("seeds", "GET", "/models", {"X-API-Key": token}),
    ]


class Callers:
    """So many threads that ask in turn: four, as a web process has, so that nobody waits in line behind another one."""

    def __init__(self, address: str, token: str, session: str, *, count: int = 4) -> None:
        self.place, self.count = urlsplit(address), count
        self.questions = questions(token, session)

    def ask(self, seconds: float) -> list[Seen]:
        """Ask for so long; what was begun is waited for."""
        end = time.monotonic() + seconds
        return self._run(lambda _made: time.monotonic() < end)

    def ask_each(self, times: int) -> list[Seen]:
        """Each asks so often, all at once."""
        return self._run(lambda made: made < times)

    def _run(self, goes_on: Callable[[int], bool]) -> list[Seen]:
        seen: list[Seen] = []

        def run(number: int) -> None:
            made = 0
            while goes_on(made):
                seen.append(self._one(self.questions[(number + made) % len(self.questions)]))
                made += 1

        threads = [threading.Thread(target=run, args=[number]) for number in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen

    def _one(self, asked: Question) -> Seen:
        begun = time.monotonic()
        connection = http.client.HTTPConnection(self.place.hostname or "", self.place.port, timeout=CLIENT_SECONDS)
        headers = {"Content-Type": "application/json", **asked.headers}
        if "Idempotency-Key" in headers:
            headers["Idempotency-Key"] = f"call-{uuid.uuid4()}"
        try:
            connection.request(asked.method, asked.path, asked.body and json.dumps(asked.body), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Seen(asked.kind, 0, time.monotonic() - begun, False, False, f"{asked.kind}: {error!r}")
        finally:
            connection.close()
        text = f"{asked.kind}: {answer.status} {content[:300].decode(errors='replace')}"
        refusal = answer.status == 503 and "Retry-After" in answer.headers and _has_shape(asked, answer, content)
        shows = b"setosa" in content or b'"predictions"' in content
        return Seen(asked.kind, answer.status, time.monotonic() - begun, refusal, shows, text)


def _has_shape(asked: Question, answer: http.client.HTTPResponse, content: bytes) -> bool:
    body = json.loads(content)
    if asked.path.startswith("/v2"):
        return list(body) == ["error"]
    return answer.headers["Content-Type"] == "application/problem+json" and body["code"] == "not_recorded"


def session_of(user: Any) -> str:
    """The value of a session's cookie. Django must be set up."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
