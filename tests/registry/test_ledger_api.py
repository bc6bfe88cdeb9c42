"""The ledger as JSON: the whole of it, and who answered at a moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry import promotions
from registry.models import ModelVersion
from tests.registry.people import entries

PATH = "/api/v1/models/iris/ledger"


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    key = token(analyst)
    return lambda query="", path=PATH: client.get(path + query, headers={"authorization": key})


def test_everything_newest_first(ask: Callable[..., Any], iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    body = ask().json()
    assert (body["next"], body["previous"], body["before"]) == (None, None, None)
    last, first = body["results"]
    assert last | {"created_at": ""} == {
        "number": 2,
        "kind": "suspend",
        "answers": False,
        "version": 1,
        "commit": iris.commit,
        "from_version": 1,
        "by": "administrator",
        "approved_by": None,
        "reason": "a doubt",
        "created_at": "",
    }
    assert (first["number"], first["from_version"], first["answers"]) == (1, None, True)


def test_pages(ask: Callable[..., Any], iris: ModelVersion, administrator: User) -> None:
    for _ in range(30):
        promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
        promotions.resume(model=iris.model, by=administrator, reason="no doubt")
    first = ask().json()
    assert [entry["number"] for entry in first["results"]] == list(range(61, 11, -1))
    second = ask(f"?before={first['before']}").json()
    assert [entry["number"] for entry in second["results"]] == list(range(11, 0, -1))
    assert second["before"] is None


def test_pages_by_cursor(ask: Callable[..., Any], iris: ModelVersion, administrator: User) -> None:
    entries(iris.model, 6, administrator)
    first = ask("?page_size=3").json()
    assert ([entry["number"] for entry in first["results"]], first["previous"]) == ([7, 6, 5], None)
    second = ask("", first["next"]).json()
    assert [entry["number"] for entry in second["results"]] == [4, 3, 2]
    assert ask("", second["previous"]).json()["results"] == first["results"]
    assert [entry["number"] for entry in ask("?page_size=2&before=3").json()["results"]] == [2, 1]
    assert ask("?page_size=201").status_code == ask("?cursor=x").status_code == 400


@pytest.mark.parametrize("many", [2, 12])
def test_as_many_queries_whatever_their_number(
    ask: Callable[..., Any], iris: ModelVersion, administrator: User, django_assert_num_queries: Any, many: int
) -> None:
    entries(iris.model, many - 1, administrator)
    with django_assert_num_queries(3):  # who asks, the model, its entries
        assert len(ask().json()["results"]) == many


def test_who_answered_at_a_moment(ask: Callable[..., Any], iris: ModelVersion) -> None:
    entry = promotions.latest(iris.model)
    assert entry is not None
    before, after = entry.created_at - timedelta(seconds=1), entry.created_at + timedelta(seconds=1)
    assert ask(f"?at={quote(before.isoformat())}").json()["entry"] is None
    now = entry.created_at.isoformat()
    assert ask(f"?at={quote(now)}").json()["entry"]["version"] == 1
    assert ask(f"?at={now}").json()["entry"]["version"] == 1  # the + was not quoted
    answer = ask(f"?at={quote(after.replace(year=after.year + 1).isoformat())}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"] == "“at” must be a moment that has passed."


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("0001-01-01t00:00:00%2B23:59", 200),
        ("1999-12-31T23:59:59.1234567Z", 200),
        ("2020-01-01T00:00:00-23:59", 200),
        ("9999-12-31T23:59:59-23:59", 404),
    ],
)
def test_the_ends_of_time(ask: Callable[..., Any], iris: ModelVersion, at: str, status: int) -> None:
    answer = ask(f"?at={at}")
    assert (answer.status_code, answer.json().get("entry")) == (status, None)


@pytest.mark.parametrize(
    "query",
    [
        "?at=yesterday",
        "?at=2026-03-03T10:00:00",
        "?at=2026-02-30T10:00:00Z",
        "?before=x",
        "?before=-1",
        "?since=3",
        "?at=",
        "?at=2026-03-03T10:00:00Z&before=null",
        "?at=2026-03-03T10:00:00Z&page_size=0",
        "?at=2026-03-03T10:00:00Z&cursor=x",
    ],
)
def test_questions_nobody_understands(ask: Callable[..., Any], iris: ModelVersion, query: str) -> None:
    answer = ask(query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_unknown_model(ask: Callable[..., Any], db: None) -> None:
    assert (answer := ask()).status_code == 404
    assert answer.json()["code"] == "unknown_model"


def test_nobody_else_asks(client: Client, iris: ModelVersion) -> None:
    assert client.get(PATH).status_code == 401
