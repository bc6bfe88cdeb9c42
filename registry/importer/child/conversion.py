"""From a fitted model to ONNX, or one sentence why not.

First our own writer, exact in double precision; then, where it does not know a part, skl2onnx. Whether the result may
serve is decided by the comparison, not here.
"""

from typing import Any

from registry.importer.child.converters import Graph, Unsupported, written
from registry.importer.child.converters.graph import MISSING, Table
from registry.importer.child.serving import Model, parts

# skl2onnx compares their doubles as singles: 7 % of the rows differ by more than 1e-5, without any error.
DOUBLE_TREES = ("HistGradientBoosting", "LGBM")
Payload = dict[str, Any]


class NotConvertible(Exception):
    """The reason, in one sentence."""


def convert(model: Model, payload: Payload) -> Payload:
    """ONNX bytes, the graph's inputs by feature, and the name of its scores. Raises NotConvertible."""
    try:
        return _written(model, payload)
    except MemoryError:
        raise
    except Unsupported as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # of attributes that another version does not have
        reason = f"{type(error).__name__}: {error}"
    if model.steps or model.scores == "label":
        raise _not(reason)
    for each in parts(model.estimator):
        if type(each).__name__.startswith(DOUBLE_TREES):
            raise _not(reason)
    from registry.importer.child import conversion_skl2onnx  # which few models need, and which takes a second

    try:
        return conversion_skl2onnx.convert(model, payload)
    except MemoryError:
        raise
    except Exception as error:  # converters raise whatever they like
        raise _not(f"{reason} Nor by skl2onnx: {type(error).__name__}: {error}") from error


def _not(reason: str) -> NotConvertible:
    return NotConvertible(f"It cannot be converted: {' '.join(reason.split())[:300]}")


def _written(model: Model, payload: Payload) -> Payload:
    """By our own writer. Raises Unsupported, and whatever an unexpected attribute raises."""
    graph = Graph()
    if "image" in payload:
        if len(payload["image"]) != 1:
            raise Unsupported("Pictures of several dimensions have no form here.")
        table, described = graph.input("image", width=payload["image"][0]), {"image": {"name": "image", "t": "f8"}}
    else:
        table, described = _table(graph, model, payload)
    steps = list(zip(model.steps, _places(model, payload), strict=True))
    onnx = written(graph, steps, model.estimator, table, model.scores)
    return {"onnx": onnx.SerializeToString(), "inputs": described, "scores": onnx.graph.output[0].name}


def _table(graph: Graph, model: Model, payload: Payload) -> tuple[Table, Payload]:
    """The columns in the model's order: all numbers from one input, each text from one of its own."""
    features = {each["name"]: each for each in payload["features"]}
    order = model.names or list(features)
    texts = {name for name in order if features[name]["t"] == "o" and features[name].get("kind") != "boolean"}
    numbers = [name for name in order if name not in texts]
    matrix = graph.input("numbers", width=len(numbers)) if numbers else []
    table: Table = []
    described: Payload = {}
    for index, name in enumerate(order):
        if name in texts:
            table += graph.input(f"text_{index}", text=True)
            described[name] = {"name": f"text_{index}", "t": "o", "missing": MISSING}
        else:
            place = numbers.index(name)
            table.append(matrix[place])
            described[name] = {"name": "numbers", "t": "f8", "column": place}
    return table, described


def _places(model: Model, payload: Payload) -> list[list[int] | None]:
    """For each step before the model, the columns that it transforms in their place; None is all of them."""
    order = model.names or [each["name"] for each in payload.get("features", ())]
    return [None if chosen is None else [order.index(name) for name in chosen] for chosen in model.step_columns]
