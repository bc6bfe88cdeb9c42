"""Promotions, stops and returns, as lines through the pictures of monitoring."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from predictions.monitoring.drift import windows as stretches
from predictions.monitoring.drift.windows import Window
from registry.charts import Mark
from registry.models import LedgerEntry, RegisteredModel

KIND = LedgerEntry.Kind


def marks(
    model: RegisteredModel, windows: Sequence[Window], entries: Sequence[LedgerEntry] | None = None
) -> list[Mark]:
    """What the ledger says of the windows, oldest first, each at its share of the width. `entries`: entries_of(model)."""
    found = list(windows)
    known = entries_of(model) if entries is None else entries
    return _marks(model, known, lambda moment: stretches.mark_at(found, moment), "j F") if found else []


def marks_between(
    model: RegisteredModel, since: datetime, until: datetime, entries: Sequence[LedgerEntry]
) -> list[Mark]:
    """The same on an even scale from one moment to another, with the hour."""
    whole = (until - since).total_seconds()
    return _marks(
        model,
        entries,
        lambda moment: (moment - since).total_seconds() / whole if since <= moment < until else None,
        "j F, H:i",
    )


def entries_of(model: RegisteredModel) -> list[LedgerEntry]:
    """The ledger of a model, oldest first, and of the versions their numbers alone: tens of lines. One query."""
    found = model.ledger.select_related("to_version").order_by("number")
    return list(found.only("created_at", "kind", "number", "model_id", "to_version__number"))


def _marks(
    model: RegisteredModel, entries: Sequence[LedgerEntry], place: Callable[[datetime], float | None], form: str
) -> list[Mark]:
    url = f"{reverse('registry-model', args=[model.name])}#ledger"
    places = [(entry, place(entry.created_at)) for entry in entries]
    return [Mark(at=at, title=_title(entry, form), url=url) for entry, at in places if at is not None]


def _title(entry: LedgerEntry, form: str) -> str:
    """`Version 2 from 12 July`; of another year, with the year."""
    moment = localtime(entry.created_at)
    words = {"number": entry.to_version.number, "day": date_format(moment, form)}
    if moment.year != localdate().year:
        words["day"] = date_format(moment, "j F Y")
    if entry.kind == KIND.SUSPEND:
        return _("Suspended from %(day)s") % words
    if entry.kind == KIND.RESUME:
        return _("Answers again from %(day)s") % words
    if entry.kind == KIND.ROLLBACK:
        return _("Back to version %(number)s from %(day)s") % words
    return _("Version %(number)s from %(day)s") % words
