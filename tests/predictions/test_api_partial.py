"""`"partial": true`: the good rows are answered as if they were asked alone, the others are told row by row."""

import base64
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions import actions as waist
from predictions import partial
from predictions.exceptions import InvalidInput
from predictions.models import Prediction, Source
from registry import promotions
from registry.models import ModelVersion
from registry.signature import Feature, Signature, columns_of
from tests.worlds import IRIS

NONE_TOLD = {"id", "row"}
WIDTH = "petal_width"


def rows_of(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "iris", "inputs": list(rows), "partial": True} | more


def bare(prediction: dict[str, Any]) -> dict[str, Any]:
    """An answer without what makes it this one."""
    return {name: value for name, value in prediction.items() if name not in NONE_TOLD}


def without_row(errors: list[dict[str, Any]]) -> list[str]:
    return sorted(str({name: value for name, value in error.items() if name != "row"}) for error in errors)


def test_good_rows_are_answered_and_bad_ones_named(iris: ModelVersion, call) -> None:
    body = call(rows_of(IRIS, IRIS | {WIDTH: "wide"}, IRIS | {"petal_length": 5.8, WIDTH: 2.3}, {})).json()
    assert [(told["row"], told["label"]) for told in body["predictions"]] == [(0, "setosa"), (2, "virginica")]
    told = [(error["row"], error["field"], error["code"]) for error in body["errors"]]
    assert told == [(1, WIDTH, "not_a_number"), *((3, name, "missing") for name in IRIS)]
    assert [str(row.pk) for row in Prediction.objects.order_by("id")] == [told["id"] for told in body["predictions"]]
    assert body["request_id"] == body["predictions"][0]["id"]


def test_without_partial_one_bad_row_refuses_all(iris: ModelVersion, call, problem) -> None:
    found = problem(call(rows_of(IRIS, {}, partial=False)), 400, "invalid_input")
    assert {error["row"] for error in found["errors"]} == {1}
    assert not Prediction.objects.exists()


def test_all_good_is_as_without_partial(iris: ModelVersion, call) -> None:
    whole, part = (call(rows_of(IRIS, IRIS, partial=flag)).json() for flag in (False, True))
    assert [bare(told) for told in part["predictions"]] == [bare(told) for told in whole["predictions"]]
    assert part["errors"] == whole["errors"] == []


def test_all_bad_is_refused_with_every_row(iris: ModelVersion, call, problem) -> None:
    bad = [IRIS | {"colour": "blue"}, IRIS | {WIDTH: None}, IRIS | {"colour": "red"}]
    found = problem(call(rows_of(*bad)), 400, "invalid_input")
    told = [(error["row"], error["field"]) for error in found["errors"]]
    assert told == [(0, "colour"), (1, WIDTH), (2, "colour")]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("flag", ["yes", 1, 0, "true", [True]])
def test_partial_is_true_or_false(iris: ModelVersion, call, problem, flag: object) -> None:
    (error,) = problem(call(rows_of(IRIS, partial=flag)), 400, "invalid_input")["errors"]
    assert (error["row"], error["field"]) == (None, "partial")


# Fields that the model has not


def test_an_unknown_field_refuses_the_rows_that_hold_it_alone(iris: ModelVersion, call) -> None:
    body = call(rows_of(IRIS, IRIS | {"colour": "blue"}, IRIS | {"colour": None}, IRIS, IRIS | {"size": 1})).json()
    assert [told["row"] for told in body["predictions"]] == [0, 3]
    told = [(error["row"], error["field"], error["code"]) for error in body["errors"]]
    assert told == [(row, name, "unknown_field") for row, name in ((1, "colour"), (2, "colour"), (4, "size"))]


@pytest.mark.parametrize("name", ["x" * 200, "line\nfeed", "\x7f", "\u202e"])
def test_a_field_that_is_shown_otherwise_is_refused_as_well(iris: ModelVersion, call, name: str) -> None:
    body = call(rows_of(IRIS | {name: 1}, IRIS, IRIS | {name: 2})).json()
    assert [told["row"] for told in body["predictions"]] == [1]
    assert [(error["row"], error["code"]) for error in body["errors"]] == [(0, "unknown_field"), (2, "unknown_field")]
    assert all(error["field"].isprintable() and len(error["field"]) <= 80 for error in body["errors"])


def test_a_field_that_only_looks_like_one_of_the_model_is_no_reason_to_forget_it() -> None:
    long = "x" * 80
    signature = Signature(task="tabular-classification", features=(Feature(name=long, dtype="number", nullable=True),))
    picked = partial.pick(signature, {long: [1, 2], f"{long}y": [None, 3]}, 2, partial=True)
    assert (picked.places, picked.table.values[long]) == ([0], [1.0])


def test_many_unknown_fields_do_not_multiply_with_the_rows(iris: ModelVersion, call) -> None:
    wrong = dict.fromkeys(map(str, range(900)), 1)
    body = call(rows_of(IRIS, *([IRIS | wrong] * 300))).json()
    assert len(body["predictions"]) == 1
    assert {error["row"] for error in body["errors"]} == set(range(1, 301))
    assert len(body["errors"]) <= partial.MOST_ERRORS


def test_a_wrong_column_does_not_make_an_answer_as_large_as_a_file(iris: ModelVersion, call) -> None:
    body = call(rows_of(IRIS, *([{}] * 999))).json()
    assert len(body["predictions"]) == 1
    assert [error["row"] for error in body["errors"]] == list(range(1, 1000))


# Any mixture

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(0, 20, allow_nan=False),
    st.integers(-3, 30),
    st.sampled_from(["", "wide", "3,5"]),
)
GOOD = st.fixed_dictionaries(dict.fromkeys(IRIS, st.floats(0.5, 8)))
ODD = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(IRIS, VALUES), "colour": VALUES, "\n": VALUES, "size": VALUES}
)
MIXED = st.lists(st.one_of(GOOD, ODD), min_size=1, max_size=6)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(rows=MIXED)
@FEW
def test_a_partial_answer_is_that_of_the_good_rows_alone(iris: ModelVersion, call, rows: list[dict[str, Any]]) -> None:
    alone = [call({"model": "iris", "inputs": row}) for row in rows]
    before = Prediction.objects.count()
    response = call(rows_of(*rows))
    body, good = response.json(), [row for row, told in enumerate(alone) if told.status_code == 200]
    stored = Prediction.objects.count() - before
    assert (response.status_code, stored) == (200 if good else 400, len(good))
    told = body.get("predictions", [])
    assert [each["row"] for each in told] == good
    expected = [alone[row].json()["predictions"][0] for row in good]
    for each, other in zip(told, expected, strict=True):
        assert (each["label"], each["warnings"]) == (other["label"], other["warnings"])
        assert each["score"] == pytest.approx(other["score"], abs=1e-6)
    for row, other in enumerate(alone):
        errors = [error for error in body["errors"] if error["row"] == row]
        assert without_row(errors) == without_row(other.json()["errors"])


@given(rows=MIXED)
@FEW
def test_records_and_names_stay_with_their_rows(iris: ModelVersion, analyst: User, flowers, rows: list) -> None:
    signature, records = iris.parsed_signature(), flowers(len(rows))
    columns = {name: [row.get(name) for row in rows] for name in signature_names(signature)}
    named = {"records": [record.pk for record in records], "cases": [record.key for record in records]}
    more = {"rows": len(rows), "source": Source.RECORDS, "by": analyst, "partial": True} | named
    good = [row for row in rows if all(isinstance(row.get(name), float) for name in IRIS)]
    if not good:
        with pytest.raises(InvalidInput):
            waist.predict(model="iris", columns=columns | dict.fromkeys(["colour"], [1] * len(rows)), **more)
        return
    answer = waist.predict(model="iris", columns=columns, **more)
    places = range(len(rows)) if answer.places is None else answer.places
    stored = list(Prediction.objects.of_call(answer.request_id))
    assert [(row.record_id, row.key) for row in stored] == [(records[at].pk, records[at].key) for at in places]
    for row, at in zip(stored, places, strict=True):
        assert row.inputs == signature.clean(columns_of([{n: columns[n][at] for n in columns}]), 1).records[0]


def signature_names(signature: Signature) -> list[str]:
    return [feature.name for feature in signature.features]


# With the rest of what a call may ask for


def test_the_same_key_gives_the_same_body(iris: ModelVersion, administrator, promoted, call, problem) -> None:
    sent = rows_of(IRIS, {WIDTH: 1}, IRIS | {"colour": 1}, IRIS | {WIDTH: 2.3}, explain=True)
    first = call(sent, idempotency_key="k")
    promoted("iris")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    again = call(sent, idempotency_key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert Prediction.objects.count() == 2
    problem(call(sent | {"partial": False}, idempotency_key="k"), 422, "idempotency_key_reused")


def test_many_rows_replay_with_their_places(iris: ModelVersion, call) -> None:
    sent = rows_of(*([IRIS, {}] * 60))
    first, again = (call(sent, idempotency_key="k") for _ in range(2))
    assert again.content == first.content
    assert [told["row"] for told in first.json()["predictions"]] == list(range(0, 120, 2))


def test_the_good_rows_are_explained(iris: ModelVersion, call) -> None:
    body = call(rows_of({}, IRIS, IRIS | {WIDTH: "?"}, IRIS | {"petal_length": 5.8, WIDTH: 2.3}, explain=True)).json()
    for told in body["predictions"]:
        values = {item["field"]: item["value"] for item in told["explanation"]}
        assert values == (IRIS if told["row"] == 1 else IRIS | {"petal_length": 5.8, WIDTH: 2.3})
        assert Prediction.objects.get(pk=told["id"]).explanation["contributions"] == told["explanation"]


def test_twice_the_same_row_is_two_answers(iris: ModelVersion, call) -> None:
    body = call(rows_of(IRIS, {}, IRIS)).json()
    assert len({told["id"] for told in body["predictions"]}) == 2
    assert [told["row"] for told in body["predictions"]] == [0, 2]


def test_pictures_that_are_none_are_left_out(promoted, call, drawing) -> None:
    promoted("digits")
    good = {"image": base64.b64encode(drawing().read()).decode()}
    rows = [{"image": "no base64!"}, good, {"image": None}, {}, good | {"colour": 1}, good]
    body = call({"model": "digits", "inputs": rows, "partial": True}).json()
    assert [told["row"] for told in body["predictions"]] == [1, 5]
    assert [(error["row"], error["field"]) for error in body["errors"]] == [
        (0, "image"),
        (2, "image"),
        (3, "image"),
        (4, "colour"),
        (4, "image"),
    ]


def test_as_many_queries_for_a_thousand_rows_as_for_sixty(iris: ModelVersion, call) -> None:
    counts = []
    call(rows_of(IRIS))
    for rows in (60, 1000):
        with CaptureQueriesContext(connection) as queries:
            assert len(call(rows_of({}, *([IRIS] * (rows - 1)))).json()["predictions"]) == rows - 1
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
