"""What a version's manifest promises, beside what was measured here. Pure."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from predictions.monitoring.quality.measure import Measure
from registry.models import ModelVersion

# How manifests call what is measured here; registry.measures knows the same names.
NAMES = {
    "accuracy": ("accuracy", "accuracy_score"),
    "balanced_accuracy": ("balanced_accuracy", "balanced_accuracy_score"),
    "recall": ("recall", "recall_score", "sensitivity"),
    "precision": ("precision", "precision_score"),
    "specificity": ("specificity",),
    "f1": ("f1", "f1_score"),
    "f1_macro": ("f1_macro", "macro_f1"),
    "roc_auc": ("roc_auc", "roc_auc_score", "auc"),
    "pr_auc": ("pr_auc", "auc_pr", "average_precision", "average_precision_score"),
    "brier": ("brier", "brier_score", "brier_score_loss"),
    "mae": ("mae", "mean_absolute_error"),
    "rmse": ("rmse", "root_mean_squared_error"),
    "r2": ("r2", "r2_score"),
}
# Whose word counts most: rows that nothing was chosen on. What was trained on comes last of all.
SPLITS = ("test", "holdout", "hold_out", "out_of_fold", "oof", "cross_validation", "cv", "crossval", "valid")
LESS_IS_BETTER = {"brier", "mae", "rmse"}
Verdict = Literal["", "kept", "better", "worse", "perhaps better", "perhaps worse"]


@dataclass(frozen=True)
class Promise:
    """A measure as the manifest says it; the interval and number of rows where it says those."""

    value: float
    split: str
    n: int | None = None
    low: float | None = None
    high: float | None = None


def promises(version: ModelVersion) -> dict[str, Promise]:
    """By the name that the measure has here; slices of the rows promise nothing of the whole."""
    told = [item for item in version.metadata.get("metrics") or [] if _is_number(item.get("value"))]
    told = [item for item in told if not item.get("slice")]
    found = {}
    for name, names in NAMES.items():
        if items := [item for item in told if _key(item.get("name")) in names]:
            found[name] = _promise(min(items, key=_rank))
    return found


def _rank(item: dict[str, Any]) -> int:
    split = _key(item.get("split"))
    if split.startswith("train"):
        return len(SPLITS) + 1
    return next((place for place, known in enumerate(SPLITS) if split.startswith(known)), len(SPLITS))


def _key(text: Any) -> str:
    return str(text or "").strip().lower().replace(" ", "_").replace("-", "_")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _promise(item: dict[str, Any]) -> Promise:
    bounds = [float(bound) for bound in item.get("ci95") or [] if _is_number(bound)]
    low, high = (min(bounds), max(bounds)) if len(bounds) == 2 else (None, None)
    n = int(item["n"]) if _is_number(item.get("n")) else None
    return Promise(float(item["value"]), str(item.get("split") or ""), n, low, high)


def verdict(measure: Measure, promise: Promise | None) -> Verdict:
    """Whether the promise lies within the live interval, or where else.

    "perhaps" where chance in both measurements explains the difference: Newcombe's (1998) square-and-add interval of it
    holds 0. A test of a hundred rows promises little.
    """
    if promise is None or measure.value is None or measure.low is None or measure.high is None:
        return ""
    gap = promise.value - measure.value
    live = measure.high - measure.value if gap > 0 else measure.value - measure.low
    if abs(gap) <= live:
        return "kept"
    is_better = gap > 0 if measure.name in LESS_IS_BETTER else gap < 0
    if abs(gap) <= math.hypot(live, _half(measure, promise, is_below=gap > 0)):
        return "perhaps better" if is_better else "perhaps worse"
    return "better" if is_better else "worse"


def _half(measure: Measure, promise: Promise, *, is_below: bool) -> float:
    """The half of a promise's interval that is nearer to the live value.

    Where the manifest has none, that of the live measure, as wide as so many rows make it; 0 where it has not even those.
    """
    if promise.low is not None and promise.high is not None:
        return promise.value - promise.low if is_below else promise.high - promise.value
    if not promise.n or measure.low is None or measure.high is None:
        return 0.0
    return (measure.high - measure.low) / 2 * math.sqrt(measure.known / promise.n)
