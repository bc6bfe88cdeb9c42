"""What a JSON Schema cannot say about a manifest: cross-checks and values. Pure."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

MANIFEST = "model_manifest.json"

_SAFE = re.compile(r"[A-Za-z0-9._/-]{1,200}")


def is_safe_path(name: str) -> bool:
    """Whether a listed name stays inside the folder and is written in one way only."""
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts
    return bool(_SAFE.fullmatch(name)) and inside and path.as_posix() == name and name != "."


def class_key(value: Any) -> str:
    """A class value as a key of a JSON object: "true" for True, "1" for 1, texts as they are."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# The manifest


def manifest_problems(manifest: Mapping[str, Any]) -> list[str]:
    """Cross-checks of a manifest that fits the schema."""
    found = [*_input_problems(manifest), *_output_problems(manifest), *_path_problems(manifest)]
    return [f"{MANIFEST}: {text}" for text in found]


def _input_problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    task, inputs = manifest["model"]["task"], manifest["inputs"]
    wanted = "image" if task == "image-classification" else "features"
    if list(inputs) != [wanted]:
        yield f"inputs: a model of the task {task} has inputs.{wanted}, and nothing else."
        return
    if wanted == "image":
        return
    names = [feature["name"] for feature in inputs["features"]]
    for name in repeated(names):
        yield f"inputs.features: the name {name!r} is used twice."
    for feature in inputs["features"]:
        for text in _feature_problems(feature):
            yield f"inputs.features: {feature['name']!r}: {text}"


def _feature_problems(feature: Mapping[str, Any]) -> Iterator[str]:
    dtype = feature["dtype"]
    if feature["name"] != feature["name"].strip():
        yield "the name begins or ends with a space."
    for key in {"min", "max", "step", "train_range"} & feature.keys():
        if dtype not in ("number", "integer"):
            yield f"{key} is for numbers, and its dtype is {dtype}."
    if feature.get("min", -math.inf) > feature.get("max", math.inf):
        yield "min is greater than max."
    if "train_range" in feature and feature["train_range"][0] > feature["train_range"][1]:
        yield "train_range has the greater number first."
    yield from _category_problems(feature)
    default = feature.get("default")
    if default is not None and (text := value_problem(default, feature)):
        yield f"default {text}."


def _category_problems(feature: Mapping[str, Any]) -> Iterator[str]:
    if feature["dtype"] != "category":
        if "categories" in feature:
            yield f"categories are for the dtype category, and its dtype is {feature['dtype']}."
        return
    values = [category["value"] for category in feature["categories"]]
    if len({type(value) for value in values} - {int, float}) + any(is_number(v) for v in values) > 1:
        yield "its categories mix texts, numbers and true/false."
    for value in repeated(values):
        yield f"the category {value!r} is listed twice."


def _output_problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    task, outputs = manifest["model"]["task"], manifest["outputs"]
    classes = outputs.get("classes", [])
    if task == "tabular-regression":
        for key in ("classes", "threshold"):
            if key in outputs:
                yield f"outputs.{key}: a regression has none."
    elif not classes:
        yield "outputs.classes: a classification lists its classes."
    if outputs.get("minimum", -math.inf) > outputs.get("maximum", math.inf):
        yield "outputs: minimum is greater than maximum."
    yield from _class_problems(classes, has_threshold="threshold" in outputs)
    yield from _frequency_problems(outputs)


def _frequency_problems(outputs: Mapping[str, Any]) -> Iterator[str]:
    """What lets a page say "of 100 such cases, about 23"."""
    for key in ("calibration", "frequency"):
        if key in outputs and len(outputs.get("classes", [])) != 2:
            yield f"outputs.{key}: this is for two classes."
    texts = outputs.get("frequency", "{count}")
    for text in texts.values() if isinstance(texts, Mapping) else [texts]:
        if text.count("{count}") != 1:
            yield "outputs.frequency: every sentence has {count} in it once."
    bins = outputs.get("calibration", {}).get("bins", [])
    if bins and sum(each["n"] for each in bins) != outputs["calibration"]["n"]:
        yield "outputs.calibration: the n of the bins must add up to n."
    if not all(each["from"] < each["to"] and each["from"] <= each["mean"] <= each["to"] for each in bins):
        yield "outputs.calibration: in each bin the mean lies from its from to its to."
    if any(before["to"] > after["from"] for before, after in pairwise(bins)):
        yield "outputs.calibration: the bins follow each other and do not overlap."


def _class_problems(classes: list[Mapping[str, Any]], *, has_threshold: bool) -> Iterator[str]:
    values = [item["value"] for item in classes]
    for value in repeated([class_key(value) for value in values]):
        yield f"outputs.classes: the class {value!r} is listed twice."
    if len({type(value) for value in values}) > 1:
        yield "outputs.classes: the values mix texts, numbers and true/false."
    positive = sum(1 for item in classes if item.get("positive"))
    if positive > 1:
        yield "outputs.classes: only one class may be the positive one."
    if has_threshold and len(classes) != 2:
        yield "outputs.threshold: a threshold is for two classes."
    elif has_threshold and positive == 0:
        yield "outputs.threshold: say with positive: true which class it is for."


def _path_problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    model, files = manifest["model"], manifest["files"]
    for name in files:
        if not is_safe_path(name):
            yield f"files: {name!r} is not a plain relative path."
        if name in (MANIFEST, "model_manifest.sig"):
            yield f"files: {name} cannot list itself."
    places = {"model.file": model["file"]}
    places |= {f"model.steps[{i}].file": step["file"] for i, step in enumerate(model.get("steps", []))}
    places |= {f"artifacts.{kind}": name for kind, name in manifest.get("artifacts", {}).items()}
    for place, name in places.items():
        if name not in files:
            yield f"{place}: {name} is not listed in files, so its digest is unknown."
    suffix = PurePosixPath(model["file"]).suffix
    if (suffix == ".onnx") != (model["format"] == "onnx"):
        yield f"model.format: {model['format']} does not fit the file {model['file']}."
    if model["format"] != "onnx":
        for package in {"scikit-learn", "numpy"} - manifest["runtime"]["packages"].keys():
            yield f"runtime.packages: {package} is missing: its version decides whether the model loads."


# Values


def value_problem(value: Any, feature: Mapping[str, Any]) -> str | None:
    """Why a JSON value cannot be one of the feature ("must be ..."), or None."""
    if value is None:
        return None if feature.get("nullable") else "must not be missing"
    dtype = feature["dtype"]
    if dtype == "category":
        return _category_problem(value, feature)
    if dtype in ("number", "integer"):
        return _number_problem(value, feature)
    wanted, words = {"boolean": (bool, "true or false"), "string": (str, "a text")}[dtype]
    return None if isinstance(value, wanted) else f"must be {words}"


def _number_problem(value: Any, feature: Mapping[str, Any]) -> str | None:
    if not is_number(value):
        return "must be a number"
    if feature["dtype"] == "integer" and value != int(value):
        return "must be a whole number"
    if not feature.get("min", -math.inf) <= value <= feature.get("max", math.inf):
        return "must lie between min and max"
    return None


def _category_problem(value: Any, feature: Mapping[str, Any]) -> str | None:
    known = [category["value"] for category in feature["categories"]]
    if any(same(value, other) for other in known):
        return None
    if feature.get("allow_unknown") and isinstance(value, str) and isinstance(known[0], str):
        return None
    return "must be one of the categories"


def same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def repeated(values: Iterable[Any]) -> list[Any]:
    keys = [(isinstance(value, bool), value) for value in values]
    return list(dict.fromkeys(key[1] for key in keys if keys.count(key) > 1))
