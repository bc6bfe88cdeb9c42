"""The Open Inference Protocol as its callers meet it: tensors in, tensors out, and the same answer as at the other doors."""

import gzip
import json
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.test import Client

from predictions.models import Prediction
from registry import promotions
from registry.models import ModelVersion
from tests.predictions.tensors import IRIS_INFER, OCTETS, flowers, output, question, said, send_packed, tensor
from tests.test_doors import typed  # noqa: F401  a fixture
from tests.worlds import IRIS

TYPED_INFER = "/v2/models/typed/infer"
MLSERVER = json.loads(Path(__file__).with_name("mlserver_requests.json").read_text("utf-8"))


def inputs_of_last(count: int = 1) -> list[dict[str, Any]]:
    return [row.inputs for row in reversed(Prediction.objects.order_by("-id")[:count])]


# What an answer looks like


def test_answer_has_the_protocols_members(iris: ModelVersion, call) -> None:
    response = call(question(flowers(), id="42"), IRIS_INFER)
    body = response.json()
    assert response["Content-Type"] == "application/json"
    assert set(body) == {"model_name", "model_version", "id", "parameters", "outputs"}
    assert (body["model_name"], body["model_version"], body["id"]) == ("iris", "1", "42")
    assert [(item["name"], item["datatype"], item["shape"]) for item in body["outputs"]] == [
        ("label", "BYTES", [1]),
        ("score", "FP64", [1]),
        ("probabilities", "FP64", [1, 3]),
    ]
    parameters = body["parameters"]
    assert all(isinstance(value, str | int | float | bool) for value in parameters.values())
    (number,) = json.loads(parameters["prediction_ids"])
    row = Prediction.objects.get(pk=number)
    assert (str(row.request_id), row.source) == (parameters["request_id"], "v2")
    assert output(response, "label")["data"] == [row.label] == ["setosa"]
    assert output(response, "score")["data"] == [row.score]
    classes = json.loads(output(response, "probabilities")["parameters"]["classes"])
    assert dict(zip(classes, output(response, "probabilities")["data"], strict=True)) == row.outputs["probabilities"]
    assert (parameters["version"], parameters["commit"], parameters["replayed"]) == (1, iris.commit, False)
    assert parameters["warnings"] == "[]"


def test_answer_without_an_id_has_none(iris: ModelVersion, call) -> None:
    assert "id" not in call(question(flowers()), IRIS_INFER).json()
    assert call(question(flowers(), id=""), IRIS_INFER).json()["id"] == ""


def test_a_regression_answers_a_value(price: ModelVersion, call) -> None:
    response = call(question({"surface": [100.0, 50.0], "rooms": [3.0, 1.0]}), "/v2/models/house/infer")
    assert [item["name"] for item in response.json()["outputs"]] == ["value"]
    assert output(response, "value")["data"] == pytest.approx([115_000, 55_000], rel=1e-4)


def test_two_classes_come_with_their_threshold(promoted, call, example) -> None:
    version = promoted("attrition")
    row = attrition_row(example, version)
    named = [named_tensor(name, value) for name, value in row.items()]
    parameters = call({"inputs": named}, "/v2/models/attrition/infer").json()["parameters"]
    assert 0 < parameters["threshold"] < 1


def test_warnings_say_their_row(iris: ModelVersion, call) -> None:
    response = call(question(flowers({}, {"petal_width": 9.0})), IRIS_INFER)
    (warning,) = json.loads(response.json()["parameters"]["warnings"])
    assert (warning["row"], warning["field"], warning["code"]) == (1, "petal_width", "out_of_range")


def test_the_version_of_the_path_answers(ready, iris: ModelVersion, call, administrator: User) -> None:
    second = ready("iris")
    assert call(question(flowers()), "/v2/models/iris/versions/2/infer").json()["model_version"] == "2"
    promotions.request(model=iris.model, version=second, by=administrator, reason="a test needs it")
    assert call(question(flowers()), "/v2/models/iris/versions/1/infer").json()["parameters"]["version"] == 1
    assert "no ready version 3" in said(call(question(flowers()), "/v2/models/iris/versions/3/infer"), 404)
    assert said(call(question(flowers()), f"/v2/models/iris/versions/{10**40}/infer"), 404)


def test_a_fallback_is_said(iris: ModelVersion, unstartable: ModelVersion, call) -> None:
    parameters = call(question(flowers()), IRIS_INFER).json()["parameters"]
    assert (parameters["version"], parameters["fallback_from"]) == (1, 2)


# The same row at every door


def named_tensor(name: str, value: Any, **more: Any) -> dict[str, Any]:
    kinds = {str: "BYTES", bool: "BOOL", int: "INT64", float: "FP64"}
    return tensor(name, kinds[type(value)], [value], **more)


def attrition_row(example, version: ModelVersion, row: int = 0) -> dict[str, Any]:
    frame = pd.read_csv(example("attrition") / "test_set.csv", nrows=row + 1)
    found = frame.to_dict("records")[row]
    return {feature.name: found[feature.name] for feature in version.parsed_signature().features}


def test_the_same_row_gets_the_answer_of_the_json_door(promoted, call, example) -> None:
    version = promoted("attrition")
    for number in range(10):
        row = attrition_row(example, version, number)
        (expected,) = call({"inputs": row, "model": "attrition"}).json()["predictions"]
        response = call(
            {"inputs": [named_tensor(name, value) for name, value in row.items()]}, "/v2/models/attrition/infer"
        )
        assert output(response, "label")["data"] == [expected["label"]]
        assert output(response, "score")["data"] == pytest.approx([expected["score"]], abs=1e-6)
        first, second = inputs_of_last(2)
        assert repr(first) == repr(second)


def test_binary_data_gets_the_answer_of_json(promoted, call, example) -> None:
    version = promoted("attrition")
    row = attrition_row(example, version)
    kinds = {str: ("BYTES", lambda value: value.encode()), int: ("INT32", int), float: ("FP64", float)}
    inputs = [(name, kinds[type(value)][0], [kinds[type(value)][1](value)], [1, 1]) for name, value in row.items()]
    response = send_packed(call, "/v2/models/attrition/infer", inputs)
    (expected,) = call({"inputs": row, "model": "attrition"}).json()["predictions"]
    assert output(response, "score")["data"] == [expected["score"]]


def test_fp32_means_its_shortest_decimal(iris: ModelVersion, call) -> None:
    send_packed(call, IRIS_INFER, [(name, "FP32", [value], [1]) for name, value in IRIS.items()])
    call({"inputs": [tensor(name, "FP32", [value]) for name, value in IRIS.items()]}, IRIS_INFER)
    long = {"sepal_length": 5.099999904632568, "petal_width": 0.20000000298023224, "petal_length": 1.399999976158142}
    call({"inputs": [tensor(name, "FP32", [value]) for name, value in (IRIS | long).items()]}, IRIS_INFER)
    assert inputs_of_last(3) == [IRIS] * 3


# Fields without a value


@pytest.mark.parametrize("datatype", ["FP64", "INT64", "BYTES", "BOOL"])
def test_null_is_a_missing_value(typed, call, datatype: str) -> None:  # noqa: F811
    names = {"FP64": "amount", "INT64": "count", "BYTES": "note", "BOOL": "flag"}
    response = call({"inputs": [tensor(names[datatype], datatype, [None])]}, TYPED_INFER)
    assert response.status_code == 200, response.content
    assert inputs_of_last()[0][names[datatype]] is None


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_nan_is_a_missing_value(typed, call, datatype: str) -> None:  # noqa: F811
    response = send_packed(call, TYPED_INFER, [("amount", datatype, [float("nan"), 2.5], [2, 1])])
    assert response.status_code == 200, response.content
    assert [row["amount"] for row in inputs_of_last(2)] == [None, 2.5]


def test_a_missing_value_that_must_be_there_is_named(iris: ModelVersion, call) -> None:
    text = said(call(question(flowers({}, {"petal_width": None})), IRIS_INFER), 400)
    assert text.startswith("Row 1, “petal_width”: Enter a value for")


# What clients write


def answers(requests: dict[str, Any], call, name: str) -> list[dict[str, Any]]:
    assert call(requests[name], TYPED_INFER).status_code == 200
    return inputs_of_last(2)


def test_what_mlservers_codecs_write_is_understood(typed, call) -> None:  # noqa: F811
    """Written by the codecs of MLServer 1.7.1, as model_dump_json() says it, nulls and all."""
    assert MLSERVER["mlserver"] == "1.7.1"
    rows = [
        {"count": 12, "amount": 12.5, "flag": True, "kind": "Oui", "code": 1, "note": "été 🙂"},
        {"count": 1234, "amount": None, "flag": False, "kind": "Non", "code": 2, "note": "12,5"},
    ]
    for name in ("pandas", "pandas_as_texts"):
        found = answers(MLSERVER["requests"], call, name)
        assert found == [{**row, "open": None} for row in rows]
    mixed = answers(MLSERVER["requests"], call, "pandas_mixed")
    assert [(row["amount"], row["note"]) for row in mixed] == [(1.0, "three"), (2.0, "3")]
    by_hand = answers(MLSERVER["requests"], call, "one_by_one")
    assert by_hand == [{**rows[0], "open": "Oui"}, {**rows[1], "note": None, "open": "Autre"}]


def test_a_matrix_without_names_is_sent_away(typed, call) -> None:  # noqa: F811
    assert "one tensor for each field" in said(call(MLSERVER["matrix"], TYPED_INFER), 400)
    assert "has no such field" in said(call(MLSERVER["texts"], TYPED_INFER), 400)


def test_outputs_are_those_that_were_asked_for(iris: ModelVersion, call) -> None:
    response = call(question(flowers(), outputs=[{"name": "score"}, {"name": "label"}]), IRIS_INFER)
    assert [item["name"] for item in response.json()["outputs"]] == ["score", "label"]
    before = Prediction.objects.count()
    text = said(call(question(flowers(), outputs=[{"name": "value"}]), IRIS_INFER), 400)
    assert text == "There is no output “value”. This model has label, score, probabilities."
    assert Prediction.objects.count() == before


def test_an_output_comes_as_binary_data_when_asked(iris: ModelVersion, call) -> None:
    wanted = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "score"}]
    response = call(question(flowers({}, {"petal_length": 6.0, "petal_width": 2.4}), outputs=wanted), IRIS_INFER)
    assert response["Content-Type"] == OCTETS
    size = int(response["Inference-Header-Content-Length"])
    told = json.loads(response.content[:size])
    assert response.content[size:] == b"\x06\0\0\0setosa\x09\0\0\0virginica"
    label, score = told["outputs"]
    assert (label["parameters"]["binary_data_size"], "data" in label) == (23, False)
    assert len(score["data"]) == 2


def test_all_outputs_come_as_binary_data_when_asked(iris: ModelVersion, call) -> None:
    response = call(question(flowers(), parameters={"binary_data_output": True}), IRIS_INFER)
    told = json.loads(response.content[: int(response["Inference-Header-Content-Length"])])
    assert [item["parameters"]["binary_data_size"] for item in told["outputs"]] == [10, 8, 24]
    wanted = [{"name": "score", "parameters": {"binary_data": False}}]
    body = question(flowers(), parameters={"binary_data_output": True}, outputs=wanted)
    assert call(body, IRIS_INFER)["Content-Type"] == "application/json"


@pytest.mark.parametrize(("name", "squeezed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_question_is_understood(
    iris: ModelVersion, call, name: str, squeezed: Callable[[bytes], bytes]
) -> None:
    text = json.dumps(question(flowers())).encode()
    assert output(call(squeezed(text), IRIS_INFER, Content_Encoding=name), "label")["data"] == ["setosa"]
    damaged = squeezed(text)[:-6]
    assert said(call(damaged, IRIS_INFER, Content_Encoding=name), 400) == "The compressed body is damaged."


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=utf-8", OCTETS])
def test_a_question_may_say_nothing_of_its_type(iris: ModelVersion, call, kind: str) -> None:
    assert call(question(flowers()), IRIS_INFER, kind).status_code == 200


def test_explanations_come_back_and_are_stored(iris: ModelVersion, call) -> None:
    response = call(question(flowers({}, {}), parameters={"explain": True}), IRIS_INFER)
    explanations = json.loads(response.json()["parameters"]["explanations"])
    assert [{item["field"] for item in row} for row in explanations] == [set(IRIS)] * 2
    stored = [row.explanation["contributions"] for row in Prediction.objects.order_by("id")]
    assert stored == explanations
    assert "explanations" not in call(question(flowers()), IRIS_INFER).json()["parameters"]


# Retries, traces, and who may


def test_a_key_finds_the_stored_answer_in_json_and_binary(iris: ModelVersion, call) -> None:
    first = call(question(flowers()), IRIS_INFER, Idempotency_Key="k1")
    again = call(question(flowers(), id="2"), IRIS_INFER, Idempotency_Key="k1")
    assert (first.has_header("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (False, "true")
    inputs = [(name, "FP64", [value], [1]) for name, value in IRIS.items()]
    headers = {"parameters": {"binary_data_output": False}}
    assert send_packed(call, IRIS_INFER, inputs, **headers).status_code == 200
    assert again.json()["parameters"]["prediction_ids"] == first.json()["parameters"]["prediction_ids"]
    assert again.json()["parameters"]["replayed"] is True
    other = call(question(flowers({"petal_width": 0.4})), IRIS_INFER, Idempotency_Key="k1")
    assert "already used for another request" in said(other, 422)
    assert Prediction.objects.count() == 2


def test_a_replay_works_while_the_model_is_suspended(iris: ModelVersion, call, administrator: User) -> None:
    first = call(question(flowers()), IRIS_INFER, Idempotency_Key="k1")
    promotions.suspend(model=iris.model, by=administrator, reason="a test needs it")
    again = call(question(flowers()), IRIS_INFER, Idempotency_Key="k1")
    assert again.json()["outputs"] == first.json()["outputs"]
    refused = call(question(flowers()), IRIS_INFER)
    assert "is suspended since" in said(refused, 503)
    assert refused["Retry-After"] == "60"


def test_the_trace_is_kept_and_sent_back(iris: ModelVersion, call) -> None:
    trace = uuid.uuid4().hex
    header = f"00-{trace}-00f067aa0ba902b7-01"
    response = call(question(flowers()), IRIS_INFER, traceparent=header)
    assert response["traceparent"] == header
    assert Prediction.objects.get().trace_id == trace


def test_the_seeds_header_names_the_caller_too(iris: ModelVersion, analyst: User, token) -> None:
    key = token(analyst).removeprefix("Token ")
    body = json.dumps(question(flowers()))
    client = Client()
    assert client.post(IRIS_INFER, body, "application/json", headers={"x-api-key": key}).status_code == 200
    client.force_login(analyst)
    assert client.post(IRIS_INFER, body, "application/json").status_code == 200
    refused = Client().post(IRIS_INFER, body, "application/json")
    assert said(refused, 401)
    assert refused["WWW-Authenticate"]
    assert Prediction.objects.count() == 2


def test_who_may_not_ask_is_told_so(iris: ModelVersion, call, token, auditor: User) -> None:
    assert said(call(question(flowers()), IRIS_INFER, authorization=token(auditor)), 403)


def test_a_share_is_counted_as_at_the_other_doors(iris: ModelVersion, call, settings) -> None:
    settings.API_CALLS_PER_MINUTE = {**settings.API_CALLS_PER_MINUTE, "predict": 1}
    assert call({"model": "iris", "inputs": IRIS}).status_code == 200
    refused = call(question(flowers()), IRIS_INFER)
    assert said(refused, 429)
    assert int(refused["Retry-After"]) <= 60
