"""A draft signature from a fitted pipeline: what can be known, each guess named in `inferred`.

Nobody can tell from a fitted model: integer or real, unit, label, order, sensitivity. A person edits it.
"""

from statistics import NormalDist
from typing import Any

import numpy as np

from registry.importer.child.edges import edges
from registry.importer.child.serving import Model
from registry.importer.child.tracing import IMPUTERS, Column, kind, walk

MOST_CATEGORIES = 2000
EXACT = {"MinMaxScaler", "KBinsDiscretizer", "QuantileTransformer"}  # they keep the ends of what they saw
Feature = dict[str, Any]


def draft(model: Model, names: list[str]) -> dict[str, Any]:
    """{"features": [...], "inferred": ["age.train_range", ...]} in the words of the manifest."""
    features: dict[str, Feature] = {name: {"name": name, "dtype": "number"} for name in names}
    columns: list[Column | None] = [Column(each) for each in names]
    for estimator, seen in walk(model.first, columns):
        for index, column in enumerate(seen):
            if column is not None:
                _learn(features[column.feature], estimator, index, column)
    for name, values in edges(model.first, names).items():
        if values and features[name]["dtype"] == "number":
            features[name].setdefault("train_range", [values[0], values[-1]])
    for feature in features.values():
        _tidy(feature)
    inferred = [f"{name}.{key}" for name, each in features.items() for key in each if key != "name"]
    return {"features": list(features.values()), "inferred": inferred}


def _learn(feature: Feature, estimator: Any, index: int, column: Column) -> None:
    name = kind(estimator)
    if name in ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder"):
        _learn_categories(feature, estimator, index)
    elif name in IMPUTERS:
        feature["nullable"] = True
        _learn_default(feature, estimator, index)
    elif name.startswith("HistGradientBoosting"):
        feature["nullable"] = True
        _learn_histogram_categories(feature, estimator, index)
    elif (ends := _ends(estimator, index)) is not None:
        low, high = sorted(float(each) for each in column.back(np.array(ends, dtype=float)))
        if np.isfinite(low) and np.isfinite(high) and low < high:
            if name in EXACT:
                feature["train_range"] = [low, high]
            feature.setdefault("train_range", [low, high])


def _ends(estimator: Any, index: int) -> tuple[float, float] | None:
    """Smallest and largest value an estimator remembers of its column; else its middle and 3 deviations."""
    name = kind(estimator)
    if name == "MinMaxScaler":
        return estimator.data_min_[index], estimator.data_max_[index]
    if name == "KBinsDiscretizer":
        return estimator.bin_edges_[index][0], estimator.bin_edges_[index][-1]
    if name == "QuantileTransformer":
        return estimator.quantiles_[0][index], estimator.quantiles_[-1][index]
    if name == "StandardScaler" and estimator.mean_ is not None and estimator.scale_ is not None:
        return _around(estimator.mean_[index], estimator.scale_[index])
    if name == "RobustScaler" and estimator.center_ is not None and estimator.scale_ is not None:
        low, high = (NormalDist().inv_cdf(each / 100) for each in estimator.quantile_range)
        deviations = 1.0 if estimator.unit_variance else high - low
        return _around(estimator.center_[index], estimator.scale_[index] / deviations)
    return None


def _around(middle: float, deviation: float) -> tuple[float, float]:
    """Three digits: more would look as if it had been seen."""
    return _rough(middle - 3 * deviation), _rough(middle + 3 * deviation)


def _rough(value: float) -> float:
    return float(f"{value:.3g}")


def _learn_categories(feature: Feature, encoder: Any, index: int) -> None:
    values = np.asarray(encoder.categories_[index], dtype=object).tolist()
    present = [each for each in values if each is not None and each == each]  # noqa: PLR0124  # not NaN
    if len(present) < len(values):
        feature["nullable"] = True
    _set_categories(feature, present)
    unknown = getattr(encoder, "handle_unknown", "ignore")  # TargetEncoder takes any
    if feature["dtype"] == "category" and unknown != "error":
        feature["allow_unknown"] = True


def _set_categories(feature: Feature, values: list[Any]) -> None:
    if values and all(isinstance(each, bool) for each in values):
        feature["dtype"] = "boolean"
    elif values and len(values) <= MOST_CATEGORIES:
        feature["dtype"] = "category"
        feature["categories"] = [{"value": _plain(each)} for each in values]
    else:
        feature["dtype"] = "string"


def _learn_histogram_categories(feature: Feature, model: Any, index: int) -> None:
    """Private attributes: its encoder comes first and holds the categorical columns alone, in their order."""
    categorical = getattr(model, "is_categorical_", None)
    if categorical is None or not categorical[index]:
        return
    try:
        encoder = model._preprocessor.named_transformers_["encoder"]
        values = encoder.categories_[int(np.sum(categorical[:index]))]
    except (AttributeError, KeyError, IndexError):
        feature["dtype"] = "string"
        return
    present = np.asarray(values, dtype=object).tolist()
    _set_categories(feature, [each for each in present if each is not None and each == each])  # noqa: PLR0124


def _learn_default(feature: Feature, imputer: Any, index: int) -> None:
    statistics = getattr(imputer, "statistics_", None)
    if statistics is None or getattr(imputer, "strategy", None) == "constant":
        return  # what stands for "missing" is no good answer to begin a form with
    value = _plain(statistics[index])
    if value is not None and value == value:  # noqa: PLR0124
        feature["default"] = value


def _plain(value: Any) -> Any:
    """The JSON value of a numpy scalar; whole numbers stay whole."""
    return value.item() if isinstance(value, np.generic) else value


def _tidy(feature: Feature) -> None:
    """Drop guesses that contradict each other: a category has no range, a default is one of its values."""
    if feature["dtype"] != "number":
        feature.pop("train_range", None)
    values = [each["value"] for each in feature.get("categories", ())]
    if values and "default" in feature and feature["default"] not in values:
        del feature["default"]
