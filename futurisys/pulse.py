"""A sign of life of processes that nobody can ask: a file, touched while a worker or beat does its rounds.

scripts/image/healthcheck.py looks how old it is. settings.PULSE_FILE names it; without a name there is none.
"""

from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler
from celery.worker import consumer as celery_consumer
from django.conf import settings

SECONDS = 5.0


def beat() -> None:
    """Touch the file."""
    if settings.PULSE_FILE:
        Path(settings.PULSE_FILE).touch()


class WorkerPulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """Begins when the consumer does, so when the broker has answered; a lost broker stops it until it is back."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """The broker has answered."""
        beat()
        if consumer.hub is not None:  # else the timer is a thread, which goes on while the consumer hangs
            self._timer = consumer.timer.call_repeatedly(SECONDS, beat)

    def stop(self, consumer: Any) -> None:
        """The connection is lost, or the worker ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Consumer(celery_consumer.Consumer):  # type: ignore[misc]
    """Celery's own. Without an event loop, which pgmq has not, each of its rounds leaves the sign: one takes 2 s to 4 s."""

    def perform_pending_operations(self) -> None:
        """What a round without an event loop begins with (celery/worker/loops.py, synloop); with one, nobody calls it."""
        super().perform_pending_operations()
        beat()


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Beat's own, which leaves the sign at each look at the schedule."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        """A look that fails leaves none."""
        seconds: float = super().tick(*arguments, **options)
        beat()
        return seconds
