"""Celery's doors: a message lost, doubled or late changes nothing; and one really goes through the broker."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.schedules import maybe_schedule
from django.conf import settings
from django.db import connection
from django.utils import timezone

from examples.local_hub import LocalHub
from registry import actions, discovery, metrics, tasks
from registry.models import LEASE, MAX_ATTEMPTS, Delivery, ModelVersion, RegisteredModel
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


def sync(model: RegisteredModel) -> Delivery:
    """What comes of a message about a new delivery, and of the same message once more."""
    delivery = discovery.note(model=model, kind=Delivery.Kind.WEBHOOK)
    for _ in range(2):
        tasks.sync_model(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def counted(result: str) -> float:
    """Imports that ended so, as /metrics tells them."""
    samples = metrics.IMPORTS.collect()[0].samples
    return sum(each.value for each in samples if each.name.endswith("_total") and each.labels["result"] == result)


def test_an_import_is_counted_once(model: RegisteredModel, settings: Any) -> None:
    before = counted("ready"), counted("rejected")
    sync(model)
    tasks.import_version(version_id=ModelVersion.objects.get().pk)
    assert (counted("ready"), counted("rejected")) == (before[0] + 1, before[1])
    settings.HUB_ENDPOINTS = {}
    tasks.import_version(version_id=begun(model, number=2).pk)
    assert (counted("ready"), counted("rejected")) == (before[0] + 1, before[1] + 1)


def test_sync_twice_is_one_version(model: RegisteredModel) -> None:
    assert [sync(model).outcome for _ in range(2)] == ["imported", "known"]
    version = ModelVersion.objects.get()
    tasks.import_version(version_id=version.pk)
    version.refresh_from_db()
    assert (version.status, version.attempts) == ("ready", 1)


def test_trouble_is_noted_and_nothing_raised(model: RegisteredModel, hub: LocalHub, settings: Any) -> None:
    settings.HUB_BUDGET_SECONDS = 2
    hub.fail("GET", status=503)
    assert "503" in sync(model).text
    settings.HUB_ENDPOINTS = {}
    tasks.import_version(version_id=begun(model).pk)
    text = sync(model).text
    model.refresh_from_db()
    assert text == model.sync_error == "The Hub “loopback” is no longer in HUB_ENDPOINTS."
    assert ModelVersion.objects.get().reason == text


def test_message_of_a_deleted_delivery_or_of_an_older_release_is_harmless(model: RegisteredModel) -> None:
    tasks.sync_model(delivery_id=0)
    tasks.sync_model(model_id=model.pk)
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_beat_polls_imports_and_sweeps(model: RegisteredModel, broker_in_this_process: None) -> None:
    tasks.poll_models()
    tasks.poll_models()
    (delivery,) = Delivery.objects.all()
    assert (delivery.kind, delivery.outcome, delivery.version.status) == ("poll", "imported", "ready")
    tasks.sweep_deliveries()
    assert Delivery.objects.get() == delivery
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=8))
    tasks.sweep_deliveries()
    assert not Delivery.objects.exists()


@pytest.fixture
def broker_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are handled at once."""

    def handle(delivery: Delivery, **_how: Any) -> None:
        tasks.sync_model(delivery_id=delivery.pk)

    monkeypatch.setattr(discovery, "_ask_worker", handle)


def test_beat_knows_its_tasks() -> None:
    from celery import current_app

    current_app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_a_beat_with_an_empty_volume_each_hour_sends_each_task(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = maybe_schedule(settings.CELERY_BEAT_SCHEDULE[name]["schedule"])

    def is_sent(begun: datetime) -> bool:
        monkeypatch.setattr(schedule, "nowfun", lambda: begun + timedelta(minutes=59))
        return schedule.is_due(begun).is_due

    assert any(is_sent(datetime(2026, 11, 22, hour, tzinfo=UTC)) for hour in range(24))


def begun(model: RegisteredModel, **values: Any) -> ModelVersion:
    return ModelVersion.objects.create(**{"model": model, "number": 1, "commit": "1" * 40, **values})


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


def test_sweeper_of_a_host_whose_clock_is_ahead_leaves_alone_what_is_at_work(
    model: RegisteredModel, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(model, attempts=1, leased_until=timezone.now() + LEASE)
    wrong = timezone.now() + 2 * LEASE
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    tasks.sweep_imports()
    assert sent == []


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
    discovery.announce(model=model, kind=Delivery.Kind.BUTTON)
    with connection.cursor() as cursor:
        assert len(cursor.execute(QUEUE).fetchall()) == 1
    with worker(database_environment | own, tmp_path / "log"):
        ends = time.monotonic() + 60
        while not Delivery.objects.filter(outcome="imported").exists() and time.monotonic() < ends:
            time.sleep(0.1)
    assert ModelVersion.objects.ready().count() == 1, (tmp_path / "log").read_text()
    assert Delivery.objects.get().outcome == "imported"
    with connection.cursor() as cursor:
        assert cursor.execute(QUEUE).fetchall() == []
