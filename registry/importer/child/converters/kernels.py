"""Support vector machines: the kernel to each support vector, in double precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import DECISIONS, PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported
from registry.importer.child.converters.neighbours import check_size


def _kernel(graph: Graph, estimator: Any, table: Table) -> str:
    """(rows, support vectors)."""
    vectors = np.asarray(estimator.support_vectors_, dtype=np.float64)
    check_size(len(vectors))
    name = graph.matrix(table)
    if estimator.kernel == "rbf":
        return _gauss(graph, name, vectors, float(estimator._gamma))
    product = graph.affine(name, vectors.T)
    if estimator.kernel == "linear":
        return product
    product = graph.op("Mul", product, graph.doubles([float(estimator._gamma)]))
    product = graph.op("Add", product, graph.doubles([float(estimator.coef0)]))
    if estimator.kernel == "sigmoid":
        return graph.op("Tanh", product)
    if estimator.kernel == "poly":
        return graph.op("Pow", product, graph.doubles([float(estimator.degree)]))
    raise Unsupported(f"{type(estimator).__name__} with a kernel of its own has no form here.")


def _gauss(graph: Graph, name: str, vectors: NDArray[np.float64], gamma: float) -> str:
    own = graph.total(graph.op("Mul", name, name))
    cross = graph.affine(name, -2.0 * vectors.T, (vectors**2).sum(axis=1))
    square = graph.op("Max", graph.op("Add", cross, own), graph.doubles([0.0]))
    return graph.op("Exp", graph.op("Mul", square, graph.doubles([-gamma])))


def _weighted(graph: Graph, estimator: Any, table: Table) -> str:
    weights = estimator.dual_coef_
    weights = weights.toarray() if hasattr(weights, "toarray") else np.asarray(weights)
    return graph.affine(_kernel(graph, estimator, table), weights.T, np.ravel(estimator.intercept_))


@writes(VALUES, "SVR", "NuSVR")
def support_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The weighted sum of kernels."""
    return _weighted(graph, estimator, table)


@writes(DECISIONS, "SVC", "NuSVC")
def support_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """Two classes; of several, each against each other is put to the vote."""
    if len(estimator.classes_) > 2:
        return _votes(graph, estimator, _each_pair(graph, estimator, table))
    return _weighted(graph, estimator, table)


def _each_pair(graph: Graph, estimator: Any, table: Table) -> str:
    """(rows, pairs): positive for the first of the two classes."""
    kernel = _kernel(graph, estimator, table)
    counts, weights = estimator.n_support_, np.asarray(estimator.dual_coef_)
    starts = np.cumsum([0, *counts])
    classes = len(counts)
    columns = []
    for first in range(classes):
        for second in range(first + 1, classes):
            column = np.zeros(starts[-1])
            own, other = slice(starts[first], starts[first + 1]), slice(starts[second], starts[second + 1])
            column[own], column[other] = weights[second - 1, own], weights[first, other]
            columns.append(column)
    return graph.affine(kernel, np.stack(columns, axis=1), np.ravel(estimator.intercept_))


def _votes(graph: Graph, estimator: Any, pairs: str) -> str:
    if estimator.decision_function_shape != "ovr":
        raise Unsupported("An SVM that answers one class against one has no form here.")
    classes = len(estimator.classes_)
    places = [(a, b) for a in range(classes) for b in range(a + 1, classes)]
    sums, firsts, seconds = np.zeros((len(places), classes)), *np.zeros((2, len(places), classes))
    for row, (first, second) in enumerate(places):
        sums[row, first], sums[row, second] = 1.0, -1.0
        firsts[row, first] = seconds[row, second] = 1.0
    # a vote for the second class where the first's decision is below zero
    lost = graph.cast(graph.op("Less", pairs, graph.doubles([0.0])))
    won = graph.op("Sub", graph.doubles([1.0]), lost)
    votes = graph.op("Add", graph.affine(won, firsts), graph.affine(lost, seconds))
    confidence = graph.affine(pairs, sums)
    size = graph.op("Add", graph.op("Abs", confidence), graph.doubles([1.0]))
    tie = graph.op("Div", confidence, graph.op("Mul", size, graph.doubles([3.0])))
    return graph.op("Add", votes, tie)


@writes(PROBABILITIES, "SVC", "NuSVC")
def support_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """Of two classes, by the sigmoid that was fitted beside the machine."""
    if len(estimator.classes_) > 2:
        raise Unsupported("Probabilities of an SVM with several classes have no form here.")
    slope, shift = float(estimator.probA_[0]), float(estimator.probB_[0])
    raw = graph.op("Mul", _weighted(graph, estimator, table), graph.doubles([slope]))
    first = graph.sigmoid(graph.op("Add", raw, graph.doubles([-shift])))
    first = graph.op("Max", graph.op("Min", first, graph.doubles([1 - 1e-7])), graph.doubles([1e-7]))
    return graph.joined(_coupled(graph, first))


ROUNDS = 3  # no share takes more than two
NEAR_ENOUGH = 0.0025


def _coupled(graph: Graph, first: str) -> list[str]:
    """What libsvm makes of the pair's shares: it looks for them step by step and stops when it is near enough.

    Wu, Lin and Weng's second method, as in libsvm's multiclass_probability, for two classes.
    """
    second = graph.op("Sub", graph.doubles([1.0]), first)
    own = [graph.op("Mul", each, each) for each in (second, first)]
    across = graph.op("Neg", graph.op("Mul", second, first))
    half = graph.op("Add", graph.op("Mul", first, graph.doubles([0.0])), graph.doubles([0.5]))
    shares = [half, half]
    for _ in range(ROUNDS):
        slopes = [
            graph.op("Add", graph.op("Mul", own[0], shares[0]), graph.op("Mul", across, shares[1])),
            graph.op("Add", graph.op("Mul", across, shares[0]), graph.op("Mul", own[1], shares[1])),
        ]
        total = graph.op("Add", graph.op("Mul", shares[0], slopes[0]), graph.op("Mul", shares[1], slopes[1]))
        errors = [graph.op("Abs", graph.op("Sub", slope, total)) for slope in slopes]
        done = graph.op("Less", graph.op("Max", *errors), graph.doubles([NEAR_ENOUGH]))
        better = _round(graph, shares, slopes, total, own, across)
        shares = [graph.op("Where", done, old, new) for old, new in zip(shares, better, strict=True)]
    return shares


def _round(graph: Graph, shares: list[str], slopes: list[str], total: str, own: list[str], across: str) -> list[str]:
    shares, slopes = list(shares), list(slopes)
    one, two = graph.doubles([1.0]), graph.doubles([2.0])
    for turn, row in enumerate(([own[0], across], [across, own[1]])):
        step = graph.op("Div", graph.op("Sub", total, slopes[turn]), own[turn])
        scale = graph.op("Add", one, step)
        shares[turn] = graph.op("Add", shares[turn], step)
        gain = graph.op("Add", graph.op("Mul", step, own[turn]), graph.op("Mul", two, slopes[turn]))
        total = graph.op("Add", total, graph.op("Mul", step, gain))
        total = graph.op("Div", graph.op("Div", total, scale), scale)
        slopes = [
            graph.op("Div", graph.op("Add", slope, graph.op("Mul", step, each)), scale)
            for slope, each in zip(slopes, row, strict=True)
        ]
        shares = [graph.op("Div", share, scale) for share in shares]
    return shares
