"""What the Open Inference Protocol says of the server and its models."""

import json
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client

from registry import promotions, runtimes
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions.tensors import said
from tests.test_doors import typed  # noqa: F401  a fixture


@pytest.fixture
def get(analyst: User, token):
    """`get("/v2")` with the analyst's token."""
    key, client = token(analyst), Client(raise_request_exception=False)
    return lambda path, **headers: client.get(path, headers={"authorization": key} | headers)


def test_the_server_says_its_name_and_extensions(get) -> None:
    body = get("/v2").json()
    assert body == {"name": "Futurisys", "version": configured.VERSION, "extensions": ["binary_tensor_data"]}


def test_health_needs_no_token_and_all_else_does(iris: ModelVersion) -> None:
    assert Client().get("/v2/health/live").json() == {"live": True}
    assert Client().get("/v2/health/ready").status_code == Client().get("/health/ready").status_code
    for path in ("/v2", "/v2/models/iris", "/v2/models/iris/ready", "/v2/models/iris/versions/1"):
        assert said(Client().get(path), 401)


@pytest.mark.parametrize("status", [200, 503])
def test_the_server_is_ready_when_its_own_check_says_so(iris: ModelVersion, monkeypatch, status: int) -> None:
    problems = [] if status == 200 else ["A disk is full."]
    for name in ("database", "migration", "role", "model"):
        monkeypatch.setattr(f"futurisys.health.{name}_problems", lambda: iter(problems))
    response = Client().get("/v2/health/ready")
    if status == 200:
        assert response.json() == {"ready": True}
    else:
        assert said(response, 503) == "The server is not ready: /health/ready says why."


def test_a_tabular_model_says_its_fields(typed: ModelVersion, get) -> None:  # noqa: F811
    body = get("/v2/models/typed").json()
    assert (body["name"], body["versions"], body["platform"]) == ("typed", ["1"], "onnxruntime_onnx")
    found = {item["name"]: (item["datatype"], item["shape"], item["parameters"]["nullable"]) for item in body["inputs"]}
    kinds = {"count": "INT64", "amount": "FP64", "flag": "BOOL", "kind": "BYTES", "code": "INT64", "note": "BYTES"}
    assert found == {name: (kind, [-1, 1], True) for name, kind in (kinds | {"open": "BYTES"}).items()}
    assert [(item["name"], item["datatype"], item["shape"]) for item in body["outputs"]] == [
        ("label", "BYTES", [-1]),
        ("score", "FP64", [-1]),
        ("probabilities", "FP64", [-1, 3]),
    ]
    assert body["parameters"] == {"version": 1, "commit": typed.commit, "task": "tabular-classification"}


def test_other_kinds_of_models_say_what_they_take_and_give(promoted, price: ModelVersion, get) -> None:
    promoted("digits")
    digits = get("/v2/models/digits").json()
    (told,) = digits["inputs"]
    assert "BYTES" in told.pop("parameters")["files"]
    assert told == {"name": "image", "datatype": "UINT8", "shape": [-1, 8, 8, 1]}
    assert digits["outputs"][2]["shape"] == [-1, 10]
    assert json.loads(digits["outputs"][2]["parameters"]["classes"]) == [str(number) for number in range(10)]
    assert [item["name"] for item in get("/v2/models/house").json()["outputs"]] == ["value"]


def test_versions_have_metadata_of_their_own(ready, iris: ModelVersion, get) -> None:
    second: Any = ready("iris")
    body = get("/v2/models/iris/versions/2").json()
    assert (body["versions"], body["parameters"]["commit"]) == (["1", "2"], second.commit)
    assert get("/v2/models/iris").json()["parameters"]["version"] == 1
    ready("iris", is_draft=True)
    assert get("/v2/models/iris").json()["versions"] == ["1", "2"]
    assert "no ready version 3" in said(get("/v2/models/iris/versions/3"), 404)
    assert "no ready version 4" in said(get("/v2/models/iris/versions/4"), 404)
    assert said(get(f"/v2/models/iris/versions/{10**40}"), 404)
    assert said(get("/v2/models/nothing"), 404)


def test_metadata_are_read_again_only_when_they_changed(iris: ModelVersion, get) -> None:
    first = get("/v2/models/iris")
    again = get("/v2/models/iris", **{"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_model_is_ready_while_it_answers(ready, iris: ModelVersion, get, administrator: User) -> None:
    ready("iris")
    for path in ("/v2/models/iris/ready", "/v2/models/iris/versions/1/ready", "/v2/models/iris/versions/2/ready"):
        assert get(path).json() == {"name": "iris", "ready": True}
    assert said(get("/v2/models/nothing/ready"), 404)
    assert said(get("/v2/models/iris/versions/9/ready"), 404)
    promotions.suspend(model=iris.model, by=administrator, reason="a test needs it")
    assert "is suspended since" in said(get("/v2/models/iris/ready"), 503)
    assert get("/v2/models/iris").status_code == 200


def test_a_model_is_ready_while_another_version_answers_for_it(
    ready, iris: ModelVersion, get, administrator: User, monkeypatch
) -> None:
    second = ready("iris")
    promotions.request(model=iris.model, version=second, by=administrator, reason="a test needs it")
    broken = {second.pk}

    def check(version: ModelVersion) -> None:
        if version.pk in broken:
            raise RuntimeFailed("Its file is damaged.", kind="load")

    monkeypatch.setattr(runtimes, "check", check)
    assert get("/v2/models/iris/ready").status_code == 200
    assert said(get("/v2/models/iris/versions/2/ready"), 503) == "Its file is damaged."
    broken.add(iris.pk)
    assert said(get("/v2/models/iris/ready"), 503) == "Its file is damaged."
