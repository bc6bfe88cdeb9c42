"""The database is away, or takes no rows: every door says so in its own shape, shows nothing, and recovers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError, connections
from django.test import Client

from futurisys import health
from predictions.models import Prediction
from registry import promotions, serving
from registry.models import ModelVersion, RegisteredModel
from tests.predictions.test_predict import damage
from tests.worlds import IRIS

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
JSON = "application/json"
FORM = {f"x-{name}": str(value) for name, value in IRIS.items()} | {"idempotency_key": "k"}


@contextmanager
def settings_of_the_connection(**changes: object) -> Iterator[None]:
    """The application's connection, opened anew with these settings."""
    connection = connections["default"]
    before = {key: connection.settings_dict[key] for key in changes}
    connection.close()
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture
def away(tmp_path: Path):
    """`with away():` nobody listens where the database should be."""
    return lambda: settings_of_the_connection(HOST=str(tmp_path), PORT="")


@pytest.fixture
def read_only():
    """`with read_only():` the server is a replica: it answers and takes no rows."""
    options = connections["default"].settings_dict["OPTIONS"]
    told = options["options"] + " -c default_transaction_read_only=on"
    return lambda: settings_of_the_connection(OPTIONS=options | {"options": told})


@pytest.fixture
def page(analyst: User) -> Client:
    client = Client()
    client.force_login(analyst)
    return client


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/models/iris/predict", "/predict"])
def test_json_doors_say_503_and_recover(iris: ModelVersion, call, problem, away, path: str) -> None:
    RegisteredModel.objects.update(is_default=True)
    body = IRIS if path == "/predict" else {"inputs": IRIS}
    assert call(body, path).status_code == 200
    with away():
        response = call(body, path)
    problem(response, 503, "not_recorded")
    assert response["Retry-After"] == "5"
    assert b"setosa" not in response.content
    assert call(body, path).status_code == 200
    assert Prediction.objects.count() == 2


@pytest.mark.parametrize("path", ["/", "/history/", "/predict/", "/predict/iris/", "/admin/", "/admin/predictions/"])
def test_pages_say_503_and_recover(iris: ModelVersion, page: Client, away, path: str) -> None:
    with away():
        response = page.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response["Content-Type"].startswith("text/html")
    assert b"could not be recorded" in response.content
    assert page.get(path).status_code in {200, 302}


def test_the_form_keeps_nothing_and_shows_nothing(iris: ModelVersion, page: Client, away) -> None:
    with away():
        response = page.post("/predict/iris/", FORM)
    assert (response.status_code, response["Retry-After"], "Location" in response) == (503, "5", False)
    assert b"etosa" not in response.content
    assert not Prediction.objects.exists()
    assert page.post("/predict/iris/", FORM).status_code == 302


def test_logging_in_says_503(analyst: User, away) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/login").status_code == 200
    with away():
        response = client.post("/login", {"username": "analyst", "password": "analyst-pass-1"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "session" not in client.cookies


def test_a_warm_process_shows_nothing_either(iris: ModelVersion, call, problem, away) -> None:
    assert call({"model": "iris", "inputs": IRIS, "explain": True}).status_code == 200
    serving.champion("iris")  # known for a second: only the record is missing
    with away():
        problem(call({"model": "iris", "inputs": IRIS}), 503, "not_recorded")
        problem(call({"model": "iris", "inputs": IRIS}, idempotency_key="k"), 503, "not_recorded")


def test_a_replica_that_takes_no_rows_is_503(iris: ModelVersion, call, problem, page: Client, read_only) -> None:
    with read_only():
        response = call({"model": "iris", "inputs": IRIS})
        problem(response, 503, "not_recorded")
        assert b"setosa" not in response.content
        assert page.post("/predict/iris/", FORM).status_code == 503
        assert page.get("/").status_code == 200
    assert not Prediction.objects.exists()


def test_a_session_that_cannot_be_saved_is_503(analyst: User, read_only) -> None:
    client = Client(raise_request_exception=False)
    with read_only():
        response = client.post("/login", {"username": "analyst", "password": "analyst-pass-1"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_a_fault_of_a_middleware_is_503_too(analyst: User, page: Client, away, monkeypatch) -> None:
    def fail(self: object, request: object, response: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(SessionMiddleware, "process_response", fail)
    page.raise_request_exception = False
    response = page.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"connection is lost" not in response.content


# Health


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server may be one that need not survive a power cut; all it says besides is heard."""
    real = health.database_problems
    monkeypatch.setattr(health, "database_problems", lambda: (text for text in real() if "=off" not in text))


def test_live_asks_nobody_and_ready_says_why(iris: ModelVersion, client: Client, away, durable) -> None:
    assert client.get("/health/ready").json()["status"] == "ok"
    with away():
        assert client.get("/health/live").json() == {"status": "ok"}
        response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["checks"] == {"database": "The database does not answer."}
    assert client.get("/health/ready").status_code == 200


def test_not_ready_while_a_record_could_be_lost(iris: ModelVersion, client: Client, read_only) -> None:
    options = connections["default"].settings_dict["OPTIONS"]
    unsafe = options | {"options": options["options"] + " -c synchronous_commit=off"}
    with settings_of_the_connection(OPTIONS=unsafe):
        response = client.get("/health/ready")
    assert (response.status_code, "synchronous_commit=off" in response.json()["checks"]["database"]) == (503, True)
    with read_only():
        response = client.get("/health/ready")
    assert (response.status_code, "read-only" in response.json()["checks"]["database"]) == (503, True)


def test_not_ready_while_a_champion_cannot_be_loaded(iris: ModelVersion, client: Client, durable) -> None:
    damage(iris)
    response = client.get("/health/ready")
    checks = response.json()["checks"]
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert {name: text for name, text in checks.items() if name != "models"} == dict.fromkeys(
        ["database", "migrations", "roles"], "ok"
    )
    assert checks["models"].startswith("iris: ")


def test_a_suspended_model_is_not_a_fault(iris: ModelVersion, client: Client, administrator: User, durable) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert client.get("/health/ready").status_code == 200
