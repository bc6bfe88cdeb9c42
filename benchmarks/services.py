"""The two services, each as its users would start it, on one PostgreSQL server."""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks import machine
from benchmarks.load import BadRun, Target
from benchmarks.models import NAMES
from futurisys.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PROCESSES = 2  # as in make run; the other side gets as many
USER = "benchmark"


def free_port() -> int:
    """A port of the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Service(ABC):
    """A web server, its database, and how it is asked."""

    name: str
    table: str
    marks: str  # in the command line of a web process

    def __init__(self, supervisor: Supervisor, *, database: str, environment: dict[str, str]) -> None:
        self.supervisor, self.database, self.environment = supervisor, database, environment
        self.port = free_port()
        self.child: Child | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What starts the web server."""

    @abstractmethod
    def target(self, model: str, rows: Sequence[dict[str, Any]], at_once: int = 1) -> Target:
        """How a model is asked for rows, so many in a call."""

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self, target: Target) -> float:
        """Start it; seconds from there to the first answer. Raises futurisys.supervisor.Failed."""
        begun = time.perf_counter()
        self.child = self.supervisor.start(self.name, self.command(), self.environment)
        while status_of(target) != 200:
            self.supervisor.check()
            if time.perf_counter() - begun > 60:
                raise self.child.failure("gave no answer within 60 s")
            time.sleep(0.01)
        return time.perf_counter() - begun

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.child is not None:
            self.supervisor.children.remove(self.child)
            self.child.stop(20)
            self.child = None

    def rows(self) -> int:
        """Answers that its database holds, once nothing is being written."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            deadline = time.monotonic() + 30
            while connection.execute(BUSY).fetchone() != (0,):
                if time.monotonic() > deadline:
                    raise BadRun(f"{self.name} still writes half a minute after it was asked")
                time.sleep(0.05)
            # An answer whose asker has gone is still computed before it is stored: an explained one takes its time.
            before, count = -2, -1
            while before != count:
                before = count
                time.sleep(0.2)
                count = int(connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()[0])  # type: ignore[index]
            return count

    def web_processes(self) -> list[int]:
        """The processes that answer requests: not the one that watches over them."""
        assert self.child is not None
        return [pid for pid in machine.children(self.child.process.pid) if self.marks in machine.command_of(pid)]


# Sessions of this database, other than this one, that are in the middle of something.
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'
"""


def status_of(target: Target) -> int:
    """The status of one question, or 0 while nobody answers."""
    address = urlsplit(target.address)
    connection = http.client.HTTPConnection(address.hostname or HOST, address.port, timeout=30)
    try:
        headers = {"Content-Type": "application/json", **target.headers}
        connection.request("POST", target.path, json.dumps(target.bodies[0]), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Ours(Service):
    """This project: gunicorn as make run starts it, a user with a token, models that came through a Hub."""

    name, table = "futurisys", "predictions_prediction"
    marks = "gunicorn"

    def __init__(self, supervisor: Supervisor, *, folder: Path, app_url: str, owner_url: str) -> None:
        self.folder, self.hub_port, self.hub_token = folder, free_port(), secrets.token_urlsafe(24)
        environment = {
            "FUTURISYS_ENV": "demo",
            "SECRET_KEY": secrets.token_urlsafe(60),
            "DATABASE_URL": app_url,
            "DATABASE_OWNER_URL": owner_url,
            "FUTURISYS_LOOPBACK_HUB": f"http://{HOST}:{self.hub_port}",
            "FUTURISYS_LOOPBACK_TOKEN": self.hub_token,
            "ARTIFACT_CACHE": str(folder / "artifacts"),
            "HF_HOME": str(folder / "huggingface"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_VERBOSITY": "error",
            "DJANGO_SUPERUSER_PASSWORD": secrets.token_urlsafe(24),
        }
        super().__init__(supervisor, database=owner_url, environment=environment)
        self.token = ""

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py; what it printed. Raises BadRun."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        everything = {**os.environ, **self.environment}
        done = subprocess.run(command, check=False, cwd=ROOT, env=everything, capture_output=True, text=True)
        if done.returncode:
            raise BadRun(f"manage.py {arguments[0]} failed: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout

    def prepare(self) -> None:
        """Migrate, and make the one user."""
        self.manage("migrate", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--username", USER, "--email", f"{USER}@example.org")
        self.token = self.manage("create_token", USER).strip()

    def put_in_charge(self, models: Path) -> dict[str, str]:
        """Publish, track, import and promote every model; what answers for each: onnx or isolated."""
        self._start_hub()
        for name in NAMES:
            place = ["--repo", f"benchmarks/{name}", "--endpoint", "loopback"]
            self.manage("publish_model", str(models / name), *place, "--no-check")
            self.manage("track_model", name, *place)
            self.manage("sync_models", name)
            self.manage("promote", name, "--reason", "It is measured.", "--by", USER)
        query = (
            "SELECT m.name, v.runtime FROM registry_modelversion v JOIN registry_registeredmodel m ON m.id = model_id"
        )
        with psycopg.connect(self.database) as connection:
            return dict(connection.execute(query).fetchall())

    def _start_hub(self) -> None:
        options = ["--port", str(self.hub_port), "--dir", str(self.folder / "hub"), f"--token={self.hub_token}"]
        hub = self.supervisor.start("hub", [sys.executable, "examples/local_hub.py", *options])
        self.supervisor.wait_until(lambda: _listens(self.hub_port), child=hub, seconds=30)

    def command(self) -> list[str]:
        """As futurisys/management/commands/run.py has it."""
        threads = ["--worker-class", "gthread", "--workers", str(PROCESSES), "--threads", "4"]
        files = ["--no-control-socket", "--worker-tmp-dir", str(self.folder), "--graceful-timeout", "5"]
        place = ["--bind", f"{HOST}:{self.port}"]
        return [sys.executable, "-m", "gunicorn", "futurisys.wsgi", *place, *threads, *files]

    def target(self, model: str, rows: Sequence[dict[str, Any]], at_once: int = 1) -> Target:
        return self._target(model, calls(rows, at_once))

    def explaining(self, model: str, rows: Sequence[dict[str, Any]]) -> Target:
        """As `target`, every answer explained."""
        return self._target(model, [{"inputs": row, "explain": True} for row in rows])

    def _target(self, model: str, bodies: list[dict[str, Any]]) -> Target:
        headers = {"Authorization": f"Token {self.token}"}
        return Target(self.address, f"/api/v1/models/{model}/predict", bodies, headers)

    def jailed_children(self) -> list[int]:
        """The processes in which the isolated runtime keeps the original pipelines."""
        return [pid for web in self.web_processes() for pid in machine.descendants(web)]


class Peer(Service):
    """The plain service: uvicorn with as many processes, its own virtual environment and database."""

    name, table = "peer", "predictions"
    marks = "spawn_main"  # its other child keeps count of semaphores

    def __init__(self, supervisor: Supervisor, *, python: Path, models: Path, database: str) -> None:
        self.python = python
        listed = ",".join(f"{name}={models / name}" for name in NAMES)
        url = database.replace("postgresql://", "postgresql+psycopg://", 1)
        super().__init__(supervisor, database=database, environment={"PEER_MODELS": listed, "PEER_DATABASE_URL": url})

    def prepare(self) -> None:
        """Make the table."""
        environment = {**os.environ, **self.environment}
        subprocess.run([self.python, ROOT / "benchmarks" / "peer" / "app.py"], check=True, env=environment)

    def command(self) -> list[str]:
        """No access log: gunicorn writes none either."""
        place = ["--app-dir", str(ROOT / "benchmarks" / "peer"), "--host", HOST, "--port", str(self.port)]
        options = ["--workers", str(PROCESSES), "--no-access-log", "--log-level", "warning"]
        return [str(self.python), "-m", "uvicorn", "app:app", *place, *options]

    def target(self, model: str, rows: Sequence[dict[str, Any]], at_once: int = 1) -> Target:
        assert at_once == 1  # it takes one row
        return Target(self.address, f"/predict/{model}", rows, {})


class Bare(Service):
    """The bare floor: uvicorn with as many processes, and a table like ours beside it, in our database."""

    name, table = "bare", "bare_predictions"
    marks = "spawn_main"

    def __init__(self, supervisor: Supervisor, *, python: Path, graphs: Path, ours: Ours) -> None:
        self.python, self.graphs, self.ours = python, graphs, ours
        super().__init__(supervisor, database=ours.database, environment={"BARE_DATABASE_URL": ours.database})

    def prepare(self) -> None:
        """Make the table, and fetch the graphs that answer for our models. To be called when these are in charge."""
        self.graphs.mkdir(exist_ok=True)
        self.ours.manage("shell", "-v", "0", "-c", GRAPHS.format(folder=str(self.graphs)))
        graphs = ",".join(f"{file.stem}={file}" for file in sorted(self.graphs.glob("*.onnx")))
        with psycopg.connect(self.database) as connection:
            ids = connection.execute(SOMEBODY, [USER]).fetchone()
            assert ids is not None
        shared = dict(zip(("version_id", "ledger_entry_id", "user_id"), ids, strict=True))
        shared |= {"warnings": "[]", "source": "api", "key": "", "trace_id": "", "duration": 0.0001}
        self.environment |= {"BARE_MODELS": graphs, "BARE_SHARED": json.dumps(shared)}
        environment = {**os.environ, **self.environment}
        subprocess.run([self.python, ROOT / "benchmarks" / "peer" / "bare.py"], check=True, env=environment)

    def command(self) -> list[str]:
        """As the peer."""
        place = ["--app-dir", str(ROOT / "benchmarks" / "peer"), "--host", HOST, "--port", str(self.port)]
        options = ["--workers", str(PROCESSES), "--no-access-log", "--log-level", "warning"]
        return [str(self.python), "-m", "uvicorn", "bare:app", *place, *options]

    def target(self, model: str, rows: Sequence[dict[str, Any]], at_once: int = 1) -> Target:
        return Target(self.address, f"/predict/{model}", calls(rows, at_once), {})


GRAPHS = """
from pathlib import Path
from registry import artifacts
from registry.models import ModelVersion
for version in ModelVersion.objects.filter(runtime="onnx").select_related("model"):
    graph = artifacts.read(version, version.report["serving"]["graph"])
    Path({folder!r}, f"{{version.model.name}}.onnx").write_bytes(graph)
"""
SOMEBODY = "SELECT to_version_id, l.id::text, u.id FROM registry_ledgerentry l, auth_user u WHERE username = %s LIMIT 1"


def calls(rows: Sequence[dict[str, Any]], at_once: int) -> list[dict[str, Any]]:
    """Bodies that ask for every row once, so many of them in a call."""
    if at_once == 1:
        return [{"inputs": row} for row in rows]
    return [{"inputs": list(rows[start : start + at_once])} for start in range(0, len(rows), at_once)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
