"""One row as JSON Schema: what it takes is taken, its examples are answered, and what it promises is what is meant."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from registry import promotions, row_schema
from registry.models import ModelVersion
from registry.signature import InvalidInput, Signature, columns_of

Ready = Callable[..., ModelVersion]
FLOWERS = "/api/v1/models/iris/schema"


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    key = token(analyst)
    return lambda path, **headers: client.get(path, headers={"authorization": key} | headers)


@pytest.fixture
def predict(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    sent = {"content_type": "application/json", "headers": {"authorization": token(analyst)}}
    return lambda model, row: client.post(f"/api/v1/models/{model}/predict", {"inputs": row}, **sent)


def test_what_iris_takes(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask(FLOWERS).json()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    assert (list(body["properties"]), body["required"], body["additionalProperties"]) == (names, names, False)
    assert (body["$schema"], body["title"]) == (row_schema.DIALECT, "Iris, version 1")
    told = body["properties"]["sepal_length"]
    low, high = told.pop("x-train-range")
    (example,) = told.pop("examples")
    assert low <= example <= high
    assert told == {
        "title": "Sepal length",
        "description": "From base to tip, in centimetres.",
        "type": "number",
        "minimum": 0,
        "maximum": 30,
        "x-unit": "cm",
    }


def test_titles_follow_the_language(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask(FLOWERS, accept_language="fr").json()
    assert (body["title"], body["properties"]["sepal_length"]["title"]) == ("Iris, version 1", "Longueur du sépale")


@pytest.mark.parametrize("name", ["iris", "attrition", "digits"])
def test_examples_are_what_they_are_examples_of(
    ask: Callable[..., Any], predict: Callable[..., Any], promoted: Ready, name: str
) -> None:
    promoted(name)
    schema = ask(f"/api/v1/models/{name}/schema").json()
    Draft202012Validator.check_schema(schema)
    (row,) = schema["examples"]
    Draft202012Validator(schema).validate(row)
    answer = predict(name, row)
    assert answer.status_code == 200, answer.content
    assert answer.json()["predictions"][0]["warnings"] == []
    for field, told in schema["properties"].items():
        for value in told["examples"]:
            Draft202012Validator(told).validate(value)
            assert predict(name, row | {field: value}).status_code == 200


def test_a_picture_is_base64(ask: Callable[..., Any], promoted: Ready) -> None:
    promoted("digits")
    body = ask("/api/v1/models/digits/schema").json()
    picture = body["properties"]["image"]
    assert (picture["contentEncoding"], picture["contentMediaType"]) == ("base64", "image/png")
    assert base64.b64decode(picture["examples"][0]).startswith(b"\x89PNG")
    assert (list(body["properties"]), body["required"]) == (["image"], ["image"])


def test_the_longest_picture_fits_a_body(ask: Callable[..., Any], promoted: Ready, settings: Any) -> None:
    promoted("digits")
    for most in (6_000_000, 10_000, 100_000_000):
        settings.MAX_BODY_BYTES = most
        picture = ask("/api/v1/models/digits/schema").json()["properties"]["image"]
        longest = json.dumps({"model": "digits" * 13, "version": 999_999_999, "explain": False, "partial": False})
        assert len(longest) + len('"inputs": {"image": ""}') + picture["maxLength"] <= most
        assert (picture["maxLength"] % 4, picture["maxLength"] <= 6_990_508) == (0, True)


def test_another_version_by_its_number(ask: Callable[..., Any], iris: ModelVersion, ready: Ready) -> None:
    ready("iris")
    assert ask(f"{FLOWERS}?version=2").json()["title"] == "Iris, version 2"
    assert ask(FLOWERS).json()["title"] == "Iris, version 1"


def test_a_suspended_model_still_says_what_it_takes(
    ask: Callable[..., Any], iris: ModelVersion, administrator: User
) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert ask(FLOWERS).status_code == ask(f"{FLOWERS}?version=1").status_code == 200


def test_a_draft_has_no_schema_and_still_a_card(ask: Callable[..., Any], iris: ModelVersion, ready: Ready) -> None:
    ready("iris", is_draft=True)
    answer = ask(f"{FLOWERS}?version=2")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")
    assert "confirm it first" in answer.json()["detail"]
    assert ask("/api/v1/models/iris/card?version=2").status_code == 200


@pytest.mark.parametrize("name", ["schema", "metrics", "card"])
@pytest.mark.parametrize("version", ["0", "-1", "x", "", "1.0", "٣", "1" * 10])
def test_versions_that_are_no_number(ask: Callable[..., Any], iris: ModelVersion, name: str, version: str) -> None:
    answer = ask(f"/api/v1/models/iris/{name}?version={version}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"][0]["field"] == "version"


@pytest.mark.parametrize("name", ["schema", "metrics", "card"])
def test_versions_that_are_not_ready(ask: Callable[..., Any], iris: ModelVersion, name: str) -> None:
    ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40)
    for version in (2, 3):
        answer = ask(f"/api/v1/models/iris/{name}?version={version}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")


@pytest.mark.parametrize("name", ["schema", "metrics", "card"])
def test_a_model_without_a_version_in_charge(ask: Callable[..., Any], ready: Ready, name: str) -> None:
    ready("iris")
    assert ask(f"/api/v1/models/iris/{name}").status_code == 404
    assert ask(f"/api/v1/models/iris/{name}?version=1").status_code == 200


# Scores and card


def test_offline_scores(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask("/api/v1/models/iris/metrics").json()
    scores = body.pop("metrics")
    assert body == {"model": "iris", "version": 1, "commit": iris.commit}
    assert [(score["name"], score["split"]) for score in scores] == [
        ("accuracy", "cross-validation"),
        ("accuracy", "test"),
        ("f1_macro", "test"),
    ]
    assert scores == ask("/api/v1/models/iris").json()["champion"]["metrics"]


def test_the_card_is_its_source(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask("/api/v1/models/iris/card").json()
    assert body["markdown"] == iris.metadata["card"]
    assert "# Iris" in body["markdown"]
    assert (body["edition"], body["title"], len(body["limits"])) == ("1.0.0", "Iris", 3)
    assert body["provenance"]["rows"] == 150
    assert ask("/api/v1/models/iris/card", accept_language="fr").json()["limits"][0].startswith("Pour des démon")


def test_a_version_without_a_card(ask: Callable[..., Any], ready: Ready) -> None:
    ready("iris", metadata={"metrics": []})
    body = ask("/api/v1/models/iris/card?version=1").json()
    assert (body["markdown"], body["title"], body["limits"], body["provenance"]) == ("", "iris", [], {})


# The schema and the signature mean the same


FEATURES: list[dict[str, Any]] = [
    {"name": "number", "dtype": "number", "min": -5, "max": 5.5, "train_range": [0, 1]},
    {"name": "free", "dtype": "number"},
    {"name": "floor", "dtype": "number", "min": 2.5, "nullable": True},
    {"name": "integer", "dtype": "integer", "min": 0, "max": 10, "default": 3},
    {"name": "any_integer", "dtype": "integer"},
    {"name": "ceiling", "dtype": "integer", "max": 0.5, "nullable": True},
    {"name": "yes", "dtype": "boolean"},
    {"name": "maybe", "dtype": "boolean", "nullable": True},
    {"name": "text", "dtype": "string"},
    {"name": "note", "dtype": "string", "nullable": True, "default": "none"},
    {"name": "word", "dtype": "category", "categories": [{"value": "a", "label": "A"}, {"value": "b"}]},
    {"name": "padded", "dtype": "category", "categories": [{"value": " x"}, {"value": "y"}]},
    {"name": "level", "dtype": "category", "categories": [{"value": 1}, {"value": 3}], "nullable": True},
    {"name": "share", "dtype": "category", "categories": [{"value": 0.5}, {"value": 1}]},
    {"name": "flag", "dtype": "category", "categories": [{"value": True}, {"value": False}]},
    {"name": "city", "dtype": "category", "categories": [{"value": "Lyon"}], "allow_unknown": True},
    {"name": "code", "dtype": "category", "categories": [{"value": 7}], "allow_unknown": True},
]
SIGNATURE = Signature.parse({"task": "tabular-regression", "inputs": {"features": FEATURES}})
SCHEMA = row_schema.of(SIGNATURE, title="All kinds")
VALIDATOR = Draft202012Validator(SCHEMA)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(
    *(
        st.none(),
        st.booleans(),
        TEXTS,
        st.sampled_from(["a", "b", " x", "x", "y", "Lyon", " ", "12,5", "1,234", "5.000"]),
    ),
    *(st.integers(-(10**30), 10**30), st.integers(-20, 20), st.floats(allow_nan=False, allow_infinity=False)),
    *(st.floats(-10, 10), st.lists(st.integers(), max_size=2), st.dictionaries(TEXTS, st.integers(), max_size=2)),
)
NAMES = [feature["name"] for feature in FEATURES]
CHANGES = st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES, min_size=1, max_size=3)
# Of the right kind, and near the bounds.
NEAR = {
    "number": st.floats(-6, 6.5) | st.integers(-6, 6),
    "integer": st.integers(-1, 11) | st.sampled_from([1, 3, 7, 2.0, 2**53 - 1, 2**53]),
    "boolean": st.booleans(),
    "string": TEXTS | st.sampled_from(["a", "b", "y", "Lyon", " x", "\x00", "\u2003"]),
}
ONE = st.sampled_from(SIGNATURE.features).flatmap(
    lambda feature: st.tuples(st.just(feature.name), NEAR[feature.kind] | st.none())
)
FITTING = st.lists(ONE, min_size=1, max_size=2).map(dict)
MANY = hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def is_taken(row: dict[str, Any]) -> bool:
    """Whether the model takes it."""
    try:
        SIGNATURE.clean(columns_of([row]), 1)
    except InvalidInput:
        return False
    return True


def strict(row: dict[str, Any]) -> set[str]:
    """What the schema refuses where nothing else can be meant: names, and numbers that are no yes or no."""
    refused = {"minimum", "maximum", "enum", "additionalProperties", "required"}
    numbers = {name for name, value in row.items() if type(value) in {int, float}} - {"yes", "maybe", "flag"}
    return {
        str(error.validator)
        for error in VALIDATOR.iter_errors(row)
        if error.validator in refused and (not error.path or error.path[0] in numbers)
    }


@MANY
@given(FITTING, st.sets(st.sampled_from(NAMES), max_size=1))
def test_what_the_schema_takes_the_model_takes(changes: dict[str, Any], gone: set[str]) -> None:
    row = {name: value for name, value in (SCHEMA["examples"][0] | changes).items() if name not in gone}
    if VALIDATOR.is_valid(row):
        assert is_taken(row)


@MANY
@given(CHANGES | FITTING, st.sets(st.sampled_from(NAMES), max_size=2))
def test_what_is_out_of_bounds_or_of_the_list_is_refused(changes: dict[str, Any], gone: set[str]) -> None:
    row = {name: value for name, value in (SCHEMA["examples"][0] | changes).items() if name not in gone}
    if strict(row):
        assert not is_taken(row)


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_is_described(name: str) -> None:
    told = SCHEMA["properties"][name]
    assert VALIDATOR.is_valid(SCHEMA["examples"][0])
    assert all(is_taken(SCHEMA["examples"][0] | {name: value}) for value in told["examples"])
    nullable = "null" in told["type"]
    assert nullable == (name not in SCHEMA["required"]) == is_taken(SCHEMA["examples"][0] | {name: None})


def test_a_training_range_is_a_warning_and_no_bound() -> None:
    row = SCHEMA["examples"][0] | {"number": -4}
    assert VALIDATOR.is_valid(row)
    assert SIGNATURE.clean(columns_of([row]), 1).warnings


def test_more_is_understood_than_is_promised() -> None:
    row = SCHEMA["examples"][0] | {"number": "2,5", "yes": "oui", "floor": ""}
    assert not VALIDATOR.is_valid(row)
    assert is_taken(row)
    assert "12,5" in SCHEMA["description"]


def test_enums_and_their_titles() -> None:
    word, level, padded, city = (SCHEMA["properties"][name] for name in ("word", "level", "padded", "city"))
    assert (word["enum"], word["x-enum-titles"]) == (["a", "b"], ["A", "b"])
    assert (level["enum"], level["type"]) == ([1, 3, None], ["integer", "null"])
    assert padded["enum"] == ["y"]
    assert ("enum" in city, city["examples"]) == (False, ["Lyon"])


@pytest.mark.parametrize("invert", [False, True, "auto"])
def test_the_picture_shows_ink_whatever_the_model_reads(invert: Any) -> None:
    image = {"width": 8, "height": 8, "mode": "L", "layout": "flat", "fit": "ink", "invert": invert}
    signature = Signature.parse({"task": "image-classification", "inputs": {"image": image}})
    (row,) = row_schema.of(signature, title="A picture")["examples"]
    signature.clean({"image": [base64.b64decode(row["image"])]}, 1)
