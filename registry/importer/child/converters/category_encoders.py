"""Encoders of the library category_encoders that answer one number a column; other columns pass."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import TRANSFORMS, writes
from registry.importer.child.converters.encoders import coded, looked_up
from registry.importer.child.converters.graph import Graph, Table, Unsupported


@writes(
    TRANSFORMS,
    "category_encoders.CatBoostEncoder",
    "category_encoders.JamesSteinEncoder",
    "category_encoders.LeaveOneOutEncoder",
    "category_encoders.OrdinalEncoder",
    "category_encoders.TargetEncoder",
    "category_encoders.WOEEncoder",
)
def encoded(graph: Graph, estimator: Any, table: Table) -> Table:
    """Each of its columns by itself, as the encoder answers when it is asked."""
    names, columns = list(estimator.feature_names_in_), list(estimator.cols)
    made: Table = []
    for name, column in zip(names, table, strict=True):
        if name not in columns:
            made.append(column)
            continue
        if not column.text:
            raise Unsupported("category_encoders on a column of numbers has no form here.")
        known = _known(estimator, name)

        def ask(asked: list[Any], name: str = name, known: Any = known[0]) -> NDArray[np.float64]:
            # Frames guess the type of a column by what is in it, and the encoder answers by the type: where a value
            # alone and beside a known one differ, nothing is promised.
            alone = _answer(estimator, {each: asked if each == name else [np.nan] for each in names}, name)
            beside = _answer(estimator, {each: [*asked, known] if each == name else [np.nan] for each in names}, name)
            same = (alone == beside[:-1]) | (np.isnan(alone) & np.isnan(beside[:-1]))
            return np.where(same, alone, np.nan)

        code, block = coded(graph, column, known, ask)
        made += looked_up(graph, [(code, 0)], [block])
    return made


def _answer(estimator: Any, columns: dict[str, list[Any]], name: str) -> NDArray[np.float64]:
    rows = max(map(len, columns.values()))
    text = set(estimator.cols)
    frame = {
        each: np.array(values * rows if len(values) < rows else values, dtype=object if each in text else np.float64)
        for each, values in columns.items()
    }
    found: NDArray[np.float64] = np.asarray(estimator.transform(pd.DataFrame(frame))[[name]], dtype=np.float64)
    return found


def _known(estimator: Any, name: str) -> list[Any]:
    """The categories that it learned for a column."""
    mapping = estimator.mapping
    inner = getattr(estimator, "ordinal_encoder", None)
    if inner is not None:
        mapping = inner.mapping
    if isinstance(mapping, list):
        mapping = {each["col"]: each["mapping"] for each in mapping}
    return [each for each in mapping[name].index.tolist() if isinstance(each, str)]
