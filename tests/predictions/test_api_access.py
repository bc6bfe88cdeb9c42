"""Who may call the JSON doors, and the one shape of their errors."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from predictions import actions as asking
from registry import actions, promotions
from registry.models import ModelVersion
from tests.predictions.test_predict import damage
from tests.worlds import IRIS

API = "/api/v1/predict"
JSON = "application/json"


# Who may call


@pytest.mark.parametrize("header", [None, "Token nope", "Token " + "a" * 72, "Token a b", "Token", "Basic YTpi"])
@pytest.mark.parametrize("path", [API, "/predict", "/api/v1/models/iris/predict"])
def test_without_a_valid_token_nothing_is_answered(
    iris: ModelVersion, client: Client, path: str, header, problem
) -> None:
    headers = {"authorization": header} if header else {}
    response = client.post(path, {"model": "iris", "inputs": IRIS}, JSON, headers=headers)
    body = problem(response, 401, response.json()["code"])
    assert body["code"] in {"not_authenticated", "authentication_failed"}
    assert response["WWW-Authenticate"] == "Token"


def test_expired_deleted_and_disabled_take_effect_at_once(
    iris: ModelVersion, analyst: User, call, client, problem
) -> None:
    _found, key = AuthToken.objects.create(analyst, expiry=timedelta(seconds=-1))
    body = {"model": "iris", "inputs": IRIS}
    problem(client.post(API, body, JSON, headers={"authorization": f"Token {key}"}), 401, "authentication_failed")
    assert call(body).status_code == 200
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    problem(call(body), 401, "authentication_failed")
    User.objects.filter(pk=analyst.pk).update(is_active=True)
    AuthToken.objects.all().delete()
    problem(call(body), 401, "authentication_failed")


def test_x_api_key_opens_the_seeds_path_alone(
    iris: ModelVersion, analyst: User, token, client: Client, problem
) -> None:
    actions.make_default(iris.model)
    key = {"x-api-key": token(analyst).removeprefix("Token ")}
    assert client.post("/predict", IRIS, JSON, headers=key).status_code == 200
    problem(client.post(API, {"inputs": IRIS}, JSON, headers=key), 401, "not_authenticated")
    problem(client.post("/predict", IRIS, JSON, headers={"x-api-key": "é" * 30}), 401, "authentication_failed")


def test_a_session_needs_the_csrf_token(iris: ModelVersion, analyst: User, problem) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    body = {"model": "iris", "inputs": IRIS}
    problem(client.post(API, body, JSON), 403, "permission_denied")
    client.get("/predict/iris/")
    secret = client.cookies["csrf"].value
    assert client.post(API, body, JSON, headers={"x-csrftoken": secret}).status_code == 200


def test_a_session_may_upload_a_picture(promoted, analyst: User, drawing) -> None:
    promoted("digits")
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    client.get("/predict/digits/")
    headers = {"x-csrftoken": client.cookies["csrf"].value}
    assert client.post(API, {"image": drawing()}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("language", "send", "invalid"),
    [
        ("en", "Send a token: Authorization: Token fut_…", "This token is not valid."),
        ("fr", "Envoyez un jeton\u202f: Authorization: Token fut_…", "Ce jeton n’est pas valable."),
    ],
)
def test_who_sent_no_token_is_told_what_to_send(
    iris: ModelVersion, analyst: User, token, client: Client, problem, language: str, send: str, invalid: str
) -> None:
    key = token(analyst).removeprefix("Token ")
    wrong = (
        {},
        *({"authorization": header} for header in (f"Bearer {key}", key, "Token", f"Token {key} x", "Basic YTpi")),
    )
    for headers in (*wrong, {"x-api-key": key}):
        answer = client.get("/api/v1/models", headers=headers | {"accept-language": language})
        assert (answer.status_code, answer.json()["detail"]) == (401, send), headers
    AuthToken.objects.all().delete()
    for headers in ({"authorization": f"Token {key}"}, {"authorization": "Token nope"}):
        answer = client.get("/api/v1/models", headers=headers | {"accept-language": language})
        assert problem(answer, 401, "authentication_failed")["detail"] == invalid
    answer = client.post("/predict", IRIS, JSON, headers={"x-api-key": key, "accept-language": language})
    assert problem(answer, 401, "authentication_failed")["detail"] == invalid


@pytest.mark.parametrize("path", [API, "/api/v1/batches/01938f6d-93b2-7e11-8f2a-0c4de51b7a10/results.csv"])
def test_who_accepts_nothing_that_there_is_is_told_what_there_is(analyst, token, client, problem, path: str) -> None:
    is_file = path.endswith(".csv")
    headers = {"authorization": token(analyst), "accept": "application/xml"}
    answer = client.get(path, headers=headers) if is_file else client.post(path, {}, JSON, headers=headers)
    kinds = "JSON (application/json), CSV (text/csv)" if is_file else "JSON (application/json)"
    assert problem(answer, 406, "not_acceptable")["detail"].endswith(f"It may name: {kinds}.")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "There is nothing at this address, or nothing that you may see."),
        ("fr", "Il n’y a rien à cette adresse, ou rien que vous puissiez voir."),
    ],
)
def test_one_sentence_for_what_is_not_there(analyst, token, client, problem, language: str, said: str) -> None:
    headers = {"authorization": token(analyst), "accept-language": language}
    for path in ("/api/v1/nothing", "/api/v1/predictions/12", "/api/nothing", "/api/v1/datasets/nothing/records"):
        assert problem(client.get(path, headers=headers), 404, "not_found")["detail"] == said


# One shape for every error


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("get", API, {}, 405, "method_not_allowed"),
        ("delete", "/predict", {}, 405, "method_not_allowed"),
        ("post", "/api/v1/models", {}, 405, "method_not_allowed"),
        ("get", "/api/v1/nothing", {}, 404, "not_found"),
        ("get", "/health/nothing", {}, 404, "not_found"),
        ("post", "/api/v1/models/a b/predict", {}, 404, "not_found"),
        ("post", "/api/v1/models/nothing/predict", {}, 404, "unknown_model"),
        ("post", "/api/v1/models/%00/predict", {}, 404, "not_found"),
        ("post", API, {"accept": "text/html"}, 406, "not_acceptable"),
        ("get", "/api/v1/models", {"accept": "application/xml"}, 406, "not_acceptable"),
    ],
)
def test_errors_have_one_shape(analyst, token, client: Client, method, path, headers, status, code, problem) -> None:
    sent = {"headers": {"authorization": token(analyst)} | headers}
    body = {} if method in {"get", "delete"} else {"data": {"inputs": IRIS}, "content_type": JSON}
    response = getattr(client, method)(path, **body, **sent)
    problem(response, status, code)
    assert status != 405 or "POST" in response["Allow"] or "GET" in response["Allow"]


def test_an_unexpected_fault_is_a_problem_without_its_cause(iris, analyst, token, monkeypatch, problem) -> None:
    def fail(**options: object) -> None:
        raise ZeroDivisionError("secret 5.1")

    monkeypatch.setattr(asking, "predict", fail)
    client = Client(raise_request_exception=False)
    sent = {"authorization": token(analyst)}
    response = client.post(API, {"model": "iris", "inputs": IRIS}, JSON, headers=sent)
    problem(response, 500, "server_error")
    assert b"secret" not in response.content


def test_a_model_that_cannot_answer_is_503(iris: ModelVersion, call, problem) -> None:
    damage(iris)
    response = call({"model": "iris", "inputs": IRIS})
    problem(response, 503, "runtime_load")
    assert response["Retry-After"] == "5"


def test_a_suspended_model_is_503_but_replays(iris: ModelVersion, call, administrator: User, problem) -> None:
    first = call({"model": "iris", "inputs": IRIS}, idempotency_key="k")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    for asked in ({"model": "iris"}, {"model": "iris", "version": 1}):
        response = call({**asked, "inputs": IRIS})
        problem(response, 503, "model_suspended")
        assert response["Retry-After"] == "60"
    assert call({"model": "iris", "inputs": IRIS}, idempotency_key="k").json() == first.json()


# The registry as JSON


def test_models_tell_their_champion(iris: ModelVersion, promoted, ready, call, client, analyst, token) -> None:
    promoted("digits")
    actions.track_model(name="tracked", endpoint="huggingface", repo_id="demo/tracked")
    body = client.get("/api/v1/models", headers={"authorization": token(analyst)}).json()
    assert [model["name"] for model in body["results"]] == ["digits", "iris"]
    first = body["results"][1]
    keys = {"name", "repository", "tracked_ref", "input_kind", "is_default", "status", "champion"}
    assert (keys <= set(first), first["input_kind"], first["status"]) == (True, "tabular", "serving")
    assert (first["champion"]["version"], first["champion"]["commit"]) == (1, iris.commit)
    assert first["champion"]["metrics"]


def test_models_need_a_token_and_tell_a_suspension(
    iris: ModelVersion, client, analyst, administrator, token, problem
) -> None:
    problem(client.get("/api/v1/models"), 401, "not_authenticated")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    (model,) = client.get("/api/v1/models", headers={"authorization": token(analyst)}).json()["results"]
    assert (model["status"], model["champion"]) == ("suspended", None)


def test_health_asks_no_token(iris: ModelVersion, client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    assert set(client.get("/health/ready").json()) == {"status", "checks"}


def test_one_row_costs_no_query_beyond_the_caller_and_the_insert(iris: ModelVersion, call) -> None:
    call({"model": "iris", "inputs": IRIS})
    with CaptureQueriesContext(connection) as queries:
        call({"model": "iris", "inputs": IRIS})
    told = [query["sql"].split()[0] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert told.count("INSERT") == 1
    assert len(told) <= 3, queries.captured_queries
