"""The JSON doors as an integrator meets them: shapes of answers and errors, retries, headers, and who may call."""

import base64
import uuid
from collections.abc import Callable

import jsonschema
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.exceptions import ValidationError

from predictions.api import seeds
from predictions.api.errors import problem_details
from predictions.api.renderers import JSONRenderer
from predictions.decisions.verbs import DecidedMeanwhile
from predictions.exceptions import Changed, NotNow
from predictions.imports.csv_files import FileRefused, FileTooLarge, Problem
from predictions.models import IdempotencyKey, Prediction
from predictions.outcomes.verbs import Meanwhile, OutcomeRefused
from registry import actions
from registry.models import ModelVersion, RegisteredModel
from registry.signature import Signature
from tests.predictions.employees import PERSON
from tests.predictions.test_predict import damage, with_note
from tests.worlds import IRIS

API = "/api/v1/predict"
JSON = "application/json"


# What an answer looks like


def test_answer_has_the_documented_members(iris: ModelVersion, call) -> None:
    response = call({"model": "iris", "inputs": IRIS})
    body = response.json()
    assert response["Content-Type"] == JSON
    assert set(body) == {
        "request_id",
        "model",
        "version",
        "commit",
        "fallback_from",
        "created_at",
        "predictions",
        "errors",
    }
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


def test_the_version_asked_for_answers(iris: ModelVersion, promoted, call, problem) -> None:
    promoted("iris")
    assert call({"model": "iris", "inputs": IRIS}).json()["version"] == 2
    assert call({"model": "iris", "inputs": IRIS, "version": 1}).json()["version"] == 1
    assert call({"model": "iris", "inputs": IRIS, "version": 1.0}).json()["version"] == 1
    problem(call({"model": "iris", "inputs": IRIS, "version": 3}), 404, "unknown_model")
    for wrong in (0, -1, True, 1.5, "x", "1_0", "٣", 10**10, [1]):
        found = problem(call({"model": "iris", "inputs": IRIS, "version": wrong}), 400, "invalid_input")
        assert [(error["row"], error["field"]) for error in found["errors"]] == [(None, "version")]


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


def test_a_thousand_rows_take_as_many_queries_as_sixty(iris: ModelVersion, call) -> None:
    counts = []
    call({"model": "iris", "inputs": IRIS})
    for rows in (60, 1000):
        with CaptureQueriesContext(connection) as queries:
            body = call({"model": "iris", "inputs": [IRIS] * rows}).json()
        assert [told["row"] for told in body["predictions"]] == list(range(rows))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


# The document


@pytest.fixture(scope="module")
def operations() -> Callable[[str, str], jsonschema.Draft202012Validator]:
    """`operations(path, part)`: what the OpenAPI document says of a POST: its JSON body, or what comes with 200."""
    found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]

    def validator(path: str, part: str = "200") -> jsonschema.Draft202012Validator:
        said = found["paths"][path]["post"]
        content = said["requestBody"] if part == "requestBody" else said["responses"][part]
        kind = "application/json" if part in {"requestBody", "200"} else "application/problem+json"
        schema = content["content"][kind]["schema"] | {"components": found["components"]}
        return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())

    return validator


def test_answers_are_as_the_document_says(iris: ModelVersion, promoted, price, flowers, call, operations) -> None:
    promoted("attrition")
    flowers(2, {1: {"petal_width": None}})
    house, wide = {"surface": 500, "rooms": 3}, {"petal_width": 9}
    asked: list[tuple[str, dict]] = [
        (API, {"model": "iris", "inputs": [IRIS, IRIS | wide], "explain": True}),
        (API, {"model": "iris", "inputs": [IRIS, {}], "partial": True, "version": 1}),
        (API, {"model": "attrition", "inputs": PERSON, "explain": True}),
        (API, {"model": "house", "inputs": [house], "explain": True}),
        (API, {"model": "house", "inputs": [house] * 60, "explain": None, "partial": None, "version": None}),
        ("/api/v1/models/{model}/predict", {"inputs": IRIS}),
        ("/api/v1/datasets/{dataset}/records/predict", {"keys": ["F-0", "F-1", "x"], "partial": True}),
        ("/predict", PERSON),
        ("/predict", house),
    ]
    for path, body in asked:
        actions.make_default(RegisteredModel.objects.get(name="house" if "surface" in body else "attrition"))
        response = call(body, path.format(model="iris", dataset="flowers"))
        operations(path, "requestBody").validate(body)
        assert response.status_code == 200, response.content
        operations(path).validate(response.json())
        again = call({"colour": 1}, path.format(model="iris", dataset="flowers"))
        assert again.status_code == 400
        operations(path, "400").validate(again.json())


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": IRIS, "colour": 1},
        {"inputs": []},
        {"inputs": [1]},
        {"inputs": "x"},
        {},
        *({"inputs": IRIS, "explain": wrong} for wrong in ("true", 0, 1, [], "")),
        *({"inputs": IRIS, "version": wrong} for wrong in ("1", 0, 1.5, True, 10**9)),
        *({"inputs": IRIS, "model": wrong} for wrong in ("", "a b", 1, "x" * 81)),
    ],
)
def test_what_the_document_refuses_is_refused(iris: ModelVersion, call, operations, body: dict) -> None:
    actions.make_default(iris.model)
    assert not operations(API, "requestBody").is_valid(body)
    assert call(body).status_code in {400, 404}
    assert not Prediction.objects.exists()


def test_every_example_is_as_its_schema_says(operations) -> None:
    found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    for path in (API, "/api/v1/models/{model}/predict", "/api/v1/datasets/{dataset}/records/predict", "/predict"):
        said = found["paths"][path]["post"]
        parts = {"requestBody": said["requestBody"], **said["responses"]}
        for part, content in parts.items():
            for kind, media in content["content"].items():
                for example in media.get("examples", {}).values():
                    if kind != "multipart/form-data":
                        operations(path, part).validate(example["value"])
        assert parts["requestBody"]["required"]


# The names of faults


@pytest.mark.parametrize(
    ("error", "status", "code", "errors"),
    [
        (NotNow("The file is cancelled."), 409, "not_now", []),
        (Changed("Another version answers by now."), 409, "version_changed", []),
        (DecidedMeanwhile(), 409, "decided_meanwhile", []),
        (Meanwhile("Somebody else reported."), 409, "reported_meanwhile", []),
        (FileRefused(Problem("The file is empty.")), 400, "file_refused", []),
        (FileTooLarge(Problem("The file is too large.")), 413, "too_large", []),
        (OutcomeRefused({"label": "No such class."}), 400, "invalid_input", [(None, "label")]),
        (ValidationError({"rows": [{}, {"label": ["No."]}]}), 400, "invalid_input", [(1, "rows.label")]),
        (ValidationError({"keys": {3: ["No."]}}), 400, "invalid_input", [(3, "keys")]),
        (ValidationError(["No."]), 400, "invalid_input", [(None, "")]),
    ],
)
def test_faults_have_names(error: Exception, status: int, code: str, errors: list) -> None:
    response = problem_details(error, {})
    assert response is not None
    found = [(each["row"], each["field"]) for each in response.data["errors"]]
    assert (response.status_code, response.data["code"], found) == (status, code, errors)
    assert response.data["detail"]


def test_integers_of_any_size_are_written() -> None:
    assert JSONRenderer().render({"a": [10**22, 2**63 - 1], "b": (-(10**30),)}) == (
        b'{"a":[1e+22,9223372036854775807],"b":[-1e+30]}'
    )


# Regression


def test_regression_answers_a_value(price: ModelVersion, call) -> None:
    (row,) = call({"inputs": {"surface": 100, "rooms": 3}, "explain": True}).json()["predictions"]
    assert set(row) == {"id", "row", "value", "warnings", "explanation"}
    assert row["value"] == pytest.approx(115_000)
    seed = call({"surface": "100", "rooms": "3"}, "/predict").json()
    assert set(seed) == {"prediction", "request_id", "model", "version"}
    assert seed["prediction"] == pytest.approx(115_000)


@pytest.mark.parametrize("explain", [False, True])
def test_a_value_that_overflows_is_no_answer(price: ModelVersion, call, explain: bool, problem) -> None:
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


@pytest.mark.parametrize("overtime", ["Oui", "Non"])
def test_of_two_classes_one_is_the_positive_one_wherever_it_is_listed(promoted, call, overtime: str) -> None:
    actions.make_default(promoted("attrition").model)
    assert signature_of("attrition").class_names == ["leaves", "stays"]
    body = call(PERSON | {"heure_supplementaires": overtime}, "/predict").json()
    assert (body["prediction"], body["label"]) == {"Oui": (1, "leaves"), "Non": (0, "stays")}[overtime]
    assert (body["probability"] >= body["threshold"]) is (body["prediction"] == 1)


def test_of_two_classes_without_a_mark_the_second_is_the_positive_one() -> None:
    unmarked = Signature.parse(
        {"task": "tabular-classification", "inputs": {}, "outputs": {"classes": [{"value": "no"}, {"value": "yes"}]}}
    )
    assert [seeds._number(unmarked, name) for name in ("no", "yes")] == [0, 1]


def test_of_more_classes_it_is_the_index(iris: ModelVersion, call) -> None:
    actions.make_default(iris.model)
    body = call(IRIS | {"petal_length": 5.8, "petal_width": 2.3}, "/predict").json()
    assert (body["prediction"], body["label"]) == (2, "virginica")


def test_default_models_by_kind_of_input(
    promoted, ready, call, client: Client, analyst: User, token, problem, drawing
) -> None:
    problem(call({"inputs": IRIS}), 404, "unknown_model")
    problem(call(IRIS, "/predict"), 404, "unknown_model")
    promoted("digits")
    problem(call({"inputs": IRIS}), 404, "unknown_model")
    upload = {"file": drawing()}
    response = client.post(API, upload, headers={"authorization": token(analyst)})
    assert (response.status_code, response.json()["model"]) == (200, "digits")


def test_a_picture_inside_json_is_base64(promoted, call, problem, drawing) -> None:
    promoted("digits")
    body = {"inputs": {"image": base64.b64encode(drawing().read()).decode()}}
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
    assert second.content == first.content  # to the letter: also in the order of the classes
    assert Prediction.objects.count() == 1


def test_replayed_are_all_rows_and_reasons(iris: ModelVersion, call) -> None:
    body = {"model": "iris", "inputs": [IRIS] * 55, "explain": False}
    first, second = (call(body, idempotency_key="k") for _ in range(2))
    assert second.json() == first.json()
    seeds = [call(IRIS, "/predict", idempotency_key="s") for _ in range(2) if actions.make_default(iris.model) is None]
    assert seeds[0].json() == seeds[1].json()


@pytest.mark.parametrize("change", [{"inputs": IRIS | {"petal_width": 0.3}}, {"explain": True}, {"version": 1}])
def test_a_key_belongs_to_one_request(iris: ModelVersion, call, change: dict, problem) -> None:
    call({"model": "iris", "inputs": IRIS}, idempotency_key="key-1")
    again = call({"model": "iris", "inputs": IRIS} | change, idempotency_key="key-1")
    problem(again, 422, "idempotency_key_reused")
    assert Prediction.objects.count() == 1


@pytest.mark.parametrize("key", ["", '""', "two words", "é", "k" * 256, '"' + "k" * 256 + '"', "tab\there"])
def test_a_bad_key_is_refused(iris: ModelVersion, call, key: str, problem) -> None:
    found = problem(call({"model": "iris", "inputs": IRIS}, idempotency_key=key), 400, "invalid_input")
    assert [(error["row"], error["field"]) for error in found["errors"]] == [(None, "Idempotency-Key")]
    assert not Prediction.objects.exists()


def test_a_key_of_255_characters_is_good(iris: ModelVersion, call) -> None:
    for key in ("k" * 255, '"' + "k" * 255 + '"'):
        assert call({"model": "iris", "inputs": IRIS}, idempotency_key=key).status_code == 200
    assert Prediction.objects.count() == 1


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_key_whose_first_call_still_runs_is_409(iris: ModelVersion, analyst: User, call, problem) -> None:
    facts = {"fingerprint": b"", "request_id": uuid.uuid4(), "rows": 1, "salt": b"", "digest": b""}
    with transaction.atomic(using="owner"):
        IdempotencyKey.objects.using("owner").create(user_id=analyst.pk, key="k", **facts)
        response = call({"model": "iris", "inputs": IRIS}, idempotency_key="k")
        transaction.set_rollback(True, using="owner")
    problem(response, 409, "idempotency_key_in_use")
    assert response["Retry-After"] == "2"
    assert call({"model": "iris", "inputs": IRIS}, idempotency_key="k").status_code == 200
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
