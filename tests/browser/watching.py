"""Of the house what monitoring shows: a model with weeks behind it, a comparison, alerts; and what forms do not take."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from futurisys.accounts import roles
from predictions.models import Alert, AlertEvent, AlertMail, AlertRule, Comparison
from predictions.monitoring.alerts import rules
from predictions.monitoring.drift import limits
from registry.models import ModelVersion
from tests.predictions import watched
from tests.predictions.compared import ask_about_people, asked_for, finished

MANAGER, DECIDER, AUDITOR = roles.MODEL_MANAGER, roles.DECISION_MAKER, roles.AUDITOR
WEEKS = 60  # days
RIGHT = {"actual__leaves__leaves": 8, "actual__stays__stays": 27, "label__leaves": 15, "label__stays": 45}
WRONG = {"actual__leaves__stays": 3, "actual__stays__leaves": 2}
DECIDED = {"agree": 12, "disagree": 3, "need_more": 1, "verdict__leaves__agree": 5, "verdict__leaves__disagree": 3}
Way = tuple[str, ...]


def busy(version: ModelVersion, other: ModelVersion, by: User) -> Comparison:
    """Weeks of answers, an alert that fires and was mailed, and two versions compared on recorded inputs."""
    first = timezone.localdate() - timedelta(days=WEEKS)
    how = {"answers": 60, "warned": 3, "failures": 1, **RIGHT, **WRONG, **DECIDED}
    watched.days(version, first, WEEKS, **how)
    for place in (0, 1):
        watched.days(version, first, WEEKS, field="genre", place=place, **(how | {"answers": 30}))
    limits.make(version)
    rules.of(version.model)
    rule = AlertRule.objects.get(model=version.model, kind=AlertRule.Kind.ERRORS)
    now = timezone.now()
    said = {"failures": 5, "rows": 50, "since": "2026-01-01T10:00:00+00:00"}
    alert = Alert.objects.create(rule=rule, state=Alert.State.FIRING, value=0.1, said=said, began_at=now, fired_at=now)
    event = AlertEvent.objects.create(alert=alert, kind=AlertEvent.Kind.FIRED, at=now, value=0.1)
    AlertMail.objects.create(event=event, user=by, status=AlertMail.Status.FAILED, problem="Refused.", attempts=5)
    ask_about_people(by, 60)
    return finished(asked_for(by, version, other))


def ways(comparison: Comparison) -> Iterator[Way]:
    """(who, path) or (who, path, button to press)."""
    model = "/monitoring/models/attrition/"
    for who in (MANAGER, AUDITOR):
        yield (who, "/monitoring/")
        yield (who, model)
        yield (who, f"/monitoring/comparisons/{comparison.pk}/")
        yield (who, "/monitoring/alerts/")
    yield (DECIDER, f"{model}?segment=genre:F&source=api")
    yield (DECIDER, f"{model}?from=1999-01-01&to=1999-02-01")
    yield (MANAGER, f"{model}?from=never")
    yield (MANAGER, f"{model}drift/")
    yield (MANAGER, f"{model}drift/?feature=age")
    yield (MANAGER, f"{model}drift/?feature=departement")
    yield (MANAGER, f"{model}quality/")
    yield (MANAGER, f"{model}quality/?by=genre")
    yield (MANAGER, f"{model}compare/", "main form .button")
    yield (MANAGER, f"{model}alerts/")
    yield (AUDITOR, f"{model}alerts/")
    yield (MANAGER, "/monitoring/models/digits/")
    yield (MANAGER, "/monitoring/models/digits/quality/")
