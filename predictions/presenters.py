"""What pages show of a record: display logic that would be more than an {% if %} in a template."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from predictions.models import Prediction, Source
from registry import charts, serving
from registry.presenters import known_limits, metrics_of, person, title_of
from registry.signature import Feature, Signature, text_in
from registry.texts import figure, percentage, points

FACTORS_SHOWN = 5
BARS_SHOWN = 5


@dataclass(frozen=True)
class Row:
    """A record in a list."""

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


def rows(predictions: Iterable[Prediction]) -> list[Row]:
    """Records as lists show them."""
    return [_row(prediction) for prediction in predictions]


def _row(prediction: Prediction) -> Row:
    signature = serving.signature_of(prediction.version)
    title = title_of(prediction.version)
    if signature.is_regression:
        return Row(prediction, shown_output(signature, prediction.score), None, title)
    percent = 100 * prediction.outputs.get("probabilities", {}).get(prediction.label, prediction.score)
    answer = signature.class_title(prediction.label)
    if len(signature.classes) == 2:
        scale = _scale(signature, prediction)
        return Row(prediction, answer, percent, title, f"{_positive_title(signature)}: {scale.word}", scale=scale)
    return Row(prediction, answer, percent, title, percentage(percent), charts.bar(answer, percent))


def _scale(signature: Signature, prediction: Prediction) -> charts.Scale:
    threshold = prediction.outputs.get("threshold", 0.5)
    is_above = prediction.label == signature.class_names[signature.positive]
    return charts.scale(prediction.score, threshold, is_above=is_above)


def _positive_title(signature: Signature) -> str:
    return signature.class_title(signature.class_names[signature.positive])


@dataclass(frozen=True)
class Probability:
    """One bar of the probabilities."""

    title: str
    percent: float
    is_label: bool

    @property
    def bar(self) -> charts.Bar:
        return charts.bar(self.title, self.percent, is_strong=self.is_label)


@dataclass(frozen=True)
class Factor:
    """One two-sided bar: `width` in percent of the half, `raises` tells the side."""

    title: str
    value: str
    contribution: float
    width: float
    raises: bool
    amount: str = ""

    @property
    def bar(self) -> charts.TwoSidedBar:
        return charts.two_sided(self.width, raises=self.raises)


class RecordPage:
    """Everything the page of one record shows."""

    def __init__(self, prediction: Prediction, *, replayed: bool = False) -> None:
        self.prediction = prediction
        self.replayed = replayed
        self.version = prediction.version
        self.model = prediction.version.model
        self.signature: Signature = serving.signature_of(prediction.version)

    @property
    def title(self) -> str:
        """The model's title."""
        return title_of(self.version)

    @property
    def output_title(self) -> str:
        """What is answered, as the manifest calls it: "Species"; may be empty."""
        return text_in(self.signature.output.get("label"))

    @property
    def label(self) -> str:
        """The answer as a person says it."""
        outputs = self.prediction.outputs
        if self.signature.is_regression:
            return shown_output(self.signature, outputs["value"])
        return self.signature.class_title(outputs["label"])

    @cached_property
    def probabilities(self) -> list[Probability]:
        """Largest first; empty for a value."""
        outputs = self.prediction.outputs
        found = [
            Probability(self.signature.class_title(name), 100 * value, name == outputs.get("label"))
            for name, value in outputs.get("probabilities", {}).items()
        ]
        return sorted(found, key=lambda item: -item.percent)

    @property
    def bars(self) -> list[Probability]:
        """Those drawn: the largest, and the answer is among them."""
        return self.probabilities[:BARS_SHOWN]

    @property
    def other_bars(self) -> tuple[int, str] | None:
        """How many answers are not drawn, and their probability together."""
        rest = self.probabilities[BARS_SHOWN:]
        return (len(rest), percentage(sum(item.percent for item in rest))) if rest else None

    @property
    def is_binary(self) -> bool:
        return len(self.signature.classes) == 2

    @property
    def scored_class(self) -> str:
        """The class whose probability the score is."""
        if self.signature.is_regression:
            return ""
        if self.is_binary:
            return _positive_title(self.signature)
        return self.label

    @cached_property
    def scale(self) -> charts.Scale | None:
        """For two classes, the score as one of four words: a number would promise more than was proven."""
        return _scale(self.signature, self.prediction) if self.is_binary else None

    @property
    def shown_score(self) -> str:
        return percentage(100 * self.prediction.score)

    @property
    def shown_threshold(self) -> str:
        return percentage(100 * self.prediction.outputs.get("threshold", 0.5))

    @cached_property
    def factors(self) -> list[Factor]:
        """At most five, largest first; empty when the record has no explanation."""
        shown = self._contributions[:FACTORS_SHOWN]
        largest = max((abs(item["contribution"]) for item in shown), default=0.0) or 1.0
        features = {feature.name: feature for feature in self.signature.features}
        return [
            Factor(
                title=features[item["field"]].title,
                value=shown_value(features[item["field"]], item["value"]),
                contribution=item["contribution"],
                width=100 * abs(item["contribution"]) / largest,
                raises=item["contribution"] > 0,
                amount=self._amount(item["contribution"]),
            )
            for item in shown
        ]

    @property
    def _contributions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (self.prediction.explanation or {}).get("contributions", [])
        return found

    def _amount(self, contribution: float) -> str:
        if self.signature.is_regression:
            sign = "+" if contribution > 0 else "−"
            return sign + shown_output(self.signature, abs(contribution))
        return points(100 * contribution)

    @property
    def start(self) -> str:
        """The mean score of the cases the answer is compared with."""
        base = (self.prediction.explanation or {}).get("base", 0.0)
        return shown_output(self.signature, base) if self.signature.is_regression else percentage(100 * base)

    @property
    def other_factors(self) -> tuple[int, str] | None:
        """How many fields are not shown as bars, and what they add up to."""
        rest = self._contributions[FACTORS_SHOWN:]
        return (len(rest), self._amount(sum(item["contribution"] for item in rest))) if rest else None

    @cached_property
    def inputs(self) -> list[tuple[str, str]]:
        """Title and value of each field, as the form names them."""
        return [item for _title, group in self.sections for item in group]

    @cached_property
    def sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The same by section of the form."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for feature in self.signature.features:
            value = shown_value(feature, self.prediction.inputs.get(feature.name))
            groups.setdefault(text_in(feature.group), []).append((feature.title, value))
        return list(groups.items())

    @cached_property
    def warnings(self) -> list[str]:
        """The record's warnings in the reader's language; as stored where that cannot be said again."""
        features = {feature.name: feature for feature in self.signature.features}
        found = []
        for stored in self.prediction.warnings:
            feature = features.get(stored["field"])
            again = feature.warning(self.prediction.inputs.get(feature.name)) if feature else None
            found.append(str((again or stored)["message"]))
        return found

    @cached_property
    def picture(self) -> list[list[float]] | None:
        """What the model saw of a grey picture: rows of darkness from 0 to 1, or None."""
        image = self.signature.image
        if image is None or image.get("mode", "L") != "L":
            return None
        import numpy as np

        values = np.asarray(self.prediction.inputs["image"]["values"], dtype=float)
        grid = values.reshape(image["height"], image["width"]) / float(image.get("scale", 1) or 1)
        cells: list[list[float]] = grid.tolist()
        return cells

    @property
    def drawing(self) -> charts.Drawing | None:
        """The same as squares to draw."""
        return charts.drawing(self.picture) if self.picture else None

    @property
    def picture_digest(self) -> str:
        """SHA-256 of the uploaded file."""
        return str(self.prediction.inputs.get("image", {}).get("sha256", ""))

    @property
    def description(self) -> str:
        return text_in(self.version.metadata.get("description"))

    @property
    def limits(self) -> list[str]:
        """What the model's card says about its limits, a paragraph each."""
        return known_limits(self.version)

    @property
    def trained_on(self) -> str:
        """The data, its rows and the day of the training, as far as the manifest says."""
        told = self.version.metadata.get("provenance", {})
        parts = [text_in(told.get("data"))]
        if told.get("rows"):
            parts.append(_("%(count)s rows") % {"count": figure(told["rows"])})
        return ", ".join(filter(None, [*parts, self.trained_at]))

    @property
    def trained_at(self) -> str:
        """When the model was trained, as its manifest says."""
        return str(self.version.metadata.get("provenance", {}).get("trained_at", ""))

    @property
    def metrics(self) -> list[tuple[str, str, str, str]]:
        """Name, split, value and number of rows of each metric of the manifest."""
        return metrics_of(self.version)

    @property
    def asked_by(self) -> str:
        return person(self.prediction.user)

    @property
    def promoted_by(self) -> str:
        entry = self.prediction.ledger_entry
        return person(entry.by) if entry else ""

    @property
    def source(self) -> str:
        return source_of(self.prediction)

    @property
    def raw(self) -> dict[str, Any]:
        """The record as it is stored."""
        return {
            "inputs": self.prediction.inputs,
            "outputs": self.prediction.outputs,
            "warnings": self.prediction.warnings,
            "explanation": self.prediction.explanation,
        }

    @property
    def raw_text(self) -> str:
        """The same as JSON that a person can read."""
        return json.dumps(self.raw, indent=2, ensure_ascii=False)


def source_of(prediction: Prediction) -> str:
    """The door a question came through, in words."""
    return str(Source(prediction.source).label)


def shown_output(signature: Signature, value: float) -> str:
    """A regressor's value with its unit."""
    return f"{figure(float(f'{value:.6g}'))} {text_in(signature.output.get('unit'))}".strip()


def shown_value(feature: Feature, value: Any) -> str:
    """A stored value as the form showed it, with its unit."""
    if value is None:
        return "–"
    if feature.dtype == "category":
        return feature.category_title(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    text = figure(value) if isinstance(value, int | float) else str(value)
    return f"{text} {text_in(feature.unit)}".strip()
