"""What is counted of a version's answers, and at which place of an array: classes, bins, segments.

It follows from the version's signature and the histograms of its training data (reference.json), neither of which ever
changes, so that counts of any two hours can be added. A version without histograms is held against its background
sample, up to 200 training rows.
"""

import contextlib
import json
import logging
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import artifacts, background, serving
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from registry.signature import Feature, Signature

logger = logging.getLogger(__name__)

REFERENCE = "reference.json"
SCORE_BINS = 100  # of equal width from 0 to 1
LATENCY_LOW, LATENCY_STEP, LATENCY_BINS = 0.0001, 1.1, 160  # seconds: to 420 s, each bin a tenth wider
MOST_VALUES = 20  # of a field that is a segment
MOST_SEGMENTS = 30
BANDS = 4  # of a sensitive number
OTHER, MISSING = "~other", "~missing"
MOST_CATEGORIES = 50  # with a bin of their own; the rest are counted together

FIXED = ("answers", "calls", "warned", "fallbacks", "failures", "agree", "disagree", "need_more", "outcomes")
VERDICTS = ("agree", "disagree", "need_more")
# What is added up of answers whose outcome is known. Of classes: the score s, (s - y)**2 and its square, where y is 1 for
# what came true (see Tally.scores), else 0. Of values: answer - actual, its size, its square; the actual, its square.
CLASS_SUMS = ("score", "brier", "brier_squared")
# "fourth" is that of the errors, without which nobody can say how sure their mean square is.
VALUE_SUMS = ("error", "absolute", "squared", "actual", "actual_squared", "fourth")


@dataclass(frozen=True)
class Bins:
    """The bins of one field, or of the score: stretches between `edges`, or one for each of `names`.

    `reference` counts the training data in the same bins. Behind the stretches comes one for missing values; behind the
    names one for other values and one for missing ones. Beyond the edges counts as the first or last stretch.
    `start`: the place of the first one in Tally.bins.
    """

    name: str
    edges: tuple[float, ...]
    names: tuple[str, ...]
    reference: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return len(self.reference)

    @property
    def is_numeric(self) -> bool:
        return bool(self.edges)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return np.array(self.edges)

    def places(self, values: Sequence[Any]) -> NDArray[np.intp]:
        """The bin of each value, from 0. A picture counts with its mean."""
        if not self.is_numeric:
            return _named(values, self._places, other=len(self.names))
        missing = len(self.edges) - 1
        numbers = _numbers(values)
        found = np.searchsorted(self._edges, numbers, side="right") - 1
        found = np.clip(found, 0, missing - 1)
        return np.where(np.isnan(numbers), missing, found).astype(np.intp)


_NUMERIC = {int, float, bool, type(None)}


def _named(values: Sequence[Any], places: Mapping[str, int], *, other: int) -> NDArray[np.intp]:
    """The place of each value by its name; others at `other`, missing ones behind."""
    missing, place = other + 1, places.get
    return np.array([missing if value is None else place(str(value), other) for value in values], dtype=np.intp)


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    """As numbers, and NaN for what is none. A picture is its mean."""
    if set(map(type, values)) <= _NUMERIC:
        with contextlib.suppress(OverflowError):
            return np.array(values, dtype=np.float64)  # None becomes NaN
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    if isinstance(value, Mapping):  # a picture
        return float(np.mean(value["values"])) if "values" in value else float("nan")
    try:
        return float(value) if isinstance(value, int | float) else float("nan")
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


@dataclass(frozen=True)
class Segment:
    """A field whose values part the answers: its known `values`, or `edges` of bands; then others, then missing ones."""

    feature: Feature
    values: tuple[Any, ...] = ()
    edges: tuple[float, ...] = ()  # the inner ones

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def size(self) -> int:
        """How many places there are."""
        return (len(self.edges) + 1 if self.edges else len(self.values)) + 2

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What each place is called in an address: the value, or for what is none a word that begins with “~”."""
        known = (
            [f"~{number}" for number in range(1, self.size - 1)] if self.edges else [str(one) for one in self.values]
        )
        return (*known, OTHER, MISSING)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each key."""
        return {key: place for place, key in enumerate(self.keys)}

    def place(self, value: Any) -> int:
        """Where a stored value belongs."""
        if value is None:
            return self.size - 1
        if self.edges:
            return bisect_right(self.edges, value) if isinstance(value, int | float) else self.size - 2
        return self.places.get(str(value), self.size - 2)

    def all_places(self, values: Sequence[Any]) -> NDArray[np.intp]:
        """The place of each of many stored values."""
        if not self.edges:
            return _named(values, self.places, other=self.size - 2)
        found = np.searchsorted(np.array(self.edges), _numbers(values), side="right")
        found[[value is None for value in values]] = self.size - 1
        found[[not isinstance(value, int | float | None) for value in values]] = self.size - 2
        return found.astype(np.intp)


@dataclass(frozen=True)
class Layout:
    """The places of everything that is counted of one version."""

    version: int
    signature: Signature
    classes: tuple[str, ...]
    score: Bins | None
    fields: tuple[Bins, ...]
    segments: tuple[Segment, ...]

    @cached_property
    def count_names(self) -> dict[str, int]:
        """What stands where in Tally.counts.

        After FIXED: `label:C` for each class, `verdict:C:V` for each class and verdict of the latest decision, and
        `actual:C:A` for the answer C of a case whose outcome is A.
        """
        names = [*FIXED, *(f"label:{one}" for one in self.classes)]
        names += [f"verdict:{one}:{verdict}" for one in self.classes for verdict in VERDICTS]
        names += [f"actual:{one}:{other}" for one in self.classes for other in self.classes]
        return {name: place for place, name in enumerate(names)}

    @cached_property
    def sum_names(self) -> tuple[str, ...]:
        return CLASS_SUMS if self.classes else VALUE_SUMS

    @property
    def score_bins(self) -> int:
        """How many bins the histogram of scores has; values of a regression have none but those of `score`."""
        return SCORE_BINS if self.classes else 0

    @cached_property
    def bins(self) -> int:
        """The length of Tally.bins."""
        return sum(one.size for one in self.all_bins)

    @cached_property
    def all_bins(self) -> tuple[Bins, ...]:
        """The score's, if it has any, and those of the fields."""
        return (self.score, *self.fields) if self.score else self.fields

    @cached_property
    def segment_names(self) -> dict[str, Segment]:
        return {one.name: one for one in self.segments}


_lock = threading.Lock()
_layouts: dict[int, Layout] = {}


def of(version: ModelVersion) -> Layout:
    """The layout of a ready version, made once in each process. Raises RuntimeFailed when its files are damaged."""
    known = _layouts.get(version.pk)
    if known is None:
        known = make(version.pk, serving.signature_of(version), _reference(version))
        with _lock:
            _layouts[version.pk] = known
    return known


def is_known(version: ModelVersion) -> bool:
    """Whether the version's files could be read; where not, its answers are left out, and the log says so."""
    try:
        of(version)
    except RuntimeFailed:
        logger.exception("a version is not counted", extra={"version": version.pk})
        return False
    return True


def forget() -> None:
    """Drop what this process remembers: ids are used again between tests."""
    with _lock:
        _layouts.clear()


def make(version: int, signature: Signature, reference: Mapping[str, Any]) -> Layout:
    """A layout from the histograms of reference.json, as docs/model-repository.md describes them; pure."""
    start, score, fields = 0, None, []
    if found := reference.get("score"):
        score = _bins("", found, None, start)
        start += score.size
    known = {feature.name: feature for feature in signature.features}
    for name, entry in (reference.get("features") or {}).items():
        if one := _bins(name, entry, known.get(name), start):
            fields.append(one)
            start += one.size
    bands = {one.name: one.edges for one in fields if one.is_numeric}
    segments = tuple(_segments(signature.features, bands))[:MOST_SEGMENTS]
    return Layout(version, signature, tuple(signature.class_names), score, tuple(fields), segments)


def _bins(name: str, entry: Mapping[str, Any], feature: Feature | None, start: int) -> Bins:
    missing = int(entry.get("missing") or 0)
    if "edges" in entry:
        return Bins(name, tuple(map(float, entry["edges"])), (), (*map(int, entry["counts"]), missing), start)
    counts = {str(value): int(count) for value, count in entry["counts"].items()}
    ordered = [str(value) for value in feature.values] if feature else []
    if feature and feature.kind == "boolean":
        ordered = ["False", "True"]
    ordered += sorted(counts.keys() - set(ordered), key=lambda value: (-counts[value], value))
    names = tuple(ordered[:MOST_CATEGORIES])
    other = sum(counts.get(value, 0) for value in ordered[MOST_CATEGORIES:])
    return Bins(name, (), names, (*(counts.get(value, 0) for value in names), other, missing), start)


def _segments(features: Sequence[Feature], bands: Mapping[str, Sequence[float]]) -> Iterator[Segment]:
    for feature in features:
        if feature.kind == "boolean":
            yield Segment(feature, values=(False, True))
        elif feature.dtype == "category" and len(feature.values) <= MOST_VALUES:
            yield Segment(feature, values=tuple(feature.values))
        elif feature.sensitive and len(bands.get(feature.name, ())) > BANDS:
            edges = bands[feature.name]
            yield Segment(feature, edges=tuple(edges[len(edges) * part // BANDS] for part in range(1, BANDS)))


def _reference(version: ModelVersion) -> dict[str, Any]:
    content = artifacts.read(version, REFERENCE)
    if content is not None:
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    return _of_sample(version)


def _of_sample(version: ModelVersion) -> dict[str, Any]:
    """Histograms of the background sample in the form of reference.json; empty where there is none."""
    sample = background.of(version)
    signature = serving.signature_of(version)
    if sample is None or signature.image is not None:
        return {}
    return {"features": {one.name: _histogram(one, sample[one.name].tolist()) for one in signature.features}}


def _histogram(feature: Feature, values: list[Any]) -> dict[str, Any]:
    present = [value for value in values if value is not None and value == value]  # noqa: PLR0124  NaN is not itself
    told = {"missing": len(values) - len(present), "n": len(values)}
    if feature.dtype in {"number", "integer"} and present:
        edges = np.unique(np.quantile(np.array(present, dtype=np.float64), np.linspace(0, 1, 11)))
        edges = edges if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])
        return {"edges": edges.tolist(), "counts": np.histogram(present, edges)[0].tolist(), **told}
    texts = list(map(str, present))
    return {"counts": {value: texts.count(value) for value in set(texts)}, **told}
