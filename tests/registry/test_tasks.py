"""Celery's doors: a message lost, doubled or late changes nothing; and one really goes through the broker."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from examples.local_hub import LocalHub
from registry import actions, tasks
from registry.models import LEASE, MAX_ATTEMPTS, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import loopback_hub  # noqa: F401  a fixture
from tests.worlds import ROOT

QUEUE = "SELECT message FROM pgmq.q_futurisys"


@pytest.fixture(name="model")
def tracked_model(hub: LocalHub, settings: Any, example: Any, db: None) -> RegisteredModel:
    """A model with a commit to import."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}
    hubs.publish(hub, example("iris"))
    return actions.track_model(name="iris", endpoint="loopback", repo_id=hubs.REPO)


def test_sync_twice_is_one_version(model: RegisteredModel) -> None:
    for _ in range(2):
        tasks.sync_model(model_id=model.pk)
    version = ModelVersion.objects.get()
    tasks.import_version(version_id=version.pk)
    version.refresh_from_db()
    assert (version.status, version.attempts) == ("ready", 1)


def test_trouble_is_noted_and_nothing_raised(model: RegisteredModel, hub: LocalHub, settings: Any) -> None:
    settings.HUB_BUDGET_SECONDS = 2
    hub.fail("GET", status=503)
    tasks.sync_model(model_id=model.pk)
    settings.HUB_ENDPOINTS = {}
    tasks.import_version(version_id=begun(model).pk)
    tasks.sync_model(model_id=model.pk)
    model.refresh_from_db()
    assert model.sync_error == ModelVersion.objects.get().reason == "The Hub “loopback” is no longer in HUB_ENDPOINTS."


def begun(model: RegisteredModel, **values: Any) -> ModelVersion:
    return ModelVersion.objects.create(model=model, number=1, commit="1" * 40, **values)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of versions whose import was asked for."""
    ids: list[int] = []
    monkeypatch.setattr(tasks.import_version, "delay", lambda *, version_id: ids.append(version_id))
    return ids


def test_sweeper_begins_again_what_was_lost(model: RegisteredModel, sent: list[int]) -> None:
    version = begun(model, attempts=1, leased_until=timezone.now() - LEASE)
    tasks.sweep_imports()
    assert sent == [version.pk]


def test_sweeper_leaves_alone_what_is_at_work(model: RegisteredModel, sent: list[int]) -> None:
    version = begun(model, attempts=1, leased_until=timezone.now() + LEASE)
    tasks.sweep_imports()
    tasks.import_version(version_id=version.pk)
    version.refresh_from_db()
    assert (sent, version.status, version.attempts) == ([], "importing", 1)


def test_sweeper_gives_up_after_the_third_loss(model: RegisteredModel, sent: list[int]) -> None:
    version = begun(model, attempts=MAX_ATTEMPTS, leased_until=timezone.now() - LEASE)
    tasks.sweep_imports()
    version.refresh_from_db()
    assert (sent, version.status) == ([], "rejected")
    assert "begun 3 times" in version.reason


# -- the real broker


@contextlib.contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    """A Celery worker of one task at a time in a process of its own."""
    command = [sys.executable, "-m", "celery", "-A", "futurisys", "worker", "--pool", "solo", "--loglevel", "INFO"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.django_db(transaction=True)
def test_message_goes_through_the_broker(
    model: RegisteredModel, hub: LocalHub, database_environment: dict[str, str], tmp_path: Path
) -> None:
    own = {"FUTURISYS_LOOPBACK_HUB": hub.url, "FUTURISYS_LOOPBACK_TOKEN": hubs.TOKEN, "COMPARISON_ROWS": "1000"}
    own |= {"ARTIFACT_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    tasks.sync_model.delay(model_id=model.pk)
    with connection.cursor() as cursor:
        assert len(cursor.execute(QUEUE).fetchall()) == 1
    with worker(database_environment | own, tmp_path / "log"):
        ends = time.monotonic() + 60
        while not ModelVersion.objects.filter(status="ready").exists() and time.monotonic() < ends:
            time.sleep(0.1)
    assert ModelVersion.objects.ready().count() == 1, (tmp_path / "log").read_text()
    with connection.cursor() as cursor:
        assert cursor.execute(QUEUE).fetchall() == []
