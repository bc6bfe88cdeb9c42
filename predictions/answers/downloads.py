"""The answers of one call as a file, in the words of the pages."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from predictions.models.prediction import PredictionQuerySet
from predictions.spreadsheets import Lines, safe
from registry import charts
from registry.signature import Signature

CHUNK = 500


class AnswersFile:
    """The lines of the file: one for each answer, then the fields it was made from but the hidden ones.

    All words are looked up here, as the lines are made when the request is over.
    """

    def __init__(self, signature: Signature, hidden: frozenset[str]) -> None:
        self.lines_of = Lines(signature, [feature for feature in signature.features if feature.name not in hidden])
        self.answers = {name: signature.class_title(name) for name in signature.class_names}
        self.titles = {feature.name: feature.title for feature in signature.features}
        self.is_value, self.is_binary = signature.is_regression, len(signature.classes) == 2
        self.positive = signature.class_names[signature.positive] if self.is_binary else ""
        self.words = [step.word for step in charts.scale(0, 0.5, is_above=False).steps]
        self.headings = [
            _("Key of the record"),
            _("Answer"),
            *self._scored(),
            _("Warnings"),
            _("Number of the answer"),
        ]

    def _scored(self) -> list[str]:
        """What the number beside the answer is, and its word; of a value it is the answer itself."""
        if self.is_value:
            return []
        if self.is_binary:
            return [_("Score for “%(answer)s”") % {"answer": self.answers[self.positive]}, _("In a word")]
        return [_("Probability")]

    def lines(self, call: PredictionQuerySet) -> Iterator[str]:
        """Text, line by line, in the order of the call's rows."""
        names = ("record__key", "row", "label", "score", "outputs__threshold", "warnings", "id", "inputs")
        yield self.lines_of.first(self.headings)
        for key, row, label, score, threshold, warnings, number, inputs in call.values_list(*names).iterator(
            chunk_size=CHUNK
        ):
            cells = [safe(key or str(row + 1)), *self._answer(label, score, threshold)]
            yield self.lines_of.line([*cells, self._warned(warnings), str(number)], inputs)

    def _answer(self, label: str, score: float, threshold: float | None) -> list[str]:
        if self.is_value:
            return [self.lines_of.number(score)]
        said = [safe(self.answers.get(label, label)), self.lines_of.number(score, ".4f")]
        if self.is_binary:
            line = 0.5 if threshold is None else threshold
            steps = charts.scale(score, line, is_above=label == self.positive).steps
            said.append(next(word for word, step in zip(self.words, steps, strict=True) if step.is_here))
        return said

    def _warned(self, warnings: list[Any]) -> str:
        return safe(", ".join(dict.fromkeys(self.titles.get(item["field"], item["field"]) for item in warnings)))
