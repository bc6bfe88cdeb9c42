"""May this signature stand in for the inferred one? Pure.

The import asked the model only what the draft allows: a graph fed a missing value it was never compared on may answer
where the original would refuse. So a confirmed signature says less than the draft or says it better, never more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry import contract, contract_checks
from registry.signature import Feature, Signature

PARTS = {"task", "inputs", "outputs"}


def problems(draft: Mapping[str, Any], edited: Mapping[str, Any]) -> list[str]:
    """Sentences that name the field; both in the JSON form of a signature. The draft itself has none."""
    if edited == draft:
        return []
    if not isinstance(edited, dict) or set(edited) - {"outputs"} != PARTS - {"outputs"}:
        return ["The signature must hold task, inputs and outputs, and nothing else."]
    if edited["task"] != draft["task"]:
        return [f"The task must stay {draft['task']}."]
    if found := _shape_problems(edited):
        return found
    return list(_disagreements(Signature.parse(draft), Signature.parse(edited)))


def _shape_problems(edited: Mapping[str, Any]) -> list[str]:
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


def _disagreements(draft: Signature, edited: Signature) -> Iterator[str]:
    names = [feature.name for feature in draft.features]
    if [feature.name for feature in edited.features] != names:
        yield f"The features must stay, in this order: {', '.join(names)}."
        return
    if edited.class_names != draft.class_names:
        yield f"The classes must stay, in this order: {', '.join(draft.class_names)}."
    for before, after in zip(draft.features, edited.features, strict=True):
        for text in _wider(before, after):
            yield f"{before.name}: {text}"


def _wider(draft: Feature, edited: Feature) -> Iterator[str]:
    if _sort(draft) != _sort(edited):
        yield f"the model takes {_sort(draft)}."
    if edited.nullable and not draft.nullable:
        yield "nullable: the model was not asked with this value missing."
    if draft.dtype != "category" or draft.allow_unknown:
        return
    if edited.dtype != "category" or edited.allow_unknown:
        yield "the model knows its categories alone: it must stay a category without allow_unknown."
    elif more := [value for value in edited.values if value not in draft.values]:
        yield f"the model does not know the categories {', '.join(map(str, more[:5]))}."


def _sort(feature: Feature) -> str:
    return {"string": "text", "boolean": "true or false"}.get(feature.kind, "numbers")
