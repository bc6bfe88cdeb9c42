"""Answers in a list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions.models import Prediction, Record
from predictions.presenters.values import positive_title, scale_of, shown_output, source_of
from registry import charts, serving
from registry.presenters import title_of
from registry.texts import percentage


@dataclass(frozen=True)
class Row:
    """An answer in a list."""

    prediction: Prediction
    label: str
    percent: float | None
    title: str = ""
    share: str = ""
    bar: charts.Bar | None = None
    scale: charts.Scale | None = None

    @property
    def source(self) -> str:
        return source_of(self.prediction)

    @property
    def key(self) -> str:
        """The key of the record, else the one that was sent; empty where there is neither."""
        return self.prediction.record.key if self.prediction.record else self.prediction.key

    @property
    def record(self) -> Record | None:
        """The record that was asked about."""
        return self.prediction.record


def rows(predictions: Iterable[Prediction]) -> list[Row]:
    """Answers as lists show them."""
    return [_row(prediction) for prediction in predictions]


def _row(prediction: Prediction) -> Row:
    signature = serving.signature_of(prediction.version)
    title = title_of(prediction.version)
    if signature.is_regression:
        return Row(prediction, shown_output(signature, prediction.score), None, title)
    percent = 100 * prediction.outputs.get("probabilities", {}).get(prediction.label, prediction.score)
    answer = signature.class_title(prediction.label)
    if len(signature.classes) == 2:
        scale = scale_of(signature, prediction)
        share = _("%(outcome)s: %(word)s") % {"outcome": positive_title(signature), "word": scale.word}
        return Row(prediction, answer, percent, title, share, scale=scale)
    return Row(prediction, answer, percent, title, percentage(percent), charts.bar(answer, percent))
