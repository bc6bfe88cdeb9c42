"""A web server as `make run` starts it, on the test's database: several processes, real sockets."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.services import free_port
from tests.worlds import ROOT


class Server:
    """Two web processes that count in a folder of their own."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        own = {"METRICS_FOLDER": str(folder / "metrics"), "ARTIFACT_CACHE": str(folder / "cache")}
        own |= {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "gunicorn", "futurisys.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        threads = ["--workers", "2", "--worker-class", "gthread", "--threads", "2", "--no-control-socket"]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([*command, *threads], cwd=ROOT, env=environment | own, stderr=log)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    def post(self, body: dict[str, Any], header: str) -> int:
        headers = {"Authorization": header, "Content-Type": "application/json"}
        place = f"http://127.0.0.1:{self.port}/api/v1/predict"
        request = urllib.request.Request(place, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)

    def until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/health/live")
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.1)
            else:
                return

    def workers(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]
