"""ColumnTransformer, FeatureUnion, and transformers that only choose columns."""

from dataclasses import replace
from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import TRANSFORMS, transform, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported, table_of
from registry.importer.child.tracing import indices


@writes(TRANSFORMS, "ColumnTransformer")
def column_transformer(graph: Graph, estimator: Any, table: Table) -> Table:
    """Its parts side by side, in its own order."""
    made: Table = []
    weights = estimator.transformer_weights or {}
    for name, part, chosen in estimator.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        picked = indices(estimator, chosen, len(table))
        if picked:
            made += _weighted(graph, transform(graph, part, [table[index] for index in picked]), weights.get(name))
    return [replace(column, sparse=bool(estimator.sparse_output_)) for column in made]


@writes(TRANSFORMS, "FeatureUnion")
def feature_union(graph: Graph, estimator: Any, table: Table) -> Table:
    """Each transformer sees all columns."""
    made: Table = []
    weights = estimator.transformer_weights or {}
    for name, part in estimator.transformer_list:
        if not (isinstance(part, str) and part == "drop"):
            made += _weighted(graph, transform(graph, part, table), weights.get(name))
    return made


def _weighted(graph: Graph, table: Table, weight: float | None) -> Table:
    if weight is None:
        return table
    return table_of(graph.op("Mul", graph.matrix(table), graph.doubles([weight])), len(table))


@writes(
    TRANSFORMS,
    "SelectKBest",
    "SelectPercentile",
    "SelectFpr",
    "SelectFdr",
    "SelectFwe",
    "GenericUnivariateSelect",
    "SelectFromModel",
    "SequentialFeatureSelector",
    "VarianceThreshold",
    "RFE",
    "RFECV",
)
def selection(graph: Graph, estimator: Any, table: Table) -> Table:
    """The columns that were chosen in training."""
    chosen = np.flatnonzero(estimator.get_support()).tolist()
    if not chosen:
        raise Unsupported(f"{type(estimator).__name__} chose no column.")
    return [table[index] for index in chosen]
