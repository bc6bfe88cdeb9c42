"""The history comes in, a day in a transaction: whoever goes on after an interruption begins with the next day.

Facts cannot be taken back, so a day is there or it is not. Its content follows from the plan alone.
"""

import logging
import math
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from predictions.demo_history import files, people, versions
from predictions.demo_history.answering import Answering, Written
from predictions.demo_history.moments import at_hour
from predictions.demo_history.people import Day
from predictions.demo_history.plan import Plan
from predictions.demo_history.telling import Told, tell
from predictions.demo_history.users import Users
from predictions.demo_history.versions import Failed, Pair, Say
from predictions.history.moments import first_id_after_day, first_id_of_day
from predictions.imports import verbs as imports
from predictions.imports.csv_files import Dialect
from predictions.models import Awaited, Decision, HourToCount, Outcome, Prediction, PredictionFailure, Record
from predictions.models.writing import write_past
from predictions.monitoring.drift import limits
from predictions.monitoring.rollups import keeping, marks
from predictions.monitoring.rollups.days import day_of, hour_of
from registry.exceptions import RegistryError

logger = logging.getLogger(__name__)

LOCK = 0x64656D6F  # of an advisory lock: nobody else loads at the same time
DATASET = "employees-history"
TITLE = gettext_noop("Employees, six months")  # stored in English, said in the language of who reads it
COUNTING = "predictions.tasks.roll_up"
TASK = "predictions.tasks.load_demo_history"
SAY_EVERY = 15  # days
TURN_SECONDS = 400  # of one message, which is less than any task may take


class Loading(Failed):
    """Another process is loading it."""


class Paused(Failed):
    """The time that it was given is over; the next call goes on."""


class Refused(Failed):
    """This is no place for made-up answers."""


@dataclass(frozen=True)
class Loaded:
    """What there is now; `new`: answers that this call brought."""

    plan: Plan
    new: int


def load(
    *, users: Users, say: Say, days: int | None = None, a_day: int | None = None, seconds: float = math.inf
) -> Loaded:
    """Bring what is missing of the history; `days`, `a_day`: as in Plan, for one that is not there yet.

    Raises Refused where real answers may be, Loading when somebody else is at it, Paused once it took so many `seconds`,
    other Failed with a sentence, and what training and import raise.
    """
    ends = time.monotonic() + seconds
    if settings.ENVIRONMENT != "demo":
        raise Refused("Made-up answers are loaded into the demo alone: start one with make run.")
    folder = settings.VAR_DIR / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone():
        pair = versions.prepare(folder, say)
        plan = plan_of(pair, users, days=days or Plan.days, a_day=a_day or Plan.a_day)
        new = _load_days(pair, plan, users, say, ends)
        count(plan, say, ends)
        _limits(pair, say)
    return Loaded(plan, new)


def load_aside(*, days: int | None, a_day: int | None) -> None:
    """The same without anybody who watches: progress and what went wrong are in the log."""
    try:
        load(
            users=Users.called(),
            say=lambda text: logger.info("demo history", extra={"step": text}),
            days=days,
            a_day=a_day,
            seconds=TURN_SECONDS,
        )
    except Loading:
        logger.info("the history is being loaded already")
    except Paused:
        _send(TASK, days=days, a_day=a_day)
    except (Failed, RegistryError, subprocess.SubprocessError):
        logger.exception("the history could not be loaded")


def plan_of(pair: Pair, users: Users, *, days: int, a_day: int) -> Plan:
    """The plan of a history that has begun, or of one that begins now and ends yesterday."""
    begun = versions.first_day()
    if begun is not None:
        return Plan(begun, length(pair, begun), a_day)
    plan = Plan(_tracked(pair) - timedelta(days=days), days, a_day)
    versions.write_ledger(pair, plan, by=users.runs)
    return plan


def length(pair: Pair, begun: date) -> int:
    """How many days a history has: it ends on the day before its model was tracked."""
    return (_tracked(pair) - begun).days


def _tracked(pair: Pair) -> date:
    return day_of(pair.model.created_at)


@contextmanager
def _alone() -> Iterator[None]:
    """Raises Loading. The lock ends with the process at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Loading("Another process is loading the history.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _load_days(pair: Pair, plan: Plan, users: Users, say: Say, ends: float) -> int:
    """How many answers are new."""
    missing = [day for day in range(plan.days) if not is_loaded(pair, plan, day)]
    if not missing:
        return 0
    say("making people up")
    with tempfile.TemporaryDirectory() as place:
        made = people.make(plan, Path(place))
        answering = Answering(plan, versions.ledger(), users, _records(pair, made, users))
        new = 0
        for day, asked in people.days(made):
            _pause(ends)
            if day in missing:
                new += _load_day(answering, day, asked)
            if (day + 1) % SAY_EVERY == 0 or day + 1 == plan.days:
                say(f"day {day + 1} of {plan.days}, {new} answers")
                _send(COUNTING)  # another worker may count what is there already
    return new


def is_loaded(pair: Pair, plan: Plan, day: int) -> bool:
    """Whether anything was answered on that day."""
    on = plan.date_of(day)
    found = Prediction.objects.filter(version__in=pair.versions)
    return found.filter(id__gte=first_id_of_day(on), id__lt=first_id_after_day(on)).exists()


def _pause(ends: float) -> None:
    if time.monotonic() > ends:
        raise Paused("The history is not complete yet: load it again.")


def _records(pair: Pair, made: Path, users: Users) -> dict[str, int]:
    """The staff as a set of records, imported once; the records by key."""
    known = dict(Record.objects.filter(dataset__name=DATASET).values_list("key", "pk"))
    content = people.records(made)
    if not known and content:
        imports.import_records(
            name=DATASET,
            title=TITLE,
            content=content,
            dialect=Dialect(),
            key_column=people.KEY,
            model=pair.model,
            by=users.runs,
            is_example=True,
        )
        known = dict(Record.objects.filter(dataset__name=DATASET).values_list("key", "pk"))
    return known


def _load_day(answering: Answering, day: int, asked: Day) -> int:
    written = answering.day(day, asked)
    told = tell(answering.plan, day, written.answers, answering.users)
    with transaction.atomic():
        _store(written, told, answering)
    return len(written.answers)


def _store(written: Written, told: Told, answering: Answering) -> None:
    for chunk in written.chunks:
        files.store(chunk)
    if written.calls:
        write_past(connection, written.calls)
    PredictionFailure.objects.bulk_create(written.failures)
    Decision.objects.bulk_create(told.decisions)
    Outcome.objects.bulk_create(told.outcomes)
    model = answering.ledger[0].model
    for (kind, due, by), numbers in told.awaited.items():
        Awaited.objects.expect(numbers, kind=kind, due=due, model=model, user=by)
    marks.mark([*(answer.number for answer in written.answers), *(one.pk for one in written.failures)])


def count(plan: Plan, say: Say, ends: float = math.inf) -> None:
    """Count the hours that the history has brought something into, a day at a time."""
    for day in range(plan.days):
        begin, end = at_hour(plan, day, 0), at_hour(plan, day + 1, 0)
        marked = HourToCount.objects.filter(hour__gte=begin, hour__lt=end).values_list("hour", flat=True)
        if hours := sorted({hour_of(hour) for hour in marked}):
            _pause(ends)
            keeping.count_hours(hours, timezone.now())
            if (day + 1) % SAY_EVERY == 0 or day + 1 == plan.days:
                say(f"counted day {day + 1} of {plan.days}")


def _send(task: str, **told: int | None) -> None:
    """Ask a worker. What the broker has against it is in the log: everything is done in the end without, or asked again."""
    try:  # by name: the task's module is a door
        current_app.send_task(task, kwargs=told, retry=False)
    except Exception:
        logger.exception("broker unavailable")


def _limits(pair: Pair, say: Say) -> None:
    for version in pair.versions:
        if limits.of(version) is None:
            say(f"limits of drift of version {version.number}")
            limits.make(version)
