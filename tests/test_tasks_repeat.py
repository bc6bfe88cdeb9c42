"""Every Celery task may come twice: three times in a row it leaves the same tables as once.

A task without a scenario here fails the suite: a message can always be delivered again.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from celery.app.task import Task
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from examples.local_hub import LocalHub
from predictions.models import Batch
from predictions.monitoring.rollups import keeping, marks
from predictions.monitoring.rollups.days import hour_of
from predictions.partitions.known import TABLES, partitions
from registry import actions, discovery
from registry.models import LEASE, MAX_ATTEMPTS, Delivery, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import loopback_hub  # noqa: F401  a fixture
from tests.predictions import alerting, compared, files, histories, past
from tests.predictions.demo_histories import (  # noqa: F401  fixtures
    a_demo,
    both_versions,
    examined_versions,
    the_cast,
    trained_versions,
)
from tests.predictions.months import name_of

Scenario = Callable[[pytest.FixtureRequest], dict[str, Any]]
SCENARIOS: dict[str, Scenario] = {}
LEAVES_NO_ROW = {"futurisys.tasks.mail_reset"}


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    def keep(prepare: Scenario) -> Scenario:
        SCENARIOS[name] = prepare
        return prepare

    return keep


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were asked for; nothing reaches a broker."""
    names: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *given, **how: names.append(name))
    monkeypatch.setattr(Task, "apply_async", lambda self, *given, **how: names.append(self.name))
    return names


@pytest.fixture(name="model")
def tracked_model(hub: LocalHub, settings: Any, example: Any, db: None) -> RegisteredModel:
    """A model with a commit to import."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}
    hubs.publish(hub, example("iris"))
    return actions.track_model(name="iris", endpoint="loopback", repo_id=hubs.REPO)


@scenario("registry.tasks.sync_model")
def _a_delivery(request: pytest.FixtureRequest) -> dict[str, Any]:
    model = request.getfixturevalue("model")
    return {"delivery_id": discovery.note(model=model, kind=Delivery.Kind.WEBHOOK).pk}


@scenario("registry.tasks.import_version")
def _a_commit(request: pytest.FixtureRequest) -> dict[str, Any]:
    discovery.follow(discovery.note(model=request.getfixturevalue("model"), kind=Delivery.Kind.BUTTON))
    return {"version_id": ModelVersion.objects.get().pk}


@scenario("registry.tasks.poll_models")
def _a_model_to_poll(request: pytest.FixtureRequest) -> dict[str, Any]:
    request.getfixturevalue("model")
    RegisteredModel.objects.update(poll_minutes=5)
    return {}


@scenario("registry.tasks.sweep_deliveries")
def _lost_and_old_deliveries(request: pytest.FixtureRequest) -> dict[str, Any]:
    model = request.getfixturevalue("model")
    for days, outcome in ((0.1, "waiting"), (2, "waiting"), (200, "known")):
        made = discovery.note(model=model, kind=Delivery.Kind.WEBHOOK)
        Delivery.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days), outcome=outcome)
    return {}


@scenario("registry.tasks.sweep_imports")
def _abandoned_imports(request: pytest.FixtureRequest) -> dict[str, Any]:
    model = request.getfixturevalue("model")
    for number, attempts in ((1, 1), (2, MAX_ATTEMPTS)):
        lost = {"attempts": attempts, "leased_until": timezone.now() - LEASE}
        ModelVersion.objects.create(model=model, number=number, commit=str(number) * 40, **lost)
    return {}


@scenario("futurisys.tasks.mail_reset")
def _an_address(request: pytest.FixtureRequest) -> dict[str, Any]:
    User.objects.filter(pk=request.getfixturevalue("analyst").pk).update(email="analyst@example.org")
    return {"email": "analyst@example.org", "language": "en", "host": "testserver", "secure": True}


@scenario("futurisys.tasks.forget_expired")
def _expired(request: pytest.FixtureRequest) -> dict[str, Any]:
    AuthToken.objects.create(request.getfixturevalue("analyst"), expiry=timedelta(days=-1))
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    return {}


@scenario("predictions.tasks.work_on_batches")
def _files_to_check_and_run(request: pytest.FixtureRequest) -> dict[str, Any]:
    version, by = request.getfixturevalue("iris"), request.getfixturevalue("analyst")
    bad = {3: {"sepal_width": "wide"}}
    files.submitted(version, by, 20, changes=bad)
    files.sent(version, by, 20, changes=bad)
    return {}


@scenario("predictions.tasks.sweep_batches")
def _old_files(request: pytest.FixtureRequest) -> dict[str, Any]:
    version, by = request.getfixturevalue("iris"), request.getfixturevalue("analyst")
    draft, over = files.checked(version, by, 5), files.checked(version, by, 5)
    Batch.objects.filter(pk=draft.pk).update(created_at=timezone.now() - timedelta(days=30))
    Batch.objects.filter(pk=over.pk).update(status=Batch.Status.DONE)
    files.sent(version, by, 5)
    Batch.objects.update(served_at=None)
    return {}


@scenario("predictions.tasks.watch_models")
def _a_rule_that_is_broken(request: pytest.FixtureRequest) -> dict[str, Any]:
    version = request.getfixturevalue("iris")
    alerting.told(version)
    alerting.failing(version)
    alerting.only(version, alerting.Kind.ERRORS, for_minutes=0)
    return {}


@scenario("predictions.tasks.mail_alerts")
def _an_alert_to_be_told(request: pytest.FixtureRequest) -> dict[str, Any]:
    version = request.getfixturevalue("iris")
    alerting.told(version)
    alerting.fired(version)
    return {}


@scenario("predictions.tasks.roll_up")
def _hours_to_count(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One that nobody counted, and one that something became known of: both are settled."""
    version, by = request.getfixturevalue("iris"), request.getfixturevalue("analyst")
    past.answered(version, by, ago=3)
    known = past.answered(version, by, ago=2)
    keeping.count_hour(hour_of(known.created_at), timezone.now())
    marks.mark([known.pk])
    return {}


@scenario("predictions.tasks.verify_rollups")
def _answers_in_bulk(request: pytest.FixtureRequest) -> dict[str, Any]:
    past.answered(request.getfixturevalue("iris"), request.getfixturevalue("analyst"), ago=3)
    return {}


@scenario("predictions.tasks.make_partitions")
def _months_to_come(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Migrations make the partition of the next month alone."""
    request.getfixturevalue("iris")
    return {}


@scenario("predictions.tasks.work_on_comparisons")
def _recorded_inputs_to_score_again(request: pytest.FixtureRequest) -> dict[str, Any]:
    version, by = request.getfixturevalue("iris"), request.getfixturevalue("administrator")
    histories.ask(by, 20)
    compared.asked_for(by, version, request.getfixturevalue("ready")("iris"))
    return {}


@scenario("predictions.tasks.load_demo_history")
def _a_demo(request: pytest.FixtureRequest) -> dict[str, Any]:
    request.getfixturevalue("pair")
    return {"days": 12, "a_day": 10}


def test_every_task_has_a_scenario() -> None:
    current_app.loader.import_default_modules()
    assert {name for name in current_app.tasks if not name.startswith("celery.")} == set(SCENARIOS)


def tables() -> dict[str, list[str]]:
    """Every row of every table; there is no column that may differ. And which partitions there are."""
    found = {"partitions": [one.name for one in partitions(connection)]}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def _until_all_months_are_made(task: Task) -> None:
    """It leaves a month to the next hour when it has to wait. Here it has to when PostgreSQL vacuums what the test before
    left: vacuum keeps the table for up to 5 s while it waits for this test, which has read all tables.
    """
    for _ in range(30):
        known = {one.name for one in partitions(connection)}
        if known >= {name_of(-3, table) for table in TABLES}:
            return
        time.sleep(1)
        task()
    pytest.fail("the last month is not made: who holds the tables?")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_three_times_leave_what_once_leaves(request: pytest.FixtureRequest, name: str) -> None:
    current_app.loader.import_default_modules()
    task, kwargs = current_app.tasks[name], SCENARIOS[name](request)
    before = tables()
    task(**kwargs)
    if name == "predictions.tasks.make_partitions":
        _until_all_months_are_made(task)
    once = tables()
    assert name in LEAVES_NO_ROW or once != before, "the scenario gives it nothing to do"
    for _ in range(2):
        task(**kwargs)
    assert tables() == once
    assert name not in LEAVES_NO_ROW or len(mail.outbox) == 3
