"""What the web server, the worker and beat really write, started as everywhere: by scripts/serve."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from benchmarks.services import free_port
from futurisys.tasks import mail_reset
from tests.worlds import ROOT

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
ADDRESS = "ada.lovelace@example.org"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Celery says these to the terminal alone, when it is told to stop.
LAST_WORDS = {
    "",
    "worker: Hitting Ctrl+C again will terminate all running tasks!",
    "worker: Cold shutdown (MainProcess)",
}


class Processes:
    """The three, on one database, each with a file of what it writes."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.folder, self.port, self.environment = folder, free_port(), environment
        self.running = [self._start(role) for role in ("web", "worker", "beat")]

    def _start(self, role: str) -> "subprocess.Popen[bytes]":
        environment = self.environment | {"BIND": f"127.0.0.1:{self.port}"}
        with (self.folder / role).open("wb") as log:
            command = [ROOT / "scripts" / "serve", role]
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)

    def written(self, role: str) -> list[str]:
        return (self.folder / role).read_text().splitlines()

    def until(self, role: str, said: str) -> None:
        deadline = time.monotonic() + 90
        while not any(said in text for text in self.written(role)):
            assert time.monotonic() < deadline, "\n".join(self.written(role)[-20:])
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(40)


@pytest.fixture
def processes(database_environment: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    static = tmp_path / "static"
    static.mkdir()
    (static / "staticfiles.json").write_text("{}")  # nobody asks for one
    own = {"FUTURISYS_ENV": "development", "FUTURISYS_VAR": str(tmp_path / "var"), "HOME": str(tmp_path)}
    own |= {"STATIC_ROOT": str(static), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    # Nobody listens there: sending a mail fails.
    own |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "1", "DEFAULT_FROM_EMAIL": "futurisys@example.org"}
    own |= {"GUNICORN_CMD_ARGS": "--access-logfile -", "WEB_WORKERS": "1", "WORKER_PROCESSES": "1"}
    found = Processes(database_environment | own, tmp_path)
    yield found
    for process in found.running:
        process.kill()
        process.wait()


def test_every_line_is_an_object_and_none_tells_of_a_person(
    processes: Processes, django_user_model: type[User]
) -> None:
    django_user_model.objects.create_user("ada", ADDRESS, "ada-pass-1")
    mail_reset.delay(email=ADDRESS, language="en", host="127.0.0.1", secure=False)
    processes.until("web", "Booting worker")
    number = asked(processes.port)
    processes.until("worker", "mail_reset")
    processes.until("worker", "succeeded in")
    processes.until("worker", "Failed to send password reset email")
    processes.until("beat", "beat: Starting")
    processes.until("web", "Invalid request")
    processes.stop()
    lines = {role: objects(processes.written(role)) for role in ("web", "worker", "beat")}
    text = json.dumps(lines)
    assert not [secret for secret in (ADDRESS, "Lovelace", "Grace") if secret in text]
    access = [found for found in lines["web"] if found["logger"] == "gunicorn.access"]
    assert {(found["route"], found["status"]) for found in access} == {(reverse("login"), 200), ("(no page)", 404)}
    told = [found for found in lines["web"] if found.get("request_id") == number]
    assert {found["logger"] for found in told} == {"gunicorn.access", "django.request"}
    assert {found["trace_id"] for found in told} == {TRACE}
    failed = next(found for found in lines["worker"] if found["logger"] == "django.contrib.auth")
    assert failed["task"] == "futurisys.tasks.mail_reset"
    assert failed["task_id"]


def asked(port: int) -> str:
    """Three requests: a page, none, and one that is no HTTP; the number of the second."""
    place = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{place}{reverse('login')}?next=/Grace", timeout=30) as page:
        assert page.status == 200
    headers = {"X-Request-ID": "number-2", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with pytest.raises(urllib.error.HTTPError, match="404") as none:
        urllib.request.urlopen(urllib.request.Request(f"{place}/Ada/Lovelace?q=Grace", headers=headers), timeout=30)
    none.value.close()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET /?q=Grace HTTP/9\r\n\r\n")
        assert b"400" in connection.recv(1000)
    return "number-2"


def objects(lines: list[str]) -> list[dict[str, Any]]:
    """Each line as what it is; every one has the same four members."""
    found = [json.loads(text) for text in lines if text not in LAST_WORDS]
    assert found
    assert all({"timestamp", "level", "logger", "message"} <= set(one) for one in found)
    return found
