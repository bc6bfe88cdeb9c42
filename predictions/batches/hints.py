"""Messages that say "look for work", and no more: lost ones are sent again by the sweeper, too many end by themselves.

Nobody counts them. A message that was fetched at once tells that hands are idle: one more is sent. A message that
waited long while others are at work tells that there are more messages than hands: it is the last of its line. So
mails and imports never wait behind more than a few of them, however often messages are sent or delivered twice.
"""

import logging
import threading
import time
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db import transaction

from predictions.batches import turns
from registry import clock

logger = logging.getLogger(__name__)

TASK = "predictions.tasks.work_on_batches"
PATIENCE_SECONDS = 0.5  # a broker that is away is tried for seconds, and a page waits
SOON, LATE = 2.0, 10.0  # seconds a message may have waited


def after_commit() -> None:
    """Ask for work once the transaction has committed. A broker that is away is in the log, and keeps nobody waiting."""
    transaction.on_commit(_send_aside)


def send() -> None:
    """Ask for work now; what the broker has against it is in the log."""
    try:  # by name: the task's module is a door
        current_app.send_task(TASK, kwargs={"sent": time.time()}, retry=False)
    except Exception:
        logger.exception("broker unavailable")


def is_wanted(sent: float, at: datetime) -> bool:
    """Whether a message sent then is worth a turn, or there are more of them than processes that fetch them."""
    return at.timestamp() - sent <= LATE or not turns.at_work(clock.now())


def invite(sent: float, at: datetime) -> None:
    """One more process is asked to join, when this one was idle and there is work for both."""
    idle = at.timestamp() - sent < SOON
    now = clock.now()  # the hosts' own clocks may differ, and leases are of the database's
    if idle and turns.at_work(now) < settings.BATCH_WORKERS and turns.free_chunks(now, 2) > 1:
        send()


def _send_aside() -> None:
    thread = threading.Thread(target=send, name="hint", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
