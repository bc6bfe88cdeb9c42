"""Celery's doors into files of rows. The message is a hint, the row is the truth: losing or doubling one is harmless."""

import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from predictions.batches import closing, hints, running, turns

TURN_SECONDS = 5  # then other tasks get theirs
QUIET = timedelta(seconds=10)  # in which somebody at work takes the next piece


@shared_task(soft_time_limit=240, time_limit=300)
def work_on_batches(*, sent: float | None = None, **_kwargs: Any) -> None:
    """Look for work on files and do it for some seconds; the next message goes on. `sent`: when, in seconds."""
    sent = time.time() if sent is None else sent
    begun = timezone.now()
    if not hints.is_wanted(sent, begun) or not running.work(seconds=0):
        return
    hints.invite(sent, begun)  # not before the first piece: a file that was not cut yet has work for one
    if running.work(seconds=TURN_SECONDS):
        hints.send()


@shared_task
def sweep_batches(**_kwargs: Any) -> None:
    """Every minute: work that nobody is at, because its message or worker was lost; and old files."""
    at = timezone.now()
    closing.tidy(at)
    if turns.waiting(at).exists() and not turns.was_served(since=at - QUIET):
        hints.send()
