"""The script that tells a host to deploy again: what it sends, when it asks again, and what it refuses."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.services import free_port
from tests.workflows.github import WORKFLOWS, step_named
from tests.worlds import ROOT

SCRIPT = ROOT / "scripts/ci/redeploy.py"
SECRET = "a-secret-key"


class Host:
    """A host on loopback: it answers `statuses` one after the other, the last one for ever."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses, self.heard = statuses, []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                host.heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(host.statuses[min(len(host.heard), len(host.statuses)) - 1])
                self.send_header("Location", f"{host.url}&again")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        """The address that the host made."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/deploy?key={SECRET}"


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host that answers the statuses that the test names."""
    found = Host(request.param)
    yield found
    found.server.shutdown()
    found.server.server_close()


def redeploy(url: str | None, *options: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"]} | ({} if url is None else {"DEPLOY_HOOK_URL": url})
    return subprocess.run(
        [sys.executable, SCRIPT, *options], env=environment, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("host", [[202]], indirect=True)
def test_the_step_of_the_workflow_posts_once(host: Host, tmp_path: Path) -> None:
    (tmp_path / "futurisys").symlink_to(ROOT)
    workflow = next(path for path in WORKFLOWS if path.name == "train.yml")
    done = step_named(workflow, "Deploy").run(tmp_path, {"secrets.DEPLOY_HOOK_URL": host.url})
    assert (done.returncode, done.stdout) == (0, "127.0.0.1 answered 202: it deploys again.\n")
    assert host.heard == [(f"/deploy?key={SECRET}", b"")]


@pytest.mark.parametrize("host", [[503, 429, 200]], indirect=True)
def test_a_busy_host_is_asked_again(host: Host) -> None:
    done = redeploy(host.url, "--pauses", "0.1,0.2")
    assert done.returncode == 0
    said = [f"127.0.0.1 answered {status}, asked again in {pause} s." for status, pause in ((503, 0.1), (429, 0.2))]
    assert done.stdout.splitlines() == [*said, "127.0.0.1 answered 200: it deploys again."]


@pytest.mark.parametrize(
    ("host", "times", "sentence"),
    [
        ([503], 3, "127.0.0.1 answered 503, 3 times: it was not told."),
        ([404], 1, "127.0.0.1 answered 404: it was not told. Is the address still the one that the host shows?"),
        ([307, 200], 1, "127.0.0.1 answered 307: it was not told. Is the address still the one that the host shows?"),
    ],
    indirect=["host"],
)
def test_a_failure_is_told(host: Host, times: int, sentence: str) -> None:
    done = redeploy(host.url, "--pauses", "0,0")
    assert (done.returncode, done.stderr, len(host.heard)) == (1, sentence + "\n", times)
    assert SECRET not in done.stdout + done.stderr


def test_nobody_there_is_told() -> None:
    done = redeploy(f"http://127.0.0.1:{free_port()}/{SECRET}", "--pauses", "0")
    sentence = "127.0.0.1 did not answer (ConnectionRefusedError), 2 times: it was not told.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (None, "DEPLOY_HOOK_URL is not set: give the address that the host made for this."),
        ("  ", "DEPLOY_HOOK_URL is not set: give the address that the host made for this."),
        (f"ftp://x/{SECRET}", "DEPLOY_HOOK_URL is no address: it has to begin with https://."),
        (f"x:99999/{SECRET}", "DEPLOY_HOOK_URL is no address: it has to begin with https://."),
        (f"https://x:99999/{SECRET}", "DEPLOY_HOOK_URL is no address."),
        *[
            (
                f"http://{host}/{SECRET}",
                "DEPLOY_HOOK_URL must begin with https://: everybody on the way could read the secret in it.",
            )
            for host in ("deploy.example", "192.0.2.1", "127.0.0.1.deploy.example", "localhost.example", "2130706433")
        ],
    ],
)
def test_what_must_not_be_called(url: str | None, sentence: str) -> None:
    done = redeploy(url)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence + "\n")
