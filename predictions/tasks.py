"""Celery's doors into files of rows and into monitoring.

The message is a hint, the row is the truth: losing or doubling one is harmless.
"""

import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from predictions.batches import closing, hints, running, turns
from predictions.demo_history import loading
from predictions.monitoring.alerts import mails, verbs
from predictions.monitoring.comparison import hints as comparison_hints
from predictions.monitoring.comparison import running as comparisons
from predictions.monitoring.rollups import rounds, verifying
from predictions.partitions import making
from registry import clock

TURN_SECONDS = 5  # then other tasks get theirs
MAILING_SECONDS = 30
COMPARISON_SECONDS = 20
QUIET = timedelta(seconds=10)  # in which somebody at work takes the next piece
ROLL_UP_SECONDS, ROLL_UP_CHAIN = 20, 55  # of one message, and of those that follow each other until beat sends the next


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
    at = clock.now()
    closing.tidy(at)
    if turns.waiting(at).exists() and not turns.was_served(since=at - QUIET):
        hints.send()


@shared_task
def roll_up(*, until: float | None = None, **_kwargs: Any) -> None:
    """Every minute: count the hours that are due for some seconds; the next message goes on, `until` then in seconds."""
    until = time.time() + ROLL_UP_CHAIN if until is None else until
    if time.time() > until:  # beat has begun another one
        return
    if rounds.work(seconds=ROLL_UP_SECONDS):
        roll_up.apply_async(kwargs={"until": until}, retry=False)
    rounds.make_limits()


@shared_task
def verify_rollups(**_kwargs: Any) -> None:
    """Every day: hours whose roll-ups hold other numbers of answers than there are will be counted again."""
    verifying.mark_differing(timezone.now())


@shared_task
def make_partitions(**_kwargs: Any) -> None:
    """Every hour: where the answers of the next months will be stored. Warns of what somebody should look at."""
    making.make()


@shared_task
def watch_models(**_kwargs: Any) -> None:
    """Every minute: the conditions of the alert rules."""
    verbs.watch(timezone.now())


@shared_task
def mail_alerts(**_kwargs: Any) -> None:
    """Every minute: mails about alerts that wait, or whose worker was lost."""
    until = time.monotonic() + MAILING_SECONDS
    while time.monotonic() < until and mails.send_next(clock.now()):
        pass


@shared_task(soft_time_limit=240, time_limit=300)
def work_on_comparisons(**_kwargs: Any) -> None:
    """Score recorded inputs again for some seconds; the next message goes on. Beat sends one every minute, too."""
    if comparisons.work(seconds=COMPARISON_SECONDS):
        comparison_hints.send()


@shared_task
def load_demo_history(*, days: int | None = None, a_day: int | None = None, **_kwargs: Any) -> None:
    """What the monitoring page of a demo offers; a second message goes on where the first one was stopped."""
    loading.load_aside(days=days, a_day=a_day)
