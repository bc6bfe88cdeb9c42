"""Hostile and clumsy input at the JSON doors: a documented status, the field named, nothing stored, never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions.models import Prediction, PredictionFailure
from registry import actions
from registry.models import ModelVersion
from tests.worlds import IRIS

API = "/api/v1/predict"
DOORS = [API, "/api/v1/models/iris/predict", "/predict"]
SECRET = "tell-nobody"


@pytest.fixture(autouse=True)
def _default(iris: ModelVersion) -> None:
    actions.make_default(iris.model)


@pytest.fixture
def refused(call, problem):
    """`refused(body, status, code, ...)`: the problem; nothing was stored and no value is repeated."""

    def checked(body: object, status: int, code: str, path: str = API, **options: str) -> dict:
        response = call(body, path, **options)
        found = problem(response, status, code)
        assert SECRET not in response.content.decode()
        assert not Prediction.objects.exists()
        assert not PredictionFailure.objects.exists()
        return found

    return checked


def flat(document: str, path: str) -> str:
    """The features of a document as the door of that path wants them."""
    return document if path == "/predict" else '{"inputs": ' + document + "}"


def row(**raw: str) -> str:
    """An iris row as JSON text, with some fields as raw text."""
    fields = {name: json.dumps(value) for name, value in IRIS.items()} | raw
    return "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"


# Documents that have no place in a record

FIELDS = {
    "nul": ('"a\\u0000b"', "bad_character"),
    "surrogate": ('"\\ud800"', "bad_character"),
    "nan": ("NaN", "not_a_number"),
    "infinity": ("-Infinity", "not_a_number"),
    "overflow": ("1e999", "not_a_number"),
    "900 digits": ("9" * 900, "out_of_bounds"),
    "5000 digits": ("-" + "9" * 5000, "out_of_bounds"),
    "25 digits": ("9" * 25, "out_of_bounds"),
    "above 2**63": (str(2**63), "out_of_bounds"),
    "long text": ('"' + "9" * 100_000 + '"', "out_of_bounds"),
    "text": (f'"{SECRET}"', "not_a_number"),
    "list": (f'["{SECRET}"]', "not_a_number"),
    "object": (f'{{"value": "{SECRET}"}}', "not_a_number"),
    "boolean": ("true", "not_a_number"),
    "null": ("null", "missing"),
    "empty": ('"  "', "missing"),
    "below": ("-0.1", "out_of_bounds"),
    "arabic digits": ('"٥"', "not_a_number"),
    "hexadecimal": ('"0x10"', "not_a_number"),
    "underscore": ('"1_0"', "not_a_number"),
    "nan as text": ('"nan"', "not_a_number"),
    "infinity as text": ('"inf"', "not_a_number"),
    "overflow as text": ('"1e999"', "not_a_number"),
}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("name", FIELDS)
def test_a_bad_value_names_its_field(refused, name: str, path: str) -> None:
    text, code = FIELDS[name]
    found = refused(flat(row(petal_width=text), path), 400, "invalid_input", path)
    assert [(error["row"], error["field"], error["code"]) for error in found["errors"]] == [(0, "petal_width", code)]
    assert len(json.dumps(found)) < 2_000


@pytest.mark.parametrize("path", DOORS)
def test_missing_and_unknown_fields_are_named(refused, path: str) -> None:
    found = refused(flat(f'{{"sepal_length": 5, "colour": "{SECRET}"}}', path), 400, "invalid_input", path)
    codes = {error["field"]: error["code"] for error in found["errors"]}
    missing = dict.fromkeys(set(IRIS) - {"sepal_length"}, "missing")
    assert codes == {"colour": "unknown_field"} | missing


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("key", ["\\u0000", "\\ud800", "x\\u0000" + "y" * 5000])
def test_a_key_that_cannot_be_stored_is_named_readably(refused, path: str, key: str) -> None:
    found = refused(flat(f'{{"{key}": 1}}', path), 400, "invalid_input", path)
    (error,) = found["errors"]
    assert (error["code"], error["field"][-1:].isprintable()) == ("bad_character", True)
    assert len(error["field"]) <= 80


@pytest.mark.parametrize("path", DOORS)
def test_a_key_twice_is_named(refused, path: str) -> None:
    twice = row()[:-1] + ', "petal_width": 0.2}'
    (error,) = refused(flat(twice, path), 400, "invalid_input", path)["errors"]
    assert (error["row"], error["field"], error["code"]) == (0, "petal_width", "duplicate_field")


def test_a_problem_in_a_later_row_has_its_number(refused) -> None:
    twice = row()[:-1] + ', "petal_width": 0.2}'
    for bad, code in ((twice, "duplicate_field"), (row(petal_width='"\\u0000"'), "bad_character")):
        (error,) = refused(f'{{"inputs": [{row()}, {bad}]}}', 400, "invalid_input")["errors"]
        assert (error["row"], error["field"], error["code"]) == (1, "petal_width", code)
    (error,) = refused({"inputs": [IRIS, IRIS | {"petal_width": SECRET}]}, 400, "invalid_input")["errors"]
    assert (error["row"], error["field"]) == (1, "petal_width")


def test_a_place_inside_a_value_is_named_in_full(refused) -> None:
    (error,) = refused(f'{{"inputs": [{row(petal_width="[0, [NaN]]")}]}}', 400, "invalid_input")["errors"]
    assert (error["row"], error["field"]) == (0, "petal_width.1.0")


def test_a_key_twice_outside_the_rows_is_named(refused) -> None:
    (error,) = refused(f'{{"model": "iris", "model": "{SECRET}", "inputs": {row()}}}', 400, "invalid_input")["errors"]
    assert (error["row"], error["field"], error["code"]) == (None, "model", "duplicate_field")


@pytest.mark.parametrize(
    ("text", "code"), [('"\\u0000"', "bad_character"), ("NaN", "not_a_number"), ("9" * 30, "out_of_bounds")]
)
def test_only_what_is_inside_the_rows_has_a_row(refused, text: str, code: str) -> None:
    places = {f'{{"version": {text}, "inputs": {row()}}}': (None, "version"), f'{{"inputs": [{text}]}}': (0, "inputs")}
    places |= {f'{{"inputs": {text}}}': (None, "inputs"), f'{{"inputs": {{"a": {text}}}}}': (0, "a")}
    for body, place in places.items():
        (error,) = refused(body, 400, "invalid_input")["errors"]
        assert (error["row"], error["field"], error["code"]) == (*place, code)


# Documents that are none

DOCUMENTS = {
    "nothing": b"",
    "text": SECRET.encode(),
    "half": b'{"inputs": {',
    "two": b"{} {}",
    "trailing comma": b'{"inputs": [1,]}',
    "a byte order mark": b'\xef\xbb\xbf{"inputs": {}}',
    "latin-1": '{"inputs": {"é": 1}}'.encode("latin-1"),
    "utf-16": json.dumps({"inputs": IRIS}).encode("utf-16"),
    "a raw control character": b'{"inputs": {"x": "\x00"}}',
    "a list": b"[1]",
    "null": b"null",
    "a number": b"1",
    "a string": f'"{SECRET}"'.encode(),
}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_no_json_object_is_refused(refused, name: str, path: str) -> None:
    empty = name == "nothing"  # then every field is missing, or “inputs” is
    refused(DOCUMENTS[name], 400, "invalid_input" if empty else "parse_error", path)


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [40, 20_000])
def test_deep_json_is_refused(refused, path: str, opening: str, depth: int) -> None:
    refused(opening * depth, 400, "parse_error", path)
    refused(flat(opening * depth, path), 400, "parse_error", path)


def test_brackets_inside_text_are_not_depth(call) -> None:
    response = call(flat(row(petal_width='"' + "[{" * 50 + '"'), API))
    assert response.json()["errors"][0]["code"] == "not_a_number"


@pytest.mark.parametrize(
    "inputs", [None, 1, True, "x", [], {}, [[]], [[1, 2]], ["x"], [1], [None], [IRIS, 1], {"a": {}}]
)
def test_inputs_of_a_wrong_shape(refused, inputs: object) -> None:
    for body in ({"inputs": inputs}, {} if inputs is None else {"inputs": inputs, "model": "iris"}):
        errors = refused(body, 400, "invalid_input")["errors"]
        if not isinstance(inputs, dict):
            code = "missing" if inputs in (None, []) else "invalid"
            assert [(error["row"], error["field"], error["code"]) for error in errors] == [(None, "inputs", code)]


@pytest.mark.parametrize("member", [{"model": 1}, {"model": ["iris"]}, {"explain": "maybe"}, {"explain": 2}])
def test_members_of_a_wrong_type(refused, member: dict) -> None:
    (error,) = refused({"inputs": IRIS} | member, 400, "invalid_input")["errors"]
    assert (error["row"], error["field"]) == (None, *member)


@pytest.mark.parametrize("name", ["nothing", "Iris", "iris\n", "é", "x" * 100_000])
def test_a_model_that_is_not_there(refused, name: str) -> None:
    found = refused({"inputs": IRIS, "model": name}, 404, "unknown_model")
    assert len(found["detail"]) < 200


def test_the_body_cannot_name_another_model_than_the_path(refused) -> None:
    found = refused({"inputs": IRIS, "model": "other"}, 400, "invalid_input", "/api/v1/models/iris/predict")
    assert [(error["row"], error["field"]) for error in found["errors"]] == [(None, "model")]


def test_unknown_members_are_named_readably(refused) -> None:
    found = refused({"inputs": IRIS, "input": 1, "x" * 5000: 1, "\x7f\x1b": 1}, 400, "invalid_input")
    assert {error["code"] for error in found["errors"]} == {"unknown_field"}
    assert "input" in {error["field"] for error in found["errors"]}
    assert all(len(error["field"]) <= 80 and error["field"].isprintable() for error in found["errors"])


# Too much


def test_at_most_1000_rows(refused, call) -> None:
    refused({"inputs": [IRIS] * 1001}, 413, "too_large")
    assert call({"inputs": [IRIS] * 1000}).status_code == 200
    assert Prediction.objects.count() == 1000


def test_at_most_100_rows_are_explained(refused, call) -> None:
    refused({"inputs": [IRIS] * 101, "explain": True}, 413, "too_large")
    answers = call({"inputs": [IRIS] * 3, "explain": True}).json()["predictions"]
    assert all(answer["explanation"] for answer in answers)


def test_many_different_names_do_not_multiply_with_the_rows(refused) -> None:
    rows = [{f"{i}.{j}": None for j in range(50)} for i in range(1000)]
    refused({"inputs": rows}, 413, "too_large")
    refused(dict.fromkeys(map(str, range(1001))), 413, "too_large", "/predict")


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("language", "said"), [("en", "Values that cannot be used: {}."), ("fr", "Valeurs inutilisables\u202f: {}.")]
)
def test_the_count_reads_well_for_any_number(refused, language: str, said: str, count: int) -> None:
    found = refused(
        {"inputs": [IRIS | {"petal_width": SECRET}] * count}, 400, "invalid_input", accept_language=language
    )
    assert found["detail"] == said.format(count)


def test_as_many_errors_as_fields_and_rows_stay_readable(refused) -> None:
    found = refused({"inputs": [{}] * 1000}, 400, "invalid_input")
    assert len(found["errors"]) <= 1000
    assert "4000" in found["detail"]


# Another content type

TYPES = [
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    "application/json; charset=nonsense",
    "application/json; charset=hex",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/mixed; boundary=x",
    "nonsense",
    "/",
    ";;;",
    "",
]


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("content_type", TYPES)
def test_another_content_type_is_415(refused, content_type: str, path: str) -> None:
    refused(flat(row(), path).encode(), 415, "unsupported_media_type", path, content_type=content_type)


@pytest.mark.parametrize("charset", ["UTF-8", '"utf-8"', "utf8"])
def test_utf8_by_any_name_is_good(call, charset: str) -> None:
    assert call(flat(row(), API), content_type=f"Application/JSON; charset={charset}").status_code == 200


# Anything

NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**30, 2**53 + 1, -0.0, 1e308]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
MEMBERS = ["model", "version", "inputs", "explain", *IRIS]
ROWS = st.fixed_dictionaries(dict.fromkeys(IRIS, st.one_of(VALUES, st.floats(0, 30))), optional={"x": VALUES})
BODIES = st.one_of(
    VALUES,
    st.fixed_dictionaries({"inputs": st.one_of(VALUES, ROWS, st.lists(ROWS, max_size=3))}),
    st.dictionaries(st.sampled_from(MEMBERS), st.one_of(VALUES, ROWS), max_size=6),
)


@pytest.mark.parametrize("path", DOORS)
@given(body=BODIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_is_answered_and_stored_or_a_problem(call, path: str, body: object) -> None:
    before = Prediction.objects.count()
    text = json.dumps(body).encode()  # with NaN, and surrogates as escapes
    response = call(text, path)
    stored = Prediction.objects.count() - before
    if response.status_code == 200:
        assert response["Content-Type"] == "application/json"
        assert stored == len(response.json().get("predictions", [None]))
    else:
        assert response.status_code in {400, 404, 413}, (text, response.content)
        assert response["Content-Type"] == "application/problem+json"
        assert (stored, response.json()["status"]) == (0, response.status_code)


@pytest.mark.parametrize("path", DOORS)
@given(body=st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_problem(call, path: str, body: bytes) -> None:
    response = call(body, path)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
