"""The web server as `make run` starts it, to be harmed: its workers, or all of it, killed at any moment."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import machine
from benchmarks.load import BadRun
from benchmarks.services import HOST, PROCESSES, ROOT, free_port
from futurisys.embedded_programs import die_with_parent

START_SECONDS = 90
FOUR_THREADS = 4


class Web:
    """gunicorn with two processes of four threads. `application`: what it serves; `preload`: workers are forked from it."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        *,
        application: str = "futurisys.wsgi",
        preload: bool = False,
        port: int | None = None,
    ) -> None:
        self.environment, self.port, self.log = dict(environment), port or free_port(), folder / "web.log"
        place = ["--bind", f"{HOST}:{self.port}", "--graceful-timeout", "5", "--log-level", "warning"]
        threads = ["--worker-class", "gthread", "--workers", str(PROCESSES), "--threads", str(FOUR_THREADS)]
        files = ["--no-control-socket", "--worker-tmp-dir", str(folder), *(["--preload"] if preload else [])]
        self._command = [sys.executable, "-m", "gunicorn", application, *place, *threads, *files]
        self._master: subprocess.Popen[bytes] | None = None
        self._sessions: list[int] = []

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> "Web":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers. Raises BadRun.

        Workers of a killed master hold the port, and answer, until they notice: a new master may give up before that.
        """
        deadline = time.monotonic() + START_SECONDS
        self._launch()
        while not (self.workers() and self.is_alive()):
            if time.monotonic() > deadline:
                raise BadRun(f"The web server was not ready within {START_SECONDS} s: {self.tail()}")
            assert self._master is not None
            if self._master.poll() is not None:
                self._launch()
            time.sleep(0.05)

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self._master = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            )
        self._sessions.append(self._master.pid)

    def is_alive(self) -> bool:
        """Whether a worker answers, whatever the database does."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        assert self._master is not None
        return [pid for pid in machine.children(self._master.pid) if "gunicorn" in machine.command_of(pid)]

    def kill_worker(self, chosen: random.Random) -> bool:
        """SIGKILL one of them, whatever it does; False when there is none."""
        known = self.workers()
        if not known:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen.choice(known), signal.SIGKILL)
        return True

    def kill_master(self) -> None:
        """SIGKILL the master alone, and start a new one: what a supervisor does."""
        assert self._master is not None
        self._master.kill()
        self._master.wait()
        self.start()

    def stop(self) -> None:
        """End all of it."""
        if self._master is None:
            return
        self._master.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._master.wait(20)
        for session in self._sessions:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(session, signal.SIGKILL)  # nobody else is in them
        self._master.wait()

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-3000:]
