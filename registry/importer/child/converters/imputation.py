"""Imputers: statistics and neighbours, for numbers and for texts, with indicators of what was missing."""

from itertools import groupby
from typing import Any

import numpy as np
from onnx import TensorProto

from registry.importer.child.converters.dispatch import TRANSFORMS, writes
from registry.importer.child.converters.graph import MISSING, Graph, Table, Unsupported, table_of
from registry.importer.child.converters.neighbours import check_size, nearest, weighted_mean


def absent(graph: Graph, name: str, missing_values: Any, *, text: bool) -> str:
    """Whether each value of a tensor is missing, as truth values."""
    if text:
        if not _is_nothing(missing_values):
            raise Unsupported("An imputer of texts that replaces a certain text has no form here.")
        code = graph.op("LabelEncoder", name, ml=True, keys_strings=[MISSING], values_int64s=[1], default_int64=0)
        return graph.cast(code, TensorProto.BOOL)
    if isinstance(missing_values, (int, float)) and not _is_nothing(missing_values):
        return graph.op("Equal", name, graph.doubles([missing_values]))
    return graph.op("IsNaN", name)


def _is_nothing(value: Any) -> bool:
    return value is None or bool(value != value)  # noqa: PLR0124  # NaN


@writes(TRANSFORMS, "SimpleImputer")
def statistics(graph: Graph, estimator: Any, table: Table) -> Table:
    """The statistic where a value is missing; columns without any value in training are dropped; then indicators."""
    made: Table = []
    pairs = [(each, fill) for each, fill in zip(table, estimator.statistics_, strict=True) if not _is_nothing(fill)]
    for text, group in groupby(pairs, key=lambda pair: pair[0].text):
        columns, fills = zip(*group, strict=True)
        name = graph.together(list(columns))
        fill = graph.constant([str(each) for each in fills]) if text else graph.doubles([float(each) for each in fills])
        missing = absent(graph, name, estimator.missing_values, text=text)
        made += table_of(graph.op("Where", missing, fill, name), len(columns), text=text)
    return [*made, *_indicators(graph, estimator, table)]


def _indicators(graph: Graph, imputer: Any, table: Table) -> Table:
    indicator = getattr(imputer, "indicator_", None)
    if indicator is None:
        return []
    if any(column.text for column in table):
        raise Unsupported("An imputer of texts that adds indicators has no form here.")
    found: Table = missing_indicator(graph, indicator, table)
    return found


@writes(TRANSFORMS, "MissingIndicator")
def missing_indicator(graph: Graph, estimator: Any, table: Table) -> Table:
    """One where a value is missing, for the columns it keeps."""
    made: Table = []
    chosen = [table[int(each)] for each in estimator.features_]
    for text, group in groupby(chosen, key=lambda column: column.text):
        columns = list(group)
        missing = absent(graph, graph.together(columns), estimator.missing_values, text=text)
        made += table_of(graph.cast(missing), len(columns))
    return made


@writes(TRANSFORMS, "KNNImputer")
def neighbours(graph: Graph, estimator: Any, table: Table) -> Table:
    """The mean of the nearest rows of the training data that have the value."""
    if not (isinstance(estimator.missing_values, float) and np.isnan(estimator.missing_values)):
        raise Unsupported("KNNImputer with missing_values other than NaN has no form here.")
    if estimator.metric != "nan_euclidean" or estimator.weights not in {"uniform", "distance"}:
        raise Unsupported("KNNImputer with a metric or weights of its own has no form here.")
    name, rows = graph.matrix(table), np.asarray(estimator._fit_X, dtype=np.float64)
    check_size(len(rows))
    if not estimator._valid_mask.all():
        raise Unsupported("KNNImputer with a column that was always missing has no form here.")
    missing = graph.op("IsNaN", name)
    distances = _distances(graph, name, missing, rows)
    made = []
    for column in range(rows.shape[1]):
        donors = np.flatnonzero(~np.isnan(rows[:, column]))
        values = rows[donors, column]
        own = graph.op("Gather", distances, graph.constant(donors), axis=1)
        mean = _imputed(graph, own, values, min(estimator.n_neighbors, len(donors)), estimator.weights)
        made.append(mean)
    filled = graph.op("Where", missing, graph.joined(made), name)
    return table_of(filled, len(table)) + _indicators(graph, estimator, table)


FARTHEST = 1e300


def _distances(graph: Graph, name: str, missing: str, rows: Any) -> str:
    """Euclidean over the columns both rows have, scaled up for the others; FARTHEST without a common column."""
    there = (~np.isnan(rows)).astype(float)
    filled = np.nan_to_num(rows)
    present = graph.cast(graph.op("Not", missing))
    own = graph.op("Where", missing, graph.doubles([0.0]), name)
    square = graph.affine(graph.op("Mul", own, own), there.T)
    both = graph.affine(own, -2.0 * filled.T)
    theirs = graph.affine(present, (filled**2).T)
    total = graph.op("Max", graph.op("Add", graph.op("Add", square, theirs), both), graph.doubles([0.0]))
    common = graph.affine(present, there.T)
    none = graph.op("Equal", common, graph.doubles([0.0]))
    share = graph.op("Div", graph.doubles([rows.shape[1]]), graph.op("Max", common, graph.doubles([1.0])))
    return graph.op("Where", none, graph.doubles([FARTHEST]), graph.op("Mul", total, share))


def _imputed(graph: Graph, squares: str, values: Any, count: int, weights: str) -> str:
    """(rows, 1): the donors' mean; the column's mean where no donor has a column in common."""
    near, found = nearest(graph, squares, count)
    theirs = graph.op("Gather", graph.doubles(values), found)
    usable = graph.op("Less", near, graph.doubles([FARTHEST]))
    mean = weighted_mean(graph, theirs, graph.op("Sqrt", near), usable, weights)
    nobody = graph.op("Equal", graph.total(graph.cast(usable)), graph.doubles([0.0]))
    return graph.op("Where", nobody, graph.doubles([values.mean()]), mean)
