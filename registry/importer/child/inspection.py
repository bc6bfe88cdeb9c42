"""What a fitted estimator tells about itself: its classes, its columns, and a draft of a signature."""

import re
from typing import Any

import numpy as np

from registry.importer.child.draft import draft
from registry.importer.child.serving import Model, parts

KEPT_ROWS = {  # attribute: whose it is
    "_fit_X": "all rows it was trained on",
    "support_vectors_": "rows it was trained on",
    "X_train_": "all rows it was trained on",
}

_MARK = b"_sklearn_version"
_MEMO = rb"(?:\x94|q.|r.{4}|\n?p\d+\n)?"
_TEXT = re.compile(
    re.escape(_MARK) + _MEMO + rb"(?:\x8c(?P<short>.)|X(?P<long>.{4})|V(?P<line>[^\n]{1,40})\n)", re.DOTALL
)
_JSON = re.compile(
    re.escape(_MARK) + rb'"\s*:\s*\{.{0,400}?"content"\s*:\s*"\\?"?(?P<text>[0-9][0-9A-Za-z.+]*)', re.DOTALL
)


def trained_with(data: bytes) -> str | None:
    """scikit-learn's version by searching bytes of an inflated pickle or skops schema; nothing is loaded."""
    if (found := _JSON.search(data)) is not None:
        return found["text"].decode()
    if (found := _TEXT.search(data)) is None:
        return None
    if found["line"]:
        return found["line"].decode(errors="replace")
    length = int.from_bytes(found["short"] or found["long"], "little")
    return data[found.end() : found.end() + min(length, 40)].decode(errors="replace")


def inspect(model: Model) -> dict[str, Any]:
    """Class, task, classes, columns, threshold, and the draft with what was inferred."""
    estimator = model.estimator
    features = model.names or _numbered(model.first)
    return {
        "class": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
        "task": _task(model),
        "scores": model.scores,
        "n_features": _count(model.first) or (len(features) if features else None),
        "feature_names": model.names,
        "classes": _classes(estimator),
        **_decision(model),
        "draft": draft(model, features) if features else None,
        "warnings": _warnings(model),
        "hints": _hints(model),
    }


def _task(model: Model) -> str | None:
    from sklearn.base import is_classifier, is_regressor

    if is_classifier(model.estimator) or model.scores != "value":
        return "tabular-classification"
    return "tabular-regression" if is_regressor(model.estimator) else None


def _count(estimator: Any) -> int | None:
    found = getattr(estimator, "n_features_in_", None)
    return None if found is None else int(found)


def _numbered(estimator: Any) -> list[str]:
    return [f"x{number}" for number in range(_count(estimator) or 0)]


def _classes(estimator: Any) -> list[Any] | None:
    classes = getattr(estimator, "classes_", None)
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        return None
    values: list[Any] = classes.tolist()
    return values


def _decision(model: Model) -> dict[str, Any]:
    """{"threshold", "positive"}: from which probability of which class the model answers that class, if it says so.

    A classifier with a threshold of its own goes before the number that lies beside it in a bundle.
    """
    value = model.hints.get("threshold")
    positive = None
    if (chooser := _chooser(model.estimator)) is not None and not _by_decision_function(chooser):
        own = getattr(chooser, "best_threshold_", getattr(chooser, "threshold", None))
        value = float(own) if isinstance(own, (int, float)) else 0.5  # "auto" is 0.5 of a probability
        positive = _positive(chooser)
    if value is None or not 0 <= value <= 1:
        return {"threshold": None, "positive": None}
    return {"threshold": value, "positive": positive}


def _chooser(estimator: Any) -> Any:
    """The outermost classifier with a threshold: inside a search, or at the end of a pipeline."""
    while estimator is not None and not type(estimator).__name__.endswith(
        ("ThresholdClassifier", "ThresholdClassifierCV")
    ):
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            estimator = estimator.steps[-1][-1] if hasattr(estimator, "steps") else None
    return estimator


def _by_decision_function(chooser: Any) -> bool:
    """Whether its threshold is on a scale of its own and says nothing about a probability."""
    return getattr(chooser, "response_method", "auto") == "decision_function"


def _positive(chooser: Any) -> Any:
    value = getattr(chooser, "pos_label", None)
    if (ask := getattr(getattr(chooser, "_curve_scorer", None), "_get_pos_label", None)) is not None:
        value = ask()  # private, and the one place that knows
    return value.item() if isinstance(value, np.generic) else value


def _warnings(model: Model) -> list[str]:
    found = []
    if isinstance(getattr(model.estimator, "classes_", None), list):
        found.append("The model answers several questions at once; only one can be recorded.")
    if model.scores == "label":
        found.append("The model has no predict_proba: it answers a class without a probability.")
    found += _bundle_warnings(model)
    for each in parts(model.estimator):
        found += [
            f"{type(each).__name__} keeps {what} inside the file."
            for name, what in KEPT_ROWS.items()
            if name in vars(each)
        ]
    return list(dict.fromkeys(found))


def _bundle_warnings(model: Model) -> list[str]:
    """What a bundle or a classifier says of its decisions and columns and cannot be taken over."""
    found = []
    chooser, told = _chooser(model.estimator), model.hints.get("threshold")
    if chooser is not None and _by_decision_function(chooser):
        found.append("The model decides by its decision function; here its probability decides: labels may differ.")
    if told is not None and not 0 <= told <= 1:
        found.append("The threshold in the file is no probability from 0 to 1: it is not used.")
    elif told is not None and (own := _decision(model)["threshold"]) not in (None, told):
        found.append(
            f"The file names the threshold {told:.6g}, and its model decides at {own:.6g}: the model's is used."
        )
    columns = model.hints.get("feature_columns")
    if columns and set(columns) != set(model.names or ()):
        found.append("The columns in the file are not those the model was fitted on: they are not used.")
    return found


def _hints(model: Model) -> dict[str, Any]:
    hints = dict(model.hints)
    score = getattr(model.estimator, "best_score_", None)
    if isinstance(score, float):
        hints["cross_validation_score"] = score
    count = _count(model.first)
    if model.names is None and count and (side := round(count**0.5)) ** 2 == count and side >= 8:
        hints["square_image"] = side
    return hints
