"""ONNX graphs from outside: what they may contain, and how a graph of the author's own is fed."""

from collections.abc import Iterator
from typing import Any

from registry.exceptions import ImportRejected
from registry.signature import Signature

MAX_BYTES = 200_000_000
DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_TYPES = {1: "f4", 11: "f8", 7: "i8", 9: "b1", 8: "o"}


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


def describe(content: bytes, signature: Signature) -> dict[str, Any]:
    """How to feed an author's own graph: one input per feature by its name, or one picture.

    Returns {"inputs": {feature: {"name", "t"}}, "scores": output name}. Raises ImportRejected.
    """
    graph = check(content).graph
    constants = {tensor.name for tensor in graph.initializer}
    given = {item.name: item.type.tensor_type.elem_type for item in graph.input if item.name not in constants}
    if unknown := {kind for kind in given.values() if kind not in _TYPES}:
        raise ImportRejected(f"The ONNX graph takes inputs of types nobody can enter: {sorted(unknown)}.")
    if signature.image is not None:
        if len(given) != 1:
            raise ImportRejected(f"The ONNX graph takes {len(given)} inputs; a picture is one.")
        name, kind = next(iter(given.items()))
        inputs = {"image": {"name": name, "t": _TYPES[kind]}}
    else:
        names = {feature.name for feature in signature.features}
        if set(given) != names:
            odd = ", ".join(sorted(set(given) ^ names)[:5])
            raise ImportRejected(f"The ONNX graph must take one input per feature, by its name. Not so: {odd}.")
        inputs = {name: {"name": name, "t": _TYPES[kind]} for name, kind in given.items()}
    return {"inputs": inputs, "scores": _scores(graph)}


def _scores(graph: Any) -> str:
    floats = [item.name for item in graph.output if item.type.tensor_type.elem_type in (1, 11)]
    if len(floats) != 1:
        raise ImportRejected(f"The ONNX graph has {len(floats)} outputs of numbers; exactly one must hold the scores.")
    name: str = floats[0]
    return name
