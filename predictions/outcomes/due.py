"""What is due: answers whose outcome should be known by now, oldest first; and what was reported last."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from predictions.models import Awaited, Outcome, Prediction
from predictions.models.awaited import AwaitedQuerySet
from predictions.presenters import Row, rows
from registry.texts import figure

MOST = 1_000  # that are counted
PAGE = 50
LATEST = 10


@dataclass(frozen=True)
class Due:
    """An answer whose outcome is due since `since`, as the list shows it."""

    row: Row
    since: date

    @property
    def key(self) -> str:
        """What the case is called; empty where nobody said."""
        return key_of(self.row.prediction)

    @property
    def cursor(self) -> str:
        """Where the next page begins, as the address says it."""
        return f"{self.since.isoformat()}.{self.row.prediction.pk}"


def key_of(prediction: Prediction) -> str:
    """What the case of an answer is called: the key of its row, or of its record."""
    return prediction.key or (prediction.record.key if prediction.record else "")


def awaited(user: User) -> AwaitedQuerySet:
    """What is due of the answers that somebody may see."""
    found: AwaitedQuerySet = Awaited.objects.visible_to(user).outcomes_due(on=timezone.localdate())
    return found


def due_count(user: User) -> int:
    """How many are due; MOST + 1 when there are more than are counted."""
    return awaited(user)[: MOST + 1].count()


def said_count(count: int) -> str:
    """`Outcome due for 41 cases`."""
    if count == 0:
        return _("No outcome is due")
    if count == 1:
        return _("Outcome due for 1 case")
    if count > MOST:
        return _("Outcome due for more than %(count)s cases") % {"count": figure(MOST, grouped=True)}
    return _("Outcome due for %(count)s cases") % {"count": figure(count, grouped=True)}


def due(user: User, *, after: tuple[date, UUID] | None = None, most: int = PAGE) -> list[Due]:
    """Those due, the ones that wait longest first, or those after a cursor: as many queries for few as for many."""
    found = awaited(user)
    if after is not None:
        day, number = after
        found = found.filter(due_date__gte=day).filter(Q(due_date__gt=day) | Q(prediction__gt=number))
    since = dict(found.order_by("due_date", "prediction").values_list("prediction_id", "due_date")[:most])
    answers = Prediction.objects.for_list().in_bulk(list(since))
    return [Due(row, since[row.prediction.pk]) for row in rows(answers[number] for number in since)]


def cursor(text: str) -> tuple[date, UUID] | None:
    """What `Due.cursor` wrote; None for a text that is none."""
    day, _dot, number = text.partition(".")
    try:
        return date.fromisoformat(day), UUID(number)
    except ValueError:
        return None


def latest(user: User, *, most: int = LATEST) -> list[Outcome]:
    """What was reported last; of who sees their own answers alone, by themselves about these."""
    found = Outcome.objects.latest_only()
    if not user.has_perm("predictions.view_prediction"):
        found = found.filter(by=user, prediction__user=user)
    outcomes = list(found.select_related("by").order_by("-id")[:most])
    answers = Prediction.objects.for_list().in_bulk([outcome.prediction_id for outcome in outcomes])
    kept = [outcome for outcome in outcomes if outcome.prediction_id in answers]  # others' answers are detached
    for outcome in kept:
        outcome.prediction = answers[outcome.prediction_id]
    return kept
