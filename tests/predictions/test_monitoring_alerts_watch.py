"""Rules that are looked at every minute: what is stored, what people change, and two workers at once."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.test import override_settings
from django.utils import timezone

from predictions.models import Alert, AlertEvent, AlertMail, AlertRule, AlertSubscriber, HourlyRollup
from predictions.monitoring.alerts import open as firing_now
from predictions.monitoring.alerts import verbs
from predictions.monitoring.alerts.verbs import Setting
from predictions.monitoring.rollups import layout
from registry import background
from registry.exceptions import NotAllowed
from registry.models import Artifact, ModelVersion
from tests.predictions.alerting import Kind, failing, fired, in_hour, only, rule_of, told
from tests.predictions.test_monitoring_alerts_conditions import rejected
from tests.worlds import member

BOTH = pytest.mark.django_db(databases=["default", "owner"], transaction=True)


def story() -> list[str]:
    return list(AlertEvent.objects.order_by("id").values_list("kind", flat=True))


def minutes(at: datetime, *holding: bool | None, version: ModelVersion) -> None:
    """A look a minute, with or without failures; None: too few questions to tell."""
    for minute, holds in enumerate(holding):
        if holds is None:
            HourlyRollup.objects.all().delete()
        else:
            failing(version, at, failures=10 if holds else 0)
        verbs.watch(at + timedelta(minutes=minute))


@pytest.fixture
def morning() -> datetime:
    """Some moment with an hour before it ends."""
    return timezone.now().replace(hour=8, minute=1, second=0, microsecond=0)


@pytest.fixture
def manager(iris: ModelVersion) -> User:
    """Who gets the mails."""
    return told(iris)


def test_an_alert_goes_its_way(iris: ModelVersion, manager: User, morning: datetime) -> None:
    only(iris, Kind.ERRORS, for_minutes=2)
    minutes(morning, True, True, True, None, False, True, False, False, False, version=iris)
    assert story() == ["began", "fired", "cleared", "returned", "cleared", "resolved"]
    alert = Alert.objects.get()
    began, over = alert.began_at, alert.resolved_at
    assert (alert.fired_at - began, over - began) == (timedelta(minutes=2), timedelta(minutes=8))
    assert alert.value == 0  # as measured last
    assert (alert.said["failures"], alert.said["rows"], alert.said["limit"]) == (10, 100, 0.05)
    mails = AlertMail.objects.order_by("id").values_list("event__kind", "user__username", "status")
    assert list(mails) == [("fired", "manager", "waiting"), ("resolved", "manager", "waiting")]


def test_what_passes_by_itself_leaves_nothing(iris: ModelVersion, manager: User, morning: datetime) -> None:
    only(iris, Kind.ERRORS, for_minutes=3)
    minutes(morning, True, True, version=iris)
    assert Alert.objects.get().state == Alert.State.PENDING
    failing(iris, morning, failures=0)
    verbs.watch(morning + timedelta(minutes=2))
    assert not Alert.objects.exists()
    assert not AlertMail.objects.exists()


def test_looking_again_changes_nothing(iris: ModelVersion, manager: User) -> None:
    fired(iris)
    at = timezone.now()
    verbs.watch(at)
    verbs.watch(at)
    assert story() == ["began", "fired"]


def test_each_subject_has_an_alert_of_its_own(iris: ModelVersion, morning: datetime) -> None:
    only(iris, Kind.IMPORT)
    rejected(iris, 2)
    verbs.watch(morning)
    rejected(iris, 3)
    verbs.watch(morning + timedelta(minutes=1))
    found = Alert.objects.order_by("id").values_list("subject", "state")
    assert list(found) == [("2", "resolved"), ("3", "firing")]


def test_a_rule_that_is_off_is_not_looked_at(iris: ModelVersion) -> None:
    failing(iris)
    only(iris, Kind.ERRORS, is_enabled=False, for_minutes=0)
    verbs.watch(timezone.now())
    assert not Alert.objects.exists()


def test_the_database_refuses_a_second_open_alert(iris: ModelVersion) -> None:
    alert = fired(iris)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(rule=alert.rule, began_at=timezone.now())


def test_damaged_files_stop_no_other_rule(iris: ModelVersion, price: ModelVersion, caplog) -> None:
    for version in (price, iris):
        failing(version)
        only(version, Kind.ERRORS, for_minutes=0)
    digest = price.files.get(path="background.csv").artifact_id
    Artifact.objects.filter(pk=digest).update(content=b"damaged")
    Path(settings.ARTIFACT_CACHE, digest[:2], digest).unlink(missing_ok=True)
    layout.forget()
    background.forget()
    verbs.watch(timezone.now())
    assert [alert.rule.model for alert in Alert.objects.all()] == [iris.model]
    assert "a version is not counted" in caplog.text


# Whom it is told


@pytest.mark.parametrize(
    ("role", "changes"),
    [("business user", {}), ("model manager", {"email": ""}), ("model manager", {"is_active": False})],
)
def test_who_cannot_be_told_gets_no_mail(iris: ModelVersion, manager: User, role: str, changes: dict) -> None:
    told(iris, "other", role, **changes)
    fired(iris)
    assert list(AlertMail.objects.values_list("user__username", flat=True)) == ["manager"]


@override_settings(PRODUCTION=True, EMAIL_HOST="")
def test_without_a_mail_server_production_writes_none(iris: ModelVersion, manager: User) -> None:
    assert fired(iris)
    assert not AlertMail.objects.exists()


# What people change


def settings_of(version: ModelVersion, **changes: Setting) -> dict[str, Setting]:
    found = {
        rule.kind: Setting(rule.is_enabled, rule.limit, rule.for_minutes)
        for rule in AlertRule.objects.filter(model=version.model)
    }
    return found | changes


@pytest.mark.parametrize("changed", [Setting(False, 0.05, 0), Setting(True, 0.2, 0)])
def test_another_limit_ends_what_fires_in_the_name_of_who_set_it(
    iris: ModelVersion, manager: User, changed: Setting
) -> None:
    alert = fired(iris)
    at = timezone.now()
    number = verbs.change_rules(model=iris.model, wanted=settings_of(iris, errors=changed), by=manager, at=at)
    alert.refresh_from_db()
    assert (number, alert.state, alert.resolved_at) == (1, "resolved", at)
    assert list(AlertEvent.objects.filter(kind="resolved").values_list("by__username", flat=True)) == ["manager"]
    assert AlertMail.objects.filter(event__kind="resolved").count() == 1
    rule = rule_of(iris, Kind.ERRORS)
    assert (rule.updated_by, rule.limit) == (manager, changed.limit)


def test_another_time_ends_nothing(iris: ModelVersion, manager: User) -> None:
    alert = fired(iris)
    wanted = settings_of(iris, errors=Setting(True, 0.05, 30))
    assert verbs.change_rules(model=iris.model, wanted=wanted, by=manager, at=timezone.now()) == 1
    alert.refresh_from_db()
    assert alert.state == "firing"
    assert verbs.change_rules(model=iris.model, wanted=wanted, by=manager, at=timezone.now()) == 0


def test_a_pending_one_is_dropped_with_its_limit(iris: ModelVersion, manager: User) -> None:
    failing(iris)
    only(iris, Kind.ERRORS, for_minutes=30)
    verbs.watch(timezone.now())
    wanted = settings_of(iris, errors=Setting(True, 0.5, 30))
    verbs.change_rules(model=iris.model, wanted=wanted, by=manager, at=timezone.now())
    assert not Alert.objects.exists()


def test_rules_are_changed_by_who_may(iris: ModelVersion, auditor: User) -> None:
    rule_of(iris, Kind.ERRORS)
    with pytest.raises(NotAllowed):
        verbs.change_rules(model=iris.model, wanted={}, by=auditor, at=timezone.now())
    with pytest.raises(NotAllowed):
        verbs.subscribe(model=iris.model, users=[auditor], by=auditor)


def test_subscribers_are_those_who_were_chosen(iris: ModelVersion, manager: User, auditor: User) -> None:
    assert verbs.subscribe(model=iris.model, users=[auditor], by=manager)
    assert not verbs.subscribe(model=iris.model, users=[auditor], by=manager)
    assert list(AlertSubscriber.objects.values_list("user__username", flat=True)) == ["auditor"]


def test_it_is_seen_once_by_each(iris: ModelVersion, auditor: User, manager: User, analyst: User) -> None:
    alert = fired(iris)
    assert [verbs.see(alert=alert, by=by, at=timezone.now()) for by in (auditor, auditor, manager)] == [
        True,
        False,
        True,
    ]
    assert story() == ["began", "fired", "seen", "seen"]
    with pytest.raises(NotAllowed):
        verbs.see(alert=alert, by=analyst, at=timezone.now())


# Banners


def test_what_fires_is_told_in_one_query_and_in_words(iris: ModelVersion, price: ModelVersion) -> None:
    assert firing_now.firing() == []
    fired(iris)
    (found,) = firing_now.firing()
    assert found.title == "Iris: Questions without an answer"
    assert found.text.startswith("10% of 100 questions got no answer in the two hours from")
    assert firing_now.firing(price.model) == []
    assert firing_now.count() == 1


# Two workers at once


@BOTH
def test_two_workers_at_once_are_one(iris: ModelVersion, caplog) -> None:
    manager = member("manager", "model manager", email="m@example.org")
    AlertSubscriber.objects.create(model=iris.model, user=manager)
    in_hour(iris, timezone.now(), answers=90, failures=10)
    only(iris, Kind.ERRORS, for_minutes=0)
    begin, faults = threading.Barrier(6), []

    def work() -> None:
        begin.wait()
        try:
            for _ in range(5):
                verbs.watch(timezone.now())
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert "alert rule not measured" not in caplog.text
    assert (Alert.objects.count(), story(), AlertMail.objects.count()) == (1, ["began", "fired"], 1)


@BOTH
def test_a_rule_that_somebody_is_at_is_left_out(iris: ModelVersion, caplog) -> None:
    rule = only(iris, Kind.ERRORS, for_minutes=0)
    in_hour(iris, timezone.now(), answers=90, failures=10)
    with transaction.atomic():
        AlertRule.objects.select_for_update().get(pk=rule.pk)
        thread = threading.Thread(target=lambda: (verbs.watch(timezone.now()), connections.close_all()))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        assert "alert rule not measured" not in caplog.text
    assert not Alert.objects.exists()
    verbs.watch(timezone.now())
    assert Alert.objects.count() == 1
