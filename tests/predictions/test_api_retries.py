"""Retries: a key belongs to one request, and finds its answer again whatever came since (T06)."""

import base64
import os
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from predictions.models import IdempotencyKey, Prediction
from registry import actions, promotions
from registry.models import ModelVersion
from tests.predictions.employees import PERSON
from tests.worlds import IRIS

API, PATH, SEED = "/api/v1/predict", "/api/v1/models/iris/predict", "/predict"
# The long form: FUTURISYS_KEY_PAIRS=1000
PAIRS = int(os.environ.get("FUTURISYS_KEY_PAIRS", "100"))
QUESTION = {"model": "iris", "inputs": IRIS}

NUMBERS = st.one_of(st.floats(0.5, 8).map(lambda number: round(number, 3)), st.integers(1, 8))
ROWS = st.fixed_dictionaries(dict.fromkeys(IRIS, NUMBERS))
ANY_VALUE = st.one_of(NUMBERS, st.none(), st.booleans(), st.text(max_size=6), st.just("5.1"))
ANY_ROW = st.one_of(ROWS, st.dictionaries(st.sampled_from([*IRIS, "colour", "image"]), ANY_VALUE))
OPTIONS: dict[Any, Any] = {"explain": st.booleans(), "partial": st.booleans(), "version": st.just(1)}
GOOD = st.fixed_dictionaries(
    {"model": st.just("iris"), "inputs": st.one_of(ROWS, st.lists(ROWS, min_size=1, max_size=3))}, optional=OPTIONS
)
OTHER = st.fixed_dictionaries(
    {"model": st.sampled_from(["iris", "other"]), "inputs": st.lists(ANY_ROW, min_size=1, max_size=3)}, optional=OPTIONS
)
DOORS = st.sampled_from([API, PATH])


def meaning(body: dict[str, Any]) -> list[Any]:
    """What a body asks, however it is written down: an option that is off, and one row in a list."""
    rows = body["inputs"] if isinstance(body["inputs"], list) else [body["inputs"]]
    names = sorted({name for row in rows for name in row})
    table = [[(name, repr(row.get(name))) for name in names] for row in rows]
    return [body["model"], body.get("version"), bool(body.get("explain")), bool(body.get("partial")), names, table]


@given(first=GOOD, second=st.one_of(GOOD, OTHER), path=DOORS)
@settings(max_examples=PAIRS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_key_with_another_body_is_422(
    iris: ModelVersion, call, problem, first: dict[str, Any], second: dict[str, Any], path: str
) -> None:
    assume(meaning(first) != meaning(second))
    assume(path == API or second["model"] == "iris")
    sent = {"idempotency_key": uuid.uuid4().hex}
    assert call(first, **sent).status_code == 200
    before = Prediction.objects.count()
    problem(call(second, path, **sent), 422, "idempotency_key_reused")
    assert Prediction.objects.count() == before


@given(body=GOOD, quoted=st.booleans())
@settings(max_examples=PAIRS // 4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_body_replays_to_the_letter(iris: ModelVersion, call, body: dict[str, Any], quoted: bool) -> None:
    key = uuid.uuid4().hex
    first = call(body, idempotency_key=key)
    before = Prediction.objects.count()
    again = call(body, PATH, idempotency_key=f'"{key}"' if quoted else key)
    assert (first.status_code, again.content, again["Idempotent-Replayed"]) == (200, first.content, "true")
    assert Prediction.objects.count() == before


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("surface", [1e17, 1e22, -0.0, -1e300, 3, 1e-300])
def test_a_number_of_any_size_replays_to_the_letter(price: ModelVersion, call, surface: float, explain: bool) -> None:
    body = {"inputs": {"surface": surface, "rooms": 3}, "explain": explain}
    first, again = (call(body, idempotency_key="k") for _ in range(2))
    assert (first.status_code, again.content) == (200, first.content)


def test_two_classes_replay_to_the_letter(promoted, call) -> None:
    promoted("attrition")
    body = {"inputs": PERSON | {"age": 70}, "explain": True}
    first, again = (call(body, idempotency_key="k") for _ in range(2))
    assert first.json()["predictions"][0]["warnings"]
    assert (first.status_code, again.content) == (200, first.content)


# What belongs to the request


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": IRIS | {"petal_width": 0.3}},
        {"inputs": IRIS | {"petal_width": "0.2"}},
        {"inputs": [IRIS, IRIS]},
        {"inputs": IRIS | {"colour": "blue"}},
        {"inputs": {}},
        {"explain": True},
        {"partial": True},
        {"version": 1},
        {"version": 99},
        {"model": "other"},
        {"model": "nothing"},
    ],
)
def test_each_part_of_a_request_counts(iris: ModelVersion, promoted, call, problem, change: dict[str, Any]) -> None:
    promoted("iris", model="other")
    call(QUESTION, idempotency_key="k")
    problem(call(QUESTION | change, idempotency_key="k"), 422, "idempotency_key_reused")
    assert Prediction.objects.count() == 1


@pytest.mark.parametrize("same", [{"inputs": [IRIS]}, {"explain": False}, {"partial": None}, {"version": None}])
def test_the_same_question_written_otherwise_is_the_same(iris: ModelVersion, call, same: dict[str, Any]) -> None:
    first = call(QUESTION, idempotency_key="k")
    assert call(QUESTION | same, idempotency_key="k").content == first.content


def test_the_order_of_fields_does_not_count_that_of_rows_does(iris: ModelVersion, call, problem) -> None:
    rows = [IRIS, IRIS | {"petal_width": 1.5}]
    call(QUESTION | {"inputs": rows}, idempotency_key="k")
    backwards = [dict(reversed(row.items())) for row in rows]
    assert call(QUESTION | {"inputs": backwards}, idempotency_key="k")["Idempotent-Replayed"] == "true"
    problem(call(QUESTION | {"inputs": rows[::-1]}, idempotency_key="k"), 422, "idempotency_key_reused")


def test_the_door_counts_but_not_where_the_model_is_named(iris: ModelVersion, call, problem) -> None:
    actions.make_default(iris.model)
    first = call(QUESTION, idempotency_key="k")
    for body, path in (({"inputs": IRIS}, API), ({"inputs": IRIS}, PATH), (QUESTION, PATH)):
        assert call(body, path, idempotency_key="k").content == first.content
    problem(call(IRIS, SEED, idempotency_key="k"), 422, "idempotency_key_reused")


def test_each_picture_is_another_question(promoted, call, problem, drawing) -> None:
    promoted("digits")
    pictures = [base64.b64encode(drawing(size=size).read()).decode() for size in (40, 60)]
    path = "/api/v1/models/digits/predict"
    first, other = ({"inputs": {"image": picture}} for picture in pictures)
    stored = call(first, path, idempotency_key="k")
    assert call(first, path, idempotency_key="k").content == stored.content
    problem(call(other, path, idempotency_key="k"), 422, "idempotency_key_reused")


def test_a_picture_is_the_same_in_a_form_and_in_json(promoted, call, drawing, client, analyst: User, token) -> None:
    promoted("digits")
    picture = {"inputs": {"image": base64.b64encode(drawing().read()).decode()}}
    first = call(picture, "/api/v1/models/digits/predict", idempotency_key="k")
    sent = {"authorization": token(analyst), "idempotency-key": "k"}
    again = client.post(API, {"file": drawing()}, headers=sent)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


def test_keys_are_of_one_person(iris: ModelVersion, stranger: User, call, token) -> None:
    call(QUESTION, idempotency_key="k")
    other = call(QUESTION | {"explain": True}, idempotency_key="k", authorization=token(stranger))
    assert (other.status_code, "Idempotent-Replayed" in other) == (200, False)
    assert IdempotencyKey.objects.count() == Prediction.objects.count() == 2


# Whatever came since


@pytest.mark.parametrize("body", [QUESTION, QUESTION | {"inputs": [IRIS, {}], "partial": True}])
def test_a_replay_is_the_first_answer_whatever_came_since(
    iris: ModelVersion, promoted, call, administrator: User, body: dict[str, Any]
) -> None:
    first = call(body, idempotency_key="k")
    second = promoted("iris")
    assert call(body, idempotency_key="k").content == first.content
    assert call(body, idempotency_key="new").json()["version"] == second.number
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert call(body, idempotency_key="k").content == first.content
    assert call(body).status_code == 503
    promotions.resume(model=iris.model, by=administrator, reason="no doubt any more")
    assert call(body, idempotency_key="k").content == first.content


def test_a_refused_call_uses_up_no_key(iris: ModelVersion, call, problem) -> None:
    problem(call(QUESTION | {"inputs": {}}, idempotency_key="k"), 400, "invalid_input")
    problem(call(QUESTION | {"model": "nothing"}, idempotency_key="k"), 404, "unknown_model")
    assert "Idempotent-Replayed" not in call(QUESTION, idempotency_key="k")
    assert IdempotencyKey.objects.count() == 1


def test_who_may_ask_no_more_gets_no_replay(iris: ModelVersion, analyst: User, call, problem) -> None:
    call(QUESTION, idempotency_key="k")
    analyst.groups.clear()
    problem(call(QUESTION, idempotency_key="k"), 403, "permission_denied")
