"""May a version be described by this signature? Pure.

The import asked the model only what the present signature allows: a graph fed a missing value it was never compared on
may answer where the original would refuse. So a new description says less or says it better, never more. An inferred
one (a draft) knows little of the training data and of pictures; there a person's word is better than none.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from registry import background, contract, contract_checks, labels, said
from registry.signature import Feature, InvalidInput, Signature

PARTS = {"task", "inputs", "outputs"}
FIXED_IMAGE = ("width", "height", "mode", "layout")


def problems(
    before: Mapping[str, Any],
    edited: Mapping[str, Any],
    *,
    is_draft: bool = True,
    golden: Mapping[str, Any] | None = None,
    sample: bytes | None = None,
) -> list[str]:
    """Sentences that name the field; both in the JSON form of a signature. The present signature itself has none.

    `is_draft`: the present one was inferred. `golden` and `sample` are the version's golden.json and background.csv,
    which must go on being true and allowed.
    """
    if same(edited, before):
        return []
    if not isinstance(edited, dict) or set(edited) - {"outputs"} != PARTS - {"outputs"}:
        return [_("The signature must hold task, inputs and outputs, and nothing else.")]
    if edited["task"] != before["task"]:
        return [_("The task must stay %(task)s.") % {"task": before["task"]}]
    if found := shape_problems(edited):
        return [said.in_language(text).text for text in found]
    old, new = Signature.parse(before), Signature.parse(edited)
    if found := list(_disagreements(old, new, is_draft=is_draft)):
        return found
    return [*_broken_promises(old, new, golden or {}), *_refused_sample(new, sample)]


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: to Python, True is 1 and 1 is 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def shape_problems(edited: Mapping[str, Any]) -> list[str]:
    """What the contract says of a manifest's inputs and outputs, with a manifest made up around them."""
    manifest = {
        "schema_version": "1.0",
        "model": {"name": "x", "version": "1", "task": edited["task"], "file": "x.onnx", "format": "onnx"},
        "runtime": {"python": "", "packages": {}},
        "inputs": edited["inputs"],
        "outputs": edited.get("outputs", {}),
        "files": {"x.onnx": {"sha256": "0" * 64, "size": 0}},
    }
    found = contract.schema_problems(manifest) or contract_checks.manifest_problems(manifest)
    return [text.removeprefix(f"{contract.MANIFEST}: ") for text in found]


def _disagreements(old: Signature, new: Signature, *, is_draft: bool) -> Iterator[str]:
    names = [feature.name for feature in old.features]
    if [feature.name for feature in new.features] != names:
        yield _("The features must stay, in this order: %(names)s.") % {"names": ", ".join(names)}
        return
    if not same([item["value"] for item in old.classes], [item["value"] for item in new.classes]):
        yield _("The classes must stay, in this order: %(names)s.") % {"names": ", ".join(old.class_names)}
    if new.calibration is not None and (new.calibration != old.calibration or new.positive != old.positive):
        yield _("calibration: it was measured with the model; it can be taken out, and not be written here.")
    yield from (f"image: {key}: {text}" for key, text in image_changes(old, new, is_draft=is_draft))
    for before, after in zip(old.features, new.features, strict=True):
        for member, text in wider(before, after, is_draft=is_draft):
            yield f"{before.name}: {member}: {text}"


def image_changes(old: Signature, new: Signature, *, is_draft: bool) -> Iterator[tuple[str, str]]:
    """(member, sentence) of what may not change in the description of a picture."""
    fixed = FIXED_IMAGE if is_draft else (*FIXED_IMAGE, "scale")
    for key in fixed:
        before, after = (
            each.image.get(key, 1 if key == "scale" else None) if each.image else None for each in (old, new)
        )
        if before != after:
            yield key, _("it must stay %(value)s.") % {"value": before}


def wider(before: Feature, after: Feature, *, is_draft: bool) -> Iterator[tuple[str, str]]:
    """(member, sentence) of what a new description of a feature allows and the import never asked."""
    if _sort(before) != _sort(after):
        yield "dtype", _("the model takes %(sort)s.") % {"sort": _sort(before)}
    elif before.kind == "integer" and after.kind == "number":
        yield "dtype", _("the model takes whole numbers.")
    if after.nullable and not before.nullable:
        yield "nullable", _("the model was not asked with this value missing.")
    if not is_draft:
        yield from _wider_bounds(before, after)
    if before.dtype != "category" or before.allow_unknown:
        return
    if after.dtype != "category" or after.allow_unknown:
        yield "allow_unknown", _("the model knows its categories alone: it must stay a category without allow_unknown.")
    elif more := [value for value in after.values if value not in before.values]:
        names = ", ".join(map(str, more[:5]))
        yield "categories", _("the model does not know the categories %(names)s.") % {"names": names}


def _wider_bounds(before: Feature, after: Feature) -> Iterator[tuple[str, str]]:
    if before.min is not None and (after.min is None or after.min < before.min):
        yield "min", _("it must be at least %(value).12g, the smallest value that was checked.") % {"value": before.min}
    if before.max is not None and (after.max is None or after.max > before.max):
        yield "max", _("it must be at most %(value).12g, the largest value that was checked.") % {"value": before.max}
    low, high = before.train_range or (-math.inf, math.inf)
    if math.isfinite(low) and after.train_range is None and after.dtype != "category":
        yield "train_range", _("it must stay: beyond it the answer is marked as a guess.")
    elif after.train_range and not low <= after.train_range[0] <= after.train_range[1] <= high:
        values = {"low": low, "high": high}
        yield "train_range", _("it must lie within %(low).12g to %(high).12g, where the model was trained.") % values


def _sort(feature: Feature) -> str:
    sorts = {"string": _("text"), "boolean": _("true or false")}
    return sorts.get(feature.kind, _("numbers"))


def _broken_promises(old: Signature, new: Signature, golden: Mapping[str, Any]) -> Iterator[str]:
    """Golden rows whose label another threshold or positive class would change."""
    if len(new.classes) != 2 or (old.threshold, old.positive) == (new.threshold, new.positive):
        return
    for case in golden.get("cases", ()):
        expected = case["expected"]
        if "proba" not in expected:
            yield _("threshold: golden.json promises labels without probabilities, so it must stay.")
            return
        row = [float(expected["proba"][contract_checks.class_key(item["value"])]) for item in new.classes]
        found = labels.outputs(new, np.array([row]))[0]["label"]
        if found != str(expected["label"]):
            values = {"case": case["id"], "promised": expected["label"], "found": found}
            yield _("threshold: golden row “%(case)s” promises %(promised)s and would come out as %(found)s.") % values


def _refused_sample(new: Signature, sample: bytes | None) -> Iterator[str]:
    """Explanations start from rows of the training data: they must stay allowed."""
    try:
        if sample is not None:
            background.parse(sample, new)
    except InvalidInput as error:
        values = {"field": error.errors[0]["field"], "line": error.errors[0]["row"] + 2}
        yield _("%(field)s: line %(line)s of background.csv, a row of the training data, would be refused.") % values
    except ValueError:
        return  # it cannot be read, which the import's report says
