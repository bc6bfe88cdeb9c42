"""What is firing, for pages about something else: one query in the index by state, however many alerts there were."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from predictions.models import Alert
from predictions.monitoring.alerts import sentences
from predictions.monitoring.alerts.stories import heading
from registry.models import RegisteredModel
from registry.presenters import model_title
from registry.presenters.waiting import models_in_brief

SHOWN = 20


@dataclass(frozen=True)
class Firing:
    """An alert that fires: what is wrong, in words, and since when."""

    title: str
    text: str
    since: datetime
    url: str


def firing(model: RegisteredModel | None = None, titles: dict[int, str] | None = None) -> list[Firing]:
    """What fires now, of one model or of all, the newest first. `titles`: of models by number, when they are known."""
    found = Alert.objects.filter(state=Alert.State.FIRING).select_related("rule__model").order_by("-id")
    alerts = list((found.filter(rule__model=model) if model else found)[:SHOWN])
    if alerts and titles is None:
        titles = {one.pk: one.title for one in models_in_brief()}
    return [_firing(alert, (titles or {}).get(alert.rule.model_id, "")) for alert in alerts]


def count() -> int:
    """How many alerts fire, of all models."""
    return Alert.objects.filter(state=Alert.State.FIRING).count()


def _firing(alert: Alert, title: str) -> Firing:
    title = title or model_title(alert.rule.model.name)
    return Firing(
        title=heading(alert.rule, title),
        text=sentences.said(alert.rule.kind, alert.said),
        since=alert.fired_at or alert.began_at,
        url=reverse("alert", args=[alert.pk]),
    )
