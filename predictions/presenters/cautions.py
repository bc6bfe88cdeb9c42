"""What a bold answer of two classes leaves out: how often it was right, and that it is given early."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from predictions.models import Prediction
from predictions.presenters.values import positive_title, threshold_of
from registry.models import ModelVersion
from registry.signature import Signature
from registry.texts import percentage

PRECISION = {"precision", "precision_score"}
SPLITS = ("test", "test_set", "cross_validation", "cv")  # the best first; what a model was fitted to proves nothing
EVEN = 0.5


def cautions(signature: Signature, prediction: Prediction) -> Iterator[str]:
    """Sentences for under the answer; none where it is not the class that the score is about."""
    if len(signature.classes) != 2 or prediction.label != signature.class_names[signature.positive]:
        return
    if threshold_of(prediction) < EVEN and prediction.score < EVEN:
        other = signature.class_title(signature.class_names[1 - signature.positive])
        words = {"outcome": positive_title(signature), "line": percentage(100 * threshold_of(prediction))}
        yield _(
            "It answers “%(outcome)s” from %(line)s on, so as to miss few: by its own estimate, “%(other)s” is more likely."
        ) % {**words, "other": other}
    if sentence := when_tested(signature, prediction.version):
        yield sentence


def when_tested(signature: Signature, version: ModelVersion) -> str:
    """How often the positive class of two was right, as a sentence; empty where nobody knows."""
    share = precision(version)
    if share is None:
        return ""
    sentence = _(
        "Of 100 that the model named “%(outcome)s” when it was tested, whatever their score, it was right for about %(count)s."
    )
    return sentence % {"outcome": positive_title(signature), "count": round(100 * share)}


def precision(version: ModelVersion) -> float | None:
    """Of those named the positive class, the share that was, on rows it was not trained on; None where nobody knows."""
    found = {_key(each.get("split")): each for each in version.metadata.get("metrics") or [] if _tells(each)}
    best = next((found[split] for split in SPLITS if split in found), None)
    return float(best["value"]) if best is not None and _is_as_measured(version) else None


def _tells(metric: dict[str, Any]) -> bool:
    """For the whole set. A precision of 0 is also what is written down where that class was never named."""
    value = metric.get("value")
    is_share = isinstance(value, int | float) and 0 < value <= 1
    return is_share and _key(metric.get("name")) in PRECISION and not metric.get("slice")


def _key(name: Any) -> str:
    return str(name or "").strip().lower().replace(" ", "_").replace("-", "_")


def _is_as_measured(version: ModelVersion) -> bool:
    """Not so where somebody here set another threshold, or called the other class the positive one."""
    if "confirmed_from" not in version.report:
        return True
    same_commit = ModelVersion.objects.filter(model=version.model_id, commit=version.commit, status="ready")
    first = same_commit.order_by("number").values_list("signature", flat=True).first() or {}
    return _rule(first) == _rule(version.signature)


def _rule(signature: dict[str, Any]) -> tuple[Any, Any]:
    outputs = signature.get("outputs") or {}
    positive = [each["value"] for each in outputs.get("classes") or [] if each.get("positive")]
    return (outputs.get("threshold") or {}).get("value"), positive
