"""Examples of the registry's answers, for the OpenAPI document."""

from typing import Any

from registry.row_schema import DIALECT

COMMIT = "9f2c6f0a1d3b4c5e6f708192a3b4c5d6e7f80912"
METRIC: dict[str, Any] = {
    "name": "accuracy",
    "value": 0.967,
    "split": "test",
    "n": 30,
    "ci95": None,
    "slice": None,
}
IN_CHARGE: dict[str, Any] = {
    "version": 3,
    "commit": COMMIT,
    "task": "tabular-classification",
    "runtime": "onnx",
    "trained_at": "2026-11-20T09:30:00+00:00",
    "metrics": [METRIC],
}
IRIS: dict[str, Any] = {
    "name": "iris",
    "title": "Iris",
    "description": "Tells three species of iris apart.",
    "repository": "demo/iris",
    "tracked_ref": "main",
    "input_kind": "tabular",
    "is_default": False,
    "status": "serving",
    "champion": IN_CHARGE,
    "challenger": None,
    "candidate": 4,
}
INSTALLED: dict[str, Any] = {"python": "3.11.9", "packages": {"numpy": "2.3.4", "scikit-learn": "1.9.0"}}
IRIS_3: dict[str, Any] = {
    "model": "iris",
    "version": 3,
    "status": "ready",
    "reason": "",
    "is_champion": True,
    "is_draft": False,
    "commit": COMMIT,
    "edition": "1.0.0",
    "title": "Iris",
    "task": "tabular-classification",
    "runtime": "onnx",
    "features": 4,
    "threshold": None,
    "classes": [{"value": name, "title": f"Iris {name}"} for name in ("setosa", "versicolor", "virginica")],
    "positive": None,
    "metrics": [METRIC],
    "environment": {"is_own": False, **INSTALLED},
    "trained_with": INSTALLED,
    "trained_at": "2026-11-20T09:30:00+00:00",
    "created_at": "2026-11-21T08:00:00Z",
    "finished_at": "2026-11-21T08:00:09Z",
}
ENTRY: dict[str, Any] = {
    "number": 1,
    "kind": "promote",
    "answers": True,
    "version": 3,
    "commit": COMMIT,
    "from_version": None,
    "by": "marie",
    "approved_by": None,
    "reason": "First version.",
    "created_at": "2026-11-21T08:05:00Z",
}
SEED_MODEL: dict[str, Any] = {
    "name": "attrition",
    "version": 3,
    "commit": COMMIT,
    "task": "tabular-classification",
    "features": 27,
    "threshold": 0.5,
    "trained_at": "2026-11-20T09:30:00+00:00",
}
ROW_SCHEMA: dict[str, Any] = {
    "$schema": DIALECT,
    "title": "Iris, version 3",
    "description": "One row of `inputs`.",
    "type": "object",
    "properties": {
        "sepal_length": {
            "title": "Sepal length",
            "description": "From base to tip, in centimetres.",
            "type": "number",
            "minimum": 0,
            "maximum": 30,
            "x-train-range": [4.3, 7.9],
            "x-unit": "cm",
            "examples": [6.1],
        }
    },
    "required": ["sepal_length"],
    "additionalProperties": False,
    "examples": [{"sepal_length": 6.1}],
}
EVENT: dict[str, Any] = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": {"type": "model", "name": "demo/iris", "id": "621ffdc036468d709f174328", "headSha": "9" * 40},
    "updatedRefs": [{"ref": "refs/heads/main", "oldSha": "8" * 40, "newSha": "9" * 40}],
}
TAKEN: dict[str, Any] = {
    "delivery": 7,
    "outcome": "waiting",
    "text": "The Hub is asked about iris.",
    "others": [],
}
