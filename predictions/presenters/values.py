"""Stored values as pages say them."""

from typing import Any

from django.utils.translation import gettext as _

from predictions.models import Prediction, Source
from registry import charts
from registry.signature import Feature, Signature, text_in
from registry.texts import amount


def source_of(prediction: Prediction) -> str:
    """The door a question came through, in words."""
    return str(Source(prediction.source).label)


def shown_output(signature: Signature, value: float) -> str:
    """A regressor's value with its unit."""
    return amount(float(f"{value:.6g}"), text_in(signature.output.get("unit")))


def shown_value(feature: Feature, value: Any) -> str:
    """A stored value as the form showed it, with its unit."""
    if value is None:
        return "–"
    if feature.dtype == "category":
        return feature.category_title(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    unit = text_in(feature.unit)
    return amount(value, unit) if isinstance(value, int | float) else f"{value} {unit}".strip()


def positive_title(signature: Signature) -> str:
    """Of two classes, the one whose probability the score is."""
    return signature.class_title(signature.class_names[signature.positive])


def threshold_of(prediction: Prediction) -> float:
    """From which score the positive class was answered."""
    found: float = prediction.outputs.get("threshold", 0.5)
    return found


def scale_of(signature: Signature, prediction: Prediction) -> charts.Scale:
    """For two classes, the score as one of four words."""
    is_above = prediction.label == signature.class_names[signature.positive]
    return charts.scale(prediction.score, threshold_of(prediction), is_above=is_above)
