"""Which function writes which estimator, by its class's name: converters register themselves here.

Four questions can be asked of a fitted estimator: its transformation, its values (a regression), its decision
function, its probabilities. Each function gets the graph, the estimator and the table it would be given.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from registry.importer.child.converters.graph import Graph, Table, Unsupported, table_of

Transform = Callable[[Graph, Any, Table], Table]
Answer = Callable[[Graph, Any, Table], str]

TRANSFORMS: dict[str, Transform] = {}
INVERSES: dict[str, Transform] = {}
VALUES: dict[str, Answer] = {}
DECISIONS: dict[str, Answer] = {}
PROBABILITIES: dict[str, Answer] = {}

LIBRARIES = {"sklearn", "lightgbm", "xgboost", "imblearn", "category_encoders"}
WRAPPERS = {  # what answers inside, by the attribute that holds it; a threshold moves the label only
    "GridSearchCV": "best_estimator_",
    "RandomizedSearchCV": "best_estimator_",
    "HalvingGridSearchCV": "best_estimator_",
    "HalvingRandomSearchCV": "best_estimator_",
    "TunedThresholdClassifierCV": "estimator_",
    "FixedThresholdClassifier": "estimator_",
    "FrozenEstimator": "estimator",
}


def writes(table: dict[str, Any], *names: str) -> Callable[[Any], Any]:
    """Register a function for the classes of these names."""

    def register(function: Any) -> Any:
        table.update(dict.fromkeys(names, function))
        return function

    return register


def unwrapped(estimator: Any) -> Any:
    """The estimator inside searches, thresholds and frozen estimators."""
    while (attribute := WRAPPERS.get(type(estimator).__name__)) is not None:
        estimator = getattr(estimator, attribute)
    return estimator


def transform(graph: Graph, estimator: Any, table: Table) -> Table:
    """What a fitted transformer, or "passthrough", makes of a table. Raises Unsupported."""
    estimator = unwrapped(estimator)
    if estimator is None or (isinstance(estimator, str) and estimator == "passthrough"):
        return table
    if _is_pipeline(estimator):
        for step in _steps(estimator):
            table = transform(graph, step, table)
        return table
    written: Table = _found(TRANSFORMS, estimator)(graph, estimator, table)
    return written


def inverse(graph: Graph, estimator: Any, name: str) -> str:
    """The inverse of a fitted transformer on one column. Raises Unsupported."""
    if _is_pipeline(estimator):
        for step in reversed(_steps(estimator)):
            name = inverse(graph, step, name)
        return name
    return graph.matrix(_found(INVERSES, estimator)(graph, estimator, table_of(name, 1)))


def values(graph: Graph, estimator: Any, table: Table) -> str:
    """`predict` of a regressor, shape (rows, 1). Raises Unsupported."""
    return _answer(VALUES, graph, estimator, table)


def decision(graph: Graph, estimator: Any, table: Table) -> str:
    """`decision_function`: (rows, 1) for two classes, else (rows, classes). Raises Unsupported."""
    return _answer(DECISIONS, graph, estimator, table)


def probabilities(graph: Graph, estimator: Any, table: Table) -> str:
    """`predict_proba`, shape (rows, classes). Raises Unsupported."""
    return _answer(PROBABILITIES, graph, estimator, table)


def labels(graph: Graph, estimator: Any, table: Table) -> str:
    """One for the class that `predict` answers and zero for the others, shape (rows, classes). Raises Unsupported."""
    estimator = unwrapped(estimator)
    if hasattr(estimator, "decision_function"):
        scores = decision(graph, estimator, table)
        if len(estimator.classes_) == 2:
            return graph.two(graph.cast(graph.op("Greater", scores, graph.doubles([0.0]))))
        last = _last(estimator)
        if type(last).__name__ in {"SVC", "NuSVC"} and not last.break_ties:
            raise Unsupported("An SVM of several classes breaks ties between votes by a rule of its own.")
    elif hasattr(estimator, "predict_proba"):
        scores = probabilities(graph, estimator, table)
    else:
        raise Unsupported(f"{type(estimator).__name__} gives labels by a rule of its own.")
    winner = graph.op("ArgMax", scores, axis=1)
    return graph.cast(graph.op("Equal", winner, graph.constant(np.arange(len(estimator.classes_)))))


def _answer(table: dict[str, Answer], graph: Graph, estimator: Any, given: Table) -> str:
    estimator = unwrapped(estimator)
    if _is_pipeline(estimator):
        *steps, last = _steps(estimator)
        for step in steps:
            given = transform(graph, step, given)
        return _answer(table, graph, last, given)
    answer: str = _found(table, estimator)(graph, estimator, given)
    return answer


def _is_pipeline(estimator: Any) -> bool:
    return type(estimator).__name__ == "Pipeline" and hasattr(estimator, "steps")


def _steps(pipeline: Any) -> list[Any]:
    """Without samplers, which act in training only."""
    return [step for _, step in pipeline.steps if not hasattr(step, "fit_resample")]


def _last(estimator: Any) -> Any:
    while _is_pipeline(estimator := unwrapped(estimator)):
        estimator = _steps(estimator)[-1]
    return estimator


def _found(table: dict[str, Any], estimator: Any) -> Any:
    kind = type(estimator)
    library, _, _ = kind.__module__.partition(".")
    # two libraries have classes of the same names
    name = f"{library}.{kind.__name__}" if library == "category_encoders" else kind.__name__
    if library not in LIBRARIES or name not in table:
        raise Unsupported(f"{kind.__name__} has no exact form in a graph.")
    return table[name]
