"""A model repository in a folder, published to a loopback Hub and pulled: what several tests begin with."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from examples.local_hub import LocalHub
from registry import hub as client

REPO = "acme/iris"
TOKEN = "hf_loopback_secret"
# Below the library's own pauses between retries, so that the first failure is the last.
QUICK = 3.0
MODEL = bytes(range(256)) * 200


def digest(content: bytes) -> str:
    """The SHA-256 under which content is stored."""
    return hashlib.sha256(content).hexdigest()


def write_repository(folder: Path, **more: bytes) -> list[str]:
    """Write a small model repository, and `more` files; return every path in it."""
    files = {
        "README.md": b"---\nlicense: mit\n---\n# Iris\n",
        "config.json": b"{}",
        "model_manifest.json": b'{"files": {"data/extra.csv": {}}}',
        "background.csv": b"a,b\n1,2\n",
        "model.joblib": MODEL,
        "data/extra.csv": b"a\n1\n",
        "data/other.csv": b"a\n2\n",
        "train.py": b"raise SystemExit\n",
    } | more
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return sorted(files)


def publish(hub: LocalHub, folder: Path, **how: Any) -> str:
    """Publish every file of a folder; the commit."""
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    values = {"repo_id": REPO, "token": TOKEN, "tag": None, "message": "Publish", "files": files} | how
    return client.publish(endpoint=hub.url, directory=folder, budget_seconds=20, **values)


def resolve(hub: LocalHub, **how: Any) -> client.RepoHead:
    """Resolve main."""
    values = {"endpoint": hub.url, "repo_id": REPO, "revision": "main", "token": TOKEN} | how
    return client.resolve(**{"budget_seconds": QUICK, **values})


def pull(hub: LocalHub, commit: str, directory: Path, **how: Any) -> client.PulledRepo:
    """Pull a commit into a new folder of `directory`."""
    values = {"endpoint": hub.url, "repo_id": REPO, "token": TOKEN, "max_bytes": 1 << 20} | how
    return client.pull(commit=commit, directory=directory, **{"budget_seconds": QUICK, **values})


@pytest.fixture(name="source")
def a_source(tmp_path: Path) -> Path:
    """A folder with a model repository."""
    write_repository(tmp_path / "source")
    return tmp_path / "source"


@pytest.fixture(name="hub")
def loopback_hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A running Hub that TOKEN opens."""
    with LocalHub(tmp_path / "hub", token=TOKEN) as hub:
        yield hub


@pytest.fixture(name="commit")
def published_commit(hub: LocalHub, source: Path) -> str:
    """The commit of the published source; the Hub's log of requests begins after it."""
    commit = publish(hub, source)
    hub.requests.clear()
    return commit


@pytest.fixture(name="place")
def a_place(tmp_path: Path) -> Path:
    """An empty folder to pull into."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


class Receiver:
    """Somebody who listens on loopback: `heard` holds (path, headers in lower case, JSON body) of every POST.

    It answers `status`, and when `redirect` is set sends the caller there.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.status, self.redirect = 202, ""

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.heard.append((self.path, headers, json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("Location", receiver.redirect)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"


@pytest.fixture(name="receiver")
def a_receiver() -> Iterator[Receiver]:
    """Somebody to tell."""
    with Receiver() as receiver:
        yield receiver
