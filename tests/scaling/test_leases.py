"""Leases between hosts: whose clocks differ, who was cut off with a lock in hand, and how many may work at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from futurisys.database_url import connection_settings
from predictions import tasks
from predictions.batches import hints, running, turns
from predictions.models import Batch
from registry import clock as database
from registry.models import ModelVersion
from tests.predictions.files import submitted, work_off

# What an update of the row holds, and what storing an answer that belongs to it does.
UPDATED, ANSWERED = (
    f"SELECT FROM predictions_batch WHERE id = %s FOR {lock}" for lock in ("NO KEY UPDATE", "KEY SHARE")
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock(moment)`: the clock of this host says so, the database's does not."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture(autouse=True)
def _small_chunks(settings) -> None:
    settings.BATCH_ROWS = 5


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_host_whose_clock_is_wrong_keeps_to_the_leases(
    iris: ModelVersion,
    analyst: User,
    clock: Callable[[datetime], None],
    hours: int,
) -> None:
    batch = submitted(iris, analyst, 20)
    held = turns.take(database.now())
    clock(timezone.now() + timedelta(hours=hours))
    running.work(seconds=60)
    assert held is not None
    left = batch.chunks.exclude(status="done").values_list("pk", "lease", "attempts")
    assert list(left) == [(held.chunk.pk, held.lease, 1)]


def test_a_sweep_whose_clock_is_wrong_finds_what_was_lost(iris, analyst, clock, monkeypatch) -> None:
    submitted(iris, analyst, 20)
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **how: sent.append(name))
    clock(timezone.now() - timedelta(hours=1))
    Batch.objects.update(served_at=database.now() - timedelta(minutes=1))
    tasks.sweep_batches()
    assert sent == [hints.TASK]


@pytest.mark.django_db(transaction=True)
def test_a_host_that_was_cut_off_while_it_took_a_piece_stops_nobody(
    iris: ModelVersion, analyst: User, owner_address: str
) -> None:
    batch = submitted(iris, analyst, 20)
    with psycopg.connect(owner_address) as lost:  # its transaction is open until PostgreSQL finds out
        lost.execute(UPDATED, [batch.pk])
        pieces = [turns.take(database.now()) for _ in range(4)]
        assert all(pieces)
        for piece in pieces:
            running.do(piece)
        assert batch.chunks.filter(status="done").count() == 4
    work_off()
    batch.refresh_from_db()
    assert (batch.status, batch.resumed) == (Batch.Status.DONE, 0)


@pytest.mark.django_db(transaction=True)
def test_who_is_served_is_kept_while_others_store_answers(iris, analyst: User, owner_address: str) -> None:
    batch = submitted(iris, analyst, 20)
    with psycopg.connect(owner_address) as other:
        other.execute(ANSWERED, [batch.pk])
        at = database.now()
        turns.take(at)
        batch.refresh_from_db()
        assert batch.served_at == at


@pytest.fixture
def owner_address(database_environment: dict[str, str]) -> str:
    return database_environment["DATABASE_OWNER_URL"]


@pytest.mark.parametrize(("workers", "invited"), [(4, 0), (9, 1)])
def test_more_hosts_may_work_on_files_when_the_setting_says_so(
    iris: ModelVersion, analyst: User, settings: Any, monkeypatch: pytest.MonkeyPatch, workers: int, invited: int
) -> None:
    settings.BATCH_ROWS, settings.BATCH_WORKERS = 2, workers
    submitted(iris, analyst, 20)
    at = database.now()
    for _ in range(4):
        turns.take(at)
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **how: sent.append(name))
    hints.invite(at.timestamp(), at)
    assert len(sent) == invited


@pytest.mark.django_db
def test_postgresql_is_told_to_look_whether_a_host_is_there() -> None:
    """Nothing on a unix socket, where the kernel knows; measured over a link that was cut: docs/scaling.md."""
    options = connection_settings("postgresql://app:x@db:5432/futurisys")["OPTIONS"]["options"]
    for name, value in {"idle": 10, "interval": 3, "count": 3}.items():
        assert f"-c tcp_keepalives_{name}={value} " in f"{options} "
    assert "-c tcp_user_timeout=10000" in options
    with connection.cursor() as cursor:  # and it takes them
        cursor.execute("SELECT reset_val FROM pg_settings WHERE name = 'tcp_user_timeout'")
        assert cursor.fetchone() == ("10000",)
