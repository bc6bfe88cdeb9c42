"""ONNX graphs from outside: what they may contain, and how a graph of the author's own is fed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from registry.exceptions import ImportRejected
from registry.signature import Feature, Signature

MAX_BYTES = 200_000_000
DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_TYPES = {1: "f4", 2: "u1", 6: "i4", 7: "i8", 8: "o", 9: "b1", 11: "f8"}


def check(content: bytes) -> Any:
    """The parsed graph. Raises ImportRejected for anything but standard operators with all data inside the file."""
    import onnx

    if len(content) > MAX_BYTES:
        raise ImportRejected(f"The ONNX graph has {len(content)} bytes; at most {MAX_BYTES} are accepted.")
    try:
        graph = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf raises classes of its own
        raise ImportRejected("The ONNX file is damaged.") from error
    parts = list(_parts(graph))
    if graph.functions:
        raise ImportRejected("The ONNX graph defines functions of its own; only standard operators run.")
    foreign = {part.domain for part in parts if isinstance(part, onnx.NodeProto)} - DOMAINS
    if foreign:
        raise ImportRejected(f"The ONNX graph uses operators of {', '.join(sorted(foreign))}; only standard ones run.")
    tensors = [part for part in parts if isinstance(part, onnx.TensorProto)]
    if any(each.external_data or each.data_location == onnx.TensorProto.EXTERNAL for each in tensors):
        raise ImportRejected("The ONNX graph keeps data in another file; put everything into one.")
    try:
        onnx.checker.check_model(content)
    except onnx.checker.ValidationError as error:
        raise ImportRejected("The ONNX graph is not valid: the checker refuses it.") from error
    return graph


def _parts(message: Any) -> Iterator[Any]:
    """Every message inside, at any depth: nodes of subgraphs, tensors of attributes and sparse tensors alike."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if hasattr(value, "__len__") else [value]:
                yield from _parts(part)


class GraphInput(NamedTuple):
    """What a graph must be fed: its name, how its values are written, and its shape; None is a free dimension."""

    name: str
    t: str
    shape: tuple[int | None, ...] | None

    @property
    def width(self) -> int | None:
        """Columns of a table; None when the graph leaves that open."""
        return self.shape[1] if self.shape is not None and len(self.shape) == 2 else None


def inputs_of(graph: Any) -> list[GraphInput]:
    """What has to be fed, in the graph's order. Raises ImportRejected for what nobody can feed row by row."""
    constants = {tensor.name for tensor in graph.initializer}
    fed = [item for item in graph.input if item.name not in constants]
    if unknown := {item.type.tensor_type.elem_type for item in fed} - _TYPES.keys():
        raise ImportRejected(f"The ONNX graph takes inputs of types nobody can enter: {sorted(unknown)}.")
    found = [GraphInput(item.name, _TYPES[item.type.tensor_type.elem_type], _shape(item)) for item in fed]
    for each in found:
        if each.shape is not None and len(each.shape) < 2:
            raise ImportRejected(f"The ONNX input {each.name} must have two dimensions, rows and columns: [None, 1].")
        if each.shape is not None and each.shape[0] is not None:
            count = f"{each.shape[0]} row{'' if each.shape[0] == 1 else 's'}"
            raise ImportRejected(
                f"The ONNX graph takes exactly {count} at a time; leave the first axis free when you export it."
            )
    return found


def _shape(item: Any) -> tuple[int | None, ...] | None:
    tensor = item.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim)


def describe(content: bytes, signature: Signature) -> dict[str, Any]:
    """How to feed an author's own graph: one input per feature by its name, one matrix of all, or one picture.

    Returns {"inputs": {feature: {"name", "t"}}, "scores": output name}; in a matrix each feature has a "column".
    Raises ImportRejected.
    """
    graph = check(content).graph
    given = inputs_of(graph)
    if signature.image is not None:
        if len(given) != 1:
            raise ImportRejected(f"The ONNX graph takes {len(given)} inputs; a picture is one.")
        _check_picture(given[0], signature.picture_shape)
        inputs: dict[str, Any] = {"image": {"name": given[0].name, "t": given[0].t}}
    else:
        inputs = _by_feature(given, [feature.name for feature in signature.features])
        for feature in signature.features:
            _check_type(feature, inputs[feature.name]["t"])
    return {"inputs": inputs, "scores": scores_of(graph)}


def _check_picture(given: GraphInput, described: tuple[int, ...]) -> None:
    if given.shape is None:
        return
    taken = given.shape[1:]
    fits = len(taken) == len(described) and all(a in (None, b) for a, b in zip(taken, described, strict=True))
    if not fits:
        theirs, ours = (" x ".join(str(side or "any") for side in sides) for sides in (taken, described))
        raise ImportRejected(
            f"The ONNX graph takes pictures of the shape {theirs}; the manifest describes {ours} (see layout)."
        )


def _by_feature(given: list[GraphInput], names: list[str]) -> dict[str, Any]:
    by_name = {each.name: each for each in given}
    if set(by_name) == set(names) and all(each.width in (None, 1) for each in given):
        return {name: {"name": name, "t": by_name[name].t} for name in names}
    if len(given) == 1 and given[0].width in (None, len(names)):
        return matrix(given[0], names)
    odd = ", ".join(sorted(set(by_name) ^ set(names))[:5])
    raise ImportRejected(
        "The ONNX graph must take one input per feature, by its name, or one matrix of "
        f"{len(names)} columns. Not so: {odd}."
    )


def matrix(given: GraphInput, names: list[str]) -> dict[str, Any]:
    """How one input takes several features, side by side in their order."""
    return {name: {"name": given.name, "t": given.t, "column": column} for column, name in enumerate(names)}


def _check_type(feature: Feature, t: str) -> None:
    """A value must survive the way into the graph: a text is no number, and a whole number cannot be missing."""
    if (feature.kind == "string") != (t == "o"):
        raise ImportRejected(f"{feature.name}: the graph takes {'texts' if t == 'o' else 'numbers'} for it.")
    if t in ("i8", "i4", "u1", "b1") and (feature.nullable or feature.kind == "number"):
        why = "it may be missing" if feature.nullable else "its dtype is number"
        raise ImportRejected(f"{feature.name}: the graph takes whole numbers for it, and {why}.")


def scores_of(graph: Any) -> str:
    """The name of the one output that holds numbers. Raises ImportRejected."""
    if any(item.type.HasField("sequence_type") for item in graph.output):
        raise ImportRejected(
            "The ONNX graph answers a list of dictionaries (ZipMap), not numbers: convert the model with "
            'options={id(model): {"zipmap": False}}.'
        )
    floats = [item.name for item in graph.output if item.type.tensor_type.elem_type in (1, 11)]
    if len(floats) != 1:
        raise ImportRejected(f"The ONNX graph has {len(floats)} outputs of numbers; exactly one must hold the scores.")
    name: str = floats[0]
    return name


def summary(content: bytes) -> dict[str, Any]:
    """What the version page tells of a graph: who wrote it, for which operators, how many nodes it has."""
    import onnx

    model = onnx.load_model_from_string(content)
    opsets = {each.domain or "ai.onnx": each.version for each in model.opset_import}
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return {"producer": producer[:100].replace("\x00", " "), "opsets": opsets, "nodes": len(model.graph.node)}
