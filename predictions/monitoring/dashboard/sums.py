"""Counts that every version has, without the rest of its roll-ups: of other periods, and by door."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db.models import BinaryField
from django.db.models.functions import Substr
from numpy.typing import NDArray

from predictions.models import DailyRollup
from predictions.monitoring.rollups.layout import FIXED
from predictions.monitoring.rollups.reading import Wanted, asked
from predictions.monitoring.rollups.tally import STORED
from registry.models import ModelVersion

Counts = NDArray[np.int64]
PLACES = {name: place for place, name in enumerate(FIXED)}


def by_source(wanted: Wanted, versions: Sequence[ModelVersion]) -> dict[str, Counts]:
    """What layout.FIXED names, for each door that was used, over the whole period. One query."""
    rows = _rows(wanted, versions).exclude(source="")
    found: dict[str, list[bytes]] = {}
    for source, counts in rows.values_list("source", "fixed"):
        found.setdefault(source, []).append(counts)
    return {source: _added(counts) for source, counts in found.items()}


def whole(wanted: Wanted, versions: Sequence[ModelVersion]) -> tuple[date | None, Counts]:
    """What layout.FIXED names, over the whole period; and the first day of which there is anything. One query."""
    rows = _rows(wanted, versions).filter(source=wanted.source).values_list("day", "fixed")
    found = list(rows)
    return min((day for day, _counts in found), default=None), _added([counts for _day, counts in found])


def _rows(wanted: Wanted, versions: Sequence[ModelVersion]) -> Any:
    rows = DailyRollup.objects.filter(day__range=(wanted.since, wanted.until), field=wanted.field)
    first = Substr("counts", 1, len(FIXED) * STORED.itemsize, output_field=BinaryField())
    return rows.filter(asked(wanted, versions)).annotate(fixed=first)


def _added(counts: Sequence[bytes]) -> Counts:
    stored = np.frombuffer(b"".join(counts), STORED).reshape(-1, len(FIXED))
    found: Counts = stored.sum(axis=0, dtype=np.int64)
    return found
