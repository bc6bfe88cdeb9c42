"""The seeds' paths, in the shapes that their clients read; and / for a program."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from registry import actions, promotions
from registry.api.seeds import offline_scores
from registry.models import ModelVersion, RegisteredModel
from tests.registry.people import browser, person

Promoted = Callable[..., ModelVersion]
PATHS = ["/models", "/metadata", "/api/info"]


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    """With the seeds' own header."""
    key = token(analyst).removeprefix("Token ")
    return lambda path, **headers: client.get(path, headers={"x-api-key": key} | headers)


def test_names(ask: Callable[..., Any], promoted: Promoted) -> None:
    promoted("iris"), promoted("digits"), promoted("attrition")
    actions.track_model(name="tracked", endpoint="huggingface", repo_id="demo/tracked")
    assert ask("/models").json() == {
        "available_models": ["attrition", "digits", "iris"],
        "default_model": "attrition",
    }


def test_without_any_model(ask: Callable[..., Any], db: None) -> None:
    assert ask("/models").json() == {"available_models": [], "default_model": None}
    assert ask("/metadata").json()["models"] == []
    info = ask("/api/info").json()
    assert (info["models"], info["default_model"], info["default_image_model"]) == ([], None, None)
    assert offline_scores() == {}


def test_metadata(ask: Callable[..., Any], promoted: Promoted) -> None:
    found = promoted("attrition")
    body = ask("/metadata").json()
    assert (body["name"], body["version"], bool(body["description"])) == ("Futurisys", settings.VERSION, True)
    assert set(body) == {"name", "version", "description", "models"}
    assert body["models"] == [
        {
            "name": "attrition",
            "version": 1,
            "commit": found.commit,
            "task": "tabular-classification",
            "features": len(found.signature["inputs"]["features"]),
            "threshold": found.signature["outputs"]["threshold"]["value"],
            "trained_at": found.metadata["provenance"].get("trained_at"),
        }
    ]


def test_info(ask: Callable[..., Any], promoted: Promoted) -> None:
    promoted("attrition"), promoted("digits")
    body = ask("/api/info").json()
    assert set(body) == {"name", "version", "models", "default_model", "default_image_model"}
    assert body["models"] == ask("/metadata").json()["models"]
    assert [(model["name"], model["features"] is None) for model in body["models"]] == [
        ("attrition", False),
        ("digits", True),
    ]
    assert (body["default_model"], body["default_image_model"]) == ("attrition", "digits")


def test_a_suspended_model_stays_in_the_lists(ask: Callable[..., Any], iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert ask("/models").json()["available_models"] == ["iris"]
    assert ask("/metadata").json()["models"][0]["version"] == 1
    assert offline_scores()["iris"]["version"] == 1


def test_offline_scores_are_those_of_the_version_in_charge(iris: ModelVersion, ready: Promoted) -> None:
    ready("iris", metadata={"metrics": [{"name": "accuracy", "value": 1}]})
    scores = offline_scores()
    assert set(scores) == {"iris"}
    assert scores["iris"]["version"] == 1
    assert [set(score) for score in scores["iris"]["metrics"]] == [{"name", "value", "split"}] * 3


def test_a_score_without_its_rows(promoted: Promoted) -> None:
    promoted("iris", metadata={"metrics": [{"name": "accuracy", "value": 1}]})
    assert offline_scores() == {"iris": {"version": 1, "metrics": [{"name": "accuracy", "value": 1, "split": None}]}}


@pytest.mark.parametrize("many", [2, 12])
def test_as_many_queries_whatever_their_number(
    ask: Callable[..., Any], promoted: Promoted, django_assert_num_queries: Any, many: int
) -> None:
    for number in range(many):
        promoted("iris", model=f"m{number}")
    with django_assert_num_queries(3):  # who asks, the models, their champions
        assert len(ask("/metadata").json()["models"]) == many
    with django_assert_num_queries(5):  # and the two defaults
        assert len(ask("/api/info").json()["models"]) == many
    with django_assert_num_queries(3):
        assert len(ask("/models").json()["available_models"]) == many


@pytest.mark.parametrize("path", [*PATHS, "/"])
def test_token_key_or_session(
    client: Client, iris: ModelVersion, ask: Callable[..., Any], token: Callable[[User], str], path: str
) -> None:
    json, reader = {"accept": "application/json"}, person("reader")
    assert ask(path, **json).status_code == 200
    assert client.get(path, headers=json | {"authorization": token(reader)}).status_code == 200
    assert browser(reader).get(path, headers=json).status_code == 200
    for headers in ({}, {"x-api-key": "nothing"}, {"authorization": "Token nothing"}):
        answer = client.get(path, headers=json | headers)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
        assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("path", [*PATHS, "/"])
def test_tags_and_parameters(ask: Callable[..., Any], iris: ModelVersion, path: str) -> None:
    first = ask(path, accept="application/json")
    again = ask(path, accept="application/json", if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert ask(path + "?model=iris", accept="application/json").json()["code"] == "invalid_input"
    RegisteredModel.objects.update(is_default=True)
    changed = ask(path, accept="application/json", if_none_match=first["ETag"])
    assert changed.status_code == (304 if path == "/metadata" else 200)


# /


def test_a_program_gets_what_is_installed(ask: Callable[..., Any], iris: ModelVersion) -> None:
    answer = ask("/", accept="application/json")
    assert answer.json() == ask("/api/info").json()
    assert "Accept" in answer["Vary"]


ACCEPTED_BY_BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("accept", [ACCEPTED_BY_BROWSERS, "*/*", "", "text/html, application/json"])
def test_a_browser_gets_the_page(iris: ModelVersion, analyst: User, accept: str) -> None:
    page = browser(analyst).get("/", headers={"accept": accept})
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Accept" in page["Vary"]
    sent_away = browser().get("/", headers={"accept": accept})
    assert (sent_away.status_code, sent_away["Location"]) == (302, "/login?next=/")


def test_nothing_is_posted_there(analyst: User) -> None:
    assert browser(analyst).post("/").status_code == 405
    refused = browser(analyst).post("/", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
