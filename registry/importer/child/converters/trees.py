"""Trees, exact: thresholds and leaves stay doubles, in one operator for a whole ensemble.

The operator adds up in double precision and answers in single. Each leaf therefore has two weights for an output: a
multiple of a step so coarse that the sum of all trees has 24 bits, and the small rest; their sums are added as doubles.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from registry.importer.child.converters.graph import Graph, Table
from registry.importer.child.node_arrays import Tree

Doubles = NDArray[np.float64]
BITS = 22  # of a sum that single precision holds without loss, one bit kept for the rounding of each leaf


def of_sklearn(tree: Any, values: Doubles) -> Tree:
    """A `tree_` with values of (nodes, outputs)."""
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count, dtype=bool))
    return Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, missing, values)


def single(graph: Graph, table: Table) -> str:
    """The columns as scikit-learn's trees see them: rounded to single precision."""
    return graph.cast(graph.cast(graph.matrix(table), TensorProto.FLOAT))


def summed(graph: Graph, name: str, trees: Sequence[Tree]) -> str:
    """The sum of all trees' answers for the columns of a tensor of doubles, shape (rows, outputs)."""
    outputs = trees[0].values.shape[1]
    coarse, fine = _two_weights(trees)
    leaves = [tree.leaves for tree in trees]
    weights = np.concatenate([coarse, fine], axis=1)  # (leaves, 2 * outputs)
    found = graph.op(
        "TreeEnsembleRegressor",
        name,
        ml=True,
        n_targets=2 * outputs,
        target_treeids=np.repeat(np.arange(len(trees)), [2 * outputs * len(each) for each in leaves]),
        target_nodeids=np.repeat(np.concatenate(leaves), 2 * outputs),
        target_ids=np.tile(np.arange(2 * outputs), len(weights)),
        target_weights_as_tensor=_tensor(weights.ravel(), "weights"),
        **_nodes(trees),
    )
    sums = graph.cast(found)
    both = (graph.op("Gather", sums, graph.constant(half), axis=1) for half in _halves(outputs))
    return graph.op("Add", *both)


def with_sets(graph: Graph, name: str, width: int, trees: Sequence[Tree]) -> tuple[str, list[Tree]]:
    """Splits by sets of categories as columns behind the others: 0 where a row goes left, 1 where it goes right.

    Each is looked up by the row's category, and equal ones share a column. Returns the tensor and the trees that test
    those columns.
    """
    rows: dict[int, dict[bytes, NDArray[np.float64]]] = {}
    for tree in trees:
        for node, left in tree.sets:
            rows.setdefault(int(tree.feature[node]), {})[left.tobytes()] = (~left).astype(np.float64)
    pieces = [name]
    places: dict[tuple[int, bytes], int] = {}
    for feature, known in rows.items():
        places |= {(feature, key): width + len(places) + number for number, key in enumerate(known)}
        pieces.append(_by_category(graph, name, feature, list(known.values())))
    return graph.joined(pieces), [_placed(tree, places) for tree in trees]


def _by_category(graph: Graph, name: str, feature: int, rows: list[Doubles]) -> str:
    codes = max(map(len, rows)) - 1
    table = np.stack([np.append(row[:-1], np.full(codes + 2 - len(row), row[-1])) for row in rows], axis=1)
    value = graph.op("Gather", name, graph.constant([feature]), axis=1)
    inside = graph.op("Greater", value, graph.doubles([-1.0]))  # false for NaN; whole numbers are cut, not rounded
    code = graph.op("Where", inside, graph.op("Min", value, graph.doubles([codes])), graph.doubles([codes]))
    found = graph.op("Gather", graph.doubles(table), graph.whole(code))
    return graph.op("Squeeze", found, graph.constant([1]))


def _placed(tree: Tree, places: dict[tuple[int, bytes], int]) -> Tree:
    if not tree.sets:
        return tree
    feature, threshold = tree.feature.copy(), tree.threshold.copy()
    for node, left in tree.sets:
        feature[node] = places[int(tree.feature[node]), left.tobytes()]
        threshold[node] = 0.5
    return replace(tree, feature=feature, threshold=threshold, sets=())


def _halves(outputs: int) -> tuple[list[int], list[int]]:
    return list(range(outputs)), list(range(outputs, 2 * outputs))


def _two_weights(trees: Sequence[Tree]) -> tuple[Doubles, Doubles]:
    leaves = [tree.values[tree.leaves] for tree in trees]
    largest = np.sum([np.abs(each).max(axis=0) for each in leaves], axis=0)
    step = 2.0 ** (np.ceil(np.log2(np.maximum(largest, 1e-300))) - BITS)
    values = np.concatenate(leaves)
    coarse = np.round(values / step) * step
    return coarse, values - coarse


def _nodes(trees: Sequence[Tree]) -> dict[str, Any]:
    """The attributes that say how the trees branch."""
    leaf = np.concatenate([tree.left < 0 for tree in trees])

    def inner(values: Iterable[NDArray[Any]]) -> NDArray[Any]:
        return np.where(leaf, 0, np.concatenate(list(values)))

    return {
        "nodes_treeids": np.repeat(np.arange(len(trees)), [len(tree.left) for tree in trees]),
        "nodes_nodeids": np.concatenate([np.arange(len(tree.left)) for tree in trees]),
        "nodes_featureids": inner(tree.feature for tree in trees).astype(np.int64),
        "nodes_modes": np.where(leaf, b"LEAF", b"BRANCH_LT" if trees[0].strict else b"BRANCH_LEQ"),
        "nodes_truenodeids": inner(tree.left for tree in trees).astype(np.int64),
        "nodes_falsenodeids": inner(tree.right for tree in trees).astype(np.int64),
        "nodes_missing_value_tracks_true": inner(tree.missing_left for tree in trees).astype(np.int64),
        "nodes_values_as_tensor": _tensor(inner(tree.threshold for tree in trees).astype(np.float64), "thresholds"),
    }


def _tensor(values: Doubles, name: str) -> TensorProto:
    return numpy_helper.from_array(values, name)
