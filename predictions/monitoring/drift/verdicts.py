"""What each window says of each field of a model: the roll-ups of its days held against training data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from predictions.monitoring.drift import limits, straying
from predictions.monitoring.drift import windows as stretches
from predictions.monitoring.drift.limits import SCORE, Limits
from predictions.monitoring.drift.straying import Reference, Verdict
from predictions.monitoring.drift.windows import WIDEST, Window
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.reading import Slice, Wanted
from registry.models import ModelVersion

UNKNOWN = float("nan")


@dataclass(frozen=True)
class Held:
    """What one window says of one field. `size`: its answers; `distance` and `limit` are not a number where unknown."""

    size: int = 0
    distance: float = UNKNOWN
    limit: float = UNKNOWN

    @property
    def verdict(self) -> Verdict:
        return straying.verdict(self.size, self.distance, self.limit)


@dataclass(frozen=True)
class FieldHeld:
    """One field, or the SCORE: a Held for each window. `is_compared`: whether a version shown can be held against."""

    name: str
    title: str
    helds: list[Held]
    is_compared: bool


@dataclass(frozen=True)
class Verdicts:
    """All fields: the score first, then those of the form in its order, each as the newest version calls it.

    `shown`: the version that each window speaks of, None where nobody asked; `sizes`: its answers. `versions`: all that
    answered, oldest first. `is_pending`: limits of one that is shown are not worked out yet. `training_rows`: the most
    that any field has.
    """

    windows: list[Window]
    fields: list[FieldHeld]
    shown: list[ModelVersion | None] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    versions: list[ModelVersion] = field(default_factory=list)
    is_pending: bool = False
    training_rows: int = 0

    @cached_property
    def compared(self) -> list[FieldHeld]:
        """Those that have a reference."""
        return [one for one in self.fields if one.is_compared]

    @cached_property
    def latest(self) -> int | None:
        """The last window that says anything of any field."""
        for place in reversed(range(len(self.windows))):
            if any(one.helds[place].verdict not in {"none", "few"} for one in self.fields):
                return place
        return None

    def found(self, *verdicts: Verdict) -> list[FieldHeld]:
        """The fields of which the latest window says so, strongest first."""
        place = self.latest
        if place is None:
            return []
        found = [one for one in self.fields if one.helds[place].verdict in verdicts]
        return sorted(found, key=lambda one: -one.helds[place].distance)


@dataclass
class _Counted:
    """The answers of one window by version, and the counts in the bins of each."""

    answers: dict[int, int] = field(default_factory=dict)
    bins: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    def add(self, one: Slice) -> None:
        pk = one.version.pk
        self.answers[pk] = self.answers.get(pk, 0) + one.tally["answers"]
        self.bins[pk] = self.bins[pk] + one.tally.bins if pk in self.bins else one.tally.bins

    @property
    def shown(self) -> int | None:
        """The version that answered most, the newer of two."""
        return max(self.answers, key=lambda pk: (self.answers[pk], pk), default=None)

    @property
    def size(self) -> int:
        return self.answers[self.shown] if self.shown is not None else 0


def held(wanted: Wanted, slices: Sequence[Slice]) -> Verdicts:
    """The windows of the period, each held against training data. `slices`: the days of reading.days.

    They are as fine as there are answers: half of the windows that have any have MINIMUM of them, or they are months.
    Where several versions answered in a window, it speaks of the one that answered most, held against its own training
    data. One query, for limits that this process does not know yet.
    """
    windows, counted = _windows(wanted, slices)
    versions = {one.version.pk: one.version for one in sorted(slices, key=lambda one: one.version.number)}
    shown = [one.shown for one in counted]
    answered = [versions[pk] for pk in versions if pk in shown]
    known = limits.known(answered)
    helds = {
        one.pk: _of_version(one, [each.bins[one.pk] if each.shown == one.pk else None for each in counted], known)
        for one in answered
    }
    bare = [Held(one.size) for one in counted]  # of a version that has no reference for a field
    fields = [
        FieldHeld(
            name,
            title,
            [bare[place] if pk is None else helds[pk].get(name, bare)[place] for place, pk in enumerate(shown)],
            any(name in one for one in helds.values()),
        )
        for name, title in names(list(versions.values())).items()
    ]
    rows = [one.rows for version in answered for one in limits.references_of(layout.of(version)).values()]
    return Verdicts(
        windows,
        fields,
        [None if pk is None else versions[pk] for pk in shown],
        [one.size for one in counted],
        list(versions.values()),
        is_pending=any(helds[pk] and pk not in known for pk in helds),
        training_rows=max(rows, default=0),
    )


def _windows(wanted: Wanted, slices: Iterable[Slice]) -> tuple[list[Window], list[_Counted]]:
    days = list(slices)
    finest = stretches.GRAINS.index(stretches.windows(wanted.since, wanted.until, widest=WIDEST)[0].grain)
    for grain in stretches.GRAINS[finest:]:
        windows = stretches.of(grain, wanted.since, wanted.until)
        counted = [_Counted() for _window in windows]
        for one in days:
            counted[stretches.place(windows, one.start)].add(one)
        sizes = [one.size for one in counted if one.size]
        if not sizes or median(sizes) >= straying.MINIMUM:
            break
    return windows, counted


def _of_version(
    version: ModelVersion, bins: Sequence[NDArray[np.int64] | None], known: Mapping[int, Limits]
) -> dict[str, list[Held]]:
    """The fields of one version that have a reference, in the windows that speak of it; `bins`: None in the others."""
    found = layout.of(version)
    at = [place for place, one in enumerate(bins) if one is not None]
    counts = np.array([one for one in bins if one is not None])
    starts = {name: one.start for name, one in limits.bins_of(found).items()}
    of_chance = known[version.pk].fields if version.pk in known else {}
    helds = {}
    for name, reference in limits.references_of(found).items():
        of_field = counts[:, starts[name] : starts[name] + len(reference.counts)]
        helds[name] = [Held()] * len(bins)
        for place, one in zip(at, _field(reference, of_field, of_chance.get(name)), strict=True):
            helds[name][place] = one
    return helds


def _field(reference: Reference, counts: NDArray[np.int64], known: Sequence[float] | None) -> list[Held]:
    sizes = counts.sum(-1)
    distances = straying.distances(reference, counts)
    ends = np.full(len(counts), UNKNOWN) if known is None else straying.limits_at(known, reference.rows, sizes)
    return [Held(*one) for one in zip(sizes.tolist(), distances.tolist(), ends.tolist(), strict=True)]


def names(versions: Sequence[ModelVersion]) -> dict[str, str]:
    """The titles of the score and of all fields by name, as the newest version that has one calls it, oldest first."""
    found: dict[str, str] = {}
    for one in reversed(versions):
        for name, title in _titles(layout.of(one)).items():
            found.setdefault(name, title)
    return found


def _titles(found: layout.Layout) -> dict[str, str]:
    signature = found.signature
    titles = {SCORE: _("Answer score") if found.classes else _("Answered value")} if found.score else {}
    if signature.image is not None:
        return titles | {"image": _("Brightness of the picture")}
    return titles | {one.name: one.title for one in signature.features}
