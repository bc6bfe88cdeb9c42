"""What each kind of rule measures, from roll-ups and small indexed queries alone: it costs the same at any volume.

What is counted (failures, seconds, answers of a day) is compared as it is, from a minimum size on. Accuracy is an
estimate, so the end of its 95 % interval is compared; drift has limits that chance alone rarely passes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Greatest
from django.utils import timezone

from predictions import fallbacks
from predictions.models import AlertRule, Batch, CountedHour
from predictions.monitoring.drift import heat
from predictions.monitoring.quality.intervals import wilson
from predictions.monitoring.rollups import days, reading
from predictions.monitoring.rollups.layout import LATENCY_BINS
from predictions.monitoring.rollups.reading import Slice, Wanted
from predictions.monitoring.rollups.tally import Tally, latency_quantile
from registry import promotions
from registry.models import ModelVersion, RegisteredModel

Kind, Status = AlertRule.Kind, Batch.Status

LEAST_USUAL = 20  # answers of a usual day
LEAST_ROWS = 20  # answers and failures of the last hours
LEAST_CALLS = 20
LEAST_OUTCOMES, ENOUGH_OUTCOMES = 50, 200
OUTCOME_DAYS = 90
WEEKS = 4
SLOW = 0.95  # the share of calls within the latency that is looked at
DRIFT_DAYS = 62  # the most that are looked at day by day
MOST_FILES = 50


@dataclass(frozen=True)
class Measured:
    """What a look found. `holds`: None when it could not be measured. `said`: figures for its sentence, as JSON.

    `subject`: what it is about, where a model can have several at once.
    """

    holds: bool | None
    value: float | None = None
    said: dict[str, Any] = field(default_factory=dict)
    subject: str = ""


def measure(rule: AlertRule, at: datetime) -> list[Measured]:
    """What the rule's condition says at a moment; a subject that is not in it is over.

    Raises what the database and damaged files raise.
    """
    return _MEASURES[rule.kind](rule, at)


def _over(rule: AlertRule, value: float) -> bool | None:
    return None if rule.limit is None else value > rule.limit


def _under(rule: AlertRule, value: float) -> bool | None:
    return None if rule.limit is None else value < rule.limit


def _needs(needs: int, has: int) -> list[Measured]:
    return [Measured(None, None, {"needs": needs, "has": has})]


def _in_charge(model: RegisteredModel) -> ModelVersion | None:
    """The version that answers; None before there is one, and while the model is suspended."""
    entry = promotions.latest(model)
    return entry.to_version if entry and entry.answers else None


# --- the world ----------------------------------------------------------------------------------------------


def _drift(rule: AlertRule, at: datetime) -> list[Measured]:
    """Fields that changed, the score among them, in the newest window with enough answers of the version in charge."""
    version, until = _in_charge(rule.model), timezone.localdate(at)
    if version is None:
        return [Measured(None)]
    since = until - timedelta(days=DRIFT_DAYS - 1)
    wanted = Wanted(model=rule.model, since=since, until=until, version=version.number)
    strip = heat.strip(wanted, reading.days(wanted, [version]), AnonymousUser())
    if strip.latest is None:
        return [Measured(None)]
    changed = len(strip.changed)
    said: dict[str, Any] = {"changed": changed, "fields": strip.fields, "version": version.number}
    said |= {"since": strip.latest.start.isoformat(), "until": strip.latest.end.isoformat()}
    holds = None if rule.limit is None else changed >= rule.limit
    return [Measured(holds, changed, said)]


# --- how much, how well, how fast ---------------------------------------------------------------------------


def _volume(rule: AlertRule, at: datetime) -> list[Measured]:
    """Answers of the last whole day beside the median of the same weekday in the four weeks before."""
    today = timezone.localdate(at)
    day = today - timedelta(days=1)
    if _in_charge(rule.model) is None or not _is_counted(day):
        return [Measured(None)]  # what is not counted yet is not missing
    found = reading.days(Wanted(model=rule.model, since=day - timedelta(weeks=WEEKS), until=day))
    answers = {day - timedelta(weeks=week): 0 for week in range(WEEKS + 1)}
    for one in found:
        if one.start in answers:
            answers[one.start] += one.tally["answers"]
    had = answers.pop(day)
    usual = median(answers.values())
    if usual < LEAST_USUAL:
        return _needs(LEAST_USUAL, int(usual))
    share = had / usual
    return [Measured(_under(rule, share), share, {"answers": had, "usual": usual, "day": day.isoformat()})]


def _is_counted(day: date) -> bool:
    """Whether the last hour of a day was counted when it was over."""
    last = CountedHour.objects.filter(hour=days.hours_of(day)[-1]).values_list("counted_at", flat=True).first()
    return last is not None and last >= days.end_of_day(day)


def _hours(rule: AlertRule, at: datetime) -> list[Slice]:
    """The hour that runs, and the one before it."""
    since, day = _since(at), timezone.localdate(at)
    return reading.hours(Wanted(model=rule.model, since=day, until=day), since, since + timedelta(hours=2))


def _since(at: datetime) -> datetime:
    return days.hour_of(at) - timedelta(hours=1)


def _errors(rule: AlertRule, at: datetime) -> list[Measured]:
    """Questions that got no answer, as a share of all."""
    slices = _hours(rule, at)
    failures, answers = (sum(one.tally[name] for one in slices) for name in ("failures", "answers"))
    rows = failures + answers
    if rows < LEAST_ROWS:
        return _needs(LEAST_ROWS, rows)
    said = {"failures": failures, "rows": rows, "since": _since(at).isoformat()}
    return [Measured(_over(rule, failures / rows), failures / rows, said)]


def _latency(rule: AlertRule, at: datetime) -> list[Measured]:
    """The time that 95 % of the calls stayed within; those about whole lists are left out."""
    slices = _hours(rule, at)
    latency = np.zeros(LATENCY_BINS, np.int64)
    for one in slices:
        latency += one.tally.latency
    calls, seconds = int(latency.sum()), latency_quantile(latency, SLOW)
    if seconds is None or calls < LEAST_CALLS:
        return _needs(LEAST_CALLS, calls)
    said = {"calls": calls, "seconds": round(seconds, 4), "since": _since(at).isoformat()}
    return [Measured(_over(rule, seconds), round(seconds, 4), said)]


def _accuracy(rule: AlertRule, at: datetime) -> list[Measured]:
    """Right answers among the newest known outcomes of the version in charge: whole days, back to 200 of them.

    Another version in charge is another subject: what was wrong of the one before is over.
    """
    version, until = _in_charge(rule.model), timezone.localdate(at)
    if version is None:
        return [Measured(None)]
    since = until - timedelta(days=OUTCOME_DAYS - 1)
    wanted = Wanted(model=rule.model, since=since, until=until, version=version.number)
    known = right = 0
    for one in reversed(reading.days(wanted, [version])):
        if known >= ENOUGH_OUTCOMES:
            break
        known, right = known + one.tally["outcomes"], right + _right(one.tally)
    if known < LEAST_OUTCOMES:
        return [Measured(None, None, {"needs": LEAST_OUTCOMES, "has": known}, str(version.number))]
    low, high = wilson(right, known)
    said = {"right": right, "known": known, "low": round(low, 4), "high": round(high, 4), "version": version.number}
    return [Measured(_under(rule, high), right / known, said, str(version.number))]


def _right(tally: Tally) -> int:
    return sum(tally[f"actual:{one}:{one}"] for one in tally.layout.classes)


# --- versions and files -------------------------------------------------------------------------------------


def _import(rule: AlertRule, at: datetime) -> list[Measured]:
    """The newest version, when it was rejected and is newer than the one in charge; one for each such version."""
    newest = ModelVersion.objects.filter(model=rule.model).order_by("-number").only("number", "status").first()
    entry = promotions.latest(rule.model)
    if newest is None or (entry and entry.to_version.number >= newest.number):
        return []
    is_tried = newest.status == ModelVersion.Status.IMPORTING
    holds = None if is_tried else newest.status == ModelVersion.Status.REJECTED
    return [Measured(holds, None, {"version": newest.number}, str(newest.number))]


def _fallback(rule: AlertRule, at: datetime) -> list[Measured]:
    """Whether a version answered in the last ten minutes for one that cannot be loaded."""
    for one in fallbacks.recent():
        if one.model == rule.model.name:
            said = {"asked": one.asked, "answering": one.answering, "first": one.first.isoformat()}
            return [Measured(True, None, said)]
    return [Measured(False)]


def _batch(rule: AlertRule, at: datetime) -> list[Measured]:
    """Files at work, each with the minutes since a worker last took a piece of it: pieces take seconds."""
    at_work = Batch.objects.filter(model=rule.model, status__in=[Status.READING, Status.CHECKING, Status.RUNNING])
    moved = Greatest("created_at", "submitted_at", "served_at")  # for PostgreSQL the latest of those that are there
    found = at_work.annotate(moved=moved).order_by("moved").values_list("pk", "rows", "moved")[:MOST_FILES]
    measured = []
    for pk, rows, since in found:
        minutes = int((at - since).total_seconds() // 60)
        holds = None if rule.limit is None else minutes >= rule.limit
        measured.append(Measured(holds, minutes, {"rows": rows, "since": since.isoformat()}, str(pk)))
    return measured


_MEASURES: dict[str, Callable[[AlertRule, datetime], list[Measured]]] = {
    Kind.DRIFT: _drift,
    Kind.VOLUME: _volume,
    Kind.ERRORS: _errors,
    Kind.LATENCY: _latency,
    Kind.ACCURACY: _accuracy,
    Kind.IMPORT: _import,
    Kind.FALLBACK: _fallback,
    Kind.BATCH: _batch,
}
