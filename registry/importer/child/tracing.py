"""Which input column reaches which estimator of a fitted pipeline, and the way back from a value inside it.

Best effort: where a transformer mixes columns the trace ends (None), and nothing is claimed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CHILDREN = (
    "estimators_",
    "estimator_",
    "best_estimator_",
    "regressor_",
    "calibrated_classifiers_",
    "estimator",
)
SCALERS = {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"}
INVERTIBLE = SCALERS | {"PowerTransformer", "QuantileTransformer"}
IMPUTERS = {"SimpleImputer", "KNNImputer", "IterativeImputer"}
INVERSES: dict[str, Callable[[Values], Values]] = {"log1p": np.expm1, "log": np.exp, "sqrt": np.square}


@dataclass(frozen=True)
class Column:
    """A column inside a pipeline that still holds one input feature; `back` leads to the input's values."""

    feature: str
    back: Callable[[Values], Values] = lambda values: values


Columns = list[Column | None]


def kind(estimator: Any) -> str:
    """The class name, which is what this package decides by: no import, and subclasses count as others.

    category_encoders has names of scikit-learn's for classes that are made otherwise: its own are told apart.
    """
    family = type(estimator).__module__.partition(".")[0]
    return f"{family}.{type(estimator).__name__}" if family == "category_encoders" else type(estimator).__name__


def walk(estimator: Any, columns: Columns) -> Iterator[tuple[Any, Columns]]:
    """Every fitted estimator inside, with the columns it sees."""
    yield estimator, columns
    for child, seen in _children(estimator, columns):
        yield from walk(child, seen)


def _children(estimator: Any, columns: Columns) -> Iterator[tuple[Any, Columns]]:
    name = kind(estimator)
    if hasattr(estimator, "steps"):
        for step in _steps(estimator):
            yield step, columns
            columns = outputs(step, columns)
    elif name == "ColumnTransformer":
        yield from _parts(estimator, columns)
    elif name == "FeatureUnion":
        yield from ((each, columns) for _, each in estimator.transformer_list if not isinstance(each, str))
    else:
        yield from _models(estimator, columns)


def _steps(pipeline: Any) -> list[Any]:
    """Fitted steps; samplers of imbalanced-learn act in training only."""
    steps = [each for _, each in pipeline.steps if each is not None and each != "passthrough"]
    return [each for each in steps if not hasattr(each, "fit_resample")]


def _parts(transformer: Any, columns: Columns) -> Iterator[tuple[Any, Columns]]:
    for _, part, chosen in transformer.transformers_:
        if not isinstance(part, str):
            yield part, [columns[index] for index in indices(transformer, chosen, len(columns))]


def indices(transformer: Any, chosen: Any, width: int) -> list[int]:
    if isinstance(chosen, (str, int)):
        chosen = [chosen]
    if isinstance(chosen, slice):
        return list(range(width))[chosen]
    chosen = list(chosen)
    if chosen and isinstance(chosen[0], str):
        names = list(transformer.feature_names_in_)
        return [names.index(each) for each in chosen]
    if chosen and isinstance(chosen[0], (bool, np.bool_)):
        return [index for index, taken in enumerate(chosen) if taken]
    return [int(each) for each in chosen]


def _models(estimator: Any, columns: Columns) -> Iterator[tuple[Any, Columns]]:
    subsets = getattr(estimator, "estimators_features_", None)
    for attribute in CHILDREN:
        found = getattr(estimator, attribute, None)
        if found is None or isinstance(found, str):
            continue
        for number, each in enumerate(_each(found)):
            model = each[1] if isinstance(each, tuple) else each
            if not hasattr(model, "__dict__"):
                continue
            picked = columns if subsets is None else [columns[index] for index in subsets[number]]
            yield model, picked
        return


def _each(found: Any) -> list[Any]:
    """Not through numpy for a list: a pipeline has a length, and would be taken apart."""
    if isinstance(found, np.ndarray):
        flat: list[Any] = found.ravel().tolist()
        return flat
    return list(found) if isinstance(found, (list, tuple)) else [found]


def outputs(estimator: Any, columns: Columns) -> Columns:  # noqa: PLR0911  # a table of kinds
    """The columns a fitted transformer hands on."""
    name = kind(estimator)
    if hasattr(estimator, "steps"):
        for step in _steps(estimator):
            columns = outputs(step, columns)
        return columns
    if name == "ColumnTransformer":
        return _joined(estimator, columns)
    if name in INVERTIBLE:
        return [_scaled(estimator, each, index, len(columns)) for index, each in enumerate(columns)]
    if name in IMPUTERS:
        return _imputed(estimator, columns)
    if name == "FunctionTransformer":
        return _mapped(estimator, columns)
    if hasattr(estimator, "get_support"):
        return [columns[index] for index in estimator.get_support(indices=True)]
    if name == "CastTransformer":
        return columns
    return [None] * _width(estimator)


def _width(estimator: Any) -> int:
    try:
        return len(estimator.get_feature_names_out())
    except Exception:  # noqa: BLE001  # of a model's own class; the trace ends here
        return 0


def _joined(transformer: Any, columns: Columns) -> Columns:
    joined: Columns = []
    for _, part, chosen in transformer.transformers_:
        picked = [columns[index] for index in indices(transformer, chosen, len(columns))]
        if part == "passthrough":
            joined += picked
        elif not isinstance(part, str) and picked:
            joined += outputs(part, picked)
    return joined


def _scaled(scaler: Any, column: Column | None, index: int, width: int) -> Column | None:
    if column is None:
        return None
    before = column.back

    def back(values: Values) -> Values:
        matrix = np.zeros((len(values), width))
        matrix[:, index] = values
        return before(scaler.inverse_transform(matrix)[:, index])

    return replace(column, back=back)


def _imputed(imputer: Any, columns: Columns) -> Columns:
    kept = columns
    statistics = getattr(imputer, "statistics_", None)
    if statistics is not None and not getattr(imputer, "keep_empty_features", False):
        # a column without a single value in training is dropped
        kept = [each for each, value in zip(columns, statistics, strict=True) if value == value]  # noqa: PLR0124
    indicator = getattr(imputer, "indicator_", None)
    return kept + [None] * (0 if indicator is None else len(indicator.features_))


def _mapped(transformer: Any, columns: Columns) -> Columns:
    function = transformer.func
    if function is None:
        return columns
    inverse = INVERSES.get(getattr(function, "__name__", ""))
    if inverse is None or not isinstance(function, np.ufunc):
        return [None] * len(columns)
    return [each and replace(each, back=_after(each.back, inverse)) for each in columns]


def _after(before: Callable[[Values], Values], inverse: Callable[[Values], Values]) -> Callable[[Values], Values]:
    return lambda values: before(inverse(values))
