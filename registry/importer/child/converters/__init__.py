"""Our own ONNX graphs of fitted scikit-learn models, exact in double precision; one module a family.

skl2onnx's operators compute in single precision at many places, which the comparison with the original rightly
refuses. Here every number is a double, thresholds of trees included. A model with a part that is not written here is
left to skl2onnx by registry.importer.child.conversion.
"""

from typing import Any

from onnx import ModelProto

from registry.importer.child.converters import (  # noqa: F401  # each registers its estimators
    boosters,
    calibration,
    category_encoders,
    composition,
    encoders,
    ensembles,
    forests,
    histograms,
    imputation,
    kernels,
    linear,
    mixing,
    neighbours,
    networks,
    scaling,
)
from registry.importer.child.converters.dispatch import labels, probabilities, transform, values
from registry.importer.child.converters.graph import Graph, Table, Unsupported

__all__ = ["Graph", "Table", "Unsupported", "written"]

Step = tuple[Any, list[int] | None]
ANSWERS = {"probability": probabilities, "label": labels, "value": values}


def written(graph: Graph, steps: list[Step], estimator: Any, table: Table, scores: str) -> ModelProto:
    """The whole model with one output of doubles: (rows, classes), or (rows, 1) for a value.

    `steps`: transformers before it, each with the columns it transforms in their place, or None for all of them;
    `scores`: probability, label or value. Raises Unsupported.
    """
    for step, places in steps:
        table = transform(graph, step, table) if places is None else _replaced(graph, step, table, places)
    width = 1 if scores == "value" else len(estimator.classes_)
    return graph.model(ANSWERS[scores](graph, estimator, table), width)


def _replaced(graph: Graph, step: Any, table: Table, places: list[int]) -> Table:
    found = transform(graph, step, [table[place] for place in places])
    if len(found) != len(places):
        raise Unsupported("A step does not make one column of each of its columns.")
    new = dict(zip(places, found, strict=True))
    return [new.get(place, column) for place, column in enumerate(table)]
