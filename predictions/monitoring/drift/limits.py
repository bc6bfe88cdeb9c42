"""How far the fields of a version stray by chance alone: simulated once, kept in DriftLimits, read by pages.

They follow from the version, which never changes. If the way of working them out ever does, a migration deletes them.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictions.models import DriftLimits
from predictions.monitoring.drift import straying
from predictions.monitoring.drift.straying import Reference
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.layout import Bins, Layout
from registry.models import ModelVersion
from registry.signature import Feature

SCORE = "~score"  # where a field is named; no field is called so, for names of places begin with “~”


@dataclass(frozen=True)
class Limits:
    """The limits of one version: of each field by its name, and of the SCORE, at each of straying.SIZES."""

    fields: Mapping[str, Sequence[float]]


_lock = threading.Lock()
_limits: dict[int, Limits] = {}


def of(version: ModelVersion) -> Limits | None:
    """The stored limits, read once in each process; None when they were not worked out yet."""
    return known([version]).get(version.pk)


def known(versions: Iterable[ModelVersion]) -> dict[int, Limits]:
    """Those of several versions by id, without the ones that have none yet. At most one query."""
    wanted = {one.pk for one in versions}
    if missing := wanted - _limits.keys():
        found = DriftLimits.objects.filter(pk__in=missing).values_list("pk", "limits")
        read = {pk: _read(stored) for pk, stored in found}
        with _lock:
            _limits.update(read)
    return {pk: _limits[pk] for pk in wanted if pk in _limits}


def make(version: ModelVersion) -> Limits:
    """Simulate the limits of a ready version and store them: some seconds for thirty fields.

    The same version always gets the same ones. Raises RuntimeFailed when its files are damaged.
    """
    references = references_of(layout.of(version))
    share = straying.share_of_each(len(references))
    found = {
        name: straying.simulated(one, share, _chance(version, name)).round(6).tolist()
        for name, one in references.items()
    }
    score = found.pop(SCORE, [])
    stored = {"sizes": list(straying.SIZES), "fields": found, "score": score}
    DriftLimits.objects.update_or_create(version=version, defaults={"limits": stored})
    made = _read(stored)
    with _lock:
        _limits[version.pk] = made
    return made


def forget() -> None:
    """Drop what this process remembers: ids are used again between tests."""
    with _lock:
        _limits.clear()


def bins_of(found: Layout) -> dict[str, Bins]:
    """The bins of the SCORE, if it has any, and those of each field, by name."""
    fields = {one.name: one for one in found.fields}
    return {SCORE: found.score, **fields} if found.score else fields


def references_of(found: Layout) -> dict[str, Reference]:
    """The training rows of the SCORE and of each field by name; without those that have too few to say anything."""
    features = {one.name: one for one in found.signature.features}
    every = {name: reference(bins, features.get(name)) for name, bins in bins_of(found).items()}
    return {name: one for name, one in every.items() if one.is_enough}


def reference(bins: Bins, feature: Feature | None) -> Reference:
    """The training rows of one field, and where its answers may fall: what cleaning refuses never becomes an answer."""
    counts = np.array(bins.reference, np.int64)
    possible = np.ones(len(counts), np.bool_)
    possible[-1] = feature is not None and feature.nullable
    if not bins.is_numeric:
        possible[-2] = feature is None or _may_be_other(feature, bins)
    return Reference(counts, 1 if bins.is_numeric else 2, possible | (counts > 0))


def _may_be_other(feature: Feature, bins: Bins) -> bool:
    if feature.kind == "boolean":
        return False
    return feature.dtype != "category" or feature.allow_unknown or len(feature.values) > len(bins.names)


def _read(stored: Mapping[str, Any]) -> Limits:
    score = {SCORE: stored["score"]} if stored["score"] else {}
    return Limits({**stored["fields"], **score})


def _chance(version: ModelVersion, name: str) -> np.random.Generator:
    """Its own for each field, so that none depends on the others."""
    digest = hashlib.sha256(f"{version.commit}:{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
