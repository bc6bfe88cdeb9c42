"""Answer rows with the original estimator: typed columns in, a matrix of scores out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry.importer.child.samplers import without_samplers

Columns = dict[str, NDArray[Any]]

MODEL_KEYS = ("model", "pipeline", "estimator", "classifier", "regressor", "clf")
THRESHOLD_KEYS = ("threshold", "best_threshold", "decision_threshold", "optimal_threshold")
COLUMN_KEYS = ("feature_columns", "feature_names", "features", "columns", "input_columns")
LABEL_KEYS = ("class_names", "class_labels", "target_names", "labels")
LABELLERS = {"LabelEncoder", "LabelBinarizer"}  # they are for the answers, not for the inputs


class Unusable(Exception):
    """The file holds nothing that answers; the text says what it holds."""


class Model:
    """A loaded estimator, the transformers chained before it, and what its bundle said about both."""

    def __init__(self, found: Any, steps: list[Any], columns: list[list[str] | None] | None = None) -> None:
        """`columns`: for each step the columns it transforms in their place; None is all of them."""
        self.estimator, self.hints = unwrap(found)
        self.estimator, self.dropped = without_samplers(self.estimator)
        self.steps = steps
        self.step_columns = columns or [None] * len(steps)
        one_thread(self.estimator)
        whole = [step for step, chosen in zip(steps, self.step_columns, strict=True) if chosen is None]
        self.first = whole[0] if whole else self.estimator
        self.missing = None if _knows_none(self.first) or _knows_none(self.estimator) else np.nan
        names = getattr(self.first, "feature_names_in_", None)
        # fitted on an array: it must be given an array
        self.framed = names is not None or not hasattr(self.first, "n_features_in_")
        self.names: list[str] | None = None if names is None else [str(each) for each in names]
        self.names = self.names or self._hinted_names()

    def _hinted_names(self) -> list[str] | None:
        """The bundle's columns, unless the model was fitted on another number of them."""
        names, fitted = self.hints.get("feature_columns"), getattr(self.first, "n_features_in_", None)
        if not names or fitted not in (None, len(names)) or len(set(names)) != len(names):
            return None
        return list(names)

    @property
    def scores(self) -> str:
        """probability, label (a classifier that has none) or value."""
        if hasattr(self.estimator, "predict_proba"):
            return "probability"
        return "label" if hasattr(self.estimator, "classes_") else "value"

    def predict(self, columns: Columns) -> NDArray[np.float64]:
        """Scores, shape (rows, classes) in the order of `classes_`, or (rows, 1)."""
        table = self.table(columns)
        for step, chosen in zip(self.steps, self.step_columns, strict=True):
            table = step.transform(table) if chosen is None else self._replaced(table, step, chosen)
        if self.scores == "probability":
            answer = self.estimator.predict_proba(table)
        elif self.scores == "label":
            answer = self.estimator.predict(table)[:, None] == np.asarray(self.estimator.classes_)[None, :]
        else:
            answer = np.asarray(self.estimator.predict(table)).reshape(len(table), -1)
        return np.ascontiguousarray(answer, dtype=np.float64)

    def _replaced(self, table: Any, step: Any, chosen: list[str]) -> Any:
        """The table with some of its columns transformed, each into one, as an encoder of targets does."""
        frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table, columns=self.names)
        found = np.asarray(step.transform(frame[chosen]))
        if found.shape != (len(frame), len(chosen)):
            raise ValueError("The step does not make one column of each of its columns.")
        frame = frame.assign(**{name: found[:, index] for index, name in enumerate(chosen)})
        return frame if self.framed else frame.to_numpy()

    def table(self, columns: Columns) -> Any:
        """What the estimator was fitted on: a frame by its column names, or an array by position."""
        if set(columns) == {"image"} and "image" not in (self.names or ()):
            return columns["image"]
        order = self.names or list(columns)
        filled = {name: self._filled(columns[name]) for name in order}
        if self.framed:
            return pd.DataFrame(filled, copy=False)
        text = any(each.dtype == object for each in filled.values())
        return np.column_stack([each.astype(object if text else np.float64) for each in filled.values()])

    def _filled(self, values: NDArray[Any]) -> NDArray[Any]:
        """Missing texts are None on the wire; almost every pipeline was fitted with NaN."""
        if values.dtype != object or self.missing is None:
            return values
        return np.where(values == None, self.missing, values)  # noqa: E711  # element by element


def unwrap(found: Any) -> tuple[Any, dict[str, Any]]:
    """The estimator, also inside a dict that holds it with its threshold and columns. Raises Unusable."""
    if not isinstance(found, dict):
        if not hasattr(found, "predict"):
            raise Unusable(f"The file holds a {type(found).__name__}, which cannot predict.")
        return found, {}
    able = {key: each for key, each in found.items() if hasattr(each, "predict")}
    named = [able[key] for key in MODEL_KEYS if key in able]
    if not named and len(able) != 1:
        raise Unusable(f"The file holds a dict with {len(able)} models; put the one to serve under 'model'.")
    model = (named or list(able.values()))[0]
    if loose := _loose(found, model):
        raise Unusable(
            f"The file holds a dict with a model and what may prepare its inputs ({', '.join(loose)[:100]}): put them "
            "into one Pipeline, or into files of their own that a manifest lists in model.steps."
        )
    return model, _bundle_hints(found)


def _loose(found: dict[Any, Any], model: Any) -> list[str]:
    """Keys of transformers that are no part of the model: whether it was trained behind them cannot be known."""
    able = [key for key, each in found.items() if hasattr(each, "transform") and not hasattr(each, "predict")]
    inside = {id(each) for each in parts(model)} if able else set()
    return [str(key) for key in able if type(found[key]).__name__ not in LABELLERS and id(found[key]) not in inside]


def _bundle_hints(found: dict[Any, Any]) -> dict[str, Any]:
    hints: dict[str, Any] = {"keys": [str(key) for key in found][:50]}
    for key in THRESHOLD_KEYS:
        if isinstance(found.get(key), (int, float, np.number)):
            hints.setdefault("threshold", float(found[key]))
    for key in COLUMN_KEYS:
        values = found.get(key)
        if isinstance(values, (list, tuple, np.ndarray, pd.Index)) and all(isinstance(v, str) for v in values):
            hints.setdefault("feature_columns", [str(each) for each in values])
    if labels := _class_labels(found):
        hints["class_labels"] = labels
    return hints


def _class_labels(found: dict[Any, Any]) -> list[str]:
    """What the classes 0, 1, ... are called, by a list or by the encoder of the training's labels."""
    given = [getattr(each, "classes_", None) for each in found.values() if type(each).__name__ in LABELLERS]
    for values in [*given, *(found.get(key) for key in LABEL_KEYS)]:
        if isinstance(values, (list, tuple, np.ndarray)) and all(isinstance(each, str) for each in values):
            return [str(each) for each in values]
    return []


def parts(estimator: Any) -> Iterator[Any]:
    """The estimator and everything fitted inside it, once each."""
    waiting, seen = [estimator], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, (str, bytes, int, float, np.number, type(None))):
            continue
        seen.add(id(each))
        if isinstance(each, (list, tuple)):
            waiting.extend(each)
        elif isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, np.ndarray):
            waiting.extend(each.ravel().tolist() if each.dtype == object else [])
        elif hasattr(each, "__dict__") and not isinstance(each, type):
            yield each
            waiting.extend(vars(each).values())


def one_thread(estimator: Any) -> None:
    """One row is slower with two threads (x3.5), and processes are refused here."""
    for each in parts(estimator):
        if "n_jobs" in vars(each):
            each.n_jobs = 1


def _knows_none(estimator: Any) -> bool:
    """Whether it was fitted on texts with None for missing, and not NaN."""
    for each in parts(estimator):
        if "categories_" in vars(each):
            if any(value is None for values in each.categories_ for value in np.asarray(values, dtype=object)):
                return True
        elif vars(each).get("missing_values", np.nan) is None:
            return True
    return False
