"""Messages that say “look for comparisons”, and no more: beat sends one every minute, whatever was lost."""

import logging
import threading

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

TASK = "predictions.tasks.work_on_comparisons"
PATIENCE_SECONDS = 0.5  # a broker that is away is tried for seconds, and a page waits


def after_commit() -> None:
    """Ask for work once the transaction has committed. A broker that is away keeps nobody waiting."""
    transaction.on_commit(_send_aside)


def send() -> None:
    """Ask for work now; what the broker has against it is in the log."""
    try:  # by name: the task's module is a door
        current_app.send_task(TASK, retry=False)
    except Exception:
        logger.exception("broker unavailable")


def _send_aside() -> None:
    thread = threading.Thread(target=send, name="comparison", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
