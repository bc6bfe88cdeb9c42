"""Roll-ups for the pages that read them, made of tallies and not of answers."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from predictions.models import CountedHour, DailyRollup, HourlyRollup
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.tally import Tally, latency_bin
from registry.models import ModelVersion

TODAY = date(2026, 6, 15)


def tally(version: ModelVersion, counts: Mapping[str, int], *, seconds: float = 0.004, seed: int = 1) -> Tally:
    """A tally with these counts; every field is as in the training data, and every call took so long."""
    found = Tally.empty(layout.of(version))
    known = sum(count for name, count in counts.items() if name.startswith("actual:"))
    for name, count in ({"outcomes": known} | dict(counts)).items():
        found.counts[found.layout.count_names[name]] = count
    _scores(found)
    found.latency[latency_bin(np.array([seconds]))] = counts.get("calls", 0)
    chance = np.random.default_rng(seed)
    for bins in found.layout.all_bins:
        reference = np.array(bins.reference, dtype=float)
        drawn = chance.multinomial(counts.get("answers", 0), reference / reference.sum())
        found.bins[bins.start : bins.start + bins.size] = drawn
    return found


def _scores(found: Tally) -> None:
    """All answers of a class have one score, on their side of the threshold."""
    classes = found.layout.classes
    if len(classes) != 2:
        return
    positive = classes[found.layout.signature.positive]
    for one in classes:
        place = 70 if one == positive else 20
        known = [found[f"actual:{one}:{other}"] for other in classes]
        found.scores[:, place] = [found[f"label:{one}"], sum(known), found[f"actual:{one}:{positive}"]]


def day(version: ModelVersion, when: date, source: str = "api", **counts: int) -> DailyRollup:
    """A day of answers through one door, which also counts for all doors. Labels and such are named with “__”."""
    more: dict[str, Any] = {name: counts.pop(name) for name in ("seconds", "field", "place") if name in counts}
    where = {"field": more.pop("field", ""), "place": more.pop("place", 0)}
    named = {name.replace("__", ":"): count for name, count in counts.items()}
    named.setdefault("calls", named.get("answers", 0))
    found = tally(version, named, seed=when.toordinal(), **more)
    DailyRollup.objects.create(version=version, day=when, source=source, **where, **found.columns())
    whole = DailyRollup.objects.filter(version=version, day=when, source="", **where).first()
    if whole is None:
        return DailyRollup.objects.create(version=version, day=when, source="", **where, **found.columns())
    found.add(Tally.stored(found.layout, whole))
    for name, column in found.columns().items():
        setattr(whole, name, column)
    whole.save()
    return whole


def days(version: ModelVersion, first: date, count: int, **more: Any) -> None:
    """The same on as many days in a row."""
    for number in range(count):
        day(version, first + timedelta(days=number), **more)


def hour(version: ModelVersion, when: datetime, source: str = "api", **counts: int) -> HourlyRollup:
    """An hour of answers through one door."""
    counts.setdefault("calls", counts.get("answers", 0))
    seconds = counts.pop("seconds", 0.004)
    columns = tally(version, counts, seconds=seconds).columns()
    return HourlyRollup.objects.create(version=version, hour=when, source=source, **columns)


def counted(at: datetime | None = None) -> None:
    """That everything was counted."""
    at = at or timezone.now()
    CountedHour.objects.create(hour=at.replace(minute=0, second=0, microsecond=0), counted_at=at, seconds=0.1)


def noon(when: date) -> datetime:
    return timezone.make_aware(datetime.combine(when, time(12)))
