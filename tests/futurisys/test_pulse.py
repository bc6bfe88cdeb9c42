"""The sign of life of a worker with the default broker: renewed while it does its rounds, and no longer than that."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections, transaction

from futurisys import pulse
from futurisys.celery import app
from tests.worlds import ROOT

START_SECONDS = 60
ROUND = 5.0  # seconds; the longest round of a worker that is well
WATCHED = pulse.SECONDS + 3  # seconds in which a timer that goes on by itself is seen


class Pulse:
    """The file of a running worker."""

    def __init__(self, file: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.file, self._process, self._log = file, process, log

    def touched(self) -> int:
        """When, in nanoseconds; 0 while there is none."""
        with contextlib.suppress(FileNotFoundError):
            return self.file.stat().st_mtime_ns
        return 0

    def is_renewed_within(self, seconds: float) -> bool:
        """Wait for the next sign."""
        before, ends = self.touched(), time.monotonic() + seconds
        while self.touched() == before:
            assert self._process.poll() is None, self._log.read_text()
            if time.monotonic() > ends:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def worker(database_environment: dict[str, str], tmp_path: Path) -> Iterator[Pulse]:
    """A worker of one process, as scripts/serve starts it, that has begun its rounds."""
    own = {"PULSE_FILE": str(tmp_path / "pulse"), "ARTIFACT_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    own |= {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "celery", "-A", "futurisys", "--quiet", "worker", "--concurrency", "1"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--include", "tests.futurisys.slow_task"]
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=database_environment | own, stdout=file, stderr=file)
    try:
        found = Pulse(tmp_path / "pulse", process, log)
        assert found.is_renewed_within(START_SECONDS), log.read_text()
        yield found
    finally:
        process.kill()  # the processes of its pool end with it
        process.wait()


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_worker_is_alive_while_its_consumer_does_its_rounds(worker: Pulse) -> None:
    assert all(worker.is_renewed_within(ROUND) for _ in range(2)), "idle"
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '20s'")  # the worker reads for 2 s at a time
        cursor.execute("LOCK TABLE pgmq.q_futurisys IN ACCESS EXCLUSIVE MODE")  # its next look at the queue hangs
        time.sleep(1)  # until that look
        assert not worker.is_renewed_within(WATCHED), "hangs"
    assert worker.is_renewed_within(ROUND), "goes on"


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_alive_while_its_processes_are_busy(worker: Pulse) -> None:
    for _ in range(3):  # more than its process can run, and than it may hold
        app.send_task("tests.sleep", [60])
    with connections["default"].cursor() as cursor:
        while not cursor.execute("SELECT FROM pgmq.q_futurisys WHERE read_ct > 0").fetchall():
            assert worker.is_renewed_within(ROUND), "idle"
    assert all(worker.is_renewed_within(ROUND) for _ in range(3)), "busy"
