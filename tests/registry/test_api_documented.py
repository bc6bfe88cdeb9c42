"""What the registry answers is what the OpenAPI document says of it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from registry import promotions
from registry.models import ModelVersion

Promoted = Callable[..., ModelVersion]
ONE = "/api/v1/models/{model}"
ROUTES = {
    "/api/v1/models": [""],
    ONE: [""],
    f"{ONE}/versions": ["", "?page_size=1", "?status=rejected"],
    f"{ONE}/versions/{{number}}": [""],
    **{f"{ONE}/{name}": ["", "?version=1"] for name in ("schema", "metrics", "card")},
    f"{ONE}/ledger": ["", "?page_size=1", "?at=2020-01-01T00:00:00Z"],
    **{path: [""] for path in ("/models", "/metadata", "/api/info", "/health")},
}


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator(api_version=None).get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def said_of(path: str, status: int, kind: str) -> Draft202012Validator:
    """A validator of the answer of a GET."""
    content = document()["paths"][path]["get"]["responses"][str(status)]["content"]
    return Draft202012Validator({**content[kind]["schema"], "components": document()["components"]})


@pytest.fixture
def ask(client: Client, analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    key = token(analyst)
    return lambda path, **headers: client.get(path, headers={"authorization": key} | headers)


@pytest.fixture
def models(promoted: Promoted, ready: Promoted, administrator: User) -> None:
    """Three models; one is suspended, and has versions in every state."""
    promoted("attrition"), promoted("digits")
    first = promoted("iris")
    ready("iris", is_draft=True, metadata={"metrics": []}, report={})
    for number, status in ((3, "importing"), (4, "rejected")):
        ModelVersion.objects.create(
            model=first.model, number=number, commit=f"{number:040x}", status=status, reason="A reason."
        )
    promotions.suspend(model=first.model, by=administrator, reason="a doubt")


@pytest.mark.parametrize("path", ROUTES)
def test_answers_have_the_shape_that_was_promised(ask: Callable[..., Any], models: None, path: str) -> None:
    for query in ROUTES[path]:
        for model in ("attrition", "digits", "iris"):
            for number in (1, 2, 3, 4) if model == "iris" else (1,):
                answer = ask(path.format(model=model, number=number) + query)
                said_of(path, answer.status_code, "application/json").validate(answer.json())


@pytest.mark.parametrize("path", [path for path in ROUTES if path != "/health"])
def test_refusals_have_the_shape_that_was_promised(
    ask: Callable[..., Any], client: Client, iris: ModelVersion, path: str
) -> None:
    kind = "application/problem+json"
    wanted = [
        (ask(path.format(model="iris", number=1) + "?nothing=1"), 400),
        (client.get(path.format(model="iris", number=1)), 401),
    ]
    wanted += [(ask(path.format(model="nothing", number=1)), 404)] if "{model}" in path else []
    for answer, status in wanted:
        assert (answer.status_code, answer["Content-Type"]) == (status, kind)
        said_of(path, status, kind).validate(answer.json())


def test_examples_have_the_shape_that_they_are_examples_of() -> None:
    for path in ROUTES:
        for status, response in document()["paths"][path]["get"]["responses"].items():
            for kind, content in response.get("content", {}).items():
                for example in content.get("examples", {}).values():
                    said_of(path, int(status), kind).validate(example["value"])
    hook = document()["paths"]["/api/v1/hooks/huggingface"]["post"]["requestBody"]["content"]["application/json"]
    for example in hook["examples"].values():
        Draft202012Validator(hook["schema"]).validate(example["value"])
