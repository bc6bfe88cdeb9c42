"""Perceptrons of several layers, and constant answers."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported


def _layers(graph: Graph, estimator: Any, table: Table) -> str:
    name = graph.matrix(table)
    last = len(estimator.coefs_) - 1
    for layer, (weights, shift) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        name = graph.affine(name, weights, shift)
        name = _activated(graph, name, estimator.activation if layer < last else estimator.out_activation_)
    return name


def _activated(graph: Graph, name: str, activation: str) -> str:
    if activation == "identity":
        return name
    if activation == "logistic":
        return graph.sigmoid(name)
    operators = {"relu": "Relu", "tanh": "Tanh", "exp": "Exp"}
    if activation == "softmax":
        return graph.softmax(name)
    if activation not in operators:
        raise Unsupported(f"The activation {activation} has no form here.")
    return graph.op(operators[activation], name)


@writes(VALUES, "MLPRegressor")
def network_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The last layer."""
    return _layers(graph, estimator, table)


@writes(PROBABILITIES, "MLPClassifier")
def network_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The last layer, and with two classes what is left to one."""
    name = _layers(graph, estimator, table)
    return graph.two(name) if len(estimator.classes_) == 2 else name


@writes(VALUES, "DummyRegressor")
def constant_value(graph: Graph, estimator: Any, table: Table) -> str:
    """The same for everybody."""
    return graph.rows_of(np.ravel(estimator.constant_), table[0].tensor)


@writes(PROBABILITIES, "DummyClassifier")
def constant_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The same for everybody, unless it draws lots."""
    if estimator.strategy not in {"prior", "most_frequent", "constant"}:
        raise Unsupported(f"DummyClassifier with the strategy {estimator.strategy} has no form here.")
    return graph.rows_of(estimator.predict_proba(np.zeros((1, 1)))[0], table[0].tensor)
