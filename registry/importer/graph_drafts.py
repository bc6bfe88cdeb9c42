"""A draft signature from a graph alone: what its inputs, outputs, operators and notes tell. Everything is a guess.

There is no original to compare the graph with. What can be checked is that it answers rows its own signature allows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import strict_json
from registry.exceptions import ImportRejected
from registry.importer import comparison, graphs
from registry.importer.graphs import GraphInput
from registry.runtimes.base import RuntimeFailed
from registry.runtimes.onnx import OnnxRuntime
from registry.signature import Signature

DTYPES = {"f4": "number", "f8": "number", "i8": "integer", "i4": "integer", "u1": "integer", "b1": "boolean"}
LARGEST_SIDE = 2048
ASKED = 64  # rows
MOST_AGREE = 0.9  # not all: some models choose their label by another rule than the best probability
FEATURE_NOTES = ("feature_names", "features", "columns")
CLASS_NOTES = ("classes", "class_names", "names", "labels")
CLASS_LABELS = {"classlabels_ints", "classlabels_int64s", "classlabels_strings"}


def draft(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The signature's JSON, and how to feed the graph as registry.importer.graphs.describe says it.

    Raises ImportRejected.
    """
    model = graphs.check(content)
    notes = {each.key: each.value for each in model.metadata_props}
    inputs, fed = _inputs(graphs.inputs_of(model.graph), notes)
    spec = {"inputs": fed, "scores": graphs.scores_of(model.graph)}
    label = next((item.name for item in model.graph.output if _is_label(item)), None)
    width, told = _asked(content, spec, inputs, label)
    lists = [each for each in _class_labels(model.graph) if len(each) == width]
    noted = _noted(notes, CLASS_NOTES, width)
    if width > 1:
        task = "image-classification" if "image" in inputs else "tabular-classification"
        return {"task": task, "inputs": inputs, "outputs": {"classes": _classes(lists, noted, width, told)}}, spec
    if label is not None or "image" in inputs:
        raise ImportRejected("The ONNX graph answers one number a row; one probability for each class is needed.")
    return {"task": "tabular-regression", "inputs": inputs, "outputs": {}}, spec


def inferred(signature: dict[str, Any]) -> list[str]:
    """The places of a draft that were guessed, for the page to mark: all of them."""
    features = signature["inputs"].get("features", ())
    places = [f"{each['name']}.dtype" for each in features]
    places += [f"image.{key}" for key in signature["inputs"].get("image", ())]
    return [*places, "outputs.classes"] if "classes" in signature["outputs"] else places


# Inputs


def _inputs(given: list[GraphInput], notes: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(given) == 1 and given[0].shape is not None and len(given[0].shape) > 2:
        return {"image": _image(given[0])}, {"image": {"name": given[0].name, "t": given[0].t}}
    features: list[dict[str, Any]] = []
    fed: dict[str, Any] = {}
    for each in given:
        names = _names(each, given, notes)
        features += [{"name": name, "dtype": DTYPES.get(each.t, "string")} for name in names]
        alone = each.width == 1
        fed |= {names[0]: {"name": each.name, "t": each.t}} if alone else graphs.matrix(each, names)
    if not features:
        raise ImportRejected("The ONNX graph takes no input.")
    return {"features": features}, fed


def _names(each: GraphInput, given: list[GraphInput], notes: dict[str, str]) -> list[str]:
    """What the columns of an input are called: as noted in the graph, else x0, x1, ..."""
    if each.shape is None or len(each.shape) != 2 or not each.width:
        raise ImportRejected(
            f"The ONNX graph does not tell how many numbers its input {each.name} takes: export it with the shape "
            "[None, k], or add a model_manifest.json."
        )
    if each.width == 1:
        return [each.name]
    if len(given) > 1:
        return [f"{each.name}_{column}" for column in range(each.width)]
    noted = _noted(notes, FEATURE_NOTES, each.width)
    return [str(name) for name in noted] if noted else [f"x{column}" for column in range(each.width)]


def _image(given: GraphInput) -> dict[str, Any]:
    shape = given.shape or ()
    if len(shape) == 4 and shape[1] in (1, 3):
        layout, channels, height, width = "nchw", *shape[1:]
    elif len(shape) == 4 and shape[3] in (1, 3):
        layout, (height, width, channels) = "nhwc", shape[1:]
    else:
        raise ImportRejected(
            f"The ONNX input {given.name} is no table and no picture of 1 or 3 channels: add a model_manifest.json."
        )
    if not (height and width and max(height, width) <= LARGEST_SIDE):
        raise ImportRejected("The ONNX graph does not tell the size of its picture: export it with a fixed size.")
    scale = 255 if given.t == "u1" else 1
    mode = "RGB" if channels == 3 else "L"
    return {"width": width, "height": height, "mode": mode, "layout": layout, "scale": scale}


# Outputs


def _is_label(item: Any) -> bool:
    return item.type.tensor_type.elem_type in (7, 8)  # int64, string


def _asked(
    content: bytes, spec: dict[str, Any], inputs: dict[str, Any], label: str | None
) -> tuple[int, list[tuple[Any, int]]]:
    """How many numbers the graph answers, and, of rows it was asked, its own label with the place of the best score.

    It is asked because what it declares may be wrong or missing.
    """
    runtime = OnnxRuntime(content, **spec)
    names = [spec["scores"], *([label] if label else [])]
    try:
        columns, rows = _zeros(inputs)
        width = int(np.asarray(runtime.outputs(names, columns, rows)[0]).reshape(1, -1).shape[1])
        if label is None:
            return width, []
        signature = Signature.parse({"task": "", "inputs": inputs})
        columns, rows = comparison.rows(signature, background=None, golden=None, edges={}, generated=ASKED)
        scores, labels = runtime.outputs(names, columns, rows)
    except RuntimeFailed as failed:
        raise ImportRejected(f"The ONNX graph does not answer rows that its inputs allow. {failed}") from failed
    best = np.asarray(scores).reshape(rows, -1).argmax(axis=1)
    return width, list(zip(np.asarray(labels).ravel().tolist(), best.tolist(), strict=True))


def _zeros(inputs: dict[str, Any]) -> tuple[dict[str, NDArray[Any]], int]:
    signature = Signature.parse({"task": "", "inputs": inputs})
    if signature.image is not None:
        return {"image": np.zeros((1, *signature.picture_shape))}, 1
    return {each.name: np.array(["" if each.kind == "string" else 0]) for each in signature.features}, 1


def _classes(
    lists: list[list[Any]], noted: list[Any] | None, width: int, told: list[tuple[Any, int]]
) -> list[dict[str, Any]]:
    """In the order of the scores: what the graph's operators call them, what is noted in it, else 0, 1, ...

    A graph of several models names classes in several ways; its own label shows which of them it means.
    """
    known = [each for n, each in enumerate(lists) if len(set(each)) == width and each not in lists[:n]]
    values = noted or list(range(width))
    if told:
        values = max([*known, values, list(range(width))], key=lambda each: _agreement(each, told))
        if _agreement(values, told) < MOST_AGREE:
            raise ImportRejected(
                "The ONNX graph's own labels do not follow its scores, so which class a score belongs to cannot be "
                "known: add a model_manifest.json."
            )
    elif len(known) == 1:
        values = known[0]
    if noted and noted != values:
        return [{"value": value, "label": str(label)} for value, label in zip(values, noted, strict=True)]
    return [{"value": value} for value in values]


def _agreement(values: list[Any], told: list[tuple[Any, int]]) -> float:
    """The share of rows whose label is the one in the place of the best score."""
    agree = [type(label) is type(values[best]) and label == values[best] for label, best in told]
    return agree.count(True) / len(agree)


def _class_labels(graph: Any) -> Iterator[list[Any]]:
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name in CLASS_LABELS and (attribute.ints or attribute.strings):
                yield list(attribute.ints) or [text.decode(errors="replace") for text in attribute.strings]
        if node.op_type == "ArrayFeatureExtractor" and node.input[0] in constants:
            found = numpy_helper.to_array(constants[node.input[0]]).ravel().tolist()
            yield [each.decode(errors="replace") if isinstance(each, bytes) else each for each in found]


def _noted(notes: dict[str, str], keys: tuple[str, ...], count: int) -> list[Any] | None:
    """A list of so many different texts or whole numbers in the graph's metadata, as JSON or between commas."""
    for key in keys:
        text = notes.get(key, "")
        try:
            found = strict_json.loads(text.encode())
        except ValueError:
            found = [part.strip() for part in text.split(",")]
        if isinstance(found, dict):
            found = list(found.values())  # {"0": "cat", "1": "dog"}
        if not isinstance(found, list) or len(found) != count:
            continue
        usable = all(isinstance(each, (str, int)) and not isinstance(each, bool) and each != "" for each in found)
        if usable and len({str(each) for each in found}) == count and len({type(each) for each in found}) == 1:
            return found
    return None
