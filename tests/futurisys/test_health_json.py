"""GET /health as the seeds' monitoring reads it: open to all, and without an explanation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from futurisys import health
from registry import promotions
from registry.importer.package import Package
from registry.models import ModelVersion
from tests.predictions.test_predict import damage, with_note

FINE = {"status": "ok", "database": "ok"}


@pytest.fixture(autouse=True)
def _durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server may be one that need not survive a power cut; all it says besides is heard."""
    real = health.database_problems
    monkeypatch.setattr(health, "database_problems", lambda: (text for text in real() if "=off" not in text))


@contextmanager
def without_a_database() -> Iterator[None]:
    """The database is where nobody listens."""
    connection = connections["default"]
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host


def test_everything_answers(iris: ModelVersion, promoted: Callable[..., ModelVersion], client: Client) -> None:
    promoted("digits")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {**FINE, "models": {"digits": "ok", "iris": "ok"}})


def test_without_models(client: Client, db: None) -> None:
    assert client.get("/health").json() == {**FINE, "models": {}}


def test_a_suspended_model_is_not_a_fault(iris: ModelVersion, client: Client, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {**FINE, "models": {"iris": "suspended"}})


def test_a_champion_that_cannot_be_loaded(iris: ModelVersion, client: Client) -> None:
    damage(iris)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "database": "ok", "models": {"iris": "unavailable"}},
    )


def test_an_earlier_version_that_answers_for_it(
    iris: ModelVersion, promoted: Callable[..., ModelVersion], examined: Callable[[str], Package], client: Client
) -> None:
    damage(promoted("iris", graph=with_note(examined("iris").graph or b"")))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {**FINE, "models": {"iris": "degraded"}})


@pytest.mark.django_db(transaction=True)
def test_without_a_database(client: Client, iris: ModelVersion) -> None:
    with without_a_database():
        answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "database": "unavailable", "models": {}},
    )
    assert client.get("/health").status_code == 200


def test_a_database_that_could_lose_a_record(
    iris: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "database_problems", lambda: iter(["PostgreSQL runs with fsync=off."]))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["database"], "fsync" in answer.content.decode()) == (
        503,
        "unavailable",
        False,
    )


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_it_is_only_read(client: Client, db: None, verb: str) -> None:
    assert getattr(client, verb)("/health").status_code == 405
    assert client.head("/health").status_code == 200
