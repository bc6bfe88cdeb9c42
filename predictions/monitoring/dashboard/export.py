"""The numbers of a dashboard by day and version, as a file for programs and spreadsheets."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from predictions.monitoring.drift import limits, straying
from predictions.monitoring.drift.limits import SCORE
from predictions.monitoring.drift.straying import Reference
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.reading import Slice, Wanted
from predictions.monitoring.rollups.tally import Tally, latency_quantile
from predictions.spreadsheets import BOM, Style, safe
from registry.models import ModelVersion

# In every language, so that a program that reads the file needs to know one.
STYLE = Style(",", ".")
AT_ONCE = 200
COUNTS = ("answers", "calls", "warned", "fallbacks", "failures")
KNOWN = ("outcomes", "agree", "disagree", "need_more")


def lines(wanted: Wanted, versions: Sequence[ModelVersion]) -> Iterator[str]:
    """The lines of the file: a heading, then one for each day and version that answered. One query."""
    slices = reading.days(wanted, versions)
    classes = list(dict.fromkeys(label for one in slices for label in one.tally.layout.classes))
    yield BOM + STYLE.line(map(safe, _headings(classes)))
    scores = {one.version.pk: limits.references_of(one.tally.layout).get(SCORE) for one in reading.by_version(slices)}
    for start in range(0, len(slices), AT_ONCE):
        block = slices[start : start + AT_ONCE]
        yield "".join(STYLE.line(_cells(one, classes, scores[one.version.pk])) for one in block)


def _headings(classes: Sequence[str]) -> list[str]:
    seconds = ("latency_p50_seconds", "latency_p95_seconds")
    labels = [f"answers_{label}" for label in classes]
    return ["day", "version", *COUNTS, *seconds, *labels, *KNOWN, "right", "absolute_error_sum", "score_psi"]


def _cells(one: Slice, classes: Sequence[str], score: Reference | None) -> list[str]:
    tally = one.tally
    counts = [str(tally[name]) for name in COUNTS]
    labels = [str(tally.labels.get(label, "")) for label in classes]
    known = [str(tally[name]) for name in KNOWN]
    day_and_version = [f"{one.start:%Y-%m-%d}", str(one.version.number)]
    return [*day_and_version, *counts, *_latency(tally), *labels, *known, *_right(tally), _score_psi(tally, score)]


def _latency(tally: Tally) -> list[str]:
    found = (latency_quantile(tally.latency, share) for share in (0.5, 0.95))
    return ["" if seconds is None else STYLE.number(seconds, ".3g") for seconds in found]


def _right(tally: Tally) -> list[str]:
    """How many answers came true, of classes; how far values were off together."""
    if not tally.layout.classes:
        return ["", STYLE.number(tally.sum("absolute"))]
    return [str(sum(tally[f"actual:{label}:{label}"] for label in tally.layout.classes)), ""]


def _score_psi(tally: Tally, reference: Reference | None) -> str:
    """How far the scores of the day are from those of the training data; "" without enough of either."""
    bins = tally.layout.score
    if bins is None or reference is None:
        return ""
    distance = float(straying.distances(reference, tally.of(bins)[np.newaxis])[0])
    return "" if math.isnan(distance) else STYLE.number(distance, ".4g")
