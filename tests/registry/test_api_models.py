"""Models and versions as JSON: who answers, what waits, what became of a commit."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from registry import actions, promotions
from registry.models import ModelVersion
from tests.registry.people import person

Ready = Callable[..., ModelVersion]
MODELS, IRIS = "/api/v1/models", "/api/v1/models/iris"
VERSIONS = IRIS + "/versions"


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    key = token(analyst)
    return lambda path, **headers: client.get(path, headers={"authorization": key} | headers)


def importing(version: ModelVersion, number: int, **more: Any) -> ModelVersion:
    """A version that nobody can ask."""
    return ModelVersion.objects.create(model=version.model, number=number, commit=f"{number:040x}", **more)


# Models


def test_a_model_and_its_champion(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask(IRIS).json()
    champion = body.pop("champion")
    assert body == {
        "name": "iris",
        "title": "Iris",
        "description": "Tells three species of iris apart by the size of sepal and petal.",
        "repository": "demo/iris",
        "tracked_ref": "main",
        "input_kind": "tabular",
        "is_default": False,
        "status": "serving",
        "challenger": None,
        "candidate": None,
    }
    assert set(champion) == {"version", "commit", "task", "runtime", "trained_at", "metrics"}
    assert (champion["version"], champion["commit"], champion["runtime"]) == (1, iris.commit, "onnx")
    assert champion["task"] == "tabular-classification"
    assert set(champion["metrics"][0]) == {"name", "value", "split", "n", "ci95", "slice"}


def test_texts_follow_the_language(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask(IRIS, accept_language="fr").json()
    assert body["description"].startswith("Distingue trois espèces")


def test_a_candidate_waits(ask: Callable[..., Any], iris: ModelVersion, ready: Ready) -> None:
    ready("iris", is_draft=True)
    assert ask(IRIS).json()["candidate"] is None
    ready("iris")
    body = ask(IRIS).json()
    assert (body["champion"]["version"], body["candidate"]) == (1, 3)


def test_a_suspended_model_has_nobody_who_answers(
    ask: Callable[..., Any], iris: ModelVersion, administrator: User
) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    body = ask(IRIS).json()
    assert (body["status"], body["champion"], body["title"]) == ("suspended", None, "Iris")
    assert [each["is_champion"] for each in ask(VERSIONS).json()["results"]] == [False]
    promotions.resume(model=iris.model, by=administrator, reason="no doubt")
    assert ask(IRIS).json()["status"] == "serving"


def test_a_model_that_was_never_promoted_has_an_address_and_is_not_listed(
    ask: Callable[..., Any], ready: Ready
) -> None:
    ready("iris")
    assert ask(MODELS).json() == {"next": None, "previous": None, "results": []}
    body = ask(IRIS).json()
    assert (body["status"], body["champion"], body["candidate"], body["title"]) == ("not_promoted", None, 1, "iris")
    assert ask(VERSIONS).json()["results"][0]["is_champion"] is False


def test_a_model_that_was_never_imported(ask: Callable[..., Any], db: None) -> None:
    actions.track_model(name="tracked", endpoint="huggingface", repo_id="demo/tracked")
    body = ask(f"{MODELS}/tracked").json()
    assert (body["status"], body["input_kind"], body["candidate"]) == ("not_promoted", None, None)
    assert ask(f"{MODELS}/tracked/versions").json()["results"] == []


def test_models_by_name(ask: Callable[..., Any], promoted: Ready) -> None:
    for name in ("b", "a", "c"):
        promoted("iris", model=name)
    body = ask(MODELS).json()
    assert [each["name"] for each in body["results"]] == ["a", "b", "c"]
    assert (body["next"], body["previous"]) == (None, None)


@pytest.mark.parametrize("many", [2, 12])
def test_models_cost_as_many_queries_whatever_their_number(
    ask: Callable[..., Any], promoted: Ready, django_assert_num_queries: Any, many: int
) -> None:
    for number in range(many):
        promoted("iris", model=f"m{number}")
    with django_assert_num_queries(3):  # who asks, the models, their champions
        assert len(ask(MODELS).json()["results"]) == many


# Versions


def test_a_version(ask: Callable[..., Any], iris: ModelVersion) -> None:
    body = ask(f"{VERSIONS}/1").json()
    environment, trained, metrics = body.pop("environment"), body.pop("trained_with"), body.pop("metrics")
    moments = [body.pop(name) for name in ("created_at", "finished_at", "trained_at")]
    assert body == {
        "model": "iris",
        "version": 1,
        "status": "ready",
        "reason": "",
        "is_champion": True,
        "is_draft": False,
        "commit": iris.commit,
        "edition": "1.0.0",
        "title": "Iris",
        "task": "tabular-classification",
        "runtime": "onnx",
        "features": 4,
        "threshold": None,
        "classes": [{"value": name, "title": f"Iris {name}"} for name in ("setosa", "versicolor", "virginica")],
        "positive": None,
    }
    assert moments[:2] == [at.isoformat() for at in (iris.created_at, iris.finished_at or timezone.now())]
    assert (environment["is_own"], set(environment)) == (False, {"is_own", "python", "packages"})
    assert trained["packages"]["scikit-learn"] == iris.report["packages"]["scikit-learn"]
    assert {score["split"] for score in metrics} == {"cross-validation", "test"}


def test_a_picture_has_no_number_of_features_and_two_classes_a_threshold(
    ask: Callable[..., Any], promoted: Ready
) -> None:
    promoted("digits"), promoted("attrition")
    assert ask(f"{MODELS}/digits/versions/1").json()["features"] is None
    told = ask(f"{MODELS}/attrition/versions/1").json()
    assert (told["features"] > 20, 0 < told["threshold"] < 1) == (True, True)
    assert ([one["value"] for one in told["classes"]], told["positive"]) == (["leaves", "stays"], "leaves")


def test_versions_that_are_not_ready_say_what_became_of_them(ask: Callable[..., Any], iris: ModelVersion) -> None:
    importing(iris, 2)
    importing(iris, 3, status="rejected", reason="model.joblib: is damaged.", finished_at=timezone.now())
    newest, waiting, ready = ask(VERSIONS).json()["results"]
    assert [each["version"] for each in (newest, waiting, ready)] == [3, 2, 1]
    assert (newest["status"], newest["reason"]) == ("rejected", "model.joblib: is damaged.")
    empty = {name: waiting[name] for name in ("task", "runtime", "features", "environment", "trained_with")}
    assert (waiting["status"], set(empty.values()), waiting["metrics"]) == ("importing", {None}, [])
    assert ask(f"{VERSIONS}/2").json() == waiting


def test_a_draft_says_so(ask: Callable[..., Any], ready: Ready) -> None:
    ready("iris", is_draft=True)
    assert ask(f"{VERSIONS}/1").json()["is_draft"] is True


def test_odd_things_in_a_manifest_are_left_out(ask: Callable[..., Any], ready: Ready) -> None:
    odd = [{"name": "a", "value": True}, {"name": "b", "value": "0.5"}, {"value": 1}, {"name": "c", "value": 1}]
    told = {"metrics": odd, "provenance": {"trained_at": 2024}, "version": None, "name": {"fr": "Fleurs"}}
    ready("iris", metadata=told, report={"environment": None, "packages": ["x"]})
    body = ask(f"{VERSIONS}/1").json()
    assert [score["name"] for score in body["metrics"]] == ["c"]
    assert [body[name] for name in ("trained_at", "edition", "environment", "trained_with")] == [None] * 4
    assert body["title"] == "Fleurs"


def test_versions_by_cursor(ask: Callable[..., Any], iris: ModelVersion) -> None:
    for number in range(2, 8):
        importing(iris, number)
    first = ask(f"{VERSIONS}?page_size=3").json()
    assert ([each["version"] for each in first["results"]], first["previous"]) == ([7, 6, 5], None)
    second = ask(first["next"]).json()
    last = ask(second["next"]).json()
    assert [each["version"] for each in second["results"] + last["results"]] == [4, 3, 2, 1]
    assert last["next"] is None
    assert ask(second["previous"]).json()["results"] == first["results"]


def test_a_commit_finds_its_versions(ask: Callable[..., Any], iris: ModelVersion) -> None:
    importing(iris, 2)
    found = ask(f"{VERSIONS}?commit={iris.commit}").json()["results"]
    assert [each["version"] for each in found] == [1]
    found = ask(f"{VERSIONS}?status=importing").json()["results"]
    assert [each["version"] for each in found] == [2]
    assert ask(f"{VERSIONS}?status=rejected&commit={iris.commit}").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?status=READY", "status"),
        ("?status=", "status"),
        ("?commit=abc", "commit"),
        ("?commit=" + "A" * 40, "commit"),
        ("?page_size=201", "page_size"),
        ("?cursor=x", "cursor"),
        ("?runtime=onnx", "runtime"),
        ("?status=ready&status=ready", "status"),
    ],
)
def test_questions_nobody_understands(ask: Callable[..., Any], iris: ModelVersion, query: str, field: str) -> None:
    answer = ask(VERSIONS + query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("many", [2, 12])
def test_versions_cost_as_many_queries_whatever_their_number(
    ask: Callable[..., Any], ready: Ready, django_assert_num_queries: Any, many: int
) -> None:
    for _ in range(many):
        ready("iris")
    with django_assert_num_queries(4):  # who asks, the model, the page, the champion
        assert len(ask(VERSIONS).json()["results"]) == many


# All of them


ROUTES = [
    MODELS,
    IRIS,
    VERSIONS,
    VERSIONS + "/1",
    *(f"{IRIS}/{name}" for name in ("schema", "metrics", "card", "ledger")),
]


@pytest.mark.parametrize("path", ROUTES)
def test_who_has_it_already_is_told_so(ask: Callable[..., Any], iris: ModelVersion, path: str) -> None:
    first = ask(path)
    tag = first["ETag"]
    again = ask(path, if_none_match=tag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert first["Cache-Control"] == again["Cache-Control"] == "private, no-cache"
    assert ask(path, if_none_match='"other"').status_code == 200


@pytest.mark.parametrize("path", [MODELS, IRIS, VERSIONS, VERSIONS + "/1", f"{IRIS}/ledger"])
def test_the_tag_changes_with_the_state(
    ask: Callable[..., Any], iris: ModelVersion, administrator: User, path: str
) -> None:
    tag = ask(path)["ETag"]
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert ask(path, if_none_match=tag).status_code == 200


@pytest.mark.parametrize("path", [path for path in ROUTES if path != MODELS])
def test_unknown_models_and_versions(ask: Callable[..., Any], iris: ModelVersion, path: str) -> None:
    answer = ask(path.replace("iris", "nothing"))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")


@pytest.mark.parametrize("number", [0, 2, 10**9, 10**30])
def test_versions_that_are_not_there(ask: Callable[..., Any], iris: ModelVersion, number: int) -> None:
    answer = ask(f"{VERSIONS}/{number}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")


@pytest.mark.parametrize("path", ROUTES)
def test_everybody_with_a_token_and_nobody_else(
    client: Client, token: Callable[[User], str], iris: ModelVersion, path: str
) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"x-api-key": token(person("reader")).removeprefix("Token ")}).status_code == 401
    assert client.get(path, headers={"authorization": token(person("approver"))}).status_code == 200
