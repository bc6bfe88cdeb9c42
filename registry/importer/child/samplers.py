"""Samplers act while a model is trained and are passed over when it answers: what is served does without them."""

import sys
from typing import Any

import numpy as np


def without_samplers(estimator: Any) -> tuple[Any, list[str]]:
    """The estimator with each imblearn pipeline inside it as scikit-learn's own, and a sentence on what was left out.

    Changes the estimator in place where such a pipeline is wrapped (a search, a threshold, an ensemble).
    """
    if "imblearn" not in sys.modules:
        return estimator, []
    dropped: dict[str, bool] = {}
    replaced = _plain(estimator, dropped, {})
    return replaced, [_sentence(name, keeps_rows) for name, keeps_rows in sorted(dropped.items())]


def _sentence(name: str, keeps_rows: bool) -> str:
    rows = " It keeps rows it was trained on inside the file." if keeps_rows else ""
    return f"{name} acts in training alone and is not part of what answers.{rows}"


def _plain(value: Any, dropped: dict[str, bool], seen: dict[int, tuple[Any, Any]]) -> Any:
    """The value itself, or what is to take its place. `seen` keeps both: an id is unique among the living only."""
    if isinstance(value, (str, bytes, int, float, np.generic, type, type(None))):
        return value
    if id(value) not in seen:
        seen[id(value)] = value, value
        seen[id(value)] = value, _inside(value, dropped, seen)
    return seen[id(value)][1]


def _inside(value: Any, dropped: dict[str, bool], seen: dict[int, tuple[Any, Any]]) -> Any:
    if isinstance(value, dict):
        for key, each in value.items():
            value[key] = _plain(each, dropped, seen)
    elif isinstance(value, list):
        value[:] = [_plain(each, dropped, seen) for each in value]
    elif type(value) is tuple:
        return tuple(_plain(each, dropped, seen) for each in value)
    elif isinstance(value, np.ndarray):
        for place, each in np.ndenumerate(value) if value.dtype == object else ():
            if (plain := _plain(each, dropped, seen)) is not each:  # an array may be read-only
                value[place] = plain
    elif hasattr(value, "__dict__"):
        for name, each in list(vars(value).items()):
            vars(value)[name] = _plain(each, dropped, seen)
        return _without(value, dropped) if _is_imblearn(value) else value
    return value


def _is_imblearn(value: Any) -> bool:
    return type(value).__name__ == "Pipeline" and type(value).__module__.startswith("imblearn.")


def _without(pipeline: Any, dropped: dict[str, bool]) -> Any:
    """Its steps without samplers; imblearn passes over the same ones at predict time."""
    from sklearn.pipeline import Pipeline

    kept = []
    for name, step in pipeline.steps:
        if hasattr(step, "fit_resample"):
            kind = type(step).__name__
            dropped[kind] = dropped.get(kind, False) or _keeps_rows(step)
        else:
            kept.append((name, step))
    return Pipeline(kept)


def _keeps_rows(sampler: Any) -> bool:
    from registry.importer.child.inspection import KEPT_ROWS  # which imports the module that imports this one
    from registry.importer.child.serving import parts

    return any(name in vars(each) for each in parts(sampler) for name in KEPT_ROWS)
