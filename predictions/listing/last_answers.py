"""What was answered about records: the last answer of each, and all of one."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import OuterRef, Subquery
from django.urls import reverse

from predictions.models import Prediction, Record, Source
from predictions.models.prediction import PredictionQuerySet
from predictions.presenters import Row, rows

FIELDS = ("version", "outputs", "label", "score", "warnings", "created_at", "user", "record", "source")
PERSON = ("user__username", "user__first_name", "user__last_name")
AT_ONCE = 20


@dataclass(frozen=True)
class Seen:
    """An answer about a record as one reader sees it; `url` is empty when the rest of it is not for them."""

    row: Row
    url: str

    @property
    def is_changed(self) -> bool:
        """Whether it was asked with other values than the record has: then it is no answer about that record."""
        return self.row.prediction.source == Source.CHANGED


def last_answers(records: Sequence[Record], user: User | AnonymousUser) -> dict[int, Seen]:
    """The newest answer about each record that has one, by the record's number: two queries, however many there are.

    Answers to changed values do not count.
    """
    about = _visible(user).filter(record=OuterRef("pk")).exclude(source=Source.CHANGED)
    newest = about.order_by("-id").values("pk")[:1]
    asked = Record.objects.filter(pk__in=[record.pk for record in records]).values(last=Subquery(newest))
    found = _seen(list(Prediction.objects.filter(pk__in=asked).only(*FIELDS).with_versions()), user)
    return {seen.row.prediction.record_id: seen for seen in found if seen.row.prediction.record_id}


def answers_of(record: Record, user: User | AnonymousUser, before: str = "") -> tuple[list[Seen], uuid.UUID | None]:
    """The newest answers about a record, or those before one of them, and from where there are older ones."""
    found = (
        _visible(user)
        .filter(record=record)
        .select_related("user")
        .only(*FIELDS, *PERSON)
        .with_versions()
        .order_by("-id")
    )
    if number := _number(before):
        found = found.filter(pk__lt=number)
    answers = list(found[: AT_ONCE + 1])
    older = answers[AT_ONCE - 1].pk if len(answers) > AT_ONCE else None
    return _seen(answers[:AT_ONCE], user), older


def _visible(user: User | AnonymousUser) -> PredictionQuerySet:
    """Answers whose outcome this person may know: who sees examples alone knows no colleagues."""
    found = Prediction.objects.all()
    if user.has_perm("predictions.view_dataset"):
        return found
    return found.filter(user_id=user.pk)  # type: ignore[misc]  # somebody is logged in


def _seen(predictions: list[Prediction], user: User | AnonymousUser) -> list[Seen]:
    may_all = user.has_perm("predictions.view_prediction")
    return [
        Seen(row, reverse("record", args=[row.prediction.pk]) if may_all or row.prediction.user_id == user.pk else "")
        for row in rows(predictions)
    ]


def _number(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
