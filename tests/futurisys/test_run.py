"""`manage.py run`: its settings file and refusals; with make test-long the whole of it, from nothing."""

import http.client
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError

from futurisys import demo
from futurisys.embedded import Cluster
from futurisys.management.commands import run

ROOT = Path(__file__).resolve().parents[2]


def test_settings_file_is_private_and_keeps_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "demo.env"
    assert demo.write_settings(path, "http://127.0.0.1:8001")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = demo._read(path)
    assert not demo.write_settings(path, "http://127.0.0.1:8001")
    assert demo.write_settings(path, "http://127.0.0.1:9001")
    assert demo._read(path) == before | {"FUTURISYS_LOOPBACK_HUB": "http://127.0.0.1:9001"}


def test_caches_stay_under_var(tmp_path: Path) -> None:
    found = demo.environment(tmp_path)
    assert {Path(found[name]).parent for name in ("HF_HOME", "MPLCONFIGDIR", "TMPDIR")} == {tmp_path}


@pytest.mark.parametrize("text", ["abc", "0", "65535", "-1", ""])
def test_port_must_leave_room_for_the_hub(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(CommandError, match="PORT must be a number"):
        run.port()


def test_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {number} .* can't be used"):
            run.refuse_taken(number)


def test_one_run_per_folder(tmp_path: Path) -> None:
    with (
        run.alone(tmp_path / "run.lock"),
        pytest.raises(CommandError, match="already"),
        run.alone(tmp_path / "run.lock"),
    ):
        pass


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    ignored = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis")
    yield Path(shutil.copytree(ROOT, tmp_path / "clone", ignore=ignored))
    Cluster(tmp_path / "clone" / "var" / "postgres").remove()  # root's data lie elsewhere


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def lines_until_ready(process: "subprocess.Popen[str]") -> Iterator[str]:
    for line in process.stdout:
        yield line
        if line.startswith("Ready:"):
            return


def start_and_stop(clone: Path, port: int) -> tuple[str, int]:
    """Status of the sign-in page, and the exit code after SIGTERM."""
    dropped = ("DATABASE_URL", "DATABASE_OWNER_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {"PORT": str(port), "HOME": str(clone.parent)}
    command = [sys.executable, "manage.py", "run"]
    with subprocess.Popen(command, cwd=clone, env=environment, stdout=subprocess.PIPE, text=True) as process:
        said = "".join(lines_until_ready(process))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/health/ready")
        assert connection.getresponse().status == 200, said
        connection.close()
        process.terminate()
        process.communicate(timeout=60)
    return said, process.returncode


@pytest.mark.long
def test_first_and_second_start(clone: Path) -> None:
    port = free_port()
    first, code = start_and_stop(clone, port)
    assert f"Ready: http://127.0.0.1:{port}\n" in first
    assert "promote attrition ... done" in first
    second, again = start_and_stop(clone, port)
    assert "promote" not in second
    assert (code, again) == (0, 0)
    assert [path.name for path in clone.parent.iterdir()] == ["clone"]  # nothing in the home folder
