"""What the fitted estimator says of itself against what the manifest says of it; or, without one, a draft."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from registry import confirmation
from registry.exceptions import ImportRejected
from registry.importer.package import Package

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
TASKS = {"tabular-classification", "tabular-regression"}


def describe(package: Package, found: dict[str, Any]) -> None:
    """Take the signature from the manifest, cross-checked with the child's `inspect`, or the draft inferred there.

    Raises ImportRejected.
    """
    told = ("class", "n_features", "scores", "warnings")
    package.report["estimator"] = {key: found.get(key) for key in told}
    package.report["estimator"]["hints"] = {k: v for k, v in (found.get("hints") or {}).items() if _storable(v)}
    found = {**found, "classes": [_plain(value) for value in found.get("classes") or []]}
    if package.is_draft:
        package.signature_json = _draft(found)
        package.report["inferred"] = found["draft"].get("inferred", [])
    for problem in _disagreements(package, found):
        raise ImportRejected(problem)
    if package.is_draft:
        check_draft(package.signature_json)


def check_draft(signature: dict[str, Any]) -> None:
    """Whether an inferred signature keeps the contract, so that it can be edited. Raises ImportRejected."""
    problems = confirmation.shape_problems(signature)
    if not problems and not _storable(signature):
        problems = ["A name or a category in it cannot be stored."]
    if problems:
        raise ImportRejected(f"There is no manifest, and none can be made up from the model: {' '.join(problems)}")


def _storable(value: Any) -> bool:
    """Whether PostgreSQL takes it as JSON: no NUL, no half of a surrogate pair, no infinite number."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return not any(map(_UNSTORABLE.search, _texts(value)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(each)


def _plain(value: Any) -> Any:
    """A class that numpy kept as 1.0 is written 1 in JSON, in a manifest and on a page."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _draft(found: dict[str, Any]) -> dict[str, Any]:
    if not found.get("draft"):
        raise ImportRejected("There is no manifest, and the estimator does not tell its inputs. Add a manifest.")
    if found["task"] not in TASKS:
        raise ImportRejected("There is no manifest, and the estimator is no classifier or regressor. Add a manifest.")
    return {"task": found["task"], "inputs": {"features": found["draft"]["features"]}, "outputs": _outputs(found)}


def _outputs(found: dict[str, Any]) -> dict[str, Any]:
    classes: list[dict[str, Any]] = [{"value": value} for value in found["classes"]]
    labels = (found.get("hints") or {}).get("class_labels") or []
    if labels and found["classes"] == list(range(len(labels))):
        for item, label in zip(classes, labels, strict=True):
            item["label"] = label
    if found.get("threshold") is None or len(classes) != 2:
        return {"classes": classes} if classes else {}
    positive = _plain(found.get("positive"))
    classes[found["classes"].index(positive) if positive in found["classes"] else 1]["positive"] = True
    return {"classes": classes, "threshold": {"value": found["threshold"]}}


def _disagreements(package: Package, found: dict[str, Any]) -> Iterator[str]:
    signature = package.signature
    if signature.is_regression != (found.get("scores") == "value"):
        yield f"The manifest says {signature.task}; the model is a {found.get('task') or found.get('class')}."
    yield from _input_disagreements(package, found)
    if found["classes"] and [str(value) for value in found["classes"]] != signature.class_names:
        told = ", ".join(map(str, found["classes"][:20]))
        yield f"The manifest's classes are not the model's classes in the model's order: {told}."
    if not signature.is_regression and len(signature.classes) < 2:
        yield "The model does not tell its classes, or answers several questions at once: only one can be recorded."


def _input_disagreements(package: Package, found: dict[str, Any]) -> Iterator[str]:
    signature, fitted = package.signature, found.get("n_features")
    if signature.image is not None:
        pixels = math.prod(signature.picture_shape)
        if fitted not in (None, pixels):
            yield f"The manifest's pictures have {pixels} values; the model was fitted with {fitted}."
        return
    names = [feature.name for feature in signature.features]
    if found.get("feature_names") and set(found["feature_names"]) != set(names):
        odd = sorted(set(found["feature_names"]) ^ set(names))[:5]
        yield f"The manifest and the model name different features: {', '.join(odd)}."
    if fitted not in (None, len(names)):
        yield f"The manifest lists {len(names)} features; the model was fitted with {fitted}."
