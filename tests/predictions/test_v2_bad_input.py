"""What the Open Inference Protocol refuses: one sentence, the right status, nothing stored, and never a 500."""

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions.api.inference_protocol.tensors import DATATYPES
from predictions.models import Prediction
from registry.models import ModelVersion
from tests.predictions.tensors import IRIS_INFER, OCTETS, flowers, packed, question, said, send_packed, tensor
from tests.worlds import IRIS

LENGTH = [tensor(name, "FP64", [value]) for name, value in IRIS.items() if name != "petal_width"]


def with_width(**changes: Any) -> dict[str, Any]:
    """An iris whose last tensor is changed."""
    told = tensor("petal_width", "FP64", [0.2]) | changes
    return {"inputs": [*LENGTH, {key: value for key, value in told.items() if value is not ...}]}


SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"inputs": None}, "“inputs” must be a list"),
    ({"inputs": []}, "“inputs” must be a list"),
    ({"inputs": {"petal_width": 1}}, "“inputs” must be a list"),
    ({"inputs": [1]}, "“inputs” must be a list"),
    (with_width(name=...), "A tensor has “name”"),
    (with_width(name=1), "A tensor has “name”"),
    (with_width(name=""), "A tensor has “name”"),
    (with_width(shape=...), "A tensor has “name”"),
    (with_width(shape=[]), "A tensor has “name”"),
    (with_width(shape=[-1]), "A tensor has “name”"),
    (with_width(shape=[True]), "A tensor has “name”"),
    (with_width(shape=["1"]), "A tensor has “name”"),
    (with_width(shape=[1] * 5), "A tensor has “name”"),
    (with_width(shape="1"), "A tensor has “name”"),
    (with_width(dtype="FP64"), "A tensor has “name”"),
    (with_width(datatype=...), "The datatype of “petal_width” is not known"),
    (with_width(datatype="BF16"), "The datatype of “petal_width” is not known"),
    (with_width(datatype=["FP64"]), "The datatype of “petal_width” is not known"),
    (with_width(datatype="FP16"), "Send FP16 as binary data"),
    (with_width(parameters=[1]), "“parameters” must be an object"),
    (with_width(parameters={"content_type": "datetime"}), "The content type of “petal_width” is not known"),
    (with_width(parameters={"content_type": {}}), "The content type of “petal_width” is not known"),
    (with_width(parameters={"shared_memory_region": "x"}), "there is no shared memory"),
    (with_width(parameters={"binary_data_size": 8}), "Send the data of “petal_width” once"),
    (with_width(data=...), "Send the data of “petal_width” once"),
    (with_width(data=..., parameters={"binary_data_size": 8}), "does not fit the bytes behind the JSON"),
    (with_width(data=..., parameters={"binary_data_size": -8}), "does not fit the bytes behind the JSON"),
    (with_width(data=..., parameters={"binary_data_size": "8"}), "does not fit the bytes behind the JSON"),
    (with_width(data=..., parameters={"binary_data_size": 2**62}), "does not fit the bytes behind the JSON"),
    (with_width(data=0.2), "does not have its shape"),
    (with_width(data=[]), "does not have its shape"),
    (with_width(data=[0.2, 0.2]), "does not have its shape"),
    (with_width(data=[[0.2, 0.2]]), "does not have its shape"),
    (with_width(data=[[[0.2]]]), "does not have its shape"),
    (with_width(data=[{}]), "does not have its shape"),
    (with_width(data=[[{}]]), "does not have its shape"),
    (with_width(shape=[1], data=[[0.2]]), "does not have its shape"),
    (with_width(shape=[2**62, 2**62]), "does not have its shape"),
    (with_width(shape=[2, 1], data=[0.2, 0.3]), "the same number of rows"),
    (with_width(shape=[1, 2], data=[0.2, 0.3]), "must have the shape [rows] or [rows, 1]"),
    (with_width(shape=[1, 1, 1]), "must have the shape [rows] or [rows, 1]"),
    ({"inputs": [tensor("petal_width", "FP64", [], [0])]}, "Send at least one row."),
    ({"inputs": [*LENGTH, LENGTH[0]]}, "“sepal_length” is there twice"),
    (question(flowers(), id=5), "“id” must be a text"),
    (question(flowers(), id="x" * 300), "“id” must be a text"),
    (question(flowers(), ids="x"), "and nothing else"),
    (question(flowers(), parameters=5), "“parameters” must be an object"),
    (question(flowers(), parameters={"content_type": []}), "The content type of a question"),
    (question(flowers(), parameters={"explain": "perhaps"}), "“explain” must be true or false"),
    (question(flowers(), parameters={"explain": []}), "“explain” must be true or false"),
    (question(flowers(), parameters={"binary_data_output": "yes"}), "must be true or false"),
    (question(flowers(), outputs="label"), "“outputs” must be a list"),
    (question(flowers(), outputs=["label"]), "“outputs” must be a list"),
    (question(flowers(), outputs=[{}]), "There is no output “None”"),
    (question(flowers(), outputs=[{"name": ["label"]}]), "There is no output"),
    (question(flowers(), outputs=[{"name": "label", "data": 1}]), "There is no output “label”"),
    (question(flowers(), outputs=[{"name": "label"}, {"name": "label"}]), "“label” is there twice"),
    (question(flowers(), outputs=[{"name": "label", "parameters": {"classification": 1}}]), "neither classification"),
    (question(flowers(), outputs=[{"name": "label", "parameters": {"binary_data": 1}}]), "must be true or false"),
]


@pytest.mark.parametrize(("body", "sentence"), SHAPES)
def test_a_wrong_shape_is_named(iris: ModelVersion, call, body: dict[str, Any], sentence: str) -> None:
    assert sentence in said(call(body, IRIS_INFER), 400)
    assert not Prediction.objects.exists()


VALUES: list[tuple[str, Any, str]] = [
    ("INT64", 0.5, "no number that the tensor's datatype holds"),
    ("INT64", True, "no number that the tensor's datatype holds"),
    ("INT64", "1", "no number that the tensor's datatype holds"),
    ("INT8", 128, "no number that the tensor's datatype holds"),
    ("UINT8", -1, "no number that the tensor's datatype holds"),
    ("FP64", "0.2", "no number that the tensor's datatype holds"),
    ("FP64", False, "no number that the tensor's datatype holds"),
    ("FP32", 1e39, "no number that the tensor's datatype holds"),
    ("BOOL", 2, "Send true or false."),
    ("BOOL", "true", "Send true or false."),
    ("BYTES", 0.2, "Send text, in UTF-8."),
    ("BYTES", True, "Send text, in UTF-8."),
    ("BYTES", "wide", "Enter a number."),
    ("FP64", 99.0, "Enter “Petal width”"),
]


@pytest.mark.parametrize(("datatype", "value", "sentence"), VALUES)
def test_a_wrong_value_is_named_by_row_and_field(
    iris: ModelVersion, call, datatype: str, value: Any, sentence: str
) -> None:
    rows = [tensor(name, "FP64", [number] * 2) for name, number in IRIS.items() if name != "petal_width"]
    text = said(call({"inputs": [*rows, tensor("petal_width", datatype, [None, value])]}, IRIS_INFER), 400)
    where = text.index("Row 1, “petal_width”: ")
    assert sentence in text[where:]
    assert repr(value) not in text


def test_only_the_first_wrong_values_are_told(iris: ModelVersion, call) -> None:
    text = said(call(question(flowers(*[{"petal_width": 99.0}] * 9)), IRIS_INFER), 400)
    assert text.count("Row ") == 3
    assert text.endswith("There are more such errors.")


def test_an_unknown_field_is_named(iris: ModelVersion, call) -> None:
    text = said(call(question(flowers() | {"colour": [1.0]}), IRIS_INFER), 400)
    assert text == "Row 0, “colour”: This model has no such field. Remove it."


def test_text_is_utf8_and_base64_is_base64(iris: ModelVersion, call) -> None:
    inputs = [(name, "BYTES", [b"\xff" if name == "petal_width" else b"1"], [1]) for name in IRIS]
    assert said(send_packed(call, IRIS_INFER, inputs), 400) == "Row 0, “petal_width”: Send text, in UTF-8."
    for kind, value in (("base64", "é"), ("base64", "x"), ("pd_json", "{"), ("pd_json", "[1]"), ("pd_json", '{"a":1}')):
        one = tensor("petal_width", "BYTES", [value], content_type=kind)
        assert "Send text, in UTF-8." in said(call({"inputs": [*LENGTH, one]}, IRIS_INFER), 400)


RAW = [(name, "FP64", [value], [1]) for name, value in IRIS.items()]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda body, size: (body + b"\0", size), "more bytes behind the JSON"),
        (lambda body, size: (body[:-1], size), "does not fit the bytes behind the JSON"),
        (lambda body, size: (body, size + 1), "The body is not"),
        (lambda body, size: (body, size - 1), "The body is not JSON"),
        (lambda body, size: (body, len(body) + 1), "must be the number of bytes of the JSON part"),
        (lambda body, size: (body, "-1"), "must be the number of bytes of the JSON part"),
        (lambda body, size: (body, "9" * 30), "must be the number of bytes of the JSON part"),
        (lambda body, size: (body, "x"), "must be the number of bytes of the JSON part"),
        (lambda body, size: (body, 0), "The body is not JSON"),
        (lambda body, size: (body.replace(b'"binary_data_size": 8', b'"binary_data_size": 7'), size), "does not fit"),
    ],
)
def test_binary_data_must_fit(iris: ModelVersion, call, change, sentence: str) -> None:
    body, size = change(*packed(RAW))
    assert sentence in said(call(body, IRIS_INFER, OCTETS, Inference_Header_Content_Length=str(size)), 400)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\1", b"\1\0\0\0", b"\xff\xff\xff\xffx", b"\2\0\0\0x", b"\1\0\0\0xy", b"\1\0\0\0x\1\0\0\0y"],
)
def test_binary_text_must_fit(iris: ModelVersion, call, raw: bytes) -> None:
    told = {"name": "petal_width", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)}}
    text = json.dumps({"inputs": [*LENGTH, told]}).encode()
    response = call(text + raw, IRIS_INFER, OCTETS, Inference_Header_Content_Length=str(len(text)))
    assert "does not fit its shape and datatype" in said(response, 400)


def test_a_truth_value_is_nought_or_one(iris: ModelVersion, call) -> None:
    told = {"name": "petal_width", "shape": [1], "datatype": "BOOL", "parameters": {"binary_data_size": 1}}
    text = json.dumps({"inputs": [*LENGTH, told]}).encode()
    response = call(text + b"\2", IRIS_INFER, OCTETS, Inference_Header_Content_Length=str(len(text)))
    assert "does not fit its shape and datatype" in said(response, 400)


# Bodies that are no question at all


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b"\xff",
        b"[" * 20_000,
        b'{"inputs": [{"name": "a", "name": "b"}]}',
        b'{"inputs": [{"name": "a\\u0000", "data": [1]}]}',
        b'{"inputs": [{"name": "\\ud800"}]}',
        b'{"inputs": [{"name": "petal_width", "shape": [1], "datatype": "FP64", "data": [NaN]}]}',
        b'{"inputs": [{"name": "petal_width", "shape": [1], "datatype": "FP64", "data": [1e999]}]}',
        b'{"inputs": [{"name": "petal_width", "shape": [1], "datatype": "INT64", "data": [' + b"9" * 900 + b"]}]}",
    ],
)
def test_a_body_that_is_no_question_is_refused(iris: ModelVersion, call, body: bytes) -> None:
    assert said(call(body, IRIS_INFER), 400)


def nan_in(data: list[Any], shape: list[int], **changes: Any) -> str:
    """A question whose last tensor holds data with a NaN somewhere."""
    return json.dumps(with_width(data=data, shape=shape, **changes))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (nan_in([float("nan")], [1]), "Row 0, “petal_width”: Enter a finite number."),
        (nan_in([0.1, float("inf")], [2]), "Row 1, “petal_width”: Enter a finite number."),
        (nan_in([[0.1], [2**63]], [2, 1]), "Row 1, “petal_width”: Enter a smaller number."),
        (nan_in([0.1, 0.2, 0.3, float("nan")], [2, 2]), "Row 1, “petal_width”: Enter a finite number."),
        (nan_in([float("nan")], []), "“petal_width”: Enter a finite number."),
        (nan_in([float("nan")], [5]), "“petal_width”: Enter a finite number."),
        (nan_in([float("nan")], [1], name=1), "“inputs.3.data.0”: Enter a finite number."),
        ('{"id": NaN}', "“id”: Enter a finite number."),
        ('{"id": 1, "id": 1, "inputs": []}', "“id”: This field is there twice. Send it once."),
        ('{"inputs": [{"name": "a", "name": "b"}]}', "“inputs.0.name”: This field is there twice. Send it once."),
    ],
)
def test_what_json_cannot_say_is_named_by_its_tensor(iris: ModelVersion, call, body: str, sentence: str) -> None:
    assert said(call(body, IRIS_INFER), 400) == sentence


def test_what_is_in_no_row_has_none(iris: ModelVersion, call, analyst: User) -> None:
    browser = Client()
    browser.force_login(analyst)
    sentence = "“foo”: There is no such filter here. Remove it."
    assert said(browser.get("/v2/models/iris?foo=1"), 400) == sentence
    assert said(call(question(flowers()), IRIS_INFER, idempotency_key="a b"), 400).startswith("“Idempotency-Key”: The")


def test_other_types_and_encodings_are_refused(iris: ModelVersion, call) -> None:
    text = json.dumps(question(flowers()))
    for kind in ("application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert said(call(text, IRIS_INFER, kind), 415).startswith("Send application/json")
    assert said(call(text, IRIS_INFER, "application/json; charset=utf-16"), 415) == "Send the body in UTF-8."
    for name in ("br", "zstd", "gzip, gzip"):
        assert said(call(text, IRIS_INFER, Content_Encoding=name), 415).startswith("Compress the body with gzip")


def test_a_bomb_is_not_unpacked(iris: ModelVersion, call, settings) -> None:
    settings.MAX_BODY_BYTES = 100_000
    for name, squeezed in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        bomb = squeezed(b" " * 50_000_000)
        tracemalloc.start()
        assert said(call(bomb, IRIS_INFER, Content_Encoding=name), 413)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000_000


@pytest.mark.parametrize(("name", "squeezed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_nothing_follows_what_was_compressed(iris: ModelVersion, call, name: str, squeezed) -> None:
    text = json.dumps(question(flowers())).encode()
    for more in (b"more", squeezed(b" ")):
        assert said(call(squeezed(text) + more, IRIS_INFER, Content_Encoding=name), 400).endswith("is damaged.")


def test_too_much_is_413(iris: ModelVersion, call, settings) -> None:
    settings.MAX_ROWS_PER_CALL = 3
    assert said(call(question(flowers(*[{}] * 4)), IRIS_INFER), 413) == "Send at most 3 rows in a call."
    assert call(question(flowers(*[{}] * 3)), IRIS_INFER).status_code == 200
    many = {"inputs": [tensor(f"f{number}", "FP64", [1.0]) for number in range(1001)]}
    assert said(call(many, IRIS_INFER), 413) == "Send at most 1000 different fields."
    settings.MAX_ROWS_PER_CALL = 1000
    explained = question(flowers(*[{}] * 101), parameters={"explain": True})
    assert said(call(explained, IRIS_INFER), 413).startswith("Ask for at most 100 rows")
    settings.MAX_BODY_BYTES = 10_000
    assert said(call(b" " * 10_001, IRIS_INFER), 413)


# Faults around the view


def test_every_fault_has_the_protocols_shape(iris: ModelVersion, call, analyst: User) -> None:
    assert said(call({}, "/v2/nothing"), 404)
    assert said(call({}, "/v2/models/a b/infer"), 404)
    assert said(call(question(flowers()), "/v2/models/nothing/infer"), 404)
    assert said(call({}, "/v2"), 405)
    assert said(call(question(flowers()), f"{IRIS_INFER}?verbose=1"), 400)
    browser = Client(headers={"accept": "text/html"})
    browser.force_login(analyst)
    assert said(browser.get("/v2/nothing/"), 404)
    assert said(browser.get("/v2/models/iris?x=%00"), 400)
    assert said(browser.put(IRIS_INFER), 405)


@pytest.mark.parametrize("accept", ["application/octet-stream", "text/html", "image/png", "*/*"])
def test_accept_changes_nothing(iris: ModelVersion, call, accept: str) -> None:
    assert call(question(flowers()), IRIS_INFER, accept=accept)["Content-Type"] == "application/json"


def test_a_broken_view_says_so_in_the_protocols_shape(iris: ModelVersion, call, monkeypatch) -> None:
    monkeypatch.setattr("predictions.api.inference_protocol.tensors.read", None)
    assert said(call(question(flowers()), IRIS_INFER), 500) == "Something went wrong on our side. It was noted."


def test_sentences_are_in_the_callers_language(iris: ModelVersion, call) -> None:
    body = question(flowers({"petal_width": 99.0}))
    text = said(call(body, IRIS_INFER, accept_language="fr"), 400)
    assert text.startswith("Ligne 0, «\u00a0petal_width\u00a0»\u202f: Pour «\u00a0Largeur du pétale\u00a0»")


# Anything at all

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-300, 300), st.integers(), st.floats(), st.text(max_size=5), st.just("1.5")
)
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
parameters = st.dictionaries(
    st.sampled_from(["content_type", "binary_data_size", "binary_data", "explain", "binary_data_output", "other"]),
    anything | st.sampled_from(["pd", "np", "str", "base64", "pd_json", 0, 1, 8, 16]),
    max_size=3,
)
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from(list(IRIS)) | st.text(max_size=5) | anything,
        "shape": st.sampled_from([[1], [1, 1], [2], [2, 1], [1, 2], [0]]) | anything,
        "datatype": st.sampled_from(DATATYPES) | anything,
    },
    optional={"data": nested | anything, "parameters": parameters | anything},
)
questions = st.fixed_dictionaries(
    {"inputs": st.lists(tensors, max_size=5) | anything},
    optional={
        "id": anything,
        "parameters": parameters | anything,
        "outputs": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["label", "score", "value"]) | anything},
                optional={"parameters": parameters | anything},
            ),
            max_size=3,
        )
        | anything,
    },
)
FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(body=questions, tail=st.binary(max_size=40), extra=st.integers(-2, 2))
def test_no_question_breaks_the_server(iris: ModelVersion, call, body: Any, tail: bytes, extra: int) -> None:
    text = json.dumps(body).encode()
    plain = call(text, IRIS_INFER)
    behind = call(text + tail, IRIS_INFER, OCTETS, Inference_Header_Content_Length=str(len(text) + extra))
    for response in (plain, behind):
        assert response.status_code in {200, 400, 413}, response.content[:500]
        if response.status_code != 200:
            assert said(response, response.status_code)


@FUZZ
@given(
    values=st.lists(
        st.one_of(st.none(), st.floats(0.1, 3.0), st.floats(), st.text(max_size=3)), min_size=1, max_size=3
    ),
    datatype=st.sampled_from(DATATYPES),
)
def test_no_value_breaks_the_server(iris: ModelVersion, call, values: list[Any], datatype: str) -> None:
    inputs = [tensor(name, "FP64", [number] * len(values)) for name, number in IRIS.items() if name != "petal_width"]
    response = call({"inputs": [*inputs, tensor("petal_width", datatype, values)]}, IRIS_INFER)
    assert response.status_code in {200, 400}, response.content[:500]


@FUZZ
@given(body=st.binary(max_size=60), size=st.integers(0, 60), name=st.sampled_from(["", "gzip", "deflate"]))
def test_no_bytes_break_the_server(iris: ModelVersion, call, body: bytes, size: int, name: str) -> None:
    headers = {"Inference_Header_Content_Length": str(size), "Content_Encoding": name}
    assert call(body, IRIS_INFER, OCTETS, **headers).status_code == 400
