"""Where a score lies among those of cases that the model was trained on."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions.models import Prediction
from predictions.presenters.values import threshold_of
from registry import charts
from registry.signature import Signature
from registry.texts import figure


@dataclass(frozen=True)
class Place:
    """A histogram with a mark, and the sentence that says it."""

    sentence: str
    chart: charts.Histogram


def place(signature: Signature, prediction: Prediction) -> Place | None:
    """None for several classes, and for answers that were stored without it."""
    stored = (prediction.explanation or {}).get("distribution")
    if not stored:
        return None
    cases = sum(stored["counts"])
    values = {"cases": figure(cases, grouped=True), "count": figure(round(cases * stored["below"]), grouped=True)}
    is_share = bool(signature.classes)
    chart = charts.histogram(
        stored["counts"],
        stored["low"],
        stored["high"],
        here=prediction.score,
        percent=is_share,
        threshold=threshold_of(prediction) if is_share else None,
    )
    return Place(_sentence(stored["below"]) % values, chart)


def _sentence(below: float) -> str:
    if below == 0:
        return _("None of %(cases)s cases that the model was trained on has a lower score.")
    if below == 1:
        return _("Higher than all of %(cases)s cases that the model was trained on.")
    return _("Higher than %(count)s of %(cases)s cases that the model was trained on.")
