"""A second beat by mistake: every task is sent twice, and two workers are at it at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.db import connections
from django.utils import timezone

from predictions.models import Alert, AlertEvent, AlertMail, Batch, Prediction
from registry.models import ModelVersion
from tests.predictions import alerting, files, histories
from tests.predictions.rolling import counted

ROUNDS = 3
ALERTS = ["predictions.tasks.watch_models", "predictions.tasks.mail_alerts"]


def at_once(name: str) -> None:
    """Run a task in two threads that begin at the same moment. Raises what one of them raises."""
    gate = threading.Barrier(2)

    def run() -> None:
        gate.wait(10)
        try:
            current_app.tasks[name]()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for begun in [pool.submit(run) for _ in range(2)]:
            begun.result()


@pytest.mark.django_db(transaction=True)
def test_two_beats_do_what_one_does(iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    current_app.loader.import_default_modules()
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *given, **how: sent.append(name))
    earlier = timezone.now() - timedelta(hours=3)
    histories.made_at(histories.ask(analyst)[0], earlier)
    alerting.told(iris, "told")
    alerting.only(iris, alerting.Kind.ERRORS, for_minutes=0)
    batch = files.submitted(iris, analyst, 20)
    Batch.objects.update(served_at=None)  # as if its worker was lost
    sent.clear()
    others = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"] not in ALERTS]
    for name in others * ROUNDS:
        at_once(name)
    assert counted(earlier.replace(minute=0, second=0, microsecond=0)) == 1
    alerting.failing(iris)  # after the last counting of this hour, which knows of no failure
    for name in ALERTS * ROUNDS:
        at_once(name)
    steps = list(AlertEvent.objects.order_by("id").values_list("kind", flat=True))
    assert (Alert.objects.count(), steps) == (1, ["began", "fired"])
    assert AlertMail.objects.values_list("status", "attempts").get() == (AlertMail.Status.SENT, 1)
    assert len(mail.outbox) == 1
    assert sent.count("predictions.tasks.work_on_batches") == 2 * ROUNDS  # hints, which are harmless
    files.work_off()
    assert Prediction.objects.filter(batch=batch).count() == 20
