"""Operations whose views are plain Django: no serializer describes them, so their place in the document is written here."""

from typing import Any

_CHECK = {"type": "string", "description": "`ok`, or a sentence about what is wrong."}
_READY = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {
        "status": {
            "type": "string",
            "enum": ["ok", "degraded", "unavailable"],
            "description": "`degraded`: an earlier version answers for one that cannot be loaded.",
        },
        "checks": {
            "type": "object",
            "properties": dict.fromkeys(("database", "migrations", "roles", "models"), _CHECK),
            "additionalProperties": _CHECK,
        },
    },
}
_FINE = {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "roles": "ok", "models": "ok"}}
_AWAY = {"status": "unavailable", "checks": {"database": "The database does not answer."}}


def _json(schema: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "examples": {name: {"value": value}}}}


_SUMMARY = {
    "type": "object",
    "required": ["status", "database", "models"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "unavailable"]},
        "database": {"type": "string", "enum": ["ok", "unavailable"]},
        "models": {
            "type": "object",
            "additionalProperties": {"type": "string", "enum": ["ok", "degraded", "suspended", "unavailable"]},
        },
    },
}


PATHS: dict[str, Any] = {
    "/health": {
        "get": {
            "operationId": "health.read",
            "tags": ["The seeds' paths", "Health"],
            "summary": "Is everything well",
            "description": "What the seeds' monitoring reads. `/health/ready` has the sentences.",
            "responses": {
                "200": {
                    "description": "Every question gets its answer.",
                    "content": _json(_SUMMARY, "Well", {"status": "ok", "database": "ok", "models": {"iris": "ok"}}),
                },
                "503": {
                    "description": "Some do not.",
                    "content": _json(
                        _SUMMARY, "Away", {"status": "unavailable", "database": "unavailable", "models": {}}
                    ),
                },
            },
        }
    },
    "/health/live": {
        "get": {
            "operationId": "health.live",
            "tags": ["Health"],
            "summary": "Does the process answer",
            "description": "Asks nothing and nobody.",
            "responses": {
                "200": {
                    "description": "It does.",
                    "content": _json(
                        {
                            "type": "object",
                            "required": ["status"],
                            "properties": {"status": {"type": "string", "const": "ok"}},
                        },
                        "Alive",
                        {"status": "ok"},
                    ),
                }
            },
        }
    },
    "/health/ready": {
        "get": {
            "operationId": "health.ready",
            "tags": ["Health"],
            "summary": "May the process answer",
            "description": "Database and its safe settings, migrations, rights, models that can be loaded.",
            "responses": {
                "200": {
                    "description": "Every question gets its answer.",
                    "content": _json(_READY, "Ready", _FINE),
                },
                "503": {
                    "description": "Send no questions here.",
                    "content": _json(_READY, "No database", _AWAY),
                },
            },
        }
    },
    "/api/v1/schema": {
        "get": {
            "operationId": "schema",
            "tags": ["Registry"],
            "summary": "This document",
            "description": "The same on every installation of a version, so nobody has to say who asks.",
            "parameters": [
                {
                    "name": "If-None-Match",
                    "in": "header",
                    "schema": {"type": "string"},
                    "description": "The `ETag` of the document that you have.",
                }
            ],
            "responses": {
                "200": {
                    "description": "OpenAPI 3.1.",
                    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                    "content": _json(
                        {
                            "type": "object",
                            "required": ["openapi", "info", "paths", "components"],
                            "properties": {
                                "openapi": {"type": "string"},
                                "info": {"type": "object"},
                                "paths": {"type": "object"},
                                "components": {"type": "object"},
                            },
                        },
                        "Beginning",
                        {"openapi": "3.1.0", "info": {"title": "Futurisys"}, "paths": {}, "components": {}},
                    ),
                },
                "304": {
                    "description": "What you have is what there is.",
                    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                },
            },
        }
    },
}
