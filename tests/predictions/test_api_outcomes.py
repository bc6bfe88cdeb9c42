"""Outcomes as JSON: one at a time and many, by number or by key, by the rules of the page, safe to send again."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.models import Awaited, Dataset, Outcome, Prediction, Record
from predictions.outcomes.writing import payload
from registry.facts import canonical
from registry.models import ModelVersion
from tests.predictions.histories import happened
from tests.predictions.past import answered, today

MANY = "/api/v1/outcomes"
UNKNOWN = "0198c1a0-0000-7000-8000-000000000000"
Send = Callable[..., HttpResponse]


@pytest.fixture
def send(analyst: User, token: Callable[[User], str]) -> Send:
    """`send(body, path, user)`: a POST of JSON by the analyst, or somebody else."""
    keys: dict[int, str] = {}

    def post(body: Any, path: str = MANY, user: User = analyst) -> HttpResponse:
        keys.setdefault(user.pk, token(user))
        client = Client(raise_request_exception=False)
        return client.post(path, body, "application/json", headers={"authorization": keys[user.pk]})

    return post


@pytest.fixture
def answer(iris: ModelVersion, analyst: User) -> Prediction:
    """The analyst's, ten days old, due since two."""
    return answered(iris, analyst, 10, due=2, key="F-1")


def said(label: str = "setosa", ago: int = 1, **more: Any) -> dict[str, Any]:
    return {"label": label, "observed_date": today(ago).isoformat(), **more}


def one(answer: Prediction) -> str:
    return f"/api/v1/predictions/{answer.pk}/outcome"


# One


def test_an_outcome_is_stored_and_told(answer: Prediction, send: Send) -> None:
    response = send(said(comment="Seen in the garden."), one(answer))
    kept = Outcome.objects.get()
    body = response.json()
    assert (response.status_code, body["id"], body["prediction"]) == (201, str(kept.pk), str(answer.pk))
    assert (body["label"], body["value"], body["comment"], body["origin"]) == ("setosa", None, kept.comment, "api")
    assert (body["observed_date"], body["withdrawn"], body["by"]) == (today(1).isoformat(), False, "analyst")
    assert not Awaited.objects.filter(prediction=answer).exists()


def test_a_value_is_stored(price: ModelVersion, analyst: User, send: Send, problem) -> None:
    answer = answered(price, analyst, 10, label="")
    problem(send(said(), one(answer)), 400, "invalid_input")
    body = send({"value": 212500, "observed_date": today().isoformat()}, one(answer)).json()
    assert (body["label"], body["value"]) == (None, 212500.0)


def test_the_same_again_is_a_replay(answer: Prediction, send: Send) -> None:
    first, again = send(said(), one(answer)), send(said(), one(answer))
    assert (first.status_code, again.status_code) == (201, 200)
    assert "Idempotent-Replayed" not in first
    assert (again["Idempotent-Replayed"], again.json()) == ("true", first.json())
    assert Outcome.objects.count() == 1


def test_a_correction_names_what_it_replaces_and_may_be_sent_again(answer: Prediction, send: Send) -> None:
    first = send(said(), one(answer)).json()["id"]
    corrected = said("virginica", replaces=first)
    second, again = send(corrected, one(answer)), send(corrected, one(answer))
    assert (second.status_code, second.json()["replaces"]) == (201, first)
    assert (again.status_code, again.json()["id"]) == (200, second.json()["id"])


def test_what_nobody_saw_is_not_replaced(answer: Prediction, send: Send, problem) -> None:
    known = send(said(), one(answer)).json()["id"]
    for sent in (said("virginica"), said("virginica", replaces=UNKNOWN)):
        body = problem(send(sent, one(answer)), 409, "reported_meanwhile")
        assert body["errors"][0]["code"] == "reported_meanwhile"
        assert known in body["errors"][0]["message"]
    assert Outcome.objects.count() == 1


def test_a_report_is_taken_back(answer: Prediction, send: Send, problem) -> None:
    problem(send({"withdrawn": True}, one(answer)), 400, "invalid_input")
    first = send(said(), one(answer)).json()["id"]
    taken = {"withdrawn": True, "replaces": first, "comment": "Another flower."}
    response, again = send(taken, one(answer)), send(taken, one(answer))
    assert (response.status_code, response.json()["withdrawn"], response.json()["label"]) == (201, True, None)
    assert (again.status_code, again.json()["id"]) == (200, response.json()["id"])
    known = response.json()["id"]
    sentence = f"The outcome was withdrawn, by {known}. Name that number in “replaces” to report another one."
    assert problem(send(said(), one(answer)), 409, "reported_meanwhile")["detail"] == sentence
    many = {"outcomes": [said(prediction=str(answer.pk))]}
    (error,) = problem(send(many), 409, "reported_meanwhile")["errors"]
    assert (error["row"], error["code"], error["message"]) == (0, "reported_meanwhile", sentence)
    assert send(said(replaces=known), one(answer)).status_code == 201


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "label"),
        ({"label": "setosa"}, "observed_date"),
        (said(value=1), "value"),
        (said("tulip"), "label"),
        (said(""), "label"),
        ({"value": 1, "observed_date": today().isoformat()}, "label"),
        ({"value": "1", "observed_date": today().isoformat()}, "value"),
        ({"value": True, "observed_date": today().isoformat()}, "value"),
        (said(ago=-1), "observed_date"),
        (said(ago=11), "observed_date"),
        (said() | {"observed_date": "31/12/2026"}, "observed_date"),
        (said() | {"observed_date": "20261231"}, "observed_date"),
        (said() | {"observed_date": "2026-02-30"}, "observed_date"),
        (said() | {"observed_date": 20261231}, "observed_date"),
        (said(comment="x" * 2001), "comment"),
        (said(replaces="12"), "replaces"),
        (said(origin="hand"), "origin"),
        ({"withdrawn": True, "label": "setosa"}, "label"),
        ({"withdrawn": "yes"}, "withdrawn"),
        ([said()], ""),
    ],
)
def test_what_is_wrong_is_named(answer: Prediction, send: Send, problem, sent: Any, field: str) -> None:
    body = problem(send(sent, one(answer)), 400, "invalid_input")
    assert field in {error["field"] for error in body["errors"]}
    assert not Outcome.objects.exists()


def test_the_sentences_are_those_of_the_page(answer: Prediction, send: Send, problem, person: Client) -> None:
    (error,) = problem(send(said(ago=-1), one(answer)), 400, "invalid_input")["errors"]
    page = person.post(f"/history/{answer.pk}/outcome", said(ago=-1)).content.decode()
    assert error["message"] in page


def test_who_may_not_see_or_report_is_refused(answer: Prediction, send: Send, stranger, auditor, problem) -> None:
    problem(send(said(), one(answer), stranger), 404, "not_found")
    problem(send(said(), one(answer), auditor), 403, "permission_denied")
    problem(send({"outcomes": [said(prediction=str(answer.pk))]}, user=auditor), 403, "permission_denied")
    body = problem(send({"outcomes": [said(prediction=str(answer.pk))]}, user=stranger), 400, "invalid_input")
    assert body["errors"][0]["code"] == "unknown_number"
    assert not Outcome.objects.exists()


# Many


def rows(answers: list[Prediction], **more: Any) -> list[dict[str, Any]]:
    return [said(prediction=str(answer.pk), **more) for answer in answers]


def of_call(answer: Prediction) -> list[Prediction]:
    return list(Prediction.objects.of_call(answer.request_id))


def test_a_thousand_are_stored_in_as_many_statements_as_one(iris, analyst: User, send: Send) -> None:
    answers = of_call(answered(iris, analyst, 10, due=2, count=1000))
    few = of_call(answered(iris, analyst, 9, due=2, count=2))
    send({"outcomes": rows(few[:1])})

    def asked(sent: list[dict[str, Any]]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert send({"outcomes": sent}).status_code == 201
        return len(queries)

    assert asked(rows(answers)) == asked(rows(few[1:])) < 12
    assert Outcome.objects.count() == 1002
    assert not Awaited.objects.exists()
    kept = Outcome.objects.last()
    assert kept is not None
    assert bytes(kept.digest) == hashlib.sha256(bytes(kept.salt) + canonical(payload(kept))).digest()


def test_a_thousand_keys_too(iris: ModelVersion, analyst: User, send: Send) -> None:
    keys = [f"K-{number}" for number in range(1000)]
    answered(iris, analyst, 10, count=1000, keys=keys)
    with CaptureQueriesContext(connection) as queries:
        response = send({"outcomes": [said(key=key, model="iris") for key in keys]})
    assert (response.status_code, len(response.json()["results"])) == (201, 1000)
    assert len(queries) < 16


def test_many_sent_again_are_replays_row_by_row(iris: ModelVersion, analyst: User, send: Send) -> None:
    answers = of_call(answered(iris, analyst, 10, count=3))
    first = send({"outcomes": rows(answers[:2])}).json()["results"]
    mixed = send({"outcomes": rows(answers)})
    again = send({"outcomes": rows(answers)})
    assert (mixed.status_code, [row["replayed"] for row in mixed.json()["results"]]) == (201, [True, True, False])
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert [row["id"] for row in again.json()["results"]][:2] == [row["id"] for row in first]
    assert Outcome.objects.count() == 3


def test_a_key_means_the_latest_answer_of_the_model(iris: ModelVersion, analyst: User, send: Send) -> None:
    answered(iris, analyst, 20, key="F-7")
    latest = answered(iris, analyst, 10, key="F-7")
    answered(iris, analyst, 1, key="F-7")
    response = send({"outcomes": [said(key="F-7", model="iris", ago=5)]})
    assert response.json()["results"][0]["prediction"] == str(latest.pk)


def test_a_record_of_a_set_means_the_answer_about_it(flowers, iris: ModelVersion, analyst, stranger, send) -> None:
    record: Record = flowers(1)[0]
    answer = answered(iris, analyst, 10, record=record)
    answered(iris, analyst, 9, key=record.key)
    response = send({"outcomes": [said(key=record.key, dataset="flowers")]})
    assert response.json()["results"][0]["prediction"] == str(answer.pk)


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ({"key": "F-1"}, "model", "incomplete"),
        ({"model": "iris"}, "prediction", "incomplete"),
        ({"prediction": UNKNOWN, "key": "F-1"}, "prediction", "incomplete"),
        ({"prediction": UNKNOWN, "model": "iris"}, "model", "incomplete"),
        ({"prediction": UNKNOWN}, "prediction", "unknown_number"),
        ({"key": "F-9", "model": "iris"}, "key", "unknown_key"),
        ({"key": "F-1", "model": "iris", "observed_date": today(11).isoformat()}, "key", "late_key"),
        ({"key": "F-1", "model": "nothing"}, "model", "unknown_model"),
        ({"key": "F-1", "dataset": "nothing"}, "dataset", "unknown_dataset"),
        ({"key": "F-1", "model": "iris", "label": "tulip"}, "label", "invalid"),
        ({"key": "F-1", "model": "iris", "observed_date": today(-1).isoformat()}, "observed_date", "invalid"),
    ],
)
def test_a_wrong_row_is_named(answer: Prediction, iris, analyst, send: Send, problem, row, field, code) -> None:
    good = rows([answered(iris, analyst, 10)])
    body = problem(send({"outcomes": [*good, said(**row)]}), 400, "invalid_input")
    (error,) = body["errors"]
    assert (error["row"], error["field"], error["code"]) == (1, field, code)
    assert not Outcome.objects.exists()
    kept = send({"outcomes": [*good, said(**row)], "partial": True})
    assert (kept.status_code, kept.json()["errors"]) == (201, body["errors"])
    assert Outcome.objects.count() == 1


def test_a_set_without_a_model_needs_one(flowers, iris: ModelVersion, analyst, send: Send, problem) -> None:
    (record,) = flowers(1)
    answered(iris, analyst, 10, record=record)
    record.dataset.model = None
    record.dataset.save()
    row = said(key=record.key, dataset="flowers")
    assert problem(send({"outcomes": [row]}), 400, "invalid_input")["errors"][0]["code"] == "no_model"
    assert send({"outcomes": [row | {"model": "iris"}]}).status_code == 201


def test_a_key_of_two_sets_needs_the_set(flowers, iris: ModelVersion, analyst, send: Send, problem) -> None:
    (record,) = flowers(1)
    other = Dataset.objects.create(name="garden", title="Garden", model=iris.model, updated_by=analyst)
    twin = Record.objects.create(dataset=other, key=record.key, data={})
    answered(iris, analyst, 10, record=record)
    answered(iris, analyst, 9, record=twin)
    body = problem(send({"outcomes": [said(key=record.key, model="iris")]}), 400, "invalid_input")
    assert (body["errors"][0]["field"], body["errors"][0]["code"]) == ("dataset", "several_sets")
    assert send({"outcomes": [said(key=record.key, model="iris", dataset="garden")]}).status_code == 201


def test_a_conflict_is_409_and_partial_keeps_the_others(iris, analyst, send: Send, problem) -> None:
    first, second = of_call(answered(iris, analyst, 10, count=2))
    known = happened(first, analyst, "virginica", observed_date=today(2))
    body = problem(send({"outcomes": rows([first, second])}), 409, "reported_meanwhile")
    assert [(error["row"], error["field"]) for error in body["errors"]] == [(0, "replaces")]
    assert str(known.pk) in body["errors"][0]["message"]
    kept = send({"outcomes": rows([first, second]), "partial": True}).json()
    assert ([row["row"] for row in kept["results"]], [row["row"] for row in kept["errors"]]) == ([1], [0])
    corrected = rows([first], replaces=str(known.pk))
    assert send({"outcomes": corrected}).status_code == 201
    assert send({"outcomes": corrected}).status_code == 200


def test_rows_that_contradict_each_other_are_refused(answer: Prediction, send: Send, problem) -> None:
    sent = [*rows([answer]), said("virginica", key="F-1", model="iris")]
    body = problem(send({"outcomes": sent}), 400, "invalid_input")
    assert [(error["row"], error["code"]) for error in body["errors"]] == [(0, "contradiction"), (1, "contradiction")]
    twice = send({"outcomes": [*rows([answer]), said(key="F-1", model="iris")]})
    assert [row["replayed"] for row in twice.json()["results"]] == [False, True]


def test_answers_of_a_stranger_have_no_key(answer: Prediction, iris, stranger: User, send: Send, problem) -> None:
    body = problem(send({"outcomes": [said(key="F-1", model="iris")]}, user=stranger), 400, "invalid_input")
    assert body["errors"][0]["code"] == "unknown_key"
    stranger.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    assert send({"outcomes": [said(key="F-1", model="iris")]}, user=stranger).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_same_at_once_is_stored_once(iris: ModelVersion, analyst: User, send: Send) -> None:
    answers = of_call(answered(iris, analyst, 10, count=20))
    send({"outcomes": rows([answered(iris, analyst, 10)])})  # makes the token
    start = Barrier(6)

    def post(turn: int) -> HttpResponse:
        start.wait(20)
        try:
            return send({"outcomes": rows(answers if turn % 2 else answers[::-1])})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(response.status_code for response in pool.map(post, range(6)))
    assert (set(statuses) <= {200, 201}, Outcome.objects.count()) == (True, 21)
