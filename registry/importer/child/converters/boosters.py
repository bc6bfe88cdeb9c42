"""LightGBM and XGBoost, exact: their own thresholds, ways of missing values and sets of categories."""

import json
from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported
from registry.importer.child.converters.trees import single, summed, with_sets
from registry.importer.child.node_arrays import Unreadable, of_lightgbm, of_xgboost

NEXT_TO_ZERO = float(np.float32(1e-35))  # LightGBM takes such a value for zero, and splits there
IDENTITY = {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}
LOGARITHM = {"poisson", "gamma", "tweedie"}


def _lightgbm(graph: Graph, estimator: Any, table: Table) -> tuple[str, list[str]]:
    """The raw sum, and the words of the objective."""
    try:
        trees, dump = of_lightgbm(estimator)
    except Unreadable as error:
        raise Unsupported(str(error)) from error
    name = graph.matrix(table)
    nothing = graph.op("LessOrEqual", graph.op("Abs", name), graph.doubles([NEXT_TO_ZERO]))
    name = graph.op("Where", nothing, graph.doubles([0.0]), name)
    raw = summed(graph, *with_sets(graph, name, len(table), trees))
    if dump["average_output"]:
        raw = graph.op("Div", raw, graph.doubles([len(trees) / dump["num_tree_per_iteration"]]))
    return raw, dump["objective"].split()


@writes(VALUES, "LGBMRegressor")
def lightgbm_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The raw sum, or its exponential."""
    raw, objective = _lightgbm(graph, estimator, table)
    if "sqrt" in objective or objective[0] not in IDENTITY | LOGARITHM:
        raise Unsupported(f"LightGBM with the objective {' '.join(objective)} has no form here.")
    return graph.op("Exp", raw) if objective[0] in LOGARITHM else raw


@writes(PROBABILITIES, "LGBMClassifier")
def lightgbm_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """Sigmoid with the objective's slope, or softmax."""
    raw, objective = _lightgbm(graph, estimator, table)
    if objective[0] == "multiclass":
        return graph.softmax(raw)
    if objective[0] != "binary":
        raise Unsupported(f"LightGBM with the objective {' '.join(objective)} has no form here.")
    slope = next((float(each.split(":")[1]) for each in objective if each.startswith("sigmoid:")), 1.0)
    return graph.two(graph.sigmoid(graph.op("Mul", raw, graph.doubles([slope]))))


def _xgboost(graph: Graph, estimator: Any, table: Table) -> tuple[str, np.ndarray, str]:
    """The sum without the base score, the base score, and the objective."""
    try:
        trees, learner = of_xgboost(estimator)
    except Unreadable as error:
        raise Unsupported(str(error)) from error
    name = single(graph, table)
    if any(column.sparse for column in table):
        nothing = graph.op("Equal", name, graph.doubles([0.0]))
        name = graph.op("Where", nothing, graph.doubles([np.nan]), name)
    base = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"])).astype(np.float64)
    return summed(graph, name, trees), base, learner["objective"]["name"]


@writes(VALUES, "XGBRegressor", "XGBRFRegressor")
def xgboost_values(graph: Graph, estimator: Any, table: Table) -> str:
    """The sum, or its exponential."""
    raw, base, objective = _xgboost(graph, estimator, table)
    if objective in {"reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"}:
        return graph.op("Add", raw, graph.doubles(base))
    if objective in {"count:poisson", "reg:gamma", "reg:tweedie"}:
        return graph.op("Exp", graph.op("Add", raw, graph.doubles(np.log(base))))
    raise Unsupported(f"XGBoost with the objective {objective} has no form here.")


@writes(PROBABILITIES, "XGBClassifier", "XGBRFClassifier")
def xgboost_probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """Sigmoid or softmax."""
    raw, base, objective = _xgboost(graph, estimator, table)
    if objective == "binary:logistic":
        return graph.two(graph.sigmoid(graph.op("Add", raw, graph.doubles(np.log(base / (1 - base))))))
    if objective in {"multi:softprob", "multi:softmax"}:
        return graph.softmax(graph.op("Add", raw, graph.doubles(base)))
    raise Unsupported(f"XGBoost with the objective {objective} has no form here.")
