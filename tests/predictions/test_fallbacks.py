"""While the version before answers for a champion that cannot be loaded: health says so, and so does every page."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys import health
from predictions import fallbacks
from registry import promotions, runtimes, serving
from registry.models import ModelVersion
from tests.predictions.test_predict import ask, damage, with_note


@pytest.fixture
def second(iris: ModelVersion, promoted, examined) -> ModelVersion:
    """A damaged champion, whose predecessor answers."""
    found = promoted("iris", graph=with_note(examined("iris").graph))
    damage(found)
    return found


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server need not survive a power cut."""
    real = health.database_problems
    monkeypatch.setattr(health, "database_problems", lambda: (text for text in real() if "=off" not in text))


def banner(user: User, path: str = "/") -> str:
    client = Client()
    client.force_login(user)
    html = client.get(path).content.decode()
    found = re.findall(r'<div class="notice notice--warn no-print">(.*?)</div>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(found)).split())


def test_ready_is_degraded_and_names_both_versions(second: ModelVersion, client: Client, durable) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    said = response.json()["checks"]["models"]
    assert said.startswith("iris: version 2 cannot be loaded here, version 1 answers instead. Artifact ")


def test_ready_knows_of_a_child_that_could_not_be_started(
    unstartable: ModelVersion, analyst: User, client: Client, durable
) -> None:
    assert client.get("/health/ready").json()["status"] == "ok"  # nobody has asked yet, and it starts none
    ask(analyst)
    body = client.get("/health/ready").json()
    assert body["status"] == "degraded"
    assert "version 2 cannot be loaded here, version 1 answers instead" in body["checks"]["models"]


def test_ready_is_not_when_the_other_cannot_be_loaded_either(
    iris: ModelVersion, second: ModelVersion, client: Client, durable
) -> None:
    damage(iris)
    runtimes.forget()
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert "Nor can version 1" in response.json()["checks"]["models"]


def test_a_fault_outweighs_a_fallback(second: ModelVersion, client: Client, durable, monkeypatch) -> None:
    monkeypatch.setattr(health, "migration_problems", lambda: iter(["Migrations are not applied."]))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")


@pytest.mark.parametrize("path", ["/", "/predict/iris/", "/history/", "/registry/", "/registry/iris/versions/1/"])
def test_every_page_says_so(second: ModelVersion, analyst: User, path: str) -> None:
    assert banner(analyst, path) == ""
    fallbacks.forget()
    ask(analyst)
    said = banner(analyst, path)
    assert said.startswith("Iris – version 2 cannot be loaded everywhere; version 1 answers instead, since ")


def test_nobody_else_is_told(second: ModelVersion, analyst: User, client: Client) -> None:
    ask(analyst)
    assert b"cannot be loaded" not in client.get("/login").content


def test_it_ends_with_another_champion(
    iris: ModelVersion, second: ModelVersion, analyst: User, administrator: User
) -> None:
    ask(analyst)
    assert banner(analyst)
    promotions.request(model=iris.model, version=iris, by=administrator, reason="back")
    fallbacks.forget()
    assert banner(analyst) == ""


def test_it_ends_ten_minutes_after_the_last(second: ModelVersion, analyst: User) -> None:
    ask(analyst)
    now = timezone.now()
    assert len(fallbacks._look_up(since=now - timedelta(minutes=1))) == 1
    assert fallbacks._look_up(since=now + timedelta(seconds=5)) == []


def test_it_costs_one_query_in_five_seconds_and_none_of_the_others(second: ModelVersion, analyst: User) -> None:
    ask(analyst)
    serving.forget()
    client = Client()
    client.force_login(analyst)
    with CaptureQueriesContext(connection) as first:
        client.get("/history/")
    with CaptureQueriesContext(connection) as again:
        client.get("/history/")
    assert len(first) - len(again) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "EXPLAIN SELECT created_at FROM predictions_prediction "
            "WHERE ledger_entry_id = %s AND fallback_from_id IS NOT NULL ORDER BY id LIMIT 1",
            [promotions.latest(second.model).pk],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "prediction_by_fallback" in plan
