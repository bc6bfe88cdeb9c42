"""Transformers whose outputs mix columns: principal components, polynomials."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import TRANSFORMS, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported, table_of

HIGHEST = 4


@writes(TRANSFORMS, "PCA", "IncrementalPCA")
def components(graph: Graph, estimator: Any, table: Table) -> Table:
    """(x - mean) @ components, each by its deviation where it whitens."""
    name = graph.matrix(table)
    if estimator.mean_ is not None:
        name = graph.op("Sub", name, graph.doubles(estimator.mean_))
    name = graph.affine(name, estimator.components_.T)
    if estimator.whiten:
        scale = np.sqrt(estimator.explained_variance_)
        smallest = np.finfo(scale.dtype).eps
        name = graph.op("Div", name, graph.doubles(np.maximum(scale, smallest)))
    return table_of(name, len(estimator.components_))


@writes(TRANSFORMS, "TruncatedSVD")
def singular(graph: Graph, estimator: Any, table: Table) -> Table:
    """x @ components."""
    return table_of(graph.affine(graph.matrix(table), estimator.components_.T), len(estimator.components_))


@writes(TRANSFORMS, "PolynomialFeatures")
def polynomial(graph: Graph, estimator: Any, table: Table) -> Table:
    """Products of as many columns as the degree, a column of ones filling up."""
    powers = np.asarray(estimator.powers_)
    highest = int(powers.sum(axis=1).max())
    if highest > HIGHEST:
        raise Unsupported(f"PolynomialFeatures of degree {highest} has no form here.")
    name, width = graph.matrix(table), powers.shape[1]
    name = graph.joined([name, graph.rows_of(np.ones(1), name)])
    factors = np.full((len(powers), max(highest, 1)), width)
    for row, each in enumerate(powers):
        used = np.repeat(np.arange(width), each)
        factors[row, : len(used)] = used
    made = graph.op("Gather", name, graph.constant(factors[:, 0]), axis=1)
    for column in factors.T[1:]:
        made = graph.op("Mul", made, graph.op("Gather", name, graph.constant(column), axis=1))
    return table_of(made, len(powers))
