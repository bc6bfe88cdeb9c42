"""Webhooks of the loopback Hub: kept with its data, delivered from a thread, each delivery written to a log.

The body is what the public Hub sends (`headSha`, `updatedRefs`, `repo.id`), the secret goes as it is in
X-Webhook-Secret, and nothing is tried twice: also as there.
"""

import http.client
import json
import queue
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from examples.hub.store import RefusedError, Repo, Store, now

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
STARTED = "0" * 24  # the webhook that the command line asks for: one, however often the Hub starts
EVERYTHING = {"type": "org", "name": "*"}
TIMEOUT = 10.0
KEPT = 200

Hook = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One delivery: what was sent where, and what came back: `status` 0 and an `error` when nothing did."""

    id: str
    at: str
    webhook: str
    url: str
    body: dict[str, Any]
    status: int
    error: str = ""
    answer: str = ""


class Webhooks:
    """The webhooks of one Hub. `log` holds the latest deliveries, oldest first."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store, self._file = store, directory / "deliveries.jsonl"
        self.base = ""  # the address of the API, once it is known
        self.log: list[Sent] = self._read()
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._closing = False
        store.listeners.append(self.changed)

    def _read(self) -> list[Sent]:
        if not self._file.exists():
            return []
        lines = self._file.read_text().splitlines()[-KEPT:]
        self._file.write_text("".join(f"{line}\n" for line in lines))
        return [Sent(**json.loads(line)) for line in lines]

    # -- the settings

    def all(self) -> list[Hook]:
        """Every webhook."""
        return [dict(hook) for hook in self.store.hooks().values()]

    def get(self, hook_id: str) -> Hook:
        """One webhook."""
        try:
            return dict(self.store.hooks()[hook_id])
        except KeyError:
            raise RefusedError(404, "Webhook not found") from None

    def put(self, hook_id: str | None = None, **values: Any) -> Hook:
        """Make a webhook, or change what `values` holds of one: url, watched, domains, secret, disabled."""
        fresh = {"watched": [], "domains": ["repo", "discussion"], "secret": None, "disabled": False}
        known = self.store.hooks().get(hook_id or "", {"id": hook_id or secrets.token_hex(12), **fresh})
        hook = {**known, **values}
        _check(hook)
        with self.store.changing() as index:
            index["webhooks"][hook["id"]] = hook
        return hook

    def delete(self, hook_id: str) -> None:
        """Forget a webhook."""
        self.get(hook_id)
        with self.store.changing() as index:
            del index["webhooks"][hook_id]

    # -- delivering

    def changed(self, repo_id: str, repo: Repo, event: dict[str, Any]) -> None:
        """Tell every webhook that watches this repository; called by the store after each change."""
        body = event | {"repo": self._described(repo_id, repo)}
        for hook in self.all():
            if not hook["disabled"] and "repo" in hook["domains"] and _watches(hook, repo_id):
                self._begin(hook, body)

    def send(self, hook_id: str, body: dict[str, Any]) -> None:
        """Deliver any body to one webhook: for tests of what no change here brings about."""
        self._begin(self.get(hook_id), body)

    def replay(self, sent_id: str) -> None:
        """Deliver once more what was delivered, to where the webhook points now."""
        found = next((sent for sent in self.log if sent.id == sent_id), None)
        if found is None:
            raise RefusedError(404, "Delivery not found")
        self._begin(self.get(found.webhook), found.body)

    def wait(self) -> None:
        """Until everything that happened so far is delivered."""
        self._jobs.join()

    def close(self) -> None:
        """Stop; what waits is not delivered."""
        self._closing = True
        if self._thread:
            self._jobs.put(None)
            self._thread.join(TIMEOUT + 1)

    def _described(self, repo_id: str, repo: Repo) -> dict[str, Any]:
        return {
            "type": "model",
            "name": repo_id,
            "id": repo["_id"],
            "private": repo["private"],
            "url": {"web": f"{self.base}/{repo_id}", "api": f"{self.base}/api/models/{repo_id}"},
            "headSha": repo["branches"].get("main"),
            "owner": {"id": "0" * 24},
            "tags": [],
        }

    def _begin(self, hook: Hook, body: dict[str, Any]) -> None:
        body = body | {"webhook": {"id": hook["id"], "version": 3}}
        self._jobs.put(lambda: self._deliver(hook, body))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                if job is None:
                    return
                if not self._closing:
                    job()
            finally:
                self._jobs.task_done()

    def _deliver(self, hook: Hook, body: dict[str, Any]) -> None:
        told: dict[str, Any] = {"status": 0}
        try:
            told["status"], told["answer"] = _post(hook, json.dumps(body).encode())
        except (OSError, http.client.HTTPException) as error:
            told["error"] = f"{type(error).__name__}: {error}"
        sent = Sent(secrets.token_hex(12), now(), hook["id"], hook["url"], body, **told)
        self.log = [*self.log[1 - KEPT :], sent]
        with self._file.open("a") as file:
            file.write(json.dumps(asdict(sent)) + "\n")


def _check(hook: Hook) -> None:
    """Nothing here may be used to reach another machine."""
    url = urlsplit(hook.get("url") or "")
    if url.scheme != "http" or url.hostname not in LOOPBACK:
        raise RefusedError(400, "This Hub delivers to http://127.0.0.1 only")
    secret = hook["secret"]
    if secret is not None and not (secret.isascii() and secret.isprintable()):
        raise RefusedError(400, "The secret must be printable ASCII")


def _watches(hook: Hook, repo_id: str) -> bool:
    owner = repo_id.partition("/")[0]
    names = {"model": {repo_id}, "user": {owner, "*"}, "org": {owner, "*"}}
    return any(item["name"] in names.get(item["type"], set()) for item in hook["watched"])


def _post(hook: Hook, body: bytes) -> tuple[int, str]:
    """(status, beginning of the answer). Redirects are not followed."""
    url = urlsplit(hook["url"])
    connection = http.client.HTTPConnection(str(url.hostname), url.port or 80, timeout=TIMEOUT)
    headers = {"Content-Type": "application/json", "User-Agent": "local-hub"}
    if hook["secret"]:
        headers["X-Webhook-Secret"] = hook["secret"]
    try:
        connection.request("POST", url.path + (f"?{url.query}" if url.query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.read(2_000).decode("utf-8", "replace")
    finally:
        connection.close()
