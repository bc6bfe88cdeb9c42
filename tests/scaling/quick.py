"""The Celery application as it is, but its beat sweeps each second: tests cannot wait for a minute."""

from datetime import timedelta
from typing import Any

from celery.signals import worker_process_init

from futurisys.celery import app

app.conf.beat_schedule = {"sweep-batches": {"task": "predictions.tasks.sweep_batches", "schedule": 1.0}}


@worker_process_init.connect(weak=False)
def _sweep_early(**_kwargs: Any) -> None:
    """Work is lost when nobody was at it for a second, not for ten."""
    from predictions import tasks

    tasks.QUIET = timedelta(seconds=1)
