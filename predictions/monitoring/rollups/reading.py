"""What pages read: roll-ups of a model over a period, in as many rows as there are days, however many answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from predictions.models import CountedHour, DailyRollup, HourlyRollup, Source
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.tally import ARRAYS, Tally, added
from registry.models import ModelVersion, RegisteredModel

# Doors whose calls have thousands of rows: how long one takes says nothing of how long a person waits.
MANY = (Source.RECORDS, Source.BATCH)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which answers are looked at; "" and None ask for all. `until` is the last day that counts.

    `field` and `value` are a segment: the name of a field and a key of predictions.monitoring.rollups.layout.Segment. A version
    that has no such segment has no slices.
    """

    model: RegisteredModel
    since: date
    until: date
    version: int | None = None  # its number
    source: str = ""
    field: str = ""
    value: str = ""


@dataclass(frozen=True)
class Slice:
    """What one version answered on one day, or in one hour."""

    start: date | datetime
    version: ModelVersion
    tally: Tally


def versions_of(model: RegisteredModel, number: int | None = None) -> list[ModelVersion]:
    """The ready versions of a model, oldest first, without their reports; or the one of that number.

    One whose files are damaged is left out: nobody can tell what was counted of it.
    """
    found = ModelVersion.objects.ready().filter(model=model).defer("report", "progress").order_by("number")
    return [one for one in (found.filter(number=number) if number else found) if layout.is_known(one)]


def days(wanted: Wanted, versions: Sequence[ModelVersion] | None = None) -> list[Slice]:
    """A slice for each day and version that answered, in the order of days. One query where `versions` are given."""
    rows = DailyRollup.objects.filter(day__range=(wanted.since, wanted.until))
    return _slices(rows, "day", wanted, versions, source=wanted.source)


def hours(
    wanted: Wanted, since: datetime, until: datetime, versions: Sequence[ModelVersion] | None = None
) -> list[Slice]:
    """The same by hours that begin from `since` to before `until`; slices of one hour are added up over doors."""
    rows = HourlyRollup.objects.filter(hour__gte=since, hour__lt=until)
    if wanted.source:
        return _slices(rows, "hour", wanted, versions, source=wanted.source)
    found: dict[tuple[Any, int], Slice] = {}
    for one in _slices(rows, "hour", wanted, versions):
        key = (one.start, one.version.pk)
        if key in found:
            found[key].tally.add(one.tally)
        else:
            found[key] = one
    return list(found.values())


def _slices(
    rows: QuerySet[Any], moment: str, wanted: Wanted, versions: Sequence[ModelVersion] | None, **more: str
) -> list[Slice]:
    known = {one.pk: one for one in (versions_of(wanted.model) if versions is None else versions)}
    read = (
        rows.filter(asked(wanted, known.values()), field=wanted.field, **more)
        .order_by(moment, "version")
        .values(moment, "version_id", "source", *ARRAYS)
    )
    slices = []
    for row in read:
        version = known[row["version_id"]]
        tally = Tally.stored(layout.of(version), row)
        if "source" not in more and row["source"] in MANY:
            tally.latency[:] = 0
        slices.append(Slice(row[moment], version, tally))
    return slices


def asked(wanted: Wanted, versions: Iterable[ModelVersion]) -> Q:
    """The versions, each with the place that the segment has there: versions may number their values differently."""
    places: dict[int, list[int]] = {}
    for one in versions:
        if wanted.version in {None, one.number}:
            segment = layout.of(one).segment_names.get(wanted.field) if wanted.field else None
            place = (segment.places.get(wanted.value) if segment else None) if wanted.field else 0
            if place is not None:
                places.setdefault(place, []).append(one.pk)
    either = Q(pk__in=[])
    for place, found in places.items():
        either |= Q(version__in=found, place=place)
    return either


def parts(
    wanted: Wanted, fields: Sequence[str], versions: Sequence[ModelVersion]
) -> dict[str, dict[str, dict[int, Tally]]]:
    """Everybody in the period, parted by fields: field -> key of its segment -> id of the version -> counts and sums.

    The histograms of these tallies stay empty, and the segment that is wanted counts for nothing: roll-ups part by one
    field at a time. One query.
    """
    known = {one.pk: one for one in versions if wanted.version in {None, one.number}}
    rows = DailyRollup.objects.filter(day__range=(wanted.since, wanted.until), source=wanted.source)
    read = rows.filter(version__in=known, field__in=fields).values_list(
        "version_id", "field", "place", "counts", "sums"
    )
    groups: dict[tuple[int, str, int], list[tuple[Any, Any]]] = {}
    for version, field, place, counts, sums in read:
        groups.setdefault((version, field, place), []).append((counts, sums))
    found: dict[str, dict[str, dict[int, Tally]]] = {field: {} for field in fields}
    for (version, field, place), stored in groups.items():
        one = layout.of(known[version])
        segment = one.segment_names.get(field)
        if segment is not None and place < segment.size:
            tally = Tally.of_columns(one, *zip(*stored, strict=True))
            found[field].setdefault(segment.keys[place], {})[version] = tally
    return found


def by_version(slices: Sequence[Slice]) -> list[Slice]:
    """One slice for each version, from the first moment it answered in; in the order of version numbers."""
    groups: dict[int, list[Slice]] = {}
    for one in slices:
        groups.setdefault(one.version.pk, []).append(one)
    made = [Slice(group[0].start, group[0].version, added([one.tally for one in group])) for group in groups.values()]
    return sorted(made, key=lambda one: one.version.number)


def counted_until() -> datetime | None:
    """When the newest hour was counted last; None when nothing ever was."""
    return CountedHour.objects.order_by("-hour").values_list("counted_at", flat=True).first()


def today() -> date:
    """The day that it is where the installation is."""
    return timezone.localdate()
