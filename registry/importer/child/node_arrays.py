"""Trees as plain arrays, and how LightGBM and XGBoost write theirs. Nothing of either library is imported."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Tree:
    """Arrays of one entry a node, the root first; a leaf has left < 0 and a row of `values`, (nodes, outputs).

    A row goes left where x <= threshold, or with `strict` where x < threshold, and where x is NaN and `missing_left`.
    `sets`: (node, whether each category code goes left); the threshold of such a node says nothing. The last entry is
    for what is no code: missing, negative, or beyond the others.
    """

    feature: NDArray[Any]
    threshold: Doubles
    left: NDArray[Any]
    right: NDArray[Any]
    missing_left: NDArray[Any]
    values: Doubles
    strict: bool = False
    sets: tuple[tuple[int, NDArray[np.bool_]], ...] = ()

    @property
    def leaves(self) -> NDArray[Any]:
        """The numbers of the leaf nodes."""
        return np.flatnonzero(self.left < 0)


class Unreadable(Exception):
    """What these arrays cannot say, in one sentence."""


# -- LightGBM


def of_lightgbm(model: Any) -> tuple[list[Tree], dict[str, Any]]:
    """The trees that `predict` uses, one output a class, and the dump's head. Raises Unreadable."""
    dump = model.booster_.dump_model()
    if dump.get("pandas_categorical"):
        raise Unreadable("LightGBM fitted on columns of pandas categories has no form here.")
    outputs = int(dump["num_tree_per_iteration"])
    trees = [
        _lightgbm(each["tree_structure"], number % outputs, outputs) for number, each in enumerate(dump["tree_info"])
    ]
    return trees, dump


def _lightgbm(root: dict[str, Any], output: int, outputs: int) -> Tree:
    nodes: list[dict[str, Any]] = []
    children: list[tuple[int, int]] = []

    def add(node: dict[str, Any]) -> int:
        number = len(nodes)
        nodes.append(node)
        children.append((-1, -1))
        if "split_feature" in node:
            children[number] = (add(node["left_child"]), add(node["right_child"]))
        elif "leaf_coeff" in node:
            raise Unreadable("LightGBM with linear trees has no form here.")
        return number

    add(root)
    inner = [node if "split_feature" in node else None for node in nodes]
    if any(node and node["missing_type"] == "Zero" for node in inner):
        raise Unreadable("LightGBM that takes zero for missing has no form here.")
    values = np.zeros((len(nodes), outputs))
    values[:, output] = [node.get("leaf_value", 0.0) for node in nodes]
    sets = tuple(
        (number, _codes(node["threshold"]))
        for number, node in enumerate(inner)
        if node and node["decision_type"] == "=="
    )
    chosen = dict(sets)
    return Tree(
        feature=np.array([node["split_feature"] if node else 0 for node in inner]),
        threshold=np.array(
            [0.0 if node is None or number in chosen else _limit(node) for number, node in enumerate(inner)]
        ),
        left=np.array([left for left, _ in children]),
        right=np.array([right for _, right in children]),
        missing_left=np.array([node is not None and _missing_left(node) for node in inner]),
        values=values,
        sets=sets,
    )


def _limit(node: dict[str, Any]) -> float:
    """LightGBM writes 1e300 for infinity: a split between numbers and what is missing."""
    limit = float(node["threshold"])
    return limit if limit < 1e300 else float("inf")


def _codes(text: str) -> NDArray[np.bool_]:
    codes = [int(each) for each in text.split("||")]
    return np.isin(np.arange(max(codes) + 2), codes)


def _missing_left(node: dict[str, Any]) -> bool:
    """Where a missing value goes: right at a set; where none was missing in training, as a zero does."""
    if node["decision_type"] == "==":
        return False
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else node["threshold"] >= 0


# -- XGBoost


def of_xgboost(model: Any) -> tuple[list[Tree], dict[str, Any]]:
    """The trees that `predict` uses, one output a class, and what the file says about the learner. Raises Unreadable."""
    learner = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise Unreadable(f"XGBoost with the booster {booster['name']} has no form here.")
    missing = getattr(model, "missing", np.nan)
    if missing is not None and missing == missing:  # noqa: PLR0124  # NaN
        raise Unreadable("XGBoost with a number for missing has no form here.")
    groups = booster["model"]["tree_info"]
    outputs = max(int(learner["learner_model_param"]["num_class"]), 1)
    trees = [_xgboost(each, group, outputs) for each, group in zip(booster["model"]["trees"], groups, strict=True)]
    best = learner["attributes"].get("best_iteration")
    if best is not None:
        trees = trees[: booster["model"]["iteration_indptr"][int(best) + 1]]
    return trees, learner


def _xgboost(tree: dict[str, Any], group: int, outputs: int) -> Tree:
    if any(tree["split_type"]) or int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise Unreadable("XGBoost with splits by category, or leaves of several targets, has no form here.")
    left = np.array(tree["left_children"])
    conditions = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    values = np.zeros((len(left), outputs))
    values[:, group] = np.where(left < 0, conditions, 0.0)
    return Tree(
        feature=np.array(tree["split_indices"]),
        threshold=conditions,
        left=left,
        right=np.array(tree["right_children"]),
        missing_left=np.array(tree["default_left"]) == 1,
        values=values,
        strict=True,
    )
