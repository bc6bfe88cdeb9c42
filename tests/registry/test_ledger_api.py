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

PATH = "/api/v1/models/iris/ledger"


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    return lambda query="", path=PATH: client.get(path + query, headers={"authorization": token(analyst)})


def test_everything_newest_first(ask: Callable[..., Any], iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    body = ask().json()
    assert body["before"] is None
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


def test_who_answered_at_a_moment(ask: Callable[..., Any], iris: ModelVersion) -> None:
    entry = promotions.latest(iris.model)
    assert entry is not None
    before, after = entry.created_at - timedelta(seconds=1), entry.created_at + timedelta(seconds=1)
    assert ask(f"?at={quote(before.isoformat())}").json()["entry"] is None
    now = entry.created_at.isoformat()
    assert ask(f"?at={quote(now)}").json()["entry"]["version"] == 1
    assert ask(f"?at={now}").json()["entry"]["version"] == 1  # the + was not quoted
    answer = ask(f"?at={quote(after.replace(year=after.year + 1).isoformat())}")
    assert (answer.status_code, answer.json()["detail"]) == (400, "“at” must be a moment that has passed.")


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
    ],
)
def test_questions_nobody_understands(ask: Callable[..., Any], iris: ModelVersion, query: str) -> None:
    answer = ask(query)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_unknown_model(ask: Callable[..., Any], db: None) -> None:
    assert (answer := ask()).status_code == 404
    assert answer.json()["code"] == "unknown_model"


def test_nobody_else_asks(client: Client, iris: ModelVersion) -> None:
    assert client.get(PATH).status_code == 401
