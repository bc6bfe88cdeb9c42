"""Nearest neighbours: all training rows are in the graph, as they are in the original file."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported

LARGEST = 3_000  # rows: 5 000 questions at once make a table of 120 MB of distances


def check_size(rows: int) -> None:
    """Raises Unsupported where the distances to all rows would fill the memory."""
    if rows > LARGEST:
        raise Unsupported(f"It compares with {rows} rows; a graph does so with at most {LARGEST}.")


def nearest(graph: Graph, distances: str, count: int) -> tuple[str, str]:
    """The smallest distances and their places, (rows, count) each."""
    near = graph.op("TopK", distances, graph.constant([count]), outputs=2, largest=0, axis=1)
    return near, f"{near}_1"


def weighted_mean(graph: Graph, values: str, distances: str, usable: str | None, weights: str) -> str:
    """(rows, 1): the mean of (rows, count), by 1 / distance where so asked; a distance of zero outweighs all others."""
    weight = _weights(graph, distances, weights)
    if usable is not None:
        weight = graph.op("Mul", weight, graph.cast(usable))
    total = graph.total(weight)
    total = graph.op("Where", graph.op("Equal", total, graph.doubles([0.0])), graph.doubles([1.0]), total)
    return graph.op("Div", graph.total(graph.op("Mul", values, weight)), total)


def _weights(graph: Graph, distances: str, weights: str) -> str:
    zero = graph.op("Equal", distances, graph.doubles([0.0]))
    if weights == "uniform":
        return graph.op("Add", graph.op("Mul", graph.cast(zero), graph.doubles([0.0])), graph.doubles([1.0]))
    same = graph.cast(zero)
    some = graph.op("Greater", graph.total(same), graph.doubles([0.0]))
    inverse = graph.op("Div", graph.doubles([1.0]), graph.op("Where", zero, graph.doubles([1.0]), distances))
    return graph.op("Where", some, same, inverse)


def _found(graph: Graph, estimator: Any, table: Table) -> tuple[str, str]:
    """Distances to the neighbours and their rows' numbers."""
    euclidean = estimator.effective_metric_ == "euclidean" or (
        estimator.effective_metric_ == "minkowski" and estimator.effective_metric_params_.get("p", 2) == 2
    )
    if not euclidean or estimator.weights not in {"uniform", "distance"}:
        raise Unsupported(f"{type(estimator).__name__} with a metric or weights of its own has no form here.")
    rows = np.asarray(estimator._fit_X, dtype=np.float64)
    check_size(len(rows))
    name = graph.matrix(table)
    # |x - y|² less |x|², which orders the rows alike; the few that are found are measured again
    ranks = graph.affine(name, -2.0 * rows.T, (rows**2).sum(axis=1))
    _, found = nearest(graph, ranks, estimator.n_neighbors)
    theirs = graph.op("Gather", graph.doubles(rows), found)
    offset = graph.op("Sub", theirs, graph.op("Unsqueeze", name, graph.constant([1])))
    return graph.total(offset, axis=2, keep=False, kind="ReduceL2"), found


@writes(VALUES, "KNeighborsRegressor")
def neighbour_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean of the neighbours' values."""
    targets = np.asarray(estimator._y, dtype=np.float64)
    if targets.ndim > 1 and targets.shape[1] > 1:
        raise Unsupported("KNeighborsRegressor of several targets has no form here.")
    distances, found = _found(graph, estimator, table)
    theirs = graph.op("Gather", graph.doubles(targets.ravel()), found)
    return weighted_mean(graph, theirs, distances, None, estimator.weights)


@writes(PROBABILITIES, "KNeighborsClassifier")
def neighbour_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The neighbours' shares of each class."""
    if estimator.outputs_2d_:
        raise Unsupported("KNeighborsClassifier of several targets has no form here.")
    distances, found = _found(graph, estimator, table)
    own = np.ravel(estimator._y)
    shares = []
    for number in range(len(estimator.classes_)):
        theirs = graph.op("Gather", graph.doubles((own == number).astype(float)), found)
        shares.append(weighted_mean(graph, theirs, distances, None, estimator.weights))
    return graph.joined(shares)
