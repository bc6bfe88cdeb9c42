"""docs/reference/api.md: every operation of docs/openapi.json, by its tag."""

import json
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "openapi.json"
# Every operation has these; the page about the API says what they do.
EVERYWHERE = {"X-Request-ID", "If-None-Match", "traceparent"}
METHODS = ("get", "post", "put", "patch", "delete")


def page() -> str:
    """The page's Markdown."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    parts = [TOP]
    for tag in document["tags"]:
        parts.append(f"## {tag['name']}\n\n{tag['description']}\n")
        parts += [
            _operation(document, method, path, operation)
            for method, path, operation in operations(document)
            if operation["tags"][0] == tag["name"]
        ]
    return "\n".join(parts)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and what the document says about it."""
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"### `{method.upper()} {path}`\n", f"**{operation['summary']}.** {_text(operation)}\n"]
    found = [_resolved(document, parameter) for parameter in operation.get("parameters", [])]
    rows = [_row(one["name"], one["in"], one) for one in found if one["name"] not in EVERYWHERE]
    rows += _body(document, operation)
    if rows:
        lines += ["| Name | In | Type | Meaning |", "|---|---|---|---|", *rows, ""]
    answers = [f"`{status}`" for status in operation["responses"]]
    lines.append(f"Answers {', '.join(answers)}.\n")
    return "\n".join(lines)


def _body(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    rows: dict[str, str] = {}
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content.get("schema", {}))
        where = "form" if "form" in kind else "JSON"
        for name, member in schema.get("properties", {}).items():
            needed = name in schema.get("required", [])
            rows.setdefault(name, _row(name, where, {"required": needed, **_resolved(document, member)}))
    return list(rows.values())


def _row(name: str, where: str, said: dict[str, Any]) -> str:
    schema = said.get("schema", said)
    kinds = schema.get("type") or [part.get("type", "object") for part in schema.get("oneOf", schema.get("anyOf", []))]
    kinds = [kinds] if isinstance(kinds, str) else kinds
    kind = " or ".join(dict.fromkeys(map(str, kinds))) or "any"
    if choices := schema.get("enum"):
        kind = ", ".join(f"`{choice}`" for choice in choices)
    needed = " (needed)" if said.get("required") is True else ""
    return f"| `{name}`{needed} | {where} | {kind} | {_text(said)} |"


def _resolved(document: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in said:
        return said
    found: Any = document
    for part in said["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _text(said: dict[str, Any]) -> str:
    return " ".join(str(said.get("description", "")).split()).replace("|", "\\|").replace("<", "&lt;")


TOP = """# Operations of the API

<!-- Written by `make docs` from docs/openapi.json. -->

How to call them: [the JSON API](../api.md). What an answer looks like, field by field and with examples, is in
[openapi.json](../openapi.json), and on the pages `/docs` and `/redoc` of a running installation. Headers that many
operations take, `X-Request-ID`, `If-None-Match` and `traceparent`, are not repeated below.
"""
