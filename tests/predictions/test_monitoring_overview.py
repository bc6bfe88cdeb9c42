"""/monitoring/: all models at a glance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys.accounts import roles
from predictions.models import Alert, AlertRule
from predictions.monitoring.drift import limits
from predictions.monitoring.rollups import layout
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions import watched
from tests.predictions.test_monitoring_dashboard import decisions, outcomes, page, text
from tests.registry.people import browser
from tests.worlds import member

PATH = "/monitoring/"
TODAY = timezone.localdate()


@pytest.fixture
def manager(db: None) -> Client:
    return browser(member("manager", roles.MODEL_MANAGER))


def test_a_card_says_the_five_answers(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, TODAY - timedelta(days=9), 10, answers=100, **outcomes(27, 3), **decisions(15, 5))
    content = page(manager, PATH)
    said = text(content)
    assert "Iris answers Answers by day, Iris" in said
    assert "Used 1 000 answers" in said
    assert "Fast 95 of 100 calls within 3.9 ms" in said
    assert "Right 90% (86% to 93%) of answers right – Iris in 6 months" in said
    assert "Followed 25% (20% to 31%) of decisions against the answer" in said
    assert 'href="/monitoring/models/iris/"' in content


def test_outcomes_of_months_ago_are_told(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, TODAY - timedelta(days=120), 10, answers=100, **outcomes(27, 3))
    watched.day(iris, TODAY, answers=4)
    said = text(page(manager, PATH))
    assert "Used 4 answers" in said
    assert "90% (86% to 93%) of answers right" in said


def test_how_right_it_is_leads_to_the_page_that_says_the_same(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, TODAY - timedelta(days=120), 10, answers=100, **outcomes(27, 3))
    watched.day(iris, TODAY, answers=4)
    path = f"/monitoring/models/iris/quality/?from={TODAY - timedelta(days=182)}&to={TODAY}"
    assert f'href="{path.replace("&", "&amp;")}"' in page(manager, PATH)
    assert "90 were right" in page(manager, path)


def test_few_outcomes_and_decisions_are_counted(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, TODAY, answers=100, **outcomes(7, 0), **decisions(3, 1))
    said = text(page(manager, PATH))
    assert "Right needs 20 outcomes, has 7" in said
    assert "Followed needs 20 decisions, has 4" in said


def test_what_fires_is_counted(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, TODAY, answers=5)
    rule, _new = AlertRule.objects.get_or_create(model=iris.model, kind="volume", defaults={"for_minutes": 0})
    Alert.objects.create(rule=rule, state="firing", began_at=timezone.now(), fired_at=timezone.now())
    content = page(manager, PATH)
    assert "1 firing" in text(content)
    assert 'href="/monitoring/alerts/?model=iris"' in content


def test_a_model_that_was_stopped_says_so(iris: ModelVersion, manager: Client, administrator) -> None:
    from registry import promotions

    promotions.suspend(model=iris.model, by=administrator, reason="a test needs it")
    assert "Iris suspended" in text(page(manager, PATH))


def test_it_says_that_there_is_nothing_yet(iris: ModelVersion, manager: Client) -> None:
    said = text(page(manager, PATH))
    assert "Nobody has asked a model in the last 30 days." in said
    assert "The first numbers come within a minute or two of the first answer." in said


def test_without_models_it_says_how_to_get_one(manager: Client) -> None:
    assert "No model is tracked yet." in text(page(manager, PATH))


def test_it_reads_as_often_for_many_models_as_for_one(ready: Callable[..., ModelVersion], manager: Client) -> None:
    answering(ready("iris"))
    page(manager, PATH)
    with CaptureQueriesContext(connection) as one:
        page(manager, PATH)
    for number in range(4):
        answering(ready("iris", model=f"iris-{number}"))
    page(manager, PATH)
    with CaptureQueriesContext(connection) as five:
        page(manager, PATH)
    assert len(one) == len(five) <= 8


def answering(version: ModelVersion) -> None:
    watched.day(version, TODAY, answers=100, **outcomes(7, 0))
    limits.make(version)


def test_a_version_whose_files_are_damaged_is_left_out_of_every_page(
    attrition: ModelVersion, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.day(attrition, TODAY, answers=5)

    def of(version: ModelVersion) -> Any:
        raise RuntimeFailed("The artifact is damaged.", kind="load")

    monkeypatch.setattr(layout, "of", of)
    for path in ("", "models/attrition/", "models/attrition/drift/", "models/attrition/quality/", "alerts/"):
        assert manager.get(f"/monitoring/{path}").status_code == 200, path
