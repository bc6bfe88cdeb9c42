"""How far the history has come, and who may ask for it: what the monitoring page of a demo says."""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, transaction

from predictions.demo_history import loading, versions
from predictions.demo_history.plan import Plan
from predictions.history.moments import first_id_after_day, first_id_of_day
from predictions.models import Prediction
from predictions.monitoring.rollups import days

logger = logging.getLogger(__name__)

RIGHT = "registry.oversee_model"
PATIENCE_SECONDS = 0.5  # a broker that is away is tried for seconds, and a page waits

# As PostgreSQL shows a lock of one number.
_HELD = """
SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database() AND classid = 0 AND objid = %s AND objsubid = 1)
"""


@dataclass(frozen=True)
class Offer:
    """`done` of `total` days are there; `is_running`: somebody loads them; `is_asked`: it was asked for just now."""

    done: int
    total: int
    is_running: bool
    is_asked: bool = False

    @property
    def is_begun(self) -> bool:
        """Whether there is a day to go on from."""
        return self.done > 0


def is_possible() -> bool:
    """Whether made-up answers have a place here."""
    return settings.ENVIRONMENT == "demo"


def of(user: User | AnonymousUser, *, asked: bool = False) -> Offer | None:
    """What to say to a reader; None where there is nothing to load, or nobody may. `asked`: they just asked for it."""
    if not is_possible() or not user.has_perm(RIGHT):
        return None
    pair, is_running = versions.found(), _is_running()
    begun = versions.first_day() if pair else None
    if pair is None or begun is None:
        return Offer(0, Plan.days, is_running, asked)
    plan = Plan(begun, loading.length(pair, begun))
    done = _done(plan, pair)
    if done == plan.days and not is_running:
        return None
    return Offer(done, plan.days, is_running, asked)


def _done(plan: Plan, pair: versions.Pair) -> int:
    """How many days are there: they come in their order."""
    known = [number for version in pair.versions if (number := _newest(version.pk, plan))]
    return (days.day_of(days.moment_of(max(known))) - plan.start).days + 1 if known else 0


def _newest(version: int, plan: Plan) -> UUID | None:
    last = plan.start + timedelta(days=plan.days - 1)
    found = Prediction.objects.filter(version=version, id__gte=first_id_of_day(plan.start))
    return found.filter(id__lt=first_id_after_day(last)).order_by("-id").values_list("pk", flat=True).first()


def _is_running() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [loading.LOCK])
        return bool(cursor.fetchone()[0])


def ask() -> None:
    """Ask the worker to load it, once the transaction has committed. A broker that is away keeps nobody waiting."""
    transaction.on_commit(_send_aside)


def _send_aside() -> None:
    thread = threading.Thread(target=_send, name="demo-history", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)


def _send() -> None:
    try:  # by name: the task's module is a door
        current_app.send_task(loading.TASK, retry=False)
    except Exception:
        logger.exception("broker unavailable")
