"""`manage.py run`: the whole product on this machine, for a look at it."""

import contextlib
import fcntl
import http.client
import io
import json
import logging
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from futurisys import demo, embedded
from futurisys.supervisor import Failed, Supervisor

PYTHON = [sys.executable, "-m"]
HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Start everything on this machine: database, loopback Hub, web server, worker. Ctrl-C stops it all."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.started, self.var, self.port = time.monotonic(), settings.VAR_DIR, port()
        if settings.PRODUCTION:
            raise CommandError("make run is for a look at the product; production starts its own processes.")
        with alone(self.var / "run.lock"):
            for wanted in (self.port, self.port + 1):
                refuse_taken(wanted)
            self._prepare()
            try:
                self._run()
            except (Failed, embedded.Error) as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                self._say("Stopped.")

    def _prepare(self) -> None:
        """Settings are read once, when a process starts: if they were not those of the demo, begin again."""
        changed = demo.write_settings(self.var / "demo.env", f"http://{HOST}:{self.port + 1}")
        if not os.environ.get("DATABASE_URL"):
            embedded.make_credentials(self.var / "postgres")
        environment = demo.environment(self.var)
        if changed or not environment.items() <= os.environ.items() or settings.ENVIRONMENT != "demo":
            if os.environ.get("FUTURISYS_ENV", "demo") != "demo":
                raise CommandError("FUTURISYS_ENV is set to something else than demo: unset it for make run.")
            sys.stdout.flush()
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | environment)  # noqa: S606
        shutil.rmtree(self.var / "tmp", ignore_errors=True)
        for folder in ("tmp", "beat", "log"):
            (self.var / folder).mkdir(exist_ok=True)
        self._log_to_file()

    def _log_to_file(self) -> None:
        """Steps are for the eye; what libraries log stays out of it."""
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream((self.var / "log" / "run.log").open("w"))

    def _run(self) -> None:
        cluster = embedded.Cluster(self.var / "postgres")
        with contextlib.ExitStack() as stack:
            # Entered first, left last: the others need the database until their end.
            stack.callback(cluster.stop)
            supervisor = stack.enter_context(Supervisor(self.var / "log", cwd=settings.BASE_DIR))
            stack.callback(self._say, "\nStopping ...")
            first = demo.FirstStart(supervisor, self.var, self._step)
            first.train()
            if settings.BUNDLED_DATABASE:
                with self._step("start PostgreSQL"):
                    cluster.start()
            self._fill(supervisor, first)
            self._serve(supervisor)
            supervisor.watch(cluster.died)

    def _fill(self, supervisor: Supervisor, first: demo.FirstStart) -> None:
        with self._step("start the loopback Hub"):
            hub = supervisor.start("hub", self._hub(), environment=_secrets_of_hub())
        with self._step("migrate"):
            call_command("migrate", interactive=False, verbosity=0)
        with self._step("create demo users"):
            call_command("create_demo_users", stdout=io.StringIO())
        with self._step("collect static files"):
            call_command("collectstatic", interactive=False, verbosity=0)
        supervisor.wait_until(lambda: answers(self.port + 1), child=hub, seconds=30)
        first.promote()
        connections.close_all()

    def _serve(self, supervisor: Supervisor) -> None:
        with self._step("start web and worker"):
            web = supervisor.start("web", self._web())
            supervisor.start("worker", self._worker())
            supervisor.wait_until(lambda: answers(self.port, "/health/ready"), child=web, seconds=60)
        if settings.SPACE:  # its log is no place for passwords
            self._say(
                "Visitors press “Try it”. The passwords of the demo's users are in demo-users.json, and not here."
            )
        else:
            self._show_users()
            self._say(
                f"Six months to look at, as admin or manager: http://{HOST}:{self.port}/monitoring/. “{demo.HISTORY}” "
                "brings them."
            )
        self._say(f"Ready: {settings.SITE_URL if settings.SPACE else f'http://{HOST}:{self.port}'}")

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            self.stdout.write(line)
            self.stdout.flush()

    def _hub(self) -> list[str]:
        """What is published tells the web server by itself."""
        place = ["--port", str(self.port + 1), "--dir", str(self.var / "hub")]
        hook = ["--webhook", f"http://{HOST}:{self.port}/api/v1/hooks/huggingface"]
        return [sys.executable, "examples/local_hub.py", *place, *hook]

    def _web(self) -> list[str]:
        threads = ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "5"]
        files = ["--no-control-socket", "--worker-tmp-dir", str(self.var / "tmp")]
        return [*PYTHON, "gunicorn", "futurisys.wsgi", "--bind", f"{bound_host()}:{self.port}", *threads, *files]

    def _worker(self) -> list[str]:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
        return [*PYTHON, "celery", "-A", "futurisys", "worker", "-B", "--concurrency", "2", *quiet]

    def _show_users(self) -> None:
        users = json.loads((self.var / "demo-users.json").read_text())
        self.stdout.write("\nUsers of the demo (kept in var/demo-users.json):")
        for name, password in users.items():
            self.stdout.write(f"  {name:<10} {password}")
        self.stdout.write("A token for the API: .venv/bin/python manage.py create_token business\n\n")

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Say what is being done, and how long it took."""
        begun = time.monotonic()
        self.stdout.write(f"[{begun - self.started:5.1f} s] {name} ...", ending="")
        self.stdout.flush()
        try:
            yield
        except BaseException:
            self.stdout.write("")
            raise
        self.stdout.write(f" done ({time.monotonic() - begun:.1f} s)")


def _secrets_of_hub() -> dict[str, str]:
    """In its environment: others may read a command line."""
    token, secret = settings.HUB_TOKENS["loopback"], settings.HUB_WEBHOOK_SECRETS["loopback"]
    return {"LOCAL_HUB_TOKEN": token, "LOCAL_HUB_WEBHOOK_SECRET": secret}


def port() -> int:
    """PORT from the environment; the Hub gets the next one. Raises CommandError."""
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 1 <= int(text) <= 65534:
        raise CommandError(f"PORT must be a number from 1 to 65534, not {text!r}.")
    return int(text)


def bound_host() -> str:
    """Where the web server listens: the host of BIND, which scripts/serve sets in a container, else this machine alone."""
    return os.environ.get("BIND", "").rpartition(":")[0] or HOST


def refuse_taken(number: int) -> None:
    """Raises CommandError when something listens on that port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError as error:
            raise CommandError(f"Port {number} of {HOST} can't be used ({error.strerror}): try PORT=9000.") from None


def answers(number: int, path: str = "") -> bool:
    """Whether the port accepts connections and, with a path, answers it with 200."""
    connection = http.client.HTTPConnection(HOST, number, timeout=5)
    try:
        connection.connect()
        if not path:
            return True
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """One make run per folder. Raises CommandError."""
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("a")
    except PermissionError:
        raise CommandError(f"{path.parent} belongs to another user: run as that user.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("make run is running in this folder already.") from None
        yield
