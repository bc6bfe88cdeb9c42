"""Answers of earlier days: nobody waits half a year in a test."""

from datetime import date, timedelta
from typing import Any

import uuid_utils.compat
from django.contrib.auth.models import User
from django.utils import timezone

from predictions.models import Awaited, Prediction, Source
from registry.models import LedgerEntry, ModelVersion
from tests.worlds import IRIS


def today(ago: int = 0) -> date:
    return timezone.localdate() - timedelta(days=ago)


def answered(version: ModelVersion, by: User, ago: int = 0, *, label: str = "setosa", **more: Any) -> Prediction:
    """An answer of so many days ago, stored as it would have been then; `due`: days ago that its outcome is due since.

    As many as `count` in one call, when that is given; the first of them comes back.
    """
    count, due = more.pop("count", 1), more.pop("due", None)
    moment = timezone.now() - timedelta(days=ago)
    start = int(moment.timestamp() * 1e9)
    ids = sorted(uuid_utils.compat.uuid7(nanoseconds=start) for _ in range(count))
    known = {
        "request_id": ids[0],
        "version": version,
        "ledger_entry": LedgerEntry.objects.filter(to_version=version).first(),
        "inputs": IRIS,
        "outputs": {"label": label, "score": 0.9, "probabilities": {label: 0.9}} if label else {"value": 7.5},
        "label": label,
        "score": 0.9,
        "source": Source.API,
        "user": by,
        "duration": 0.0,
        "salt": b"s" * 16,
        "digest": b"d" * 32,
        "created_at": moment,
    }
    keys = more.pop("keys", None) or [more.pop("key", "")] * count
    rows = [Prediction(id=ids[row], row=row, key=keys[row], **{**known, **more}) for row in range(count)]
    Prediction.objects.bulk_create(rows)
    if due is not None:
        Awaited.objects.bulk_create(
            Awaited(prediction=row, kind=Awaited.Kind.OUTCOME, model=version.model, user=by, due_date=today(due))
            for row in rows
        )
    return rows[0]
