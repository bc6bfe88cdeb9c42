"""Workers are killed while they run a file: each row has one outcome all the same, and the one it would have had.

The long form is benchmarks/batch_kills.py.
"""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from benchmarks import killing
from benchmarks.killing import Harm, Outcome, Worker
from predictions.batches import hints, turns
from predictions.models import Batch
from registry.models import ModelVersion
from tests.predictions.files import work_off

ROWS = 20_000
SEED = 20_261_121


@pytest.fixture
def worker(database_environment: dict[str, str], tmp_path: Path, settings: Any) -> Iterator[Worker]:
    """Two processes whose leases and messages run out after seconds."""
    own = {"BATCH_LEASE_SECONDS": "2", "VISIBILITY_TIMEOUT": "3", "BATCH_ROWS": "400", "LOG_LEVEL": "INFO"}
    own |= {"CELERY_BROKER_URL": settings.CELERY_BROKER_URL}  # the test's own process sends hints to it
    own |= {"ARTIFACT_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    worker = Worker(database_environment | own | {"OMP_NUM_THREADS": "1"}, tmp_path / "log")
    yield worker
    worker.stop()


def sweep() -> None:
    """What beat does every minute, for those that cannot wait."""
    at = timezone.now()
    if turns.waiting(at).exists() and not turns.was_served(since=at - timedelta(seconds=1)):
        hints.send()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_one_outcome_for_every_row_whoever_is_killed(
    iris: ModelVersion, analyst: User, settings, worker: Worker, capsys
) -> None:
    print(f"seed {SEED}")
    settings.BATCH_ROWS = 400
    file = killing.flowers(ROWS, SEED)
    calm = undisturbed(file, iris, analyst)
    worker.start()
    batch = killing.begun(file, analyst, iris.model, worker, sweep)
    harm = Harm(child_kills=5, main_kills=1, purges=1, pause=(0.1, 0.5))
    killing.run(batch, worker, harm, random.Random(SEED), sweep, seconds=120)
    found = killing.outcome(batch)
    assert harm.done["child_kills"] >= 3, (harm, worker.tail())
    assert found.outcomes == found.different == ROWS
    assert found.is_as(calm), (found, calm)


def undisturbed(file: bytes, version: ModelVersion, by: User) -> Outcome:
    """The same file, run in this process."""
    import io

    from predictions.batches import intake, verbs

    batch = intake.receive(file=io.BytesIO(file), name="calm.csv", model=version.model, by=by, language="en")
    verbs.start_check(batch=batch, mapping=killing.MAPPING, dataset=None, by=by)
    work_off()
    batch.refresh_from_db()
    verbs.submit(batch=batch, by=by)
    work_off()
    found = killing.outcome(batch)
    assert (found.status, found.rejected) == (Batch.Status.DONE, -(-ROWS // killing.BAD))
    return found
