"""A file is run to its end whichever broker carries the hints: workers killed, connections ended, messages lost.

pgmq: tests/predictions/test_batch_kills.py. The long form is benchmarks/batch_kills.py --broker redis or amqp.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks import batch_kills, killing
from benchmarks.killing import Harm, Worker
from benchmarks.services import ROOT
from futurisys.embedded_programs import die_with_parent
from predictions.models import Prediction
from tests.scaling.conftest import SHORT, World

pytestmark = pytest.mark.integration
ROWS = 8_000
SEED = 8_221_122


@pytest.fixture(params=["redis", pytest.param("amqp", marks=pytest.mark.long)])  # test_two_hosts has RabbitMQ too
def place(request: pytest.FixtureRequest, needs: Callable[[object, str], None], tmp_path: Path) -> Iterator[str]:
    """The address of a broker that nobody else uses."""
    if request.param == "amqp":
        yield request.getfixturevalue("rabbitmq")
        return
    url = os.environ.get("REDIS_URL", "")
    needs(
        url or shutil.which("redis-server"), "Install Redis (apt-get install redis-server), or name one in REDIS_URL."
    )
    with batch_kills.broker("redis", url, tmp_path) as found:
        yield found


@pytest.fixture
def worker(place: str, world: World, tmp_path: Path) -> Iterator[Worker]:
    """A worker and a beat, whose ways to the broker can be cut."""
    folder = {"ARTIFACT_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with ExitStack() as stack:
        url, way = stack.enter_context(batch_kills.cuttable(place))
        own = {
            "BATCH_ROWS": "100",
            "CELERY_BROKER_URL": url,
            "VISIBILITY_TIMEOUT": "3",
            "LOG_LEVEL": "INFO",
            "OMP_NUM_THREADS": "1",
        }
        environment = world.environment | SHORT | folder | own
        found = Worker(environment, tmp_path / "log", way=way, app="tests.scaling.quick")
        command = [sys.executable, "-m", "celery", "-A", found.app, "beat", "--pidfile=", "-s", str(tmp_path / "beat")]
        with found.log.open("ab") as log:
            streams = {"cwd": ROOT, "env": environment, "stdout": log, "stderr": log}
            beat = subprocess.Popen(
                command,
                **streams,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            )
        stack.callback(beat.wait)
        stack.callback(beat.kill)
        stack.callback(found.stop)
        found.start()
        yield found


def nobody_else() -> None:
    """The beat sweeps."""


def test_a_file_is_run_to_its_end_whatever_happens_to_its_broker(worker: Worker, world: World) -> None:
    print(f"seed {SEED}")
    batch = killing.begun(killing.flowers(ROWS, SEED), world.analyst, world.model, worker, nobody_else)
    harm = Harm(child_kills=2, main_kills=1, purges=1, cuts=1, pause=(0, 0.1))
    seconds = killing.run(batch, worker, harm, random.Random(SEED), nobody_else, seconds=90)
    print(f"{seconds:.1f} s, {harm.done}, {batch.resumed} taken over")
    assert sum(harm.done.values()) >= 2, (harm, worker.tail())
    exact(batch, ROWS)
    worker.cut()
    # celery#8030, 8091, 8384, 9054: a worker that was silent from then on.
    later = killing.begun(killing.flowers(500, SEED), world.analyst, world.model, worker, nobody_else)
    killing.run(later, worker, Harm(), random.Random(SEED), nobody_else, seconds=60)
    exact(later, 500)


def exact(batch: Any, rows: int) -> None:
    """Each row has one outcome, and the readable ones an answer."""
    found, rejected = killing.outcome(batch), -(-rows // killing.BAD)
    assert (found.status, found.outcomes, found.different, found.rejected) == ("done", rows, rows, rejected)
    assert Prediction.objects.filter(batch=batch).count() == rows - rejected
