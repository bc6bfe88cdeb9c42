"""Business rows as JSON: who sees which, in what order, by which key, and a model asked about them."""

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.listing import columns
from predictions.models import Dataset, IdempotencyKey, Prediction, Record
from registry import actions, promotions
from registry.models import ModelVersion
from tests.predictions.employees import PERSON, dataset
from tests.worlds import IRIS, member

PATH = "/api/v1/datasets/flowers/records"
ASK = f"{PATH}/predict"
EMPLOYEES = "/api/v1/datasets/employees/records"
PROTECTED = {"age", "genre", "statut_marital"}


@pytest.fixture
def read(analyst: User, token):
    """`read(path, by=analyst, **query)`: a GET with somebody's token."""

    def get(path: str, by: User = analyst, **query: Any):
        return Client(raise_request_exception=False).get(path, query, headers={"authorization": token(by)})

    return get


@pytest.fixture
def people(promoted, administrator: User) -> Dataset:
    """Four employees, with fields that a business user may not see."""
    rows = [{"key": f"E-{number}", "age": 30 + number} for number in range(4)]
    return dataset(promoted("attrition"), administrator, rows)


@pytest.fixture
def decider(db: None) -> User:
    return member("decider", roles.DECISION_MAKER)


@pytest.fixture
def visitor(db: None) -> User:
    return member("visitor", roles.VISITOR)


def keys(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [record["key"] for record in response.json()["results"]]


# Sets


def test_sets_are_described(people: Dataset, read) -> None:
    (found,) = read("/api/v1/datasets").json()["results"]
    assert (found["name"], found["model"], found["key_column"], found["size"]) == (
        "employees",
        "attrition",
        "id_employee",
        4,
    )
    assert {"name": "age", "kind": "integer"} in found["columns"]
    assert all(set(column) == {"name", "kind"} for column in found["columns"])  # no ranges, no values


def test_visitors_see_made_up_sets_alone(people: Dataset, visitor: User, read, problem) -> None:
    assert read("/api/v1/datasets", visitor).json()["results"] == []
    for path in (EMPLOYEES, f"{EMPLOYEES}/E-1"):
        problem(read(path, visitor), 404, "not_found")
    Dataset.objects.update(is_example=True)
    assert len(read("/api/v1/datasets", visitor).json()["results"]) == 1
    assert read(f"{EMPLOYEES}/E-1", visitor).status_code == 200


def test_who_may_see_no_records_is_told_so(people: Dataset, read, problem) -> None:
    manager = member("manager", roles.MODEL_MANAGER)
    for path in ("/api/v1/datasets", EMPLOYEES, f"{EMPLOYEES}/E-1"):
        problem(read(path, manager), 403, "permission_denied")


# Records


def test_records_come_newest_first_a_page_at_a_time(iris, flowers, read) -> None:
    flowers(7)
    page = read(PATH, page_size=3)
    assert keys(page) == ["F-6", "F-5", "F-4"]
    second = read(page.json()["next"])
    assert keys(second) == ["F-3", "F-2", "F-1"]
    last = read(second.json()["next"])
    assert (keys(last), last.json()["next"]) == (["F-0"], None)
    assert keys(read(last.json()["previous"])) == ["F-3", "F-2", "F-1"]


def test_a_search_is_paged_in_both_directions(iris, flowers, read) -> None:
    flowers(30)
    columns.rebuild(Dataset.objects.get())
    wanted = [f"F-{number}" for number in range(29, -1, -1) if "2" in str(number)]
    page, found = read(PATH, search="2", page_size=4), []
    while True:
        found += keys(page)
        if page.json()["next"] is None:
            break
        page = read(page.json()["next"])
    assert found == wanted
    back = keys(page)
    while page.json()["previous"]:
        page = read(page.json()["previous"])
        back = keys(page) + back
    assert found == back == wanted


def test_a_search_finds_nothing_in_what_is_hidden(people: Dataset, decider: User, read) -> None:
    assert keys(read(EMPLOYEES, decider, search="single")) == ["E-3", "E-2", "E-1", "E-0"]
    assert keys(read(EMPLOYEES, search="single")) == []
    assert keys(read(EMPLOYEES, search="e-2")) == ["E-2"]


@pytest.mark.parametrize("search", ["x" * 201, " ".join("abcdefghi")])
def test_a_search_that_cannot_be_understood_is_refused(people: Dataset, read, problem, search: str) -> None:
    found = problem(read(EMPLOYEES, search=search), 400, "invalid_input")
    assert [error["field"] for error in found["errors"]] == ["search"]


@pytest.mark.parametrize("name", ["is.departement", "from.age", "q", "sort", "dataset_id", "data__age", "id"])
def test_only_known_filters_are_taken(people: Dataset, read, problem, name: str) -> None:
    problem(read(EMPLOYEES, **{name: "1"}), 400, "invalid_input")


def test_by_key_exactly(people: Dataset, read) -> None:
    assert keys(read(EMPLOYEES, key="E-2")) == ["E-2"]
    assert keys(read(EMPLOYEES, key="E-2", search="e-2")) == ["E-2"]
    assert keys(read(EMPLOYEES, key="E-2", search="e-3")) == []
    assert (
        keys(read(EMPLOYEES, key="e-2")) == keys(read(EMPLOYEES, key="E")) == keys(read(EMPLOYEES, key="x" * 500)) == []
    )


ODD_KEYS = ["a/b", "a//b", "é 漢 🙂", "100%", "a?b#c", "E-1;x=1", "%2F", "e\u0301", "'\"", "predict ", "x" * 200]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_has_an_address(iris, flowers, read, key: str) -> None:
    (record,) = flowers(1)
    Record.objects.filter(pk=record.pk).update(key=key)
    found = read(f"{PATH}/{quote(key, safe='/')}").json()
    assert (found["key"], found["dataset"]) == (key, "flowers")
    assert keys(read(PATH, key=key)) == [key]


@pytest.mark.parametrize("key", ["predict", "/", "..", "../records", "two\nlines"])
def test_keys_that_an_address_cannot_say_are_found_in_the_list(iris, flowers, read, key: str) -> None:
    (record,) = flowers(1)
    Record.objects.filter(pk=record.pk).update(key=key)
    assert keys(read(PATH, key=key)) == [key]


@pytest.mark.parametrize("key", ["nothing", "F-0 ", "f-0", "%00", "F-0%00", "%ED%A0%80", "x" * 3000])
def test_an_unknown_key_is_404(iris, flowers, read, problem, key: str) -> None:
    flowers(1)
    problem(read(f"{PATH}/{key}"), 404, "not_found")


def test_an_unknown_set_is_404(iris, read, call, problem) -> None:
    problem(read("/api/v1/datasets/nothing/records"), 404, "not_found")
    problem(read("/api/v1/datasets/nothing/records/1"), 404, "not_found")
    problem(call({"keys": ["1"]}, "/api/v1/datasets/nothing/records/predict"), 404, "not_found")


def test_what_is_sensitive_is_null_and_named(people: Dataset, decider: User, read) -> None:
    masked, whole = read(f"{EMPLOYEES}/E-1").json(), read(f"{EMPLOYEES}/E-1", decider).json()
    assert set(masked["hidden"]) >= PROTECTED
    assert all(masked["values"][name] is None for name in masked["hidden"])
    assert whole["hidden"] == []
    assert whole["values"] == {**PERSON, "age": 31, "name": "Person 2", "remote": True}
    open_ones = {name: value for name, value in whole["values"].items() if name not in masked["hidden"]}
    assert {name: masked["values"][name] for name in open_ones} == open_ones
    assert read(EMPLOYEES).json()["results"][2] == masked


def test_as_many_queries_for_a_page_of_two_as_of_many(iris, flowers, read) -> None:
    flowers(60)
    counts = []
    read(PATH)
    for size in (2, 60):
        with CaptureQueriesContext(connection) as queries:
            assert len(keys(read(PATH, page_size=size))) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Asking about them


def test_a_model_is_asked_about_records_by_key(iris, flowers, call) -> None:
    records = {record.key: record for record in flowers(4)}
    body = call({"keys": ["F-2", "F-0", "F-1"], "explain": True}, ASK).json()
    assert [told["label"] for told in body["predictions"]] == ["setosa", "virginica", "setosa"]
    assert (body["model"], body["errors"], body["hidden"]) == ("iris", [], [])
    assert all(told["explanation"] for told in body["predictions"])
    for told, key in zip(body["predictions"], ("F-2", "F-0", "F-1"), strict=True):
        stored = Prediction.objects.get(pk=told["id"])
        assert (stored.record_id, stored.key, stored.source) == (records[key].pk, key, "api")
        assert told["key"] == key


def test_unknown_keys_are_errors_of_their_rows(iris, flowers, call, problem) -> None:
    flowers(3, {1: {"petal_width": None}})
    asked = ["F-0", "nothing", "F-1", "x" * 500, "F-2"]
    found = problem(call({"keys": asked}, ASK), 400, "invalid_input")
    wrong = [(1, "keys", "unknown_record"), (2, "petal_width", "missing"), (3, "keys", "unknown_record")]
    assert [(error["row"], error["field"], error["code"]) for error in found["errors"]] == wrong
    assert not Prediction.objects.exists()
    body = call({"keys": asked, "partial": True}, ASK).json()
    assert [(told["row"], told["key"]) for told in body["predictions"]] == [(0, "F-0"), (4, "F-2")]
    assert [(error["row"], error["field"], error["code"]) for error in body["errors"]] == wrong
    assert list(Prediction.objects.order_by("id").values_list("key", flat=True)) == ["F-0", "F-2"]


def test_nobody_known_is_refused(iris, flowers, call, problem) -> None:
    flowers(1)
    problem(call({"keys": ["x"], "partial": True}, ASK), 400, "invalid_input")
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("sent", "row", "code"),
    [
        (None, None, "missing"),
        ([], None, "missing"),
        ("F-0", None, "invalid"),
        ({"F-0": 1}, None, "invalid"),
        ([1027], 0, "not_a_text"),
        ([None], 0, "not_a_text"),
        ([""], 0, "not_a_text"),
        ([["F-0"]], 0, "not_a_text"),
        (["F-0", 2], 1, "not_a_text"),
    ],
)
def test_keys_of_a_wrong_shape(iris, flowers, call, problem, sent: object, row: int | None, code: str) -> None:
    flowers(1)
    (error,) = problem(call({"keys": sent}, ASK), 400, "invalid_input")["errors"]
    assert (error["row"], error["field"], error["code"]) == (row, "keys", code)
    assert ("Keys are texts" in error["message"]) is (code == "not_a_text")


def test_members_that_have_no_place(iris, flowers, call, problem) -> None:
    flowers(1)
    found = problem(call({"keys": ["F-0"], "inputs": {}}, ASK), 400, "invalid_input")
    assert [(error["row"], error["field"]) for error in found["errors"]] == [(None, "inputs")]


def test_too_many_keys(iris, flowers, call, problem) -> None:
    flowers(1)
    problem(call({"keys": ["F-0"] * 1001}, ASK), 413, "too_large")
    problem(call({"keys": ["F-0"] * 101, "explain": True}, ASK), 413, "too_large")
    assert len(call({"keys": ["F-0"] * 1000}, ASK).json()["predictions"]) == 1000


def test_reasons_do_not_tell_what_is_hidden(people: Dataset, decider: User, call, token) -> None:
    path, sent = f"{EMPLOYEES}/predict", {"keys": ["E-1"], "explain": True}
    body = call(sent, path).json()
    assert set(body["hidden"]) >= PROTECTED
    reasons = {item["field"]: item for item in body["predictions"][0]["explanation"]}
    assert all(reasons[name]["value"] is reasons[name]["contribution"] is None for name in body["hidden"])
    assert [*reasons][-len(body["hidden"]) :] == sorted(body["hidden"])
    assert reasons["departement"]["contribution"] is not None
    other = call(sent, path, authorization=token(decider)).json()
    assert other["hidden"] == []
    assert {item["field"]: item["value"] for item in other["predictions"][0]["explanation"]}["age"] == 31


def test_a_warning_does_not_tell_which_hidden_field_it_is_of(people: Dataset, call) -> None:
    record = Record.objects.get(key="E-1")
    Record.objects.filter(pk=record.pk).update(data=record.data | {"age": 70})
    (told,) = call({"keys": ["E-1"]}, f"{EMPLOYEES}/predict").json()["predictions"]
    assert [warning["field"] for warning in told["warnings"]] == [None]
    assert "Age" not in str(told["warnings"])


# Whom to ask


def test_the_sets_own_model_answers_unless_another_is_named(
    iris: ModelVersion, promoted, flowers, call, problem
) -> None:
    flowers(1)
    other = promoted("iris", model="other")
    assert call({"keys": ["F-0"]}, ASK).json()["model"] == "iris"
    assert call({"keys": ["F-0"], "model": "other", "version": other.number}, ASK).json()["model"] == "other"
    problem(call({"keys": ["F-0"], "model": "nothing"}, ASK), 404, "unknown_model")
    problem(call({"keys": ["F-0"], "version": 9}, ASK), 404, "unknown_model")
    Dataset.objects.update(model=None)
    assert call({"keys": ["F-0"]}, ASK).json()["model"] == "iris"


def test_a_suspended_model_is_not_replaced_by_another(iris, promoted, flowers, call, administrator, problem) -> None:
    flowers(1)
    promoted("iris", model="other")
    first = call({"keys": ["F-0"]}, ASK, idempotency_key="k")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    problem(call({"keys": ["F-0"]}, ASK), 503, "model_suspended")
    assert call({"keys": ["F-0"]}, ASK, idempotency_key="k").content == first.content


@pytest.mark.parametrize("model", ["digits", "attrition"])
def test_a_model_that_does_not_suit_the_set_is_refused(iris, promoted, flowers, call, problem, model: str) -> None:
    flowers(1)
    promoted(model)
    found = problem(call({"keys": ["F-0"], "model": model}, ASK), 400, "invalid_input")
    assert [(error["field"], error["code"]) for error in found["errors"]] == [("model", "unsuitable_model")]


def test_who_may_see_but_not_ask(iris, flowers, call, token, auditor, problem) -> None:
    flowers(1)
    problem(call({"keys": ["F-0"]}, ASK, authorization=token(auditor)), 403, "permission_denied")


# Retries


def test_a_retry_replays_also_after_a_promotion(iris, promoted, flowers, call) -> None:
    flowers(60, {7: {"petal_width": None}})
    sent = {"keys": [f"F-{number}" for number in range(-1, 60)], "partial": True}
    first = call(sent, ASK, idempotency_key="k")
    promoted("iris")
    again = call(sent, ASK, idempotency_key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert Prediction.objects.count() == 59


@pytest.mark.parametrize(
    "change",
    [
        {"keys": ["F-0", "F-2"]},
        {"keys": ["F-1", "F-0", "x"]},
        {"keys": ["F-0", "F-1", "y"]},
        {"keys": ["x", "F-0", "F-1"]},
        {"explain": True},
        {"version": 1},
        {"model": "other"},
    ],
)
def test_a_key_belongs_to_one_request(iris, promoted, flowers, call, problem, change: dict) -> None:
    flowers(3)
    promoted("iris", model="other")
    sent = {"keys": ["F-0", "F-1", "x"], "partial": True}
    assert call(sent, ASK, idempotency_key="k").status_code == 200
    problem(call(sent | change, ASK, idempotency_key="k"), 422, "idempotency_key_reused")
    assert IdempotencyKey.objects.count() == 1


def test_a_key_of_another_door_is_422(iris: ModelVersion, flowers, call, promoted, problem, drawing) -> None:
    (record,) = flowers(1)
    actions.make_default(iris.model)
    call({"model": "iris", "inputs": IRIS}, idempotency_key="k")
    problem(call({"keys": [record.key]}, ASK, idempotency_key="k"), 422, "idempotency_key_reused")


def test_records_that_changed_are_another_request(iris, flowers, call, problem) -> None:
    (record,) = flowers(1)
    call({"keys": ["F-0"]}, ASK, idempotency_key="k")
    Record.objects.filter(pk=record.pk).update(data=record.data | {"petal_width": 1.5})
    found = problem(call({"keys": ["F-0"]}, ASK, idempotency_key="k"), 422, "idempotency_key_reused")
    assert "records have changed" in found["detail"]


def test_as_many_queries_for_a_thousand_keys_as_for_sixty(iris, flowers, call) -> None:
    flowers(1000)
    counts = []
    call({"keys": ["F-0"]}, ASK)
    for count in (60, 1000):
        with CaptureQueriesContext(connection) as queries:
            assert call({"keys": [f"F-{number}" for number in range(count)]}, ASK).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
