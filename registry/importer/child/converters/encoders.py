"""Encoders of categories: a table with one row for each known value, one for unknown and one for missing.

The rows are what the encoder itself answers when it is asked at conversion, so every option of it (infrequent
categories, dropped ones, encodings of what is unknown or missing) comes out as in its own version of scikit-learn.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import TRANSFORMS, writes
from registry.importer.child.converters.graph import MISSING, Column, Graph, Table, Unsupported, table_of

AT_ONCE = 1_000  # numbers a row
NEVER_SEEN = "\n\ufdd1 never seen"
Ask = Callable[[list[Any]], NDArray[np.float64]]


@writes(TRANSFORMS, "OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
def encoder(graph: Graph, estimator: Any, table: Table) -> Table:
    """Each column by itself."""
    known = [list(each) for each in estimator.categories_]
    if len(table) != len(known):
        raise Unsupported(f"{type(estimator).__name__} was fitted on another number of columns.")
    first = [values[0] for values in known]
    frames = getattr(estimator, "feature_names_in_", None)
    blocks = _blocks(estimator, len(known))
    codes: list[tuple[str, int]] = []
    rows: list[NDArray[np.float64]] = []
    for index, (column, values) in enumerate(zip(table, known, strict=True)):

        def ask(asked: list[Any], index: int = index) -> NDArray[np.float64]:
            columns = [asked if each == index else [value] * len(asked) for each, value in enumerate(first)]
            return _transformed(estimator, columns, table, frames)[:, blocks[index]]

        code, block = coded(graph, column, values, ask)
        codes.append((code, sum(len(each) for each in rows)))
        rows.append(block)
    return looked_up(graph, codes, rows)


def _blocks(estimator: Any, columns: int) -> list[slice]:
    """Which outputs belong to each column."""
    widths = [1] * columns
    if type(estimator).__name__ == "OneHotEncoder":
        widths = list(estimator._n_features_outs)
    elif getattr(estimator, "target_type_", "") == "multiclass":
        widths = [len(estimator.classes_)] * columns
    ends = np.cumsum([0, *widths])
    return [slice(start, end) for start, end in pairwise(ends.tolist())]


def _transformed(estimator: Any, values: list[list[Any]], table: Table, names: Any) -> NDArray[np.float64]:
    """The encoder's own answer to a probe, dense and of doubles."""
    # of the type that it was fitted on: it looks for NaN in other ways among objects
    objects = [column.text or known.dtype == object for column, known in zip(table, estimator.categories_, strict=True)]
    columns = [
        np.array(each, dtype=object if anything else np.float64) for each, anything in zip(values, objects, strict=True)
    ]
    given = np.column_stack(columns) if names is None else pd.DataFrame(dict(zip(names, columns, strict=True)))
    answer = estimator.transform(given)
    dense: NDArray[np.float64] = np.asarray(
        answer.toarray() if hasattr(answer, "toarray") else answer, dtype=np.float64
    )
    return dense


def coded(graph: Graph, column: Column, values: list[Any], ask: Ask) -> tuple[str, NDArray[np.float64]]:
    """Of one column: the number of each value's row, (rows, 1) of int64, and the rows themselves.

    Rows: the known values in their order, then unknown, then missing. `ask(values)` gives the rows of values.
    """
    missing = [each for each in values if each is None or each != each]  # noqa: PLR0124  # NaN
    present = [each for each in values if not (each is None or each != each)]  # noqa: PLR0124
    name = graph.together([column])
    if column.text:
        present = [each for each in present if isinstance(each, str)]
        if MISSING in present:
            raise Unsupported("A category is the text that stands for a missing one.")
        code = _text_code(graph, name, present)
        unknown: Any = NEVER_SEEN
    else:
        numbers = [float(each) for each in present if not isinstance(each, str)]
        if len(numbers) != len(present):
            raise Unsupported("A column of numbers reaches an encoder of texts.")
        code = _number_code(graph, name, numbers)
        unknown = max(numbers, default=0.0) + 1.5
    nothing = missing[0] if missing else np.nan
    rows = ask(present) if present else np.empty((0, ask([unknown]).shape[1]))
    return code, np.concatenate([rows, _asked(ask, unknown, rows), _asked(ask, nothing, rows)])


def _asked(ask: Ask, value: Any, like: NDArray[np.float64]) -> NDArray[np.float64]:
    """The row of one value; not numbers where the encoder refuses it, as it would refuse the question."""
    try:
        return ask([value])
    except (ValueError, TypeError):
        return np.full((1, like.shape[1]), np.nan)


def _text_code(graph: Graph, name: str, values: list[str]) -> str:
    numbers = list(range(len(values)))
    keys = [*values, MISSING]
    codes = [*numbers, len(values) + 1]
    return graph.op("LabelEncoder", name, ml=True, keys_strings=keys, values_int64s=codes, default_int64=len(values))


def _number_code(graph: Graph, name: str, values: list[float]) -> str:
    """Comparisons of doubles: the operator for keys would compare in single precision."""
    unknown = len(values)
    steps = np.arange(len(values), dtype=np.float64) - unknown
    code = graph.affine(graph.cast(graph.op("Equal", name, graph.doubles(values))), steps.reshape(-1, 1))
    code = graph.op("Add", code, graph.cast(graph.op("IsNaN", name)))
    return graph.whole(graph.op("Add", code, graph.doubles([unknown])))


def looked_up(graph: Graph, codes: list[tuple[str, int]], blocks: list[NDArray[np.float64]]) -> Table:
    """Each column's row, side by side: `codes` are the rows' numbers and where a column's block begins.

    One look-up for all in a table where each block stands in its place, which is quickest for one question; of many
    categories it would fill the memory at thousands of them, so then each column is looked up by itself.
    """
    widths = [block.shape[1] for block in blocks]
    if len(widths) * sum(widths) > AT_ONCE:
        found = [graph.op("Gather", graph.doubles(block), code) for (code, _), block in zip(codes, blocks, strict=True)]
        return table_of(graph.joined([graph.op("Squeeze", each, graph.constant([1])) for each in found]), sum(widths))
    starts = np.cumsum([0, *widths])
    whole = np.zeros((sum(len(each) for each in blocks), sum(widths)))
    for (_, first), block, start in zip(codes, blocks, starts, strict=False):
        whole[first : first + len(block), start : start + block.shape[1]] = block
    offsets = graph.constant([first for _, first in codes])
    rows = graph.op("Add", graph.joined([code for code, _ in codes]), offsets)
    return table_of(graph.total(graph.op("Gather", graph.doubles(whole), rows), keep=False), sum(widths))


@writes(TRANSFORMS, "KBinsDiscretizer")
def bins(graph: Graph, estimator: Any, table: Table) -> Table:
    """The number of edges at or below a value; then one column a bin where it is encoded so."""
    codes: list[tuple[str, int]] = []
    blocks: list[NDArray[np.float64]] = []
    for column, edges in zip(table, estimator.bin_edges_, strict=True):
        inner = np.asarray(edges, dtype=np.float64)[1:-1]
        count = len(inner) + 1
        block = np.arange(count, dtype=float).reshape(-1, 1) if estimator.encode == "ordinal" else np.eye(count)
        codes.append((counted(graph, graph.matrix([column]), inner), sum(len(each) for each in blocks)))
        blocks.append(block)
    return looked_up(graph, codes, blocks)


def counted(graph: Graph, name: str, edges: NDArray[np.float64]) -> str:
    """How many of the edges a value reaches, (rows, 1) of int64."""
    if not len(edges):
        return graph.whole(graph.op("Mul", name, graph.doubles([0.0])))
    reached = graph.whole(graph.op("GreaterOrEqual", name, graph.doubles(edges)))
    return graph.total(reached)
