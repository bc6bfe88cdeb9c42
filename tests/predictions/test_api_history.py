"""GET /api/v1/predictions: whose answers, in which order, by which filters; and one of them with all about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
import uuid_utils.compat
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions import actions
from predictions.history import search
from predictions.models import Prediction, Source
from registry.models import ModelVersion
from tests.predictions.deciding import asks
from tests.predictions.employees import dataset
from tests.predictions.histories import VIRGINICA, ask, decide, happened, made_at
from tests.predictions.whole_files import finished, flowers_csv

LIST = "/api/v1/predictions"
Get = Callable[..., HttpResponse]
UNKNOWN = "0198c1a0-0000-7000-8000-000000000000"


@pytest.fixture
def get(token: Callable[[User], str]) -> Get:
    """`get(user, path, model="iris")`: with the user's token."""
    keys: dict[int, str] = {}

    def asked(user: User, path: str = LIST, /, **query: Any) -> HttpResponse:
        keys.setdefault(user.pk, token(user))
        address = f"{path}?{urlencode(query)}" if query else path
        return Client(raise_request_exception=False).get(address, headers={"authorization": keys[user.pk]})

    return asked


def ids(response: HttpResponse) -> list[str]:
    assert response.status_code == 200, response.content[:500]
    return [row["id"] for row in response.json()["results"]]


def told(answers: list[Prediction]) -> list[str]:
    """Their numbers, newest first."""
    return [str(answer.pk) for answer in reversed(answers)]


# Whose, and in which order


def test_the_newest_come_first_and_one_sees_ones_own(iris: ModelVersion, analyst, stranger, auditor, get: Get) -> None:
    mine, theirs = ask(analyst, 3), ask(stranger)
    assert ids(get(analyst)) == told(mine)
    assert ids(get(auditor)) == told([*mine, *theirs])
    assert ids(get(analyst, user="stranger")) == []


def test_a_row_says_everything_flatly(iris: ModelVersion, analyst, decider, get: Get, administrator) -> None:
    (answer,) = ask(analyst, cases=["F-1"], trace_id="4bf92f3577b34da6a3ce929d0e0e4736")
    made, outcome = decide(answer, decider), happened(answer, analyst)
    (row,) = get(analyst).json()["results"]
    assert row["decision"]["id"] == str(made.pk)
    assert (row["outcome"]["id"], row["outcome"]["label"]) == (str(outcome.pk), "setosa")
    assert (row["label"], row["value"], row["key"], row["record"]) == ("setosa", None, "F-1", None)
    assert list(row["probabilities"]) == ["setosa", "versicolor", "virginica"]
    assert (row["model"], row["version"], row["commit"]) == ("iris", 1, iris.commit)
    assert (row["ledger_entry"], row["fallback_from"], row["batch"], row["user"]) == (1, None, None, "analyst")
    assert row["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_value_has_no_label(price: ModelVersion, analyst: User, get: Get) -> None:
    columns = {"surface": [100.0], "rooms": [3.0]}
    actions.predict(model="house", columns=columns, rows=1, source=Source.API, by=analyst)
    (row,) = get(analyst).json()["results"]
    assert row["value"] == pytest.approx(115_000)
    assert [row[name] for name in ("label", "score", "probabilities", "threshold")] == [None] * 4
    version = get(analyst, "/api/v1/models/house/versions/1").json()
    assert (version["classes"], version["positive"]) == (None, None)


def test_an_outcome_that_was_withdrawn_is_none(iris: ModelVersion, analyst: User, get: Get) -> None:
    (answer,) = ask(analyst)
    first = happened(answer, analyst)
    happened(answer, analyst, label="", is_withdrawn=True, replaces=first)
    (row,) = get(analyst).json()["results"]
    assert row["outcome"] is None
    assert [found["withdrawn"] for found in get(analyst, f"{LIST}/{answer.pk}").json()["outcomes"]] == [False, True]


# Pages


def walked(get: Get, user: User, link: str, /, **query: Any) -> list[list[str]]:
    """All pages in one direction."""
    pages, response = [], get(user, **query)
    while True:
        pages.append(ids(response))
        following = response.json()[link]
        if following is None:
            return pages
        response = get(user, following)


def test_pages_lead_to_the_end_and_back(iris: ModelVersion, analyst: User, get: Get) -> None:
    everything = told(ask(analyst, 7))
    pages = walked(get, analyst, "next", page_size=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [*chain(*pages)] == everything
    second = get(analyst, get(analyst, page_size=3).json()["next"])
    first = get(analyst, second.json()["previous"])
    assert ids(first) == everything[:3]
    assert first.json()["previous"] is None
    assert ids(get(analyst, first.json()["next"])) == everything[3:6]


def test_who_follows_previous_meets_what_is_newer(iris: ModelVersion, analyst: User, get: Get) -> None:
    older = told(ask(analyst, 3))
    second = get(analyst, get(analyst, page_size=2).json()["next"]).json()
    newer = told(ask(analyst, 2))
    page = get(analyst, second["previous"])
    assert ids(page) == older[:2]
    first = get(analyst, page.json()["previous"])
    assert (ids(first), first.json()["previous"]) == (newer, None)
    assert ids(get(analyst, first.json()["next"])) == older[:2]


@pytest.mark.parametrize("name", ["model", "label", "user", "source"])
def test_pages_keep_their_filter_in_both_directions(iris: ModelVersion, analyst: User, get: Get, name: str) -> None:
    wanted = {"model": "iris", "label": "setosa", "user": "analyst", "source": "api"}[name]
    mixed = [ask(analyst, **more)[0] for more in ({}, VIRGINICA, {}, VIRGINICA, {}, {})]
    expected = told([one for one in mixed if name != "label" or one.label == "setosa"])
    pages = walked(get, analyst, "next", page_size=2, **{name: wanted})
    assert [*chain(*pages)] == expected
    last = get(analyst, page_size=2, **{name: wanted}).json()["next"]
    assert ids(get(analyst, get(analyst, last).json()["previous"])) == expected[:2]


def test_as_many_queries_for_one_as_for_fifty_and_no_count(flowers, auditor, analyst, get: Get) -> None:
    records = flowers(51)
    numbers, keys = [record.pk for record in records], [record.key for record in records]

    def answers(start: int, end: int) -> None:
        for answer in ask(analyst, end - start, records=numbers[start:end], cases=keys[start:end]):
            happened(answer, analyst)
            decide(answer, analyst)

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            assert get(auditor, page_size=50).status_code == 200
        return [query["sql"] for query in queries.captured_queries]

    answers(0, 1)
    asked()  # what a process learns once
    one = asked()
    answers(1, 51)
    fifty = asked()
    assert len(one) == len(fifty) < 20, fifty
    assert not any("COUNT(" in sql.upper() for sql in fifty)


# Filters


def test_by_model_and_version(iris: ModelVersion, promoted, analyst: User, get: Get, problem) -> None:
    first = ask(analyst)
    second = promoted("iris")
    later = ask(analyst)
    assert ids(get(analyst, model="iris")) == told([*first, *later])
    assert ids(get(analyst, model="iris", version=second.number)) == told(later)
    problem(get(analyst, model="nothing"), 404, "unknown_model")
    problem(get(analyst, model="iris", version=99), 404, "unknown_model")


def test_by_label_source_and_user(iris: ModelVersion, analyst, stranger, auditor, get: Get) -> None:
    setosa, virginica, theirs = ask(analyst), ask(analyst, **VIRGINICA), ask(stranger, source=Source.FORM)
    assert ids(get(auditor, label="virginica")) == told(virginica)
    assert ids(get(auditor, source="form")) == told(theirs)
    assert ids(get(auditor, user="analyst")) == told([*setosa, *virginica])
    assert ids(get(auditor, user="nobody at all")) == []
    assert ids(get(auditor, label="no such class")) == []


def test_by_record_of_any_set_or_of_one(flowers, analyst: User, get: Get, problem) -> None:
    _none, record = flowers(2)
    of_record = ask(analyst, records=[record.pk], cases=["F-1"])
    by_key = ask(analyst, cases=["F-1"])
    assert ids(get(analyst, record="F-1")) == told([*of_record, *by_key])
    assert ids(get(analyst, record="F-1", dataset=record.dataset.name)) == told(of_record)
    assert ids(get(analyst, record="F-9", dataset=record.dataset.name)) == []
    problem(get(analyst, record="F-1", dataset="nothing"), 404, "not_found")


def test_by_file(iris: ModelVersion, analyst, stranger, auditor, get: Get, problem) -> None:
    batch = finished(analyst, iris, flowers_csv(3))
    ask(analyst)
    expected = [str(pk) for pk in Prediction.objects.filter(batch=batch).order_by("-pk").values_list("pk", flat=True)]
    assert len(expected) == 3
    assert ids(get(analyst, batch=batch.pk)) == ids(get(auditor, batch=batch.pk)) == expected
    assert ids(get(auditor, batch=batch.pk, user="stranger")) == []
    assert get(analyst, batch=batch.pk).json()["results"][0]["batch"] == str(batch.pk)
    problem(get(stranger, batch=batch.pk), 404, "not_found")


def test_by_call(iris: ModelVersion, analyst, stranger, auditor, get: Get, call, problem) -> None:
    ask(analyst)
    rows = [{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}] * 3
    answered = call({"model": "iris", "inputs": rows}).json()
    ask(analyst)
    found = [row["id"] for row in reversed(answered["predictions"])]
    number = answered["request_id"]
    assert ids(get(analyst, request_id=number)) == ids(get(auditor, request_id=number)) == found
    assert ids(get(analyst, request_id=number, page_size=2)) == found[:2]
    for nothing in (
        get(stranger, request_id=number),
        get(analyst, request_id=UNKNOWN),
        get(analyst, request_id=found[0]),
    ):
        assert ids(nothing) == []
    assert ids(get(analyst, request_id=number, created_after="2100-01-01T00:00:00Z")) == []
    (error,) = problem(get(analyst, request_id="x"), 400, "invalid_input")["errors"]
    assert (error["row"], error["field"]) == (None, "request_id")


def test_by_moment(iris: ModelVersion, analyst: User, get: Get) -> None:
    (now,) = ask(analyst)
    march = made_at(now, datetime(2026, 3, 3, 10, tzinfo=UTC))
    assert ids(get(analyst, created_before="2026-03-03T10:00:01Z")) == [str(march.pk)]
    assert ids(get(analyst, created_before="2026-03-03T10:00:00Z")) == []
    assert ids(get(analyst, created_after="2026-03-03T12:00:00+02:00")) == [str(now.pk), str(march.pk)]
    assert ids(get(analyst, created_after=(now.created_at - timedelta(seconds=5)).isoformat())) == [str(now.pk)]
    both = {"created_after": "2026-03-01T00:00:00Z", "created_before": "2026-03-31T00:00:00Z"}
    assert ids(get(analyst, **both)) == [str(march.pk)]
    assert ids(get(analyst, created_after="9999-12-31T23:59:59-23:59")) == []
    assert ids(get(analyst, created_before="0001-01-01T00:00:00+14:00")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"model": "a b"}, "model"),
        ({"model": ""}, "model"),
        ({"version": 1}, "version"),
        ({"model": "iris", "version": "0"}, "version"),
        ({"model": "iris", "version": "1e3"}, "version"),
        ({"model": "iris", "version": "9" * 30}, "version"),
        ({"label": "x" * 256}, "label"),
        ({"source": "telepathy"}, "source"),
        ({"user": ""}, "user"),
        ({"record": "x" * 201}, "record"),
        ({"dataset": "employees"}, "dataset"),
        ({"batch": "12"}, "batch"),
        ({"batch": "{" + UNKNOWN + "}"}, "batch"),
        ({"created_after": "2026-03-03T10:00:00"}, "created_after"),
        ({"created_after": "2026-03-03"}, "created_after"),
        ({"created_before": "2026-02-30T10:00:00Z"}, "created_before"),
        ({"created_before": "yesterday"}, "created_before"),
    ],
)
def test_a_wrong_value_is_named(iris: ModelVersion, analyst: User, get: Get, problem, query, field) -> None:
    body = problem(get(analyst, **query), 400, "invalid_input")
    assert [error["field"] for error in body["errors"]] == [field]
    assert all(error["message"].endswith(".") for error in body["errors"])


def test_all_that_is_wrong_is_named_at_once(iris: ModelVersion, analyst: User, get: Get, problem) -> None:
    body = problem(get(analyst, version="x", source="y", batch="z"), 400, "invalid_input")
    assert {error["field"] for error in body["errors"]} == {"version", "source", "batch"}


def test_a_search_that_takes_too_long_is_given_up(iris, analyst, get: Get, problem, monkeypatch) -> None:
    ask(analyst)
    slow = search._PLAIN.replace("WHERE", "WHERE pg_sleep(0.5) IS NOT NULL AND")
    monkeypatch.setattr(search, "_PLAIN", slow)
    monkeypatch.setattr(search, "MILLISECONDS", 50)
    problem(get(analyst), 413, "too_large")


# One of them


def test_one_answer_with_all_about_it(iris: ModelVersion, analyst, decider, get: Get) -> None:
    (answer,) = ask(analyst, explain=True)
    first = decide(answer, decider, "need_more", reason="second_look")
    decide(answer, decider, replaces=first)
    body = get(analyst, f"{LIST}/{answer.pk}").json()
    assert (body["inputs"], body["hidden"]) == (answer.inputs, [])
    assert {each["field"] for each in body["explanation"]} == set(answer.inputs)
    assert [each["verdict"] for each in body["decisions"]] == ["need_more", "agree"]
    assert (body["decision"]["verdict"], body["outcomes"], body["outcome"]) == ("agree", [], None)
    row = get(analyst).json()["results"][0]
    assert {name: body[name] for name in row} == row


def test_what_somebody_may_not_see_is_null_and_named(attrition: ModelVersion, analyst, decider, get: Get) -> None:
    record = dataset(attrition, analyst, [{"key": "E-1"}]).record_set.get()
    answer = asks(analyst, record)
    mine, theirs = (get(user, f"{LIST}/{answer.pk}").json() for user in (analyst, decider))
    assert mine["hidden"]
    assert theirs["hidden"] == []
    assert {mine["inputs"][name] for name in mine["hidden"]} == {None}
    assert {name: value for name, value in mine["inputs"].items() if name not in mine["hidden"]} == {
        name: value for name, value in theirs["inputs"].items() if name not in mine["hidden"]
    }
    masked = [each for each in mine["explanation"] if each["field"] in mine["hidden"]]
    assert masked
    assert all(each["value"] is None and each["contribution"] is None for each in masked)
    assert mine["explanation"][-len(masked) :] == masked


def test_the_place_of_a_hidden_field_does_not_tell_its_size(attrition: ModelVersion, analyst, get: Get) -> None:
    record = dataset(attrition, analyst, [{"key": "E-1"}]).record_set.get()
    stored = asks(analyst, record)
    body = get(analyst, f"{LIST}/{stored.pk}").json()
    names = [each["field"] for each in body["explanation"]]
    by_size = [each["field"] for each in stored.explanation["contributions"]]
    last = [name for name in by_size if name in body["hidden"]]
    assert last != sorted(last), "the order by size is another one, or this test shows nothing"
    assert names == [name for name in by_size if name not in body["hidden"]] + sorted(last)


def test_a_warning_about_a_hidden_field_does_not_name_it(attrition: ModelVersion, analyst, get: Get) -> None:
    answer = asks(analyst, dataset(attrition, analyst, [{"key": "E-1"}]).record_set.get())
    hidden = get(analyst, f"{LIST}/{answer.pk}").json()["hidden"][0]
    answer.warnings = [{"field": hidden, "code": "out_of_range", "message": "secret"}]
    answer.pk = answer.request_id = uuid_utils.compat.uuid7()
    answer.save(force_insert=True)
    (warning,) = get(analyst, f"{LIST}/{answer.pk}").json()["warnings"]
    assert (warning["field"], warning["code"]) == (None, "hidden")
    assert "secret" not in warning["message"]
    assert get(analyst).json()["results"][0]["warnings"] == [warning]


def test_an_answer_of_somebody_else_is_not_there(iris, analyst, stranger, decider, get: Get, problem) -> None:
    (answer,) = ask(stranger)
    problem(get(analyst, f"{LIST}/{answer.pk}"), 404, "not_found")
    problem(get(analyst, f"{LIST}/{UNKNOWN}"), 404, "not_found")
    assert get(decider, f"{LIST}/{answer.pk}").status_code == 200
    problem(get(analyst, f"{LIST}/12"), 404, "not_found")


def test_personal_data_is_kept_nowhere_on_the_way(iris: ModelVersion, analyst: User, get: Get) -> None:
    ask(analyst)
    assert get(analyst)["Cache-Control"] == "no-store"
