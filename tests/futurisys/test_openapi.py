"""The OpenAPI document: whole, exact about what it shows, committed, and served to everybody."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from csp.utils import build_policy
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from jsonschema import Draft202012Validator

from examples.attrition.features import FEATURES, KEY
from examples.attrition.synthetic import generate
from futurisys import api_docs, api_text, openapi
from futurisys.openapi_links import LINKS

HAS_NO_TEXT = {"304", "204"}
# Operations of Django's own views, which no router of DRF finds.
PLAIN = {"/health/live", "/health/ready", "/health", "/api/v1/schema"}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As the code says it."""
    return openapi.document()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[Operation]:
    """(path, verb, operation), with its parameters as they are."""
    shared = {f"#/components/parameters/{name}": one for name, one in document["components"]["parameters"].items()}
    return [
        (path, verb, found | {"parameters": [shared.get(one.get("$ref"), one) for one in found.get("parameters", ())]})
        for path, verbs in document["paths"].items()
        for verb, found in verbs.items()
    ]


# The document


def test_the_generator_understood_everything(document: dict[str, Any]) -> None:
    assert not GENERATOR_STATS


def test_what_it_does_not_understand_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def confused(self: Any, **how: Any) -> dict[str, Any]:
        from drf_spectacular.drainage import warn

        warn("who is this")
        return {}

    monkeypatch.setattr(openapi.SchemaGenerator, "get_schema", confused)
    with pytest.raises(CommandError, match="who is this"):
        call_command("write_openapi")
    GENERATOR_STATS.reset()


def test_the_committed_document_is_what_the_code_says() -> None:
    assert openapi.FILE.read_text("utf-8") == openapi.text(), (
        "docs/openapi.json is old: run `make openapi` and commit it"
    )


def test_every_operation_says_what_it_is(operations: list[Operation]) -> None:
    known = {name for name, _text in api_text.TAGS}
    without = [
        f"{verb} {path}"
        for path, verb, found in operations
        if not (found.get("operationId") and found.get("summary") and set(found.get("tags", ())) <= known)
        or "_" in found["operationId"].split(".")[0]  # the generator made it up
    ]
    assert without == []
    assert [
        name for name, count in Counter(found["operationId"] for *_, found in operations).items() if count > 1
    ] == []
    assert {tag for *_, found in operations for tag in found["tags"]} == known


def test_every_body_has_an_example(operations: list[Operation]) -> None:
    missing = []
    for path, verb, found in operations:
        bodies = [("request", found.get("requestBody", {}).get("content", {}))]
        bodies += [(status, answer.get("content", {})) for status, answer in found["responses"].items()]
        for place, content in bodies:
            if place == "request" or place.startswith("2"):
                texts = {kind: said for kind, said in content.items() if kind != "application/octet-stream"}
                missing += [f"{verb} {path} {place} {kind}" for kind, said in texts.items() if "examples" not in said]
    assert missing == []


def test_every_answer_is_described(operations: list[Operation]) -> None:
    missing = []
    for path, verb, found in operations:
        for status, answer in found["responses"].items():
            if status not in HAS_NO_TEXT and not answer.get("content") and verb != "head":
                missing.append(f"{verb} {path} {status}: no content")
        wanted = {"401", "403", "429"} if found.get("security") and not path.startswith("/v2") else set()
        missing += [f"{verb} {path}: {status}" for status in sorted(wanted - found["responses"].keys())]
    assert missing == []


def test_what_can_be_said_twice_says_when_it_was(operations: list[Operation]) -> None:
    known = {found["operationId"]: found for _path, _verb, found in operations}
    for name in ("predictions.decide", "predictions.report_outcome", "decisions.create", "outcomes.create"):
        assert "Idempotent-Replayed" in known[name]["responses"]["200"]["headers"]
        assert "Idempotent-Replayed" not in known[name]["responses"]["201"]["headers"]


def test_every_example_is_an_example_of_its_schema(document: dict[str, Any], operations: list[Operation]) -> None:
    wrong = [
        f"{place}: {error.json_path} {error.message[:200]}"
        for place, schema, value in examples(operations)
        for error in validator(schema, document).iter_errors(value)
    ]
    assert wrong == []


def test_what_the_demo_is_asked_by_default_is_whole_and_made_up(document: dict[str, Any]) -> None:
    """`POST /predict` asks the default model, which is the attrition model there."""
    examples = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    (row,) = [one["value"] for one in examples.values()]
    assert list(row) == [feature["name"] for feature in FEATURES]
    for feature in FEATURES:
        value = row[feature["name"]]
        if feature["dtype"] == "category":
            assert value in [one["value"] for one in feature["categories"]]
        else:
            assert feature["min"] <= value <= feature["max"]
    people = generate()
    assert not (people[list(row)] == list(row.values())).all(axis="columns").any()


def test_the_records_of_the_examples_are_in_the_demo(document: dict[str, Any]) -> None:
    there = set(generate()[KEY].astype(str))
    predict = document["paths"]["/api/v1/datasets/{dataset}/records/predict"]["post"]
    examples = predict["requestBody"]["content"]["application/json"]["examples"].values()
    asked = [one["value"] for one in examples]
    assert all(set(one["keys"]) <= there or one.get("partial") for one in asked)
    read = document["paths"]["/api/v1/datasets/{dataset}/records/{key}"]["get"]["parameters"]
    (named,) = [one["schema"]["examples"] for one in read if one.get("name") == "key"]
    assert set(named) <= there


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = set(document["components"]["schemas"])
    assert {ref.rpartition("/")[2] for ref in references(document) if "/schemas/" in ref} <= names


def test_a_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_a_link_leads_to_an_operation_with_that_parameter(operations: list[Operation]) -> None:
    takes = {found["operationId"]: {one["name"] for one in found["parameters"]} for *_, found in operations}
    made = 0
    for *_, found in operations:
        for answer in found["responses"].values():
            for link in answer.get("links", {}).values():
                assert link["parameters"].keys() <= takes[link["operationId"]]
                made += 1
    assert made == sum(map(len, LINKS.values()))


def test_every_route_for_programs_is_in_it(document: dict[str, Any]) -> None:
    programs = {
        f"/{pattern}".replace("<slug:", "{").replace("<uuid:pk", "{id").replace("<int:", "{").replace("<path:", "{")
        for pattern in patterns()
    }
    programs = {path.replace(">", "}") for path in programs}
    assert programs ^ set(document["paths"]) == set()


def test_nothing_of_this_installation_is_in_it(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert document["info"]["version"] == settings.VERSION
    assert document["servers"] == [{"url": "/", "description": "This installation"}]
    assert "__Host-" not in json.dumps(document["components"]["securitySchemes"]).replace("`__Host-session`", "")
    assert str(settings.BASE_DIR) not in text


# Where it is served, and read


def test_it_is_served_to_everybody(client: Client) -> None:
    response = client.get("/api/v1/schema")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.content == openapi.FILE.read_bytes()
    again = client.get("/api/v1/schema", headers={"if-none-match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    small = client.get("/api/v1/schema", headers={"accept-encoding": "gzip"})
    assert small["Content-Encoding"] == "gzip"
    assert len(small.content) < len(response.content) / 5
    again = client.get("/api/v1/schema", headers={"if-none-match": small["ETag"], "accept-encoding": "gzip"})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/api/v1/schema", "/health/live"])
def test_another_verb_is_no_question_about_a_form(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_need_no_database(client: Client, path: str) -> None:
    """Without the mark of one, asking it is an error."""
    response = client.get(path)
    assert response.status_code == 200
    assert b"https://" not in response.content


def test_only_redoc_has_more_policy(client: Client) -> None:
    everywhere = directives(build_policy())
    assert directives(client.get("/docs")["Content-Security-Policy"]) == everywhere
    more = directives(client.get("/redoc")["Content-Security-Policy"])
    assert more == everywhere | {
        "style-src": everywhere["style-src"] | {api_docs.NOTHING, api_docs.SCROLL_BARS},
        "worker-src": {"blob:"},
    }


def directives(policy: str) -> dict[str, set[str]]:
    """The header as a dictionary: the order of its parts differs from process to process."""
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: set(values) for name, *values in parts}


def examples(operations: list[Operation]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """(where, schema, value) of every example."""
    for path, verb, found in operations:
        contents = [("request", found.get("requestBody", {}).get("content", {}))]
        contents += [(status, answer.get("content", {})) for status, answer in found["responses"].items()]
        for place, content in contents:
            for kind, said in content.items():
                for name, example in said.get("examples", {}).items():
                    if "json" in kind:
                        yield f"{verb} {path} {place} {name}", said["schema"], example["value"]
        for parameter in found.get("parameters", ()):
            schema = parameter.get("schema", {})
            values = [one["value"] for one in parameter.get("examples", {}).values()] + schema.get("examples", [])
            yield from ((f"{verb} {path} {parameter['name']}", schema, value) for value in values)


def validator(schema: dict[str, Any], document: dict[str, Any]) -> Draft202012Validator:
    """Of a part of the document, which refers to other parts."""
    return Draft202012Validator(
        {"allOf": [schema], "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def references(value: Any) -> Iterator[str]:
    """Every $ref."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def patterns() -> list[str]:
    """The route of every view of DRF, and of the plain ones for programs."""
    found: list[str] = []

    def look(resolver: Any, before: str) -> None:
        for one in resolver.url_patterns:
            route = before + str(one.pattern)
            if hasattr(one, "url_patterns"):
                look(one, route)
            elif hasattr(one.callback, "cls") or f"/{route}" in PLAIN:
                found.append(route)

    look(get_resolver(), "")
    return found
