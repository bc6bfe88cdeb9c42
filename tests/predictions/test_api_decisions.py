"""Decisions as JSON: one at a time and many, by the rules of the page, safe to send again."""

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

from predictions.models import Awaited, Decision, Estimate, Prediction
from registry.models import ModelVersion, RegisteredModel
from tests.predictions.deciding import flowers as ask_flowers
from tests.predictions.histories import ask, decide

MANY = "/api/v1/decisions"
AGREE = {"verdict": "agree", "reason": "fits"}
DISAGREE = {"verdict": "disagree", "reason": "unusual_case", "comment": "Seen in the garden."}
NEED_MORE = {"verdict": "need_more", "reason": "second_look"}
UNKNOWN = "0198c1a0-0000-7000-8000-000000000000"
Send = Callable[..., HttpResponse]


@pytest.fixture
def send(decider: User, token: Callable[[User], str]) -> Send:
    """`send(body, path, user)`: a POST of JSON by the decision maker, or somebody else."""
    keys: dict[int, str] = {}

    def post(body: Any, path: str = MANY, user: User = decider) -> HttpResponse:
        keys.setdefault(user.pk, token(user))
        client = Client(raise_request_exception=False)
        return client.post(path, body, "application/json", headers={"authorization": keys[user.pk]})

    return post


@pytest.fixture
def answer(iris: ModelVersion, analyst: User) -> Prediction:
    """The analyst's, of a high-risk model: it waits for a decision."""
    RegisteredModel.objects.filter(pk=iris.model_id).update(is_high_risk=True)
    iris.model.refresh_from_db()
    return ask_flowers(analyst, 1)[0]


def one(answer: Prediction) -> str:
    return f"/api/v1/predictions/{answer.pk}/decision"


def is_awaited(answer: Prediction) -> bool:
    return Awaited.objects.decisions().filter(prediction=answer).exists()


# One


def test_a_decision_is_stored_and_told(answer: Prediction, send: Send, decider: User) -> None:
    response = send(DISAGREE, one(answer))
    kept = Decision.objects.get()
    assert (response.status_code, response.json()["id"]) == (201, str(kept.pk))
    told = {name: response.json()[name] for name in ("prediction", *DISAGREE, "by", "replaces")}
    assert told == {"prediction": str(answer.pk), **DISAGREE, "by": "decider", "replaces": None}
    assert not is_awaited(answer)


def test_the_same_again_is_a_replay(answer: Prediction, send: Send) -> None:
    first, again = send(AGREE, one(answer)), send(AGREE, one(answer))
    assert (first.status_code, again.status_code) == (201, 200)
    assert "Idempotent-Replayed" not in first
    assert (again["Idempotent-Replayed"], again.json()) == ("true", first.json())
    assert Decision.objects.count() == 1


def test_a_correction_names_what_it_replaces_and_may_be_sent_again(answer: Prediction, send: Send) -> None:
    first = send(AGREE, one(answer)).json()["id"]
    corrected = DISAGREE | {"replaces": first}
    second, again = send(corrected, one(answer)), send(corrected, one(answer))
    assert (second.status_code, second.json()["replaces"]) == (201, first)
    assert (again.status_code, again.json()["id"]) == (200, second.json()["id"])
    assert Decision.objects.count() == 2


def test_what_nobody_saw_is_not_replaced(answer: Prediction, send: Send, problem, administrator: User) -> None:
    known = send(AGREE, one(answer), administrator).json()["id"]
    for sent in (DISAGREE, AGREE, AGREE | {"replaces": UNKNOWN}):
        body = problem(send(sent, one(answer)), 409, "decided_meanwhile")
        (error,) = body["errors"]
        assert error["field"] == "replaces"
        assert known in error["message"]
        assert known in body["detail"]
    assert Decision.objects.count() == 1


def test_what_replaces_nothing_says_so(answer: Prediction, send: Send, problem) -> None:
    body = problem(send(AGREE | {"replaces": UNKNOWN}, one(answer)), 409, "decided_meanwhile")
    assert "leave “replaces” out" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "agree"}, "reason"),
        ({"verdict": "maybe", "reason": "fits"}, "verdict"),
        ({"verdict": "agree", "reason": "wrong_data"}, "reason"),
        ({"verdict": "agree", "reason": "other"}, "comment"),
        ({"verdict": "agree", "reason": "other", "comment": "  "}, "comment"),
        (AGREE | {"comment": "x" * 2001}, "comment"),
        (AGREE | {"comment": 5}, "comment"),
        (AGREE | {"comment": None}, "comment"),
        (AGREE | {"comment": "a\u0000"}, "comment"),
        (AGREE | {"replaces": "12"}, "replaces"),
        (AGREE | {"replaces": 12}, "replaces"),
        (AGREE | {"by": "somebody"}, "by"),
        ([AGREE], ""),
        ('"agree"', ""),
    ],
)
def test_what_is_wrong_is_named(answer: Prediction, send: Send, problem, sent: Any, field: str) -> None:
    body = problem(send(sent, one(answer)), 400, "invalid_input")
    assert field in {error["field"] for error in body["errors"]}
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("language", "begin"), [("en", "Send one of: "), ("fr", "Envoyez l’une de ces valeurs\u202f: ")]
)
def test_the_words_to_choose_from_are_named(
    answer: Prediction, decider: User, token, language: str, begin: str
) -> None:
    headers = {"authorization": token(decider), "accept-language": language}
    sent = {"verdict": "maybe", "reason": "none"}
    body = Client().post(one(answer), sent, "application/json", headers=headers).json()
    assert {error["field"]: error["message"] for error in body["errors"]} == {
        "verdict": f"{begin}agree, disagree, need_more.",
        "reason": f"{begin}{', '.join(Decision.Reason.values)}.",
    }


def test_the_sentences_are_those_of_the_page(answer: Prediction, send: Send, problem, desk: Client) -> None:
    sent = {"verdict": "agree", "reason": "wrong_data"}
    (error,) = problem(send(sent, one(answer)), 400, "invalid_input")["errors"]
    page = desk.post(f"/history/{answer.pk}/decide", sent).content.decode()
    assert error["message"] in page


def test_an_answer_that_one_may_not_see_is_not_there(answer: Prediction, send: Send, stranger, problem) -> None:
    problem(send(AGREE, one(answer), stranger), 404, "not_found")
    stranger.user_permissions.add(Permission.objects.get(codename="add_decision"))
    problem(send(AGREE, one(answer), stranger), 404, "not_found")
    assert not Decision.objects.exists()


def test_who_may_not_decide_is_refused(answer: Prediction, send: Send, analyst: User, auditor, problem) -> None:
    for user in (analyst, auditor):
        problem(send(AGREE, one(answer), user), 403, "permission_denied")
        problem(send({"decisions": [{"prediction": str(answer.pk), **AGREE}]}, user=user), 403, "permission_denied")


def test_need_more_leaves_it_waiting(answer: Prediction, send: Send) -> None:
    first = send(NEED_MORE, one(answer)).json()["id"]
    assert is_awaited(answer)
    send(AGREE | {"replaces": first}, one(answer))
    assert not is_awaited(answer)


# Many


def rows(answers: list[Prediction], **said: Any) -> list[dict[str, Any]]:
    return [{"prediction": str(answer.pk), **(said or AGREE)} for answer in answers]


def test_many_are_stored_in_as_many_statements_as_one(answer: Prediction, send: Send, analyst: User) -> None:
    answers = [made for _part in range(5) for made in ask(analyst, 200)]
    send({"decisions": rows([answer])})

    def asked(sent: list[dict[str, Any]]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert send({"decisions": sent}).status_code == 201
        return len(queries)

    few = asked(rows(answers[:1]))
    many = asked(rows(answers[1:]))
    assert many <= few + 2 < 22
    assert Decision.objects.count() == 1001
    assert not Awaited.objects.decisions().exists()


def test_many_sent_again_are_replays_row_by_row(answer: Prediction, send: Send, analyst: User) -> None:
    answers = [answer, *ask(analyst, 2)]
    first = send({"decisions": rows(answers[:2])}).json()["results"]
    mixed = send({"decisions": rows(answers)})
    again = send({"decisions": rows(answers)})
    assert [row["replayed"] for row in first] == [False, False]
    assert (mixed.status_code, [row["replayed"] for row in mixed.json()["results"]]) == (201, [True, True, False])
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert [row["id"] for row in again.json()["results"]][:2] == [row["id"] for row in first]
    assert Decision.objects.count() == 3


def test_all_or_nothing_and_every_error_named(answer: Prediction, send: Send, analyst: User, problem) -> None:
    (good,) = ask(analyst)
    sent = [
        *rows([good]),
        {"prediction": UNKNOWN, **AGREE},
        *rows([answer], verdict="agree", reason="wrong_data"),
    ]
    body = problem(send({"decisions": sent}), 400, "invalid_input")
    assert [(error["row"], error["field"]) for error in body["errors"]] == [(1, "prediction"), (2, "reason")]
    assert not Decision.objects.exists()


def test_partial_keeps_the_good_ones(answer: Prediction, send: Send, analyst: User) -> None:
    (good,) = ask(analyst)
    sent = [{"prediction": "12", **AGREE}, *rows([good]), 5, *rows([answer], verdict="agree", reason="wrong_data")]
    response = send({"decisions": sent, "partial": True})
    body = response.json()
    assert (response.status_code, [row["row"] for row in body["results"]]) == (201, [1])
    assert [error["row"] for error in body["errors"]] == [0, 2, 3]
    assert Decision.objects.get().prediction_id == good.pk


def test_a_conflict_is_409_and_names_what_is_there(answer: Prediction, send: Send, problem, administrator) -> None:
    known = decide(answer, administrator)
    body = problem(send({"decisions": rows([answer])}), 409, "decided_meanwhile")
    assert str(known.pk) in body["errors"][0]["message"]
    corrected = send({"decisions": rows([answer], **AGREE, replaces=str(known.pk))})
    assert corrected.status_code == 201
    again = send({"decisions": rows([answer], **AGREE, replaces=str(known.pk))})
    assert (again.status_code, again.json()["results"][0]["replayed"]) == (200, True)


def test_rows_that_contradict_each_other_are_refused(answer: Prediction, send: Send, problem) -> None:
    body = problem(send({"decisions": [*rows([answer]), *rows([answer], **DISAGREE)]}), 400, "invalid_input")
    assert [(error["row"], error["code"]) for error in body["errors"]] == [(0, "contradiction"), (1, "contradiction")]
    twice = send({"decisions": rows([answer, answer])})
    assert [row["replayed"] for row in twice.json()["results"]] == [False, True]
    assert Decision.objects.count() == 1


def test_many_obey_the_rules_of_one(answer: Prediction, send: Send, decider: User) -> None:
    Estimate.objects.create(prediction=answer, by=decider, label="setosa", salt=b"", digest=b"")
    first = send({"decisions": rows([answer])}).json()["results"][0]["id"]
    kept = Decision.objects.get()
    assert kept.estimate is not None
    assert len(bytes(kept.digest)) == 32
    assert not is_awaited(answer)
    send({"decisions": rows([answer], **NEED_MORE, replaces=first)})
    assert is_awaited(answer)


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 400, "decisions"),
        ({"decisions": []}, 400, "decisions"),
        ({"decisions": {}}, 400, "decisions"),
        ({"decisions": [AGREE], "partial": "yes"}, 400, "partial"),
        ({"decisions": [AGREE], "all": True}, 400, "all"),
        ({"decisions": [AGREE]}, 400, "prediction"),
        ({"decisions": [AGREE] * 1001}, 413, None),
    ],
)
def test_a_body_of_the_wrong_shape(db, send: Send, sent: Any, status: int, field: str | None) -> None:
    response = send(sent)
    assert response.status_code == status
    assert field is None or response.json()["errors"][0]["field"] == field


@pytest.mark.django_db(transaction=True)
def test_the_same_at_once_is_stored_once(answer: Prediction, analyst: User, send: Send) -> None:
    answers = [answer, *ask(analyst, 9)]
    send({"decisions": rows(ask(analyst))})  # makes the token
    start = Barrier(6)

    def post(turn: int) -> HttpResponse:
        start.wait(20)
        try:
            sent = rows(answers if turn % 2 else answers[::-1])
            return send({"decisions": sent}) if turn else send(AGREE, one(answer))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(response.status_code for response in pool.map(post, range(6)))
    assert set(statuses) <= {200, 201}
    assert Decision.objects.filter(prediction__in=[one.pk for one in answers]).count() == 10
