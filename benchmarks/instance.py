"""What `make run` starts, in a folder of its own: a copy of this tree that is not a checkout and shares no data."""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import machine
from benchmarks.load import BadRun
from benchmarks.services import HOST, ROOT, free_port

START_SECONDS = 300


class Instance:
    """What `make run` starts, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, two_free_ports()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Copy the tree, start it, wait until it is ready. Raises BadRun."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
        )
        for name in filter(None, listed.stdout.decode().splitlines()):
            if (ROOT / name).is_file():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
        log = (self.folder / "run.log").open("wb")
        command = [sys.executable, "manage.py", "run"]
        environment = machine.clean_environment() | {"PORT": str(self.port)}
        self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.until(self._is_ready, START_SECONDS, "was not ready")

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            ready = connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
        return ready and "Ready" in (self.folder / "run.log").read_text(errors="replace")

    def until(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until `done` says so, while it runs. Raises BadRun."""
        deadline = time.monotonic() + seconds
        while not done():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BadRun(f"make run {what}: {(self.folder / 'run.log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py there; what it printed. Raises BadRun."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=machine.clean_environment(), check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise BadRun(f"manage.py {arguments[0]} failed: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout

    def password(self, name: str) -> str:
        """Of one of the demo's people."""
        return str(json.loads((self.folder / "var" / "demo-users.json").read_text())[name])

    def database(self) -> str:
        """The address of its database."""
        return self.manage(
            "shell", "-v", "0", "-c", "from django.conf import settings; print(settings.DATABASE_URL)"
        ).strip()


def two_free_ports() -> int:
    """A free port whose neighbour is free too: the Hub's."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if port < 65_000 and probe.connect_ex((HOST, port + 1)):
                return port
