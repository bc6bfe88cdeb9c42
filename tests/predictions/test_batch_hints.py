"""Messages say "look for work": lost ones are sent again, and they never become many."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone

from predictions import tasks
from predictions.batches import hints, turns, verbs
from predictions.models import Batch
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import checked, later, submitted
from tests.worlds import ROOT


@pytest.fixture(autouse=True)
def _small_chunks(settings) -> None:
    settings.BATCH_ROWS = 7


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were asked for."""
    names: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *given, **how: names.append(name))
    return names


def test_one_message_is_all_that_a_file_needs(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    batch = submitted(iris, analyst, 50)
    tasks.work_on_batches()
    batch.refresh_from_db()
    assert batch.status == Batch.Status.DONE
    assert sent == [hints.TASK]  # one more process was invited


def test_a_turn_ends_and_the_next_message_goes_on(iris, analyst: User, sent: list[str], monkeypatch) -> None:
    monkeypatch.setattr(tasks, "TURN_SECONDS", 0)
    batch = submitted(iris, analyst, 7)
    tasks.work_on_batches()
    assert sent == [hints.TASK]
    for _ in range(2):
        tasks.work_on_batches()
    batch.refresh_from_db()
    assert batch.status == Batch.Status.DONE


@pytest.mark.parametrize(("waited", "at_work", "invited"), [(0, 0, 1), (3, 0, 0), (0, 3, 1), (0, 4, 0)])
def test_who_was_idle_invites_one_more(iris, analyst, sent, settings, waited: int, at_work: int, invited: int) -> None:
    settings.BATCH_ROWS = 2
    submitted(iris, analyst, 20)
    at = timezone.now()
    for _ in range(at_work):
        turns.take(at)
    hints.invite(time.time() - waited, at)
    assert len(sent) == invited


def test_for_one_chunk_nobody_is_invited(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    submitted(iris, analyst, 7)
    hints.invite(time.time(), timezone.now())
    assert sent == []


@pytest.mark.parametrize(("waited", "at_work", "wanted"), [(0, 1, True), (11, 1, False), (11, 0, True)])
def test_a_message_too_many_ends_by_itself(iris, analyst, waited: int, at_work: int, wanted: bool) -> None:
    submitted(iris, analyst, 20)
    at = timezone.now()
    for _ in range(at_work):
        turns.take(at)
    assert hints.is_wanted(time.time() - waited, at) == wanted


def test_a_message_too_many_does_nothing(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    batch = submitted(iris, analyst, 20)
    turns.take(timezone.now())
    tasks.work_on_batches(sent=time.time() - 60)
    batch.refresh_from_db()
    assert (batch.status, sent) == (Batch.Status.RUNNING, [])


# -- the sweeper


def test_the_sweeper_sends_again_what_was_lost(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    batch = submitted(iris, analyst, 20)
    tasks.sweep_batches()
    assert sent == [hints.TASK]
    turns.take(timezone.now())
    tasks.sweep_batches()
    assert sent == [hints.TASK]  # somebody was served a moment ago, and takes the next piece too
    Batch.objects.update(served_at=timezone.now() - timedelta(seconds=11))
    tasks.sweep_batches()
    assert sent == [hints.TASK] * 2
    later(batch)
    files.work_off()
    tasks.sweep_batches()
    assert sent == [hints.TASK] * 2


def test_the_sweeper_leaves_alone_what_waits_for_a_person(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    checked(iris, analyst, 20)
    tasks.sweep_batches()
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_each_verb_asks_for_work_after_its_commit(iris: ModelVersion, analyst: User, sent: list[str]) -> None:
    batch = checked(iris, analyst, 20)
    assert sent == [hints.TASK]
    verbs.submit(batch=batch, by=analyst)
    verbs.cancel(batch=batch, by=analyst)
    assert sent == [hints.TASK] * 3


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_keeps_nobody_waiting(iris, analyst: User, monkeypatch, caplog) -> None:
    def fail(*given: Any, **how: Any) -> None:
        raise OSError

    monkeypatch.setattr(current_app, "send_task", fail)
    batch = submitted(iris, analyst, 20)
    assert batch.status == Batch.Status.RUNNING
    assert "broker unavailable" in caplog.text


# -- the brokers


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_first_message_makes_no_queue(database_environment: dict[str, str]) -> None:
    """Making one waits for whoever reads it: seconds, in each process that sends."""
    code = "import futurisys.celery, django; django.setup(); from predictions.batches import hints; hints.send()"
    environment = {**database_environment, "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "futurisys.settings"}
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE pgmq.meta IN EXCLUSIVE MODE")  # nobody makes a queue meanwhile
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=20)
        cursor.execute("DELETE FROM pgmq.q_futurisys")
        assert cursor.rowcount == 1


def configured(url: str) -> dict[str, Any]:
    """What Celery makes of the settings with that broker."""
    code = """if True:
        import json
        from futurisys.celery import app
        names = ["broker_transport_options", "result_backend_transport_options", "visibility_timeout", "task_default_queue"]
        names += ["task_acks_late", "task_reject_on_worker_lost", "task_acks_on_failure", "task_acks_on_timeout"]
        names += ["worker_prefetch_multiplier", "worker_soft_shutdown_timeout", "accept_content", "task_default_queue_type"]
        names += ["worker_cancel_long_running_tasks_on_connection_loss", "task_ignore_result", "task_time_limit"]
        print(json.dumps({name: getattr(app.conf, name, None) for name in names}))"""
    environment = {"CELERY_BROKER_URL": url, "PATH": os.environ["PATH"], "FUTURISYS_ENV": "development"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("url", ["pgmq://", "redis://127.0.0.1:6379/0", "amqp://guest:guest@127.0.0.1:5672//"])
def test_what_every_broker_needs(url: str) -> None:
    found = configured(url)
    wanted = ["task_acks_late", "task_reject_on_worker_lost", "task_acks_on_failure", "task_acks_on_timeout"]
    wanted += ["worker_cancel_long_running_tasks_on_connection_loss", "task_ignore_result"]
    assert [name for name in wanted if found[name] is not True] == []
    assert (found["worker_prefetch_multiplier"], found["worker_soft_shutdown_timeout"]) == (1, 30)
    assert (found["task_default_queue"], found["accept_content"]) == ("futurisys", ["json"])


def test_a_message_is_seen_again_only_after_the_longest_task() -> None:
    pgmq, redis = configured("pgmq://"), configured("redis://127.0.0.1:6379/0")
    assert pgmq["broker_transport_options"]["visibility_timeout"] == 900 > pgmq["task_time_limit"]
    places = [redis["broker_transport_options"], redis["result_backend_transport_options"], redis]
    assert [place["visibility_timeout"] for place in places] == [3600] * 3


def test_tasks_of_rabbitmq_are_kept_by_a_quorum_and_confirmed() -> None:
    found = configured("amqp://guest:guest@127.0.0.1:5672//")
    assert found["task_default_queue_type"] == "quorum"
    assert found["broker_transport_options"] == {"confirm_publish": True}
