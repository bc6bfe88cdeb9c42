"""Application hosts: each with a web server, a worker and folders of its own, on one PostgreSQL and one broker."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from psycopg.conninfo import conninfo_to_dict

from benchmarks.services import ROOT
from futurisys.embedded_programs import die_with_parent
from tests.scaling.networks import Link

METRICS_TOKEN = "scaling-tests-read-the-counts"
COUNT = re.compile(
    r'^futurisys_predictions_total\{[^}]*outcome="answered"[^}]*source="(\w+)"[^}]*\} (\S+)$', re.MULTILINE
)
START_SECONDS = 90


class Answer(NamedTuple):
    """What came back from a host."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


def at(url: str, link: Link) -> str:
    """The database of this URL, as a host reaches it."""
    found = conninfo_to_dict(url)
    user, password = quote(str(found["user"]), safe=""), quote(str(found["password"]), safe="")
    return f"postgresql://{user}:{password}@{link.here}:{link.database.port}/{found['dbname']}"


def broker_at(url: str, link: Link) -> str:
    """The broker of this URL, as a host reaches it."""
    parts = urlsplit(url)
    who = f"{parts.username}:{parts.password}@" if parts.username else ""
    return parts._replace(netloc=f"{who}{link.here}:{link.broker.port}").geturl()


class Host:
    """One machine. Nothing is on its disk when it starts, and nothing of it is on another one's."""

    def __init__(self, link: Link, folder: Path, environment: Mapping[str, str], *, beat: bool = False) -> None:
        self.link, self.folder, self.has_beat = link, folder, beat
        places = {"ARTIFACT_CACHE": "artifacts", "ENVIRONMENT_CACHE": "environments", "METRICS_FOLDER": "metrics"}
        own = {name: str(folder / place) for name, place in places.items()}
        own["FUTURISYS_VAR"] = str(folder / "var")  # a demo that was started here has settings of its own
        own |= {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1", "LOG_LEVEL": "INFO"}
        own |= {"ALLOWED_HOSTS": link.there, "METRICS_TOKEN": METRICS_TOKEN}
        own["DATABASE_URL"] = at(environment["DATABASE_URL"], link)
        own["DATABASE_OWNER_URL"] = at(environment["DATABASE_OWNER_URL"], link)
        own["CELERY_BROKER_URL"] = broker_at(environment["CELERY_BROKER_URL"], link)
        self.environment = {**environment, **own}
        self.processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Begin; `until_ready` waits for it."""
        threads = ["--workers", "2", "--worker-class", "gthread", "--threads", "2", "--no-control-socket"]
        self._run("gunicorn", "futurisys.wsgi", "--bind", f"{self.link.there}:{self.link.port}", *threads)
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
        self._run("celery", "-A", "tests.scaling.quick", "worker", "--concurrency", "2", *quiet)
        if self.has_beat:
            self._run("celery", "-A", "tests.scaling.quick", "beat", "--pidfile=", "-s", str(self.folder / "beat"))

    def _run(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*self.link.prefix, sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            )
        self.processes.append(process)

    def until_ready(self) -> None:
        """Wait until its web server answers."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                if self.get("/health/live").status == 200:
                    return
            assert time.monotonic() < deadline, self.tail()
            time.sleep(0.1)

    def stop(self) -> None:
        """Pull the plug; the link lives on."""
        self.signal(signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes.clear()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of it."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)  # nobody else is in its session

    def tail(self) -> str:
        """The end of what it wrote."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def ask(self, method: str, path: str, body: bytes | None = None, seconds: float = 30, **headers: str) -> Answer:
        """A request over a connection of its own; `headers` with _ for -."""
        connection = http.client.HTTPConnection(self.link.there, self.link.port, timeout=seconds)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self.ask("POST", path, json.dumps(body).encode(), Content_Type="application/json", **headers)

    def answered(self, source: str) -> int:
        """How many rows of this door its own processes answered, by its own counts."""
        found = self.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
        assert found.status == 200, found
        return sum(int(float(count)) for door, count in COUNT.findall(found.content.decode()) if door == source)

    def cached(self) -> dict[str, Path]:
        """The artifacts on its disk, by digest."""
        files = (path for path in (self.folder / "artifacts").glob("*/*") if path.is_file())
        return {path.name: path for path in files}
