"""Champions that other versions answer for, so that every page can say so.

A fallback happens in a process that cannot load the champion; the page may come from another one. What they share is
the record: the first and the last answer that names the version it stands in for, under the model's latest ledger entry.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from predictions.models import Prediction
from registry.models import LedgerEntry
from registry.presenters import model_title
from registry.signature import text_in

RECENT = timedelta(minutes=10)
KEPT_SECONDS = 5.0

_lock = threading.Lock()
_known: tuple[float, list["Fallback"]] = (0.0, [])


@dataclass(frozen=True)
class Fallback:
    """Version `answering` of a model answered for version `asked`, from `first` to `last`."""

    model: str
    title: str
    asked: int
    answering: int
    first: datetime
    last: datetime


def recent() -> list[Fallback]:
    """Those of the last ten minutes, by model. Asks the database at most every five seconds in each process."""
    global _known  # noqa: PLW0603
    until, found = _known
    if until < time.monotonic():
        found = _look_up(since=timezone.now() - RECENT)
        with _lock:
            _known = time.monotonic() + KEPT_SECONDS, found
    return found


def _look_up(*, since: datetime) -> list[Fallback]:
    """Two steps into the index prediction_by_fallback for each model, however many records there are."""
    latest = LedgerEntry.objects.order_by("model_id", "-number").distinct("model_id").values("pk")
    fallbacks = Prediction.objects.filter(ledger_entry=OuterRef("pk"), fallback_from__isnull=False)
    entries = LedgerEntry.objects.filter(pk__in=latest).annotate(
        first=_value(fallbacks.order_by("id"), "created_at"),
        last=_value(fallbacks.order_by("-id"), "created_at"),
        answering=_value(fallbacks.order_by("-id"), "version__number"),
        asked=F("to_version__number"),
        name=F("model__name"),
        called=F("to_version__metadata__name"),
    )
    rows = (
        entries.filter(last__gte=since).order_by("name").values("name", "called", "asked", "answering", "first", "last")
    )
    return [_fallback(**row) for row in rows]


def _value(rows: "QuerySet[Prediction]", field: str) -> Subquery:
    return Subquery(rows.values(field)[:1])


def _fallback(*, name: str, called: object, asked: int, answering: int, first: datetime, last: datetime) -> Fallback:
    title = text_in(called) if isinstance(called, str | dict) else ""
    return Fallback(name, model_title(title or name), asked, answering, first, last)


def forget() -> None:
    """Ask again at the next page: between tests."""
    global _known  # noqa: PLW0603
    _known = (0.0, [])
