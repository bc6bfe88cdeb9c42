"""HistGradientBoosting, exact: it splits on doubles, sends missing values a way of their own, splits by categories."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import DECISIONS, PROBABILITIES, VALUES, transform, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported
from registry.importer.child.converters.trees import summed, with_sets
from registry.importer.child.node_arrays import Tree

CODES = 256  # categories are whole numbers below it


def _raw(graph: Graph, estimator: Any, table: Table) -> str:
    """The sum of all rounds and the baseline, (rows, trees of one round)."""
    preprocessor = getattr(estimator, "_preprocessor", None)
    if preprocessor is not None:  # puts its own codes of categories first
        table = transform(graph, preprocessor, table)
    name = graph.matrix(table)
    outputs = estimator.n_trees_per_iteration_
    known, places = estimator._bin_mapper.make_known_categories_bitsets()
    trees = [
        _tree(predictor, known, places, output, outputs)
        for stage in estimator._predictors
        for output, predictor in enumerate(stage)
    ]
    baseline = np.reshape(estimator._baseline_prediction, (1, -1))
    total = summed(graph, *with_sets(graph, name, len(table), trees))
    return graph.op("Add", total, graph.doubles(baseline))


def _members(bits: NDArray[Any]) -> NDArray[np.bool_]:
    """Of eight words of 32 bits: whether each of 256 codes is in the set."""
    codes = np.arange(CODES)
    found: NDArray[np.bool_] = (np.asarray(bits)[codes // 32] >> (codes % 32).astype(np.uint32)) & 1 == 1
    return found


def _tree(predictor: Any, known: NDArray[Any], places: NDArray[Any], output: int, outputs: int) -> Tree:
    nodes = predictor.nodes
    values = np.zeros((len(nodes), outputs))
    values[:, output] = nodes["value"]
    sets = []
    for number in np.flatnonzero((nodes["is_categorical"] == 1) & (nodes["is_leaf"] == 0)).tolist():
        node = nodes[number]
        chosen, missing = _members(predictor.raw_left_cat_bitsets[node["bitset_idx"]]), node["missing_go_to_left"] == 1
        seen = _members(known[places[node["feature_idx"]]])  # an unknown category counts as missing
        sets.append((number, np.append(np.where(seen | chosen, chosen, missing), missing)))
    return Tree(
        feature=nodes["feature_idx"].astype(int),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=np.where(nodes["is_leaf"] == 1, -1, nodes["left"].astype(int)),
        right=nodes["right"].astype(int),
        missing_left=nodes["missing_go_to_left"] == 1,
        values=values,
        sets=tuple(sets),
    )


@writes(VALUES, "HistGradientBoostingRegressor")
def histogram_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum through the inverse link of the loss."""
    raw, link = _raw(graph, estimator, table), type(estimator._loss.link).__name__
    if link not in {"IdentityLink", "LogLink"}:
        raise Unsupported(f"HistGradientBoostingRegressor with {link} has no form here.")
    return raw if link == "IdentityLink" else graph.op("Exp", raw)


@writes(DECISIONS, "HistGradientBoostingClassifier")
def histogram_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum."""
    return _raw(graph, estimator, table)


@writes(PROBABILITIES, "HistGradientBoostingClassifier")
def histogram_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """The sigmoid or softmax of the raw sum."""
    raw = _raw(graph, estimator, table)
    return graph.softmax(raw) if len(estimator.classes_) > 2 else graph.two(graph.sigmoid(raw))
