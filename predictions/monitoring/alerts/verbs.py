"""To look at the rules, to change them, and to say that an alert was seen."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from predictions.models import Alert, AlertEvent, AlertRule, AlertSubscriber
from predictions.monitoring.alerts import conditions, machine, mails, rules
from predictions.monitoring.alerts.conditions import Measured
from registry.models import RegisteredModel
from registry.rights import demand

logger = logging.getLogger(__name__)
State, Kind = Alert.State, AlertEvent.Kind
OVER = Measured(False)


@dataclass(frozen=True)
class Setting:
    """What somebody wants of a rule; `limit` in the unit of its kind, None where it has none."""

    is_enabled: bool
    limit: float | None
    for_minutes: int


# --- looking ------------------------------------------------------------------------------------------------


def watch(at: datetime) -> None:
    """Look at every rule once. What stops one, such as a damaged file, changes nothing of it and stops no other."""
    for model in RegisteredModel.objects.order_by("name"):
        for rule in rules.of(model):
            if not rule.is_enabled:
                continue
            try:
                look(rule.pk, at)
            except Exception:
                logger.exception("alert rule not measured", extra={"rule": f"{model.name} {rule.kind}"})


@transaction.atomic
def look(pk: int, at: datetime) -> None:
    """Measure the condition of a rule and move its alerts. Nothing happens while somebody else is at it.

    Raises what conditions.measure raises; then nothing was changed.
    """
    free = AlertRule.objects.select_for_update(of=("self",), skip_locked=True).select_related("model")
    rule = free.filter(pk=pk, is_enabled=True).first()
    if rule is None:
        return
    found = {one.subject: one for one in conditions.measure(rule, at)}
    known = {alert.subject: alert for alert in _open(rule)}
    for subject in sorted(found.keys() | known.keys()):
        _move(rule, subject, known.get(subject), found.get(subject, OVER), at)


def _open(rule: AlertRule) -> Iterable[Alert]:
    return Alert.objects.filter(rule=rule).exclude(state=State.RESOLVED)


def _move(rule: AlertRule, subject: str, alert: Alert | None, found: Measured, at: datetime) -> None:
    wait = timedelta(minutes=rule.for_minutes)
    step = machine.step(machine.of(alert) if alert else None, found.holds, at, wait)
    if step.standing is None:
        if alert:
            alert.delete()
        return
    alert = alert or Alert(rule=rule, subject=subject)
    before = _columns(alert)
    for name, value in vars(step.standing).items():
        setattr(alert, name, value)
    if found.holds is not None and found is not OVER:
        alert.value = found.value
    if found.holds:  # its sentence keeps the figures of when the condition last held
        limit = {"limit": rule.limit} if rule.limit is not None else {}
        alert.said = found.said | limit
    if alert.pk is None or _columns(alert) != before:
        alert.save()
    for kind in step.events:
        _tell(alert, kind, at)


def _columns(alert: Alert) -> dict[str, object]:
    return {field.attname: getattr(alert, field.attname) for field in Alert._meta.concrete_fields}


def _tell(alert: Alert, kind: AlertEvent.Kind, at: datetime, by: User | None = None) -> AlertEvent:
    """A step of its story, and the mails about it."""
    event = AlertEvent.objects.create(alert=alert, kind=kind, at=at, value=alert.value, by=by)
    if kind in machine.TOLD:
        mails.note(event, alert.rule.model)
    return event


# --- what people do -----------------------------------------------------------------------------------------


@transaction.atomic
def change_rules(*, model: RegisteredModel, wanted: Mapping[str, Setting], by: User, at: datetime) -> int:
    """Put settings in force, by kind; how many changed. Raises NotAllowed.

    An alert under another limit, or under none, is over: what was firing is resolved in this person's name.
    """
    demand(by, rules.CHANGE)
    changed = 0
    for rule in AlertRule.objects.select_for_update(of=("self",)).filter(model=model).order_by("pk"):
        before = Setting(rule.is_enabled, rule.limit, rule.for_minutes)
        after = wanted.get(rule.kind, before)
        if after == before:
            continue
        for name, value in vars(after).items():
            setattr(rule, name, value)
        rule.updated_by = by
        rule.save()
        changed += 1
        if not after.is_enabled or after.limit != before.limit:
            _end(rule, by, at)
    return changed


def _end(rule: AlertRule, by: User, at: datetime) -> None:
    for alert in _open(rule):
        if alert.state == State.PENDING:
            alert.delete()
            continue
        alert.state, alert.resolved_at = State.RESOLVED, at
        alert.save(update_fields=["state", "resolved_at"])
        _tell(alert, Kind.RESOLVED, at, by)


@transaction.atomic
def subscribe(*, model: RegisteredModel, users: Collection[User], by: User) -> bool:
    """Send the mails of a model to these people from now on, and to nobody else; whether that changed anything.

    Raises NotAllowed.
    """
    demand(by, rules.CHANGE)
    RegisteredModel.objects.select_for_update().get(pk=model.pk)
    wanted = {user.pk for user in users}
    known = set(AlertSubscriber.objects.filter(model=model).values_list("user_id", flat=True))
    AlertSubscriber.objects.filter(model=model, user_id__in=known - wanted).delete()
    AlertSubscriber.objects.bulk_create([AlertSubscriber(model=model, user_id=pk) for pk in sorted(wanted - known)])
    return wanted != known


@transaction.atomic
def see(*, alert: Alert, by: User, at: datetime) -> bool:
    """Note that a person has seen an alert; once is enough. Whether it was the first time. Raises NotAllowed."""
    demand(by, rules.SEE)
    Alert.objects.select_for_update().get(pk=alert.pk)
    if AlertEvent.objects.filter(alert=alert, kind=Kind.SEEN, by=by).exists():
        return False
    AlertEvent.objects.create(alert=alert, kind=Kind.SEEN, at=at, value=alert.value, by=by)
    return True
