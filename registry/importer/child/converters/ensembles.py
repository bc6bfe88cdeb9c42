"""Models made of models: votes, stacks, bags, one against the rest."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import (
    DECISIONS,
    PROBABILITIES,
    VALUES,
    decision,
    labels,
    probabilities,
    values,
    writes,
)
from registry.importer.child.converters.graph import Graph, Table, Unsupported, table_of


def _average(graph: Graph, names: list[str], weights: Any = None) -> str:
    shares = np.ones(len(names)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = graph.op("Mul", names[0], graph.doubles([shares[0]]))
    for name, share in zip(names[1:], shares[1:], strict=True):
        total = graph.op("Add", total, graph.op("Mul", name, graph.doubles([share])))
    return graph.op("Div", total, graph.doubles([shares.sum()]))


@writes(PROBABILITIES, "VotingClassifier")
def vote(graph: Graph, estimator: Any, table: Table) -> str:
    """The weighted mean of probabilities."""
    names = [probabilities(graph, each, table) for each in estimator.estimators_]
    return _average(graph, names, estimator._weights_not_none)


@writes(VALUES, "VotingRegressor")
def mean(graph: Graph, estimator: Any, table: Table) -> str:
    """The weighted mean of values."""
    names = [values(graph, each, table) for each in estimator.estimators_]
    return _average(graph, names, estimator._weights_not_none)


def _stacked(graph: Graph, estimator: Any, table: Table) -> Table:
    """What the last model sees: the answers of the others, and the columns where they are passed through."""
    classes = len(getattr(estimator, "classes_", ()))
    made: Table = []
    for each, method in zip(estimator.estimators_, estimator.stack_method_, strict=True):
        if method == "predict_proba":
            name = probabilities(graph, each, table)
            if classes == 2:  # the first says what the second says
                made += table_of(graph.op("Gather", name, graph.constant([1]), axis=1), 1)
            else:
                made += table_of(name, classes)
        elif method == "decision_function":
            made += table_of(decision(graph, each, table), 1 if classes == 2 else classes)
        elif not classes:
            made += table_of(values(graph, each, table), 1)
        else:
            raise Unsupported("A stack of labels has no form here.")
    return made + (table if estimator.passthrough else [])


@writes(PROBABILITIES, "StackingClassifier")
def stack_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The last model's answer to the others' answers."""
    return probabilities(graph, estimator.final_estimator_, _stacked(graph, estimator, table))


@writes(DECISIONS, "StackingClassifier")
def stack_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """The last model's answer to the others' answers."""
    return decision(graph, estimator.final_estimator_, _stacked(graph, estimator, table))


@writes(VALUES, "StackingRegressor")
def stack_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The last model's answer to the others' answers."""
    return values(graph, estimator.final_estimator_, _stacked(graph, estimator, table))


def _bag(graph: Graph, estimator: Any, table: Table) -> list[tuple[Any, Table]]:
    found = []
    for each, chosen in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        found.append((each, [table[column] for column in np.asarray(chosen).tolist()]))
    return found


@writes(PROBABILITIES, "BaggingClassifier")
def bag_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean of probabilities, each over the classes its own sample had; of labels where it has none."""
    names = []
    for each, own in _bag(graph, estimator, table):
        asked = probabilities if hasattr(each, "predict_proba") else labels
        name = asked(graph, each, own)
        if len(each.classes_) != estimator.n_classes_:
            place = np.eye(estimator.n_classes_)[np.asarray(each.classes_, dtype=int)]
            name = graph.affine(name, place)
        names.append(name)
    return _average(graph, names)


@writes(VALUES, "BaggingRegressor")
def bag_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean of values."""
    return _average(graph, [values(graph, each, own) for each, own in _bag(graph, estimator, table)])


@writes(PROBABILITIES, "OneVsRestClassifier")
def one_against_the_rest(graph: Graph, estimator: Any, table: Table) -> str:
    """Each class by its own model, made to add up to one."""
    if estimator.multilabel_:
        raise Unsupported("Several labels a row have no form here.")
    names = [
        graph.op("Gather", probabilities(graph, each, table), graph.constant([1]), axis=1)
        for each in estimator.estimators_
    ]
    if len(names) == 1:
        return graph.two(names[0])
    joined = graph.joined(names)
    return graph.op("Div", joined, graph.total(joined))
