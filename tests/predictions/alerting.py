"""What tests of alerts share: roll-ups of days and hours as they are kept, and rules that hold at once."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from predictions.models import Alert, AlertRule, AlertSubscriber, CountedHour, DailyRollup, HourlyRollup, Source
from predictions.monitoring.alerts import conditions, rules, verbs
from predictions.monitoring.alerts.conditions import Measured
from predictions.monitoring.rollups import days, layout
from predictions.monitoring.rollups.tally import Tally, latency_bin
from registry.models import ModelVersion
from tests.worlds import member

Kind = AlertRule.Kind


def tally(version: ModelVersion, latency: dict[float, int] | None = None, **counts: int) -> Tally:
    """So many of each: names of counts, with _ for “:”; `latency`: calls by their seconds."""
    found = Tally.empty(layout.of(version))
    for name, count in counts.items():
        found.counts[found.layout.count_names[name.replace("__", ":")]] = count
    for seconds, calls in (latency or {}).items():
        found.latency[latency_bin(np.array([seconds]))] += calls
    return found


def on(version: ModelVersion, day: date, **told: Any) -> None:
    """A day that was counted."""
    columns = tally(version, **told).columns()
    DailyRollup.objects.create(version=version, day=day, source="", field="", place=0, **columns)


def in_hour(version: ModelVersion, at: datetime, source: str = Source.API, **told: Any) -> None:
    """An hour that was counted."""
    columns = tally(version, **told).columns()
    hour = days.hour_of(at)
    HourlyRollup.objects.create(version=version, hour=hour, source=source, field="", place=0, **columns)


def counted(day: date) -> None:
    """As if the last hour of a day had been counted when it was over."""
    last = days.hours_of(day)[-1]
    CountedHour.objects.create(hour=last, counted_at=days.end_of_day(day) + timedelta(minutes=20), seconds=0.1)


def rule_of(version: ModelVersion, kind: str, **changes: Any) -> AlertRule:
    """The rule of a kind, with changes."""
    rules.of(version.model)
    AlertRule.objects.filter(model=version.model, kind=kind).update(**changes)
    return AlertRule.objects.select_related("model").get(model=version.model, kind=kind)


def only(version: ModelVersion, kind: str, **changes: Any) -> AlertRule:
    """The same, and the others switched off."""
    found = rule_of(version, kind, **{"is_enabled": True, **changes})
    AlertRule.objects.filter(model=version.model).exclude(kind=kind).update(is_enabled=False)
    return found


def measured(rule: AlertRule, at: datetime | None = None) -> Measured:
    """What a look at the only subject finds."""
    (found,) = conditions.measure(rule, at or timezone.now())
    return found


def failing(version: ModelVersion, at: datetime | None = None, failures: int = 10) -> None:
    """Of a hundred questions of this hour ten got no answer."""
    HourlyRollup.objects.filter(version=version).delete()
    in_hour(version, at or timezone.now(), answers=100 - failures, failures=failures)


def fired(version: ModelVersion, **changes: Any) -> Alert:
    """An alert that fires, because of failures."""
    failing(version)
    only(version, Kind.ERRORS, **{"for_minutes": 0, **changes})
    verbs.watch(timezone.now())
    return Alert.objects.get(state=Alert.State.FIRING)


def told(version: ModelVersion, name: str = "manager", role: str = "model manager", **more: Any) -> User:
    """A subscriber with an address."""
    user = member(name, role, **{"email": f"{name}@example.org", **more})
    AlertSubscriber.objects.create(model=version.model, user=user)
    return user
