"""Monitoring, counted by hand: every fact is looked at, one after the other, in plain Python.

It shares what is counted where with the product (the bins and segments of a layout), and nothing of how.
"""

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from predictions.models import DailyRollup, Decision, HourlyRollup, Outcome, Prediction, PredictionFailure
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.layout import Bins, Layout, Segment
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion

Key = tuple[Any, ...]  # hour or day, key of a version, door, field, place
Seen = dict[Key, Counter[str]]
MANY = {"records", "batch"}


def by_hour() -> Seen:
    """Everything that is to be known, by hour."""
    return _recounted(lambda moment: moment.replace(minute=0, second=0, microsecond=0))


def by_day() -> Seen:
    """The same by day, with the sum over all doors."""
    here = ZoneInfo(settings.TIME_ZONE)
    found = _recounted(lambda moment: moment.astimezone(here).date())
    for (day, version, source, field, place), counts in list(found.items()):
        total = found.setdefault((day, version, "", field, place), Counter())
        total.update({name: n for name, n in counts.items() if not (source in MANY and name.startswith("latency:"))})
    return found


def kept_hours() -> Seen:
    """What the roll-ups say."""
    return {(row.hour, *_key(row)): _named(row) for row in HourlyRollup.objects.all()}


def kept_days() -> Seen:
    return {(row.day, *_key(row)): _named(row) for row in DailyRollup.objects.all()}


def plain(seen: Seen) -> dict[Key, dict[str, float]]:
    """Without what is nought, and sums to nine digits: they may be added in another order."""
    return {
        key: {name: round(n, 9) for name, n in sorted(counts.items()) if round(n, 9)} for key, counts in seen.items()
    }


def _key(row: Any) -> Key:
    return row.version_id, row.source, row.field, row.place


def _named(row: Any) -> Counter[str]:
    known = layout.of(ModelVersion.objects.get(pk=row.version_id))
    tally = Tally.stored(known, row)
    found: Counter[str] = Counter({name: tally[name] for name in known.count_names})
    for name in known.sum_names:
        found[f"sum:{name}"] = tally.sum(name)  # type: ignore[assignment]
    for kind, row_of in zip(("all", "known", "true"), tally.scores, strict=True):
        found.update({f"scores:{kind}:{place}": int(n) for place, n in enumerate(row_of)})
    for bins in known.all_bins:
        found.update({f"bin:{bins.name}:{place}": int(n) for place, n in enumerate(tally.of(bins))})
    found.update({f"latency:{place}": int(n) for place, n in enumerate(tally.latency)})
    return found


def _recounted(when: Any) -> Seen:
    found: Seen = defaultdict(Counter)
    decisions = {row.prediction_id: row for row in _latest(Decision.objects.all())}
    outcomes = {row.prediction_id: row for row in _latest(Outcome.objects.all()) if not row.is_withdrawn}
    for answer in Prediction.objects.select_related("version"):
        known = layout.of(answer.version)
        said = _of_answer(known, answer, decisions.get(answer.pk), outcomes.get(answer.pk))
        for field, place in _parts(known, answer.inputs):
            found[when(_moment(answer)), known.version, answer.source, field, place].update(said)
    for failure in PredictionFailure.objects.select_related("version"):
        known = layout.of(failure.version)
        for field, place in _parts(known, failure.inputs):
            found[when(_moment(failure)), known.version, failure.source, field, place]["failures"] += 1
    return dict(found)


def _latest(rows: Any) -> list[Any]:
    replaced = {row.replaces_id for row in rows}
    return [row for row in rows if row.pk not in replaced]


def _moment(row: Any) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(str(row.pk).replace("-", "")[:12], 16))


def _of_answer(known: Layout, answer: Prediction, decision: Any, outcome: Any) -> Counter[str]:
    said: Counter[str] = Counter(answers=1, calls=int(answer.row == 0), warned=int(bool(answer.warnings)))
    said["fallbacks"] += answer.fallback_from_id is not None
    if answer.label in known.classes:
        said[f"label:{answer.label}"] += 1
    if decision:
        said[decision.verdict] += 1
        if answer.label in known.classes:
            said[f"verdict:{answer.label}:{decision.verdict}"] += 1
    if known.classes:
        said[f"scores:all:{_score_bin(answer.score)}"] += 1
    for bins in known.fields:
        said[f"bin:{bins.name}:{_bin(bins, answer.inputs.get(bins.name))}"] += 1
    if known.score:
        said[f"bin::{_bin(known.score, answer.score)}"] += 1
    if answer.row == 0:
        said[f"latency:{_latency_bin(answer.duration)}"] += 1
    if outcome:
        said.update(_of_classes(known, answer, outcome) if known.classes else _of_value(answer, outcome))
    return said


def _of_classes(known: Layout, answer: Prediction, outcome: Outcome) -> Counter[str]:
    if outcome.label not in known.classes or answer.label not in known.classes:
        return Counter()
    if len(known.classes) == 2:
        came_true = outcome.label == known.classes[known.signature.positive]
    else:
        came_true = outcome.label == answer.label
    said: Counter[str] = Counter({"outcomes": 1, f"actual:{answer.label}:{outcome.label}": 1})
    said[f"scores:known:{_score_bin(answer.score)}"] += 1
    said[f"scores:true:{_score_bin(answer.score)}"] += came_true
    missed = (answer.score - came_true) ** 2
    said.update({"sum:score": answer.score, "sum:brier": missed, "sum:brier_squared": missed**2})  # type: ignore[dict-item]
    return said


def _of_value(answer: Prediction, outcome: Outcome) -> Counter[str]:
    if outcome.value is None:
        return Counter()
    error, actual = answer.score - outcome.value, outcome.value
    sums = {"error": error, "absolute": abs(error), "squared": error**2, "fourth": error**4}
    sums |= {"actual": actual, "actual_squared": actual**2}
    return Counter({"outcomes": 1, **{f"sum:{name}": value for name, value in sums.items()}})  # type: ignore[dict-item]


def _score_bin(score: float) -> int:
    return min(int(f"{score * 100:.9f}".partition(".")[0]), 99)


def _latency_bin(seconds: float) -> int:
    place = 0
    while place < 159 and seconds >= 0.0001 * 1.1 ** (place + 1):
        place += 1
    return place


def _bin(bins: Bins, value: Any) -> int:
    if isinstance(value, dict):
        flat = value["values"]
        while isinstance(flat[0], list):
            flat = [one for row in flat for one in row]
        value = math.fsum(flat) / len(flat)
    if bins.edges:
        if value is None:
            return len(bins.edges) - 1
        return max(0, min(sum(edge <= value for edge in bins.edges) - 1, len(bins.edges) - 2))
    if value is None:
        return len(bins.names) + 1
    return bins.names.index(str(value)) if str(value) in bins.names else len(bins.names)


def _parts(known: Layout, inputs: dict[str, Any]) -> list[tuple[str, int]]:
    return [("", 0), *((one.name, _place(one, inputs.get(one.name))) for one in known.segments)]


def _place(segment: Segment, value: Any) -> int:
    if value is None:
        return segment.size - 1
    if segment.edges:
        return sum(edge <= value for edge in segment.edges)
    texts = [str(one) for one in segment.values]
    return texts.index(str(value)) if str(value) in texts else segment.size - 2
