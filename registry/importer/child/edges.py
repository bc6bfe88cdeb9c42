"""Input values on both sides of every threshold of a tree: where a converted model goes wrong first."""

from typing import Any

import numpy as np

from registry.importer.child.node_arrays import Unreadable, of_lightgbm, of_xgboost
from registry.importer.child.tracing import Column, Columns, Values, kind, walk

MOST = 300  # values a feature


def edges(estimator: Any, names: list[str], *, most: int = MOST) -> dict[str, list[float]]:
    """Sorted input-space values around the thresholds of each feature; at most `most` each.

    Best effort: features that reach the trees through something that mixes columns are left out.
    """
    found: dict[str, list[Values]] = {}
    for model, columns in walk(estimator, [Column(each) for each in names]):
        for column, values in _around(model, columns):
            found.setdefault(column.feature, []).append(column.back(values))
    return {feature: _thinned(np.concatenate(parts), most) for feature, parts in found.items()}


def _thinned(values: Values, most: int) -> list[float]:
    """Evenly chosen groups of three neighbours, so that both sides of a threshold stay together."""
    values = np.unique(values[np.isfinite(values)])
    if len(values) <= most:
        return [float(each) for each in values]
    starts = np.linspace(0, len(values) - 3, most // 3).astype(int)
    return sorted({float(values[start + step]) for start in starts for step in range(3)})


def _around(model: Any, columns: Columns) -> list[tuple[Column, Values]]:
    splits, doubles = _splits(model)
    near = []
    for index, thresholds in splits.items():
        column = columns[index] if index < len(columns) else None
        if column is not None:
            near.append((column, _both_sides(np.unique(thresholds), doubles=doubles)))
    return near


def _splits(model: Any) -> tuple[dict[int, Values], bool]:
    """Column -> thresholds of one estimator, and whether it compares them as doubles."""
    name = kind(model)
    if hasattr(model, "tree_"):
        return _tree_splits(model.tree_), False
    if name.startswith("HistGradientBoosting"):
        return _histogram_splits(model), True
    if name == "KBinsDiscretizer":
        return {index: np.asarray(each, dtype=float) for index, each in enumerate(model.bin_edges_)}, True
    if name.startswith(("LGBM", "XGB")):
        return _boosted_splits(model, lightgbm=name.startswith("LGBM")), name.startswith("LGBM")
    return {}, False


def _boosted_splits(model: Any, *, lightgbm: bool) -> dict[int, Values]:
    try:
        trees, _ = (of_lightgbm if lightgbm else of_xgboost)(model)
    except Unreadable:
        return {}
    inner = [(tree.left >= 0) & ~np.isin(np.arange(len(tree.left)), [node for node, _ in tree.sets]) for tree in trees]
    features = np.concatenate([tree.feature[kept] for tree, kept in zip(trees, inner, strict=True)])
    thresholds = np.concatenate([tree.threshold[kept] for tree, kept in zip(trees, inner, strict=True)])
    return {int(each): thresholds[features == each] for each in np.unique(features)}


def _both_sides(thresholds: Values, *, doubles: bool) -> Values:
    """Each threshold and its neighbours in single precision, which trees compare in; or in double."""
    single = thresholds.astype(np.float32)
    down, up = np.float32(-np.inf), np.float32(np.inf)
    sides = [np.nextafter(single, down).astype(float), thresholds, np.nextafter(single, up).astype(float)]
    if doubles:
        sides += [np.nextafter(thresholds, -np.inf), np.nextafter(thresholds, np.inf)]
    return np.concatenate(sides)


def _tree_splits(tree: Any) -> dict[int, Values]:
    inner = tree.feature >= 0
    features, thresholds = tree.feature[inner], tree.threshold[inner]
    return {int(each): thresholds[features == each] for each in np.unique(features)}


def _histogram_splits(model: Any) -> dict[int, Values]:
    nodes = np.concatenate([each.nodes for stage in model._predictors for each in stage])
    inner = nodes[(nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)]
    order = _histogram_order(model)
    splits: dict[int, Values] = {}
    for each in np.unique(inner["feature_idx"]):
        splits[order[int(each)]] = inner["num_threshold"][inner["feature_idx"] == each].astype(float)
    return splits


def _histogram_order(model: Any) -> list[int]:
    """Its own encoder puts the categorical columns first."""
    categorical = model.is_categorical_
    if categorical is None:
        return list(range(model.n_features_in_))
    return [*np.flatnonzero(categorical).tolist(), *np.flatnonzero(~categorical).tolist()]
