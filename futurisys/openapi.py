"""The OpenAPI document: what every operation has in common, said once, and the file it is kept in.

`described(...)` (registry.api.documents) says what one operation does; this adds the statuses, headers and security that
follow from where the operation is. The document is committed as docs/openapi.json and served from there.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from futurisys.openapi_links import LINKS
from futurisys.openapi_plain import PATHS
from registry.api.base import TaggedView
from registry.api.documents import PROBLEM, PROBLEMS, ProblemSerializer, StrictSerializer

FILE = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
HAS_A_PROTOCOL = "/v2"  # whose errors have the protocol's shape

REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "schema": {"type": "string"},
    "description": "A name for this request, up to 128 of `A-Za-z0-9._:-`. Anything else is replaced by one that the server "
    "makes up.",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The `ETag` of the answer that you have: 304 when it is still the same.",
}
HEADERS = {
    "X-Request-ID": {
        "description": "The name of this request in the logs.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
    },
    "ETag": {
        "description": "Send it in `If-None-Match` to ask whether something has changed.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer of an earlier call.",
        "schema": {"type": "string", "const": "true"},
    },
    "WWW-Authenticate": {
        "description": "How to say who you are.",
        "required": True,
        "schema": {"type": "string"},
    },
}


class OperationSchema(AutoSchema):
    """One operation. What follows from its view is added to what it says about itself."""

    def get_operation(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """None for what is left out of the document."""
        operation: dict[str, Any] | None = super().get_operation(path, *args, **kwargs)
        if operation is None:
            return None
        operation["parameters"] = [*operation.get("parameters", []), REQUEST_ID]
        if getattr(self.view, "needs_body", False):  # a plain schema cannot say so
            operation["requestBody"]["required"] = True
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True  # none of ours may be left out
        if isinstance(self.view, TaggedView) and self.method == "GET":
            self._tag(operation)
        if not path.startswith(HAS_A_PROTOCOL):
            self._add_problems(operation)
        return operation

    def _tag(self, operation: dict[str, Any]) -> None:
        operation["parameters"].append(IF_NONE_MATCH)
        operation["responses"]["200"].setdefault("headers", {})["ETag"] = HEADERS["ETag"]
        operation["responses"]["304"] = {
            "description": "What you have is what there is.",
            "headers": {"ETag": HEADERS["ETag"]},
        }

    def _add_problems(self, operation: dict[str, Any]) -> None:
        """What the server itself answers, before and around a view."""
        wanted = [400, 406]
        wanted += [413, 415] if "requestBody" in operation else []
        wanted += [401, 403, 429, 503] if operation.get("security") else []
        wanted += [404] if "{" in self.path else []
        schema = self.resolve_serializer(ProblemSerializer, "response").ref
        for status in wanted:
            content = {PROBLEM: {"schema": schema}}
            operation["responses"].setdefault(str(status), {"description": PROBLEMS[status], "content": content})

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        found: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, StrictSerializer):
            found["additionalProperties"] = False
        rules = getattr(serializer, "rules", None)  # which members go together
        # In a condition, because what generates clients would make a class of each case, and stumbles over “not”.
        return found if rules is None else found | {"if": True, "then": rules}

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)
        blank_is_refused = isinstance(field, serializers.CharField) and field.trim_whitespace and not field.allow_blank
        if blank_is_refused and schema.get("minLength") and not {"pattern", "format", "enum"} & schema.keys():
            schema["pattern"] = r"\S"  # what is nothing but spaces is nothing


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Token fut_…`; a program may not be asked for the word “Token” in another way (OpenAPI knows Bearer)."""

    target_class = "registry.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        text = "`Token fut_…`: the word, a space and the token. Here you may leave out the word."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": text}


class SeedsKeyScheme(OpenApiAuthenticationExtension):
    """The header of the seeds' clients."""

    target_class = "registry.api.authentication.APIKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        text = "The token alone, on the seeds' paths, on `/v2` and on `/metrics`."
        return {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": text}


class SessionScheme(OpenApiAuthenticationExtension):
    """A browser that is logged in."""

    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"
    priority = 1  # before the library's own, which would write down the cookie name of one installation

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        text = "A browser that is logged in (`__Host-session` in production); POST needs `X-CSRFToken` too."
        return {"type": "apiKey", "in": "cookie", "name": "session", "description": text}


class ScraperScheme(OpenApiAuthenticationExtension):
    """The token of the installation's own monitoring."""

    target_class = "futurisys.metrics.ScraperAuthentication"
    name = "scraper"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        return {"type": "http", "scheme": "bearer", "description": "`METRICS_TOKEN` of the installation."}


class WebhookScheme(OpenApiAuthenticationExtension):
    """The secret that a Hub sends."""

    target_class = "registry.hooks.WebhookSecret"
    name = "webhook"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        return {"type": "apiKey", "in": "header", "name": "X-Webhook-Secret", "description": "`HF_WEBHOOK_SECRET`."}


def with_plain_views(result: dict[str, Any], generator: Any, **context: Any) -> dict[str, Any]:
    """The paths whose views are Django's own."""
    result["paths"].update(PATHS)
    return result


def tidy(result: dict[str, Any], generator: Any, **context: Any) -> dict[str, Any]:
    """Headers that go with a status, on every operation; each once, as a component."""
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if links := LINKS.get((operation["operationId"], status)):
                    response["links"] = links
                _give_headers(response, status, protocol=path.startswith(HAS_A_PROTOCOL))
            _replays(operation)
            _show_replays(operation["responses"])
            operation["responses"] = dict(sorted(operation["responses"].items()))
    result["components"]["headers"] = HEADERS
    _by_reference(result["paths"])
    result["components"]["parameters"] = _parameters(result["paths"])
    _mend(result)
    return result


def _give_headers(response: dict[str, Any], status: str, *, protocol: bool) -> None:
    headers = response.setdefault("headers", {})
    headers["X-Request-ID"] = HEADERS["X-Request-ID"]
    if status in {"429", "503"} and "application/json" not in response.get("content", {}) and not protocol:
        headers.setdefault("Retry-After", HEADERS["Retry-After"])
    if status == "401":
        headers.setdefault("WWW-Authenticate", HEADERS["WWW-Authenticate"])


def _replays(operation: dict[str, Any]) -> None:
    """Who takes a key says so when the answer is an earlier one."""
    if not any(parameter.get("name") == "Idempotency-Key" for parameter in operation.get("parameters", [])):
        return
    for status, response in operation["responses"].items():
        if status in {"200", "201", "202"}:
            response["headers"].setdefault("Idempotent-Replayed", HEADERS["Idempotent-Replayed"])


def _show_replays(responses: dict[str, Any]) -> None:
    """What was stored before is answered as what is stored now: one example shows both."""
    shown = [
        said for response in responses.values() for said in response.get("content", {}).values() if "examples" in said
    ]
    for status in {"200", "201", "202"} & responses.keys():
        for said in responses[status].get("content", {}).values():
            like = [other for other in shown if other["schema"] == said.get("schema")]
            if like and "examples" not in said:
                said["examples"] = like[0]["examples"]


def _by_reference(paths: dict[str, Any]) -> None:
    for operations in paths.values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for name, header in response["headers"].items():
                    if HEADERS.get(name) == header:
                        response["headers"][name] = {"$ref": f"#/components/headers/{name}"}


def _parameters(paths: dict[str, Any]) -> dict[str, Any]:
    """What several operations take in the same words, as components."""
    operations = [operation for operations in paths.values() for operation in operations.values()]
    said = Counter(json.dumps(one) for operation in operations for one in operation.get("parameters", ()))
    shared = {text: json.loads(text) for text, count in said.items() if count > 1}
    names: dict[str, str] = {}
    for text, parameter in shared.items():
        name = parameter["name"]
        names[text] = name if name not in names.values() else f"{name}-{len(names)}"
    for operation in operations:
        if "parameters" in operation:
            texts = [json.dumps(one) for one in operation["parameters"]]
            operation["parameters"] = [
                {"$ref": f"#/components/parameters/{names[text]}"} if text in names else json.loads(text)
                for text in texts
            ]
    return {names[text]: shared[text] for text in sorted(shared, key=names.__getitem__)}


def _mend(value: Any) -> None:
    """What the generator notes for hooks that are not used here, and what it writes for a null beside something."""
    if isinstance(value, list):
        for item in value:
            _mend(item)
    if not isinstance(value, dict):
        return
    value.pop("x-spec-enum-id", None)
    if isinstance(value.get("type"), list):
        value["type"] = list(dict.fromkeys(value["type"]))
    if value.get("oneOf") and {} in value["oneOf"]:
        del value["oneOf"]  # anything, or null: null is anything too, and one of two may not fit both
    for item in value.values():
        _mend(item)


def document() -> dict[str, Any]:
    """The document as the code says it, in English. Raises RuntimeError when the generator did not understand something."""
    with translation.override("en"), GENERATOR_STATS.silence():
        found: dict[str, Any] = SchemaGenerator(api_version=None).get_schema(request=None, public=True)
    if problems := [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]:
        raise RuntimeError("Describe these operations (registry.api.documents.described):\n" + "\n".join(problems))
    found["info"]["version"] = settings.VERSION
    return found


def text() -> str:
    """The document as it is committed. Raises RuntimeError."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
