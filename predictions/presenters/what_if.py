"""What would change an answer, as stored with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from predictions.models import Prediction
from predictions.presenters.values import shown_value, threshold_of
from predictions.what_if import levers
from registry import charts
from registry.signature import Feature, Signature, text_in
from registry.texts import points


@dataclass(frozen=True)
class Change:
    """Values that would be other ones, and what the model would answer then."""

    moves: list[tuple[str, str, str]]  # title, now, then
    answer: str
    word: str
    amount: str
    turns: bool
    address: str


@dataclass(frozen=True)
class Curve:
    """The score along one field."""

    name: str
    title: str
    line: charts.Line


class WhatIf:
    """The changes and curves of one answer of two classes, without the fields that the reader may not see."""

    def __init__(self, signature: Signature, prediction: Prediction, hidden: frozenset[str]) -> None:
        self.signature, self.prediction = signature, prediction
        self._stored: Mapping[str, Any] = prediction.explanation or {}
        self._features = {f.name: f for f in signature.features if f.name not in hidden}
        self.threshold = threshold_of(prediction)

    @property
    def was_asked(self) -> bool:
        """Whether it was looked for at all: not so with several records in a call, nor before it could be."""
        return "changes" in self._stored

    @property
    def levers(self) -> list[str]:
        """What somebody can act on, by title; the answer holds none of the sensitive ones."""
        return [feature.title for feature in levers(self.signature) if feature.name in self._features]

    @cached_property
    def changes(self) -> list[Change]:
        return list(self._changes())

    @property
    def turns(self) -> bool:
        """Whether one of the changes gives the other answer."""
        return any(change.turns for change in self.changes)

    def _changes(self) -> Iterator[Change]:
        model = reverse("predict", args=[self.prediction.version.model.name])
        for number, stored in enumerate(self._stored.get("changes", ())):
            moves = [(self._features.get(each["field"]), each["field"], each["value"]) for each in stored["set"]]
            if all(feature is not None for feature, _name, _value in moves):
                yield Change(
                    moves=[self._move(feature, value) for feature, _name, value in moves if feature],
                    answer=self.signature.class_title(stored["label"]),
                    word=self._word(stored["score"], stored["label"]),
                    amount=points(100 * (stored["score"] - self.prediction.score)),
                    turns=stored["label"] != self.prediction.label,
                    address=f"{model}?changes={self.prediction.pk}.{number}",
                )

    def _move(self, feature: Feature, value: Any) -> tuple[str, str, str]:
        now = self.prediction.inputs.get(feature.name)
        return feature.title, shown_value(feature, now), shown_value(feature, value)

    def _word(self, score: float, label: str) -> str:
        is_above = label == self.signature.class_names[self.signature.positive]
        return charts.scale(score, self.threshold, is_above=is_above).word

    @cached_property
    def curves(self) -> list[Curve]:
        found = []
        for number, stored in enumerate(self._stored.get("curves", ()), start=1):
            if feature := self._features.get(stored["field"]):
                found.append(Curve(f"curve-{number}", feature.title, self._line(feature, stored)))
        return found

    def _line(self, feature: Feature, stored: Mapping[str, Any]) -> charts.Line:
        now, values = self.prediction.inputs.get(feature.name), stored["values"]
        return charts.line(
            values,
            stored["scores"],
            x_low=min(*values, stored["low"]),
            x_high=max(*values, stored["high"]),
            y_high=_ceiling(max(*stored["scores"], self.threshold)),
            here=None if now is None else (now, self.prediction.score),
            band=(stored["low"], stored["high"]),
            threshold=self.threshold,
            unit=text_in(feature.unit),
        )


def _ceiling(score: float) -> float:
    """The top of a picture: the next tenth, so that a low score is no flat line at the bottom."""
    return min(int(score * 10 + 1) / 10, 1.0)
