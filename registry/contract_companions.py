"""Checks of what lies beside the model: golden.json, reference.json, background.csv. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from registry.contract_checks import class_key, is_number, repeated, same, value_problem

if TYPE_CHECKING:
    from registry.contract import Table

MIN_GOLDEN = 5
MAX_GOLDEN = 1000
MAX_BACKGROUND = 200


def feature_names(manifest: Mapping[str, Any]) -> list[str]:
    """The columns of background.csv: the features in order, or pixel_0... for a picture."""
    if "image" in manifest["inputs"]:
        return [f"pixel_{i}" for i in range(_pixels(manifest["inputs"]["image"]))]
    return [feature["name"] for feature in manifest["inputs"]["features"]]


# golden.json


def golden_problems(golden: Any, manifest: Mapping[str, Any]) -> list[str]:
    """Sentences about golden.json; it must hold at least five cases the manifest can explain."""
    name = manifest["artifacts"]["golden"]
    if not isinstance(golden, dict) or not isinstance(golden.get("cases"), list):
        return [f"{name}: must be an object with a list of cases."]
    if unknown := golden.keys() - {"atol", "cases"}:
        return [f"{name}: unknown key {min(unknown)!r}."]
    problems = []
    atol = golden.get("atol", 1e-6)
    if not is_number(atol) or not 0 < atol <= 0.01:
        problems.append(f"{name}: atol must be a number above 0, at most 0.01.")
    if not MIN_GOLDEN <= len(golden["cases"]) <= MAX_GOLDEN:
        problems.append(f"{name}: has {len(golden['cases'])} cases; {MIN_GOLDEN} to {MAX_GOLDEN} are needed.")
    ids = [case.get("id") for case in golden["cases"] if isinstance(case, dict)]
    problems += [f"{name}: the id {value!r} is used twice." for value in repeated(map(str, ids))]
    for number, case in enumerate(golden["cases"][:MAX_GOLDEN]):
        problems += [f"{name}: cases[{number}]: {text}" for text in _case_problems(case, manifest)]
    return problems


def _case_problems(case: Any, manifest: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(case, dict) or set(case) != {"id", "input", "expected"}:
        yield "must have id, input and expected, and nothing else."
        return
    if not isinstance(case["id"], str) or not case["id"]:
        yield "id must be a text."
    yield from _case_input_problems(case["input"], manifest["inputs"])
    yield from _expected_problems(case["expected"], manifest)


def _case_input_problems(row: Any, inputs: Mapping[str, Any]) -> Iterator[str]:
    names = {"image"} if "image" in inputs else {feature["name"] for feature in inputs["features"]}
    if not isinstance(row, dict):
        yield "input must be an object."
        return
    for name in sorted(names - row.keys()):
        yield f"input: {name!r} is missing."
    for name in sorted(row.keys() - names):
        yield f"input: {name!r} is not an input of the model."
    if "image" in inputs and "image" in row:
        yield from _picture_problems(row["image"], inputs["image"])
    for feature in inputs.get("features", []):
        if feature["name"] in row and (text := value_problem(row[feature["name"]], feature)):
            yield f"input: {feature['name']!r} {text}."


def picture_shape(image: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of one picture in the model's layout, without the axis of the rows."""
    height, width, channels = image["height"], image["width"], 3 if image["mode"] == "RGB" else 1
    shapes: dict[str, tuple[int, ...]] = {
        "flat": (height * width * channels,),
        "nhw": (height, width),
        "nhwc": (height, width, channels),
        "nchw": (channels, height, width),
    }
    return shapes[image["layout"]]


def _pixels(image: Mapping[str, Any]) -> int:
    return math.prod(picture_shape(image))


def _picture_problems(value: Any, image: Mapping[str, Any]) -> Iterator[str]:
    if not _has_shape(value, picture_shape(image)):
        shape = " x ".join(map(str, picture_shape(image)))
        yield f"input: image must be lists of numbers of the shape {shape}."


def _has_shape(value: Any, shape: tuple[int, ...]) -> bool:
    if not shape:
        return is_number(value)
    return isinstance(value, list) and len(value) == shape[0] and all(_has_shape(v, shape[1:]) for v in value)


def _expected_problems(expected: Any, manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest["model"]["task"] == "tabular-regression":
        if not isinstance(expected, dict) or set(expected) != {"value"} or not is_number(expected["value"]):
            yield "expected must hold the number value, and nothing else."
        return
    values = [item["value"] for item in manifest["outputs"]["classes"]]
    if not isinstance(expected, dict) or "label" not in expected or expected.keys() - {"label", "proba"}:
        yield "expected must hold label, may hold proba, and nothing else."
        return
    if not any(same(expected["label"], value) for value in values):
        yield f"expected: the label {expected['label']!r} is none of the classes."
    if "proba" in expected:
        yield from _proba_problems(expected["proba"], {class_key(value) for value in values})


def _proba_problems(proba: Any, classes: set[str]) -> Iterator[str]:
    if not isinstance(proba, dict) or set(proba) != classes:
        yield "expected: proba must have one number for each class."
    elif not all(is_number(p) and 0 <= p <= 1 for p in proba.values()):
        yield "expected: proba must hold numbers from 0 to 1."
    elif abs(sum(proba.values()) - 1) > 1e-3:
        yield "expected: the numbers of proba must add up to 1."


# reference.json


def reference_problems(reference: Any, manifest: Mapping[str, Any]) -> list[str]:
    """Sentences about reference.json: histograms of the training data."""
    name = manifest["artifacts"]["reference"]
    if not isinstance(reference, dict) or not isinstance(reference.get("features"), dict):
        return [f"{name}: must be an object with features."]
    inputs = manifest["inputs"]
    known = {"image"} if "image" in inputs else {feature["name"] for feature in inputs["features"]}
    problems = [f"{name}: features: {key!r} is not an input." for key in sorted(reference["features"].keys() - known)]
    problems += [f"{name}: features: {key!r} is missing." for key in sorted(known - reference["features"].keys())]
    for key, entry in reference["features"].items():
        problems += [f"{name}: features: {key!r}: {text}" for text in _histogram_problems(entry)]
    if "score" in reference:
        problems += [f"{name}: score: {text}" for text in _histogram_problems(reference["score"], kind="numeric")]
    return problems


def _histogram_problems(entry: Any, kind: str | None = None) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "must be an object."
        return
    kind = kind or entry.get("kind")
    if kind == "numeric":
        yield from _numeric_problems(entry)
    elif kind == "category":
        counts = entry.get("counts")
        if not isinstance(counts, dict) or not all(map(_is_count, counts.values())):
            yield "counts must be an object of whole numbers."
    else:
        yield "kind must be numeric or category."
    for key in {"missing", "n"} & entry.keys():
        if not _is_count(entry[key]):
            yield f"{key} must be a whole number."


def _numeric_problems(entry: Mapping[str, Any]) -> Iterator[str]:
    edges, counts = entry.get("edges"), entry.get("counts")
    if not isinstance(edges, list) or len(edges) < 2 or not all(map(is_number, edges)):
        yield "edges must be a list of at least two numbers."
    elif any(left >= right for left, right in pairwise(edges)):
        yield "edges must rise."
    elif not isinstance(counts, list) or len(counts) != len(edges) - 1 or not all(map(_is_count, counts)):
        yield f"counts must be a list of {len(edges) - 1} whole numbers."


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


# background.csv


def background_problems(table: "Table", manifest: Mapping[str, Any]) -> list[str]:
    """Sentences about background.csv: the model's columns, at most 200 rows, values the manifest accepts."""
    name, columns = manifest["artifacts"]["background"], feature_names(manifest)
    if set(table.columns) != set(columns) or len(table.columns) != len(columns):
        odd = ", ".join(map(repr, sorted(set(table.columns) ^ set(columns))[:5])) or "repeated names"
        return [f"{name}: the columns are not the model's inputs: see {odd}."]
    if len(table.rows) > MAX_BACKGROUND:
        return [f"{name}: has {len(table.rows)} rows; at most {MAX_BACKGROUND} are accepted."]
    number = {"dtype": "number"}
    features = manifest["inputs"].get("features") or [number] * len(columns)
    by_name = dict(zip(columns, features, strict=True))
    problems = []
    for line, row in enumerate(table.rows, start=2):
        if len(row) != len(columns):
            problems.append(f"{name}: line {line} has {len(row)} values; {len(columns)} are needed.")
            continue
        for column, text in zip(table.columns, row, strict=True):
            if problem := _cell_problem(text, by_name[column]):
                problems.append(f"{name}: line {line}: {column!r} {problem}.")
    return problems


def _cell_problem(text: str, feature: Mapping[str, Any]) -> str | None:
    if feature["dtype"] == "category" and not feature.get("nullable"):
        keys = {class_key(category["value"]) for category in feature["categories"]}
        return None if text in keys or feature.get("allow_unknown") else "must be one of the categories"
    if text == "":
        return None if feature.get("nullable") or feature["dtype"] == "string" else "must not be missing"
    read = _READERS.get(feature["dtype"])
    if read is None:
        return None
    try:
        return value_problem(read(text), feature)
    except (ValueError, KeyError):
        return f"must be a value of the type {feature['dtype']}"


def _read_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "number": _read_number,
    "integer": _read_number,
    "boolean": {"true": True, "false": False}.__getitem__,
}
