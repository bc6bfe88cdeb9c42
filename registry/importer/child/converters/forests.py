"""scikit-learn's classic trees: alone, in forests, boosted by gradients, boosted by weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import DECISIONS, PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported
from registry.importer.child.converters.trees import of_sklearn, single, summed
from registry.importer.child.node_arrays import Tree

Doubles = NDArray[np.float64]


def _values(tree: Any) -> Doubles:
    """(nodes, outputs) of a tree of one target."""
    if tree.n_outputs != 1:
        raise Unsupported("A tree of several targets has no form here.")
    found: Doubles = np.asarray(tree.value[:, 0, :], dtype=np.float64)
    return found


def _shares(tree: Any) -> Doubles:
    """Of each node, the classes' shares."""
    values = _values(tree)
    total = values.sum(axis=1, keepdims=True)
    return values / np.where(total == 0, 1.0, total)


@writes(PROBABILITIES, "DecisionTreeClassifier", "ExtraTreeClassifier")
def tree_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The shares in the leaf."""
    return _whole(graph, summed(graph, single(graph, table), [_without_first(estimator.tree_)]))


def _without_first(tree: Any) -> Tree:
    """With the shares of all classes but the first, which has what is left: the graph is that much smaller."""
    return of_sklearn(tree, _shares(tree)[:, 1:])


def _whole(graph: Graph, shares: str) -> str:
    left = graph.op("Sub", graph.doubles([1.0]), graph.total(shares))
    return graph.joined([left, shares])


@writes(VALUES, "DecisionTreeRegressor", "ExtraTreeRegressor")
def tree_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The value of the leaf."""
    return summed(graph, single(graph, table), [of_sklearn(estimator.tree_, _values(estimator.tree_))])


@writes(PROBABILITIES, "RandomForestClassifier", "ExtraTreesClassifier", "BalancedRandomForestClassifier")
def forest_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean of the trees' shares."""
    trees = [each.tree_ for each in estimator.estimators_]
    if any(len(each.classes_) != len(estimator.classes_) for each in estimator.estimators_):
        raise Unsupported("A tree of the forest knows fewer classes than the forest.")
    total = summed(graph, single(graph, table), [_without_first(each) for each in trees])
    return _whole(graph, graph.op("Div", total, graph.doubles([len(trees)])))


@writes(VALUES, "RandomForestRegressor", "ExtraTreesRegressor")
def forest_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean of the trees' values."""
    trees = [each.tree_ for each in estimator.estimators_]
    total = summed(graph, single(graph, table), [of_sklearn(each, _values(each)) for each in trees])
    return graph.op("Div", total, graph.doubles([len(trees)]))


def _boosted(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum, (rows, trees of one round)."""
    if estimator.init_ != "zero" and not type(estimator.init_).__name__.startswith("Dummy"):
        raise Unsupported("Gradient boosting that starts from another model has no form here.")
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), dtype=np.float32))
    rounds = np.asarray(estimator.estimators_, dtype=object)
    trees = []
    for (_, output), each in np.ndenumerate(rounds):
        values = np.zeros((each.tree_.node_count, rounds.shape[1]))
        values[:, output] = estimator.learning_rate * _values(each.tree_)[:, 0]
        trees.append(of_sklearn(each.tree_, values))
    return graph.op("Add", summed(graph, single(graph, table), trees), graph.doubles(start))


@writes(VALUES, "GradientBoostingRegressor")
def boosted_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum."""
    return _boosted(graph, estimator, table)


@writes(DECISIONS, "GradientBoostingClassifier")
def boosted_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum."""
    return _boosted(graph, estimator, table)


@writes(PROBABILITIES, "GradientBoostingClassifier")
def boosted_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum through the inverse link of the loss."""
    raw = _boosted(graph, estimator, table)
    if len(estimator.classes_) > 2:
        return graph.softmax(raw)
    if estimator.loss == "exponential":
        raw = graph.op("Mul", raw, graph.doubles([2.0]))
    return graph.two(graph.sigmoid(raw))


@writes(DECISIONS, "AdaBoostClassifier")
def weighted_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """Weighted votes of trees; with two classes those for the second."""
    if getattr(estimator, "algorithm", "SAMME") == "SAMME.R":
        raise Unsupported("AdaBoost by SAMME.R has no form here.")
    classes = list(estimator.classes_)
    trees = []
    for each, weight in zip(estimator.estimators_, estimator.estimator_weights_, strict=False):
        if type(each).__name__ not in {"DecisionTreeClassifier", "ExtraTreeClassifier"}:
            raise Unsupported(f"AdaBoost of {type(each).__name__} has no form here.")
        own = [classes.index(each_class) for each_class in each.classes_]
        votes = np.full((each.tree_.node_count, len(classes)), -weight / (len(classes) - 1))
        votes[np.arange(len(votes)), np.array(own)[_values(each.tree_).argmax(axis=1)]] = weight
        trees.append(of_sklearn(each.tree_, votes / estimator.estimator_weights_.sum()))
    total = summed(graph, single(graph, table), trees)
    if len(classes) > 2:
        return total
    return graph.affine(total, np.array([[-1.0], [1.0]]))


@writes(PROBABILITIES, "AdaBoostClassifier")
def weighted_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The softmax of the votes."""
    votes, classes = weighted_decision(graph, estimator, table), len(estimator.classes_)
    if classes == 2:
        return graph.softmax(graph.affine(votes, np.array([[-0.5, 0.5]])))
    return graph.softmax(graph.op("Div", votes, graph.doubles([classes - 1])))
