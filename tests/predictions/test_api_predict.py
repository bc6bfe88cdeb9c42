"""The JSON doors as an integrator meets them: shapes of answers and errors, retries, headers, and who may call."""

import base64
import uuid
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from knox.models import AuthToken
from sklearn.linear_model import LinearRegression

from examples.repository import Repository
from predictions import actions as asking
from predictions.models import Prediction
from registry import actions
from registry.importer import examine, run
from registry.models import ModelVersion
from tests.predictions.test_predict import damage, with_note
from tests.worlds import IRIS

API = "/api/v1/predict"
JSON = "application/json"
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "errors"}


@pytest.fixture
def call(analyst: User, token, client: Client):
    """`call(body, path, **headers)`: a POST with the analyst's token, or with the headers given instead."""
    key = token(analyst)

    def post(body: object, path: str = API, **headers: str) -> HttpResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(path, body, JSON, headers={"authorization": key} | sent)

    return post


def problem(response: HttpResponse, status: int, code: str) -> dict:
    """The body of a problem, after checking that it is one."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    body = response.json()
    assert set(body) == PROBLEM
    assert (body["status"], body["code"]) == (status, code)
    return body


# What an answer looks like


def test_answer_has_the_documented_members(iris: ModelVersion, call) -> None:
    response = call({"model": "iris", "inputs": IRIS})
    body = response.json()
    assert response["Content-Type"] == JSON
    assert set(body) == {"request_id", "model", "version", "commit", "fallback_from", "created_at", "predictions"}
    assert (body["model"], body["version"], body["commit"], body["fallback_from"]) == ("iris", 1, iris.commit, None)
    (row,) = body["predictions"]
    assert set(row) == {"id", "row", "label", "score", "probabilities", "warnings", "explanation"}
    assert (row["row"], row["label"], row["warnings"], row["explanation"]) == (0, "setosa", [], None)
    assert sum(row["probabilities"].values()) == pytest.approx(1)
    stored = Prediction.objects.get(pk=row["id"])
    assert (str(stored.request_id), stored.source, stored.outputs["score"]) == (body["request_id"], "api", row["score"])


def test_two_classes_come_with_their_threshold(promoted, call, example) -> None:
    promoted("attrition")
    row = pd.read_csv(example("attrition") / "test_set.csv", nrows=1).to_dict("records")[0]
    inputs = {feature.name: row[feature.name] for feature in signature_of("attrition").features}
    (answer,) = call({"inputs": inputs}).json()["predictions"]
    assert set(answer) == {"id", "row", "label", "score", "probabilities", "threshold", "warnings", "explanation"}
    assert 0 < answer["threshold"] < 1
    assert answer["label"] in answer["probabilities"]


def signature_of(model: str):
    return ModelVersion.objects.get(model__name=model, number=1).parsed_signature()


def test_explanation_adds_up_to_the_score(iris: ModelVersion, call) -> None:
    (row,) = call({"model": "iris", "inputs": IRIS, "explain": True}).json()["predictions"]
    assert {item["field"] for item in row["explanation"]} == set(IRIS)
    assert all(set(item) == {"field", "value", "contribution"} for item in row["explanation"])
    assert {item["field"]: item["value"] for item in row["explanation"]} == IRIS
    base = Prediction.objects.get().explanation["base"]
    assert base + sum(item["contribution"] for item in row["explanation"]) == pytest.approx(row["score"], abs=1e-5)


def test_many_rows_are_answered_in_order(iris: ModelVersion, call) -> None:
    rows = [IRIS | {"petal_length": 1 + i / 10} for i in range(60)]
    answers = call({"model": "iris", "inputs": rows}).json()["predictions"]
    assert [answer["row"] for answer in answers] == list(range(60))
    stored = {str(pk): inputs for pk, inputs in Prediction.objects.values_list("pk", "inputs")}
    assert [stored[answer["id"]] for answer in answers] == rows


def test_a_list_of_one_is_one_row(iris: ModelVersion, call) -> None:
    assert len(call({"model": "iris", "inputs": [IRIS]}).json()["predictions"]) == 1


def test_the_version_asked_for_answers(iris: ModelVersion, promoted, call) -> None:
    promoted("iris")
    assert call({"model": "iris", "inputs": IRIS}).json()["version"] == 2
    assert call({"model": "iris", "inputs": IRIS, "version": 1}).json()["version"] == 1
    problem(call({"model": "iris", "inputs": IRIS, "version": 3}), 404, "unknown_model")
    for wrong in (0, -1, True, 1.0, "x", "1_0", "٣", 10**10, [1]):
        problem(call({"model": "iris", "inputs": IRIS, "version": wrong}), 400, "parse_error")


def test_out_of_range_is_a_warning_in_the_answer(iris: ModelVersion, call) -> None:
    (row,) = call({"model": "iris", "inputs": IRIS | {"petal_width": 9}}).json()["predictions"]
    (warning,) = row["warnings"]
    assert (set(warning), warning["field"], warning["code"]) == (
        {"field", "code", "message"},
        "petal_width",
        "out_of_range",
    )


def test_a_fallback_is_told(iris: ModelVersion, promoted, examined, call) -> None:
    damage(promoted("iris", graph=with_note(examined("iris").graph)))
    body = call({"model": "iris", "inputs": IRIS}).json()
    assert (body["version"], body["fallback_from"]) == (1, 2)


# Regression


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory):
    """A package of a small LinearRegression: prices by surface, without bounds."""
    folder: Path = tmp_path_factory.mktemp("house")
    x = pd.DataFrame({"surface": np.linspace(10, 300, 60), "rooms": np.arange(60) % 7})
    estimator = LinearRegression().fit(x, 1000 * x.surface + 5000 * x.rooms)
    features = [
        {"name": "surface", "dtype": "number", "train_range": [10, 300]},
        {"name": "rooms", "dtype": "number", "train_range": [0, 6]},
    ]
    repository = Repository(
        estimator=estimator,
        model={"name": "house", "version": "1.0.0", "task": "tabular-regression", "description": "Prices."},
        inputs={"features": features},
        outputs={"label": "Price", "unit": "EUR"},
        x_train=x,
        x_golden=x.head(0),
        test_set=x.assign(outcome=0.0),
        card="# House",
    )
    repository._golden = lambda: golden(estimator, x.head(4))
    repository.write(folder)
    package = run.read_package(folder, trusted=False)
    examine.examine(package, progress=actions.silent)
    return package


def golden(estimator: LinearRegression, rows: pd.DataFrame) -> dict:
    values = [float(value) for value in estimator.predict(rows)]
    inputs = rows.to_dict("records")
    cases = [
        {"id": str(i), "input": row, "expected": {"value": value}}
        for i, (row, value) in enumerate(zip(inputs, values, strict=True))
    ]
    return {"atol": 1e-6, "cases": cases}


@pytest.fixture
def price(house, administrator: User) -> ModelVersion:
    """The regression, promoted and the default of both seeds' paths."""
    model = actions.track_model(name="house", endpoint="huggingface", repo_id="demo/house", default=True)
    version = ModelVersion.objects.create(model=model, number=1, commit="a" * 40)
    run.finish(version, house)
    version.refresh_from_db()
    actions.promote(model=model, version=version, by=administrator, reason="a test needs it")
    return version


def test_regression_answers_a_value(price: ModelVersion, call) -> None:
    (row,) = call({"inputs": {"surface": 100, "rooms": 3}, "explain": True}).json()["predictions"]
    assert set(row) == {"id", "row", "value", "warnings", "explanation"}
    assert row["value"] == pytest.approx(115_000)
    seed = call({"surface": "100", "rooms": "3"}, "/predict").json()
    assert set(seed) == {"prediction", "request_id", "model", "version"}
    assert seed["prediction"] == pytest.approx(115_000)


@pytest.mark.parametrize("explain", [False, True])
def test_a_value_that_overflows_is_no_answer(price: ModelVersion, call, explain: bool) -> None:
    problem(call({"inputs": {"surface": 1e306, "rooms": 1}, "explain": explain}), 503, "runtime_answer")
    assert not Prediction.objects.exists()


def test_reasons_that_overflow_are_left_out(price: ModelVersion, call) -> None:
    (row,) = call({"inputs": {"surface": 1e305, "rooms": 1}, "explain": True}).json()["predictions"]
    assert (row["value"], row["explanation"]) == (pytest.approx(1e308), None)


# The seeds' path


def test_the_seeds_path_answers_as_the_seeds_did(iris: ModelVersion, call) -> None:
    actions.make_default(iris.model)
    body = call(IRIS, "/predict").json()
    assert set(body) == {"prediction", "label", "probability", "threshold", "request_id", "model", "version"}
    assert (body["prediction"], body["label"], body["model"], body["version"]) == (0, "setosa", "iris", 1)
    stored = Prediction.objects.get(pk=body["request_id"])
    assert (stored.source, stored.outputs["score"]) == ("seed", body["probability"])


def test_default_models_by_kind_of_input(promoted, ready, call, client: Client, analyst: User, token) -> None:
    problem(call({"inputs": IRIS}), 404, "unknown_model")
    problem(call(IRIS, "/predict"), 404, "unknown_model")
    promoted("digits")
    problem(call({"inputs": IRIS}), 404, "unknown_model")
    upload = {"file": picture_file()}
    response = client.post(API, upload, headers={"authorization": token(analyst)})
    assert (response.status_code, response.json()["model"]) == (200, "digits")


def picture_file():
    from io import BytesIO

    from PIL import Image, ImageDraw

    drawing = Image.new("L", (40, 40), "white")
    ImageDraw.Draw(drawing).line([(20, 5), (20, 35)], fill="black", width=5)
    file = BytesIO()
    drawing.save(file, "PNG")
    file.seek(0)
    file.name = "one.png"
    return file


def test_a_picture_inside_json_is_base64(promoted, call) -> None:
    promoted("digits")
    body = {"inputs": {"image": base64.b64encode(picture_file().read()).decode()}}
    assert call(body, "/api/v1/models/digits/predict").status_code == 200
    for wrong in ("no base64!", "iVBORw0KGgo=", "é", "data:image/png;base64,AAAA"):
        found = problem(call({"inputs": {"image": wrong}}, "/api/v1/models/digits/predict"), 400, "invalid_input")
        assert found["errors"][0]["field"] == "image"


# Retries


@pytest.mark.parametrize("again", ["key-1", '"key-1"'])
def test_the_same_key_replays_bare_or_quoted(iris: ModelVersion, call, again: str) -> None:
    first = call({"model": "iris", "inputs": IRIS}, idempotency_key="key-1")
    second = call({"model": "iris", "inputs": IRIS}, idempotency_key=again)
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert Prediction.objects.count() == 1


def test_replayed_are_all_rows_and_reasons(iris: ModelVersion, call) -> None:
    body = {"model": "iris", "inputs": [IRIS] * 55, "explain": False}
    first, second = (call(body, idempotency_key="k") for _ in range(2))
    assert second.json() == first.json()
    seeds = [call(IRIS, "/predict", idempotency_key="s") for _ in range(2) if actions.make_default(iris.model) is None]
    assert seeds[0].json() == seeds[1].json()


@pytest.mark.parametrize("change", [{"inputs": IRIS | {"petal_width": 0.3}}, {"explain": True}, {"version": 1}])
def test_a_key_belongs_to_one_request(iris: ModelVersion, call, change: dict) -> None:
    call({"model": "iris", "inputs": IRIS}, idempotency_key="key-1")
    again = call({"model": "iris", "inputs": IRIS} | change, idempotency_key="key-1")
    problem(again, 422, "idempotency_key_reused")
    assert Prediction.objects.count() == 1


@pytest.mark.parametrize("key", ["", '""', "two words", "é", "k" * 256, '"' + "k" * 256 + '"', "tab\there"])
def test_a_bad_key_is_refused(iris: ModelVersion, call, key: str) -> None:
    problem(call({"model": "iris", "inputs": IRIS}, idempotency_key=key), 400, "parse_error")
    assert not Prediction.objects.exists()


def test_a_key_of_255_characters_is_good(iris: ModelVersion, call) -> None:
    for key in ("k" * 255, '"' + "k" * 255 + '"'):
        assert call({"model": "iris", "inputs": IRIS}, idempotency_key=key).status_code == 200
    assert Prediction.objects.count() == 1


# Trace and request ids


def test_traceparent_is_stored_and_echoed(iris: ModelVersion, call) -> None:
    sent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    assert call({"model": "iris", "inputs": IRIS}, traceparent=sent)["traceparent"] == sent
    assert Prediction.objects.get().trace_id == "ab" * 16


@pytest.mark.parametrize("sent", ["x", f"00-{'0' * 32}-{'cd' * 8}-01", f"00-{'AB' * 16}-{'cd' * 8}-01"])
def test_a_malformed_traceparent_is_ignored(iris: ModelVersion, call, sent: str) -> None:
    response = call({"model": "iris", "inputs": IRIS}, traceparent=sent)
    assert (response.status_code, "traceparent" in response) == (200, False)
    assert Prediction.objects.get().trace_id == ""


def test_request_id_is_echoed_or_made(iris: ModelVersion, call) -> None:
    assert call({}, x_request_id="mine-1")["X-Request-ID"] == "mine-1"
    for bad in ("two words", "x" * 129, "<b>"):
        assert uuid.UUID(call({}, x_request_id=bad)["X-Request-ID"])


# Who may call


@pytest.mark.parametrize("header", [None, "Token nope", "Token " + "a" * 72, "Token a b", "Token", "Basic YTpi"])
@pytest.mark.parametrize("path", [API, "/predict", "/api/v1/models/iris/predict"])
def test_without_a_valid_token_nothing_is_answered(iris: ModelVersion, client: Client, path: str, header) -> None:
    headers = {"authorization": header} if header else {}
    response = client.post(path, {"model": "iris", "inputs": IRIS}, JSON, headers=headers)
    body = problem(response, 401, response.json()["code"])
    assert body["code"] in {"not_authenticated", "authentication_failed"}
    assert response["WWW-Authenticate"] == "Token"


def test_expired_deleted_and_disabled_take_effect_at_once(iris: ModelVersion, analyst: User, call, client) -> None:
    found, key = AuthToken.objects.create(analyst, expiry=timedelta(seconds=-1))
    body = {"model": "iris", "inputs": IRIS}
    problem(client.post(API, body, JSON, headers={"authorization": f"Token {key}"}), 401, "authentication_failed")
    assert call(body).status_code == 200
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    problem(call(body), 401, "authentication_failed")
    User.objects.filter(pk=analyst.pk).update(is_active=True)
    AuthToken.objects.all().delete()
    problem(call(body), 401, "authentication_failed")


def test_x_api_key_opens_the_seeds_path_alone(iris: ModelVersion, analyst: User, token, client: Client) -> None:
    actions.make_default(iris.model)
    key = {"x-api-key": token(analyst).removeprefix("Token ")}
    assert client.post("/predict", IRIS, JSON, headers=key).status_code == 200
    problem(client.post(API, {"inputs": IRIS}, JSON, headers=key), 401, "not_authenticated")
    problem(client.post("/predict", IRIS, JSON, headers={"x-api-key": "é" * 30}), 401, "authentication_failed")


def test_a_session_needs_the_csrf_token(iris: ModelVersion, analyst: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    body = {"model": "iris", "inputs": IRIS}
    problem(client.post(API, body, JSON), 403, "permission_denied")
    client.get("/predict/iris/")
    secret = client.cookies["csrf"].value
    assert client.post(API, body, JSON, headers={"x-csrftoken": secret}).status_code == 200


def test_a_session_may_upload_a_picture(promoted, analyst: User) -> None:
    promoted("digits")
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    client.get("/predict/digits/")
    headers = {"x-csrftoken": client.cookies["csrf"].value}
    assert client.post(API, {"image": picture_file()}, headers=headers).status_code == 200


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
def test_errors_have_one_shape(analyst, token, client: Client, method, path, headers, status, code) -> None:
    sent = {"headers": {"authorization": token(analyst)} | headers}
    body = {} if method in {"get", "delete"} else {"data": {"inputs": IRIS}, "content_type": JSON}
    response = getattr(client, method)(path, **body, **sent)
    problem(response, status, code)
    assert status != 405 or "POST" in response["Allow"] or "GET" in response["Allow"]


def test_an_unexpected_fault_is_a_problem_without_its_cause(iris, analyst, token, monkeypatch) -> None:
    def fail(**options: object) -> None:
        raise ZeroDivisionError("secret 5.1")

    monkeypatch.setattr(asking, "predict", fail)
    client = Client(raise_request_exception=False)
    sent = {"authorization": token(analyst)}
    response = client.post(API, {"model": "iris", "inputs": IRIS}, JSON, headers=sent)
    problem(response, 500, "server_error")
    assert b"secret" not in response.content


def test_a_model_that_cannot_answer_is_503(iris: ModelVersion, call) -> None:
    damage(iris)
    response = call({"model": "iris", "inputs": IRIS})
    problem(response, 503, "runtime_load")
    assert response["Retry-After"] == "5"


def test_a_suspended_model_is_409_but_replays(iris: ModelVersion, call, administrator: User) -> None:
    first = call({"model": "iris", "inputs": IRIS}, idempotency_key="k")
    actions.suspend(model=iris.model, by=administrator, reason="a doubt")
    problem(call({"model": "iris", "inputs": IRIS}), 409, "model_suspended")
    assert call({"model": "iris", "inputs": IRIS}, idempotency_key="k").json() == first.json()
