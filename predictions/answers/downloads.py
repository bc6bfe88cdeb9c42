"""Answers as a file, in the words of the pages."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from predictions.models.prediction import PredictionQuerySet
from predictions.spreadsheets import Lines, Style, safe
from registry import charts
from registry.signature import Signature

CHUNK = 500


class AnswersFile:
    """The lines of the file: one for each answer, then the fields it was made from but the hidden ones.

    All words are looked up here, as the lines are made when the request is over.
    """

    TOLD = ("label", "score", "outputs__threshold", "warnings", "id")  # what `told` is made from

    def __init__(self, signature: Signature, hidden: frozenset[str], style: Style | None = None) -> None:
        shown = [feature for feature in signature.features if feature.name not in hidden]
        self.lines_of = Lines(signature, shown, style)
        self.answers = {name: signature.class_title(name) for name in signature.class_names}
        self.titles = {feature.name: feature.title for feature in signature.features}
        self.is_value, self.is_binary = signature.is_regression, len(signature.classes) == 2
        self.positive = signature.class_names[signature.positive] if self.is_binary else ""
        self.words = [step.word for step in charts.scale(0, 0.5, is_above=False).steps]
        self.key = _("Key of the record")
        self.headings = [_("Answer"), *self._scored(), _("Warnings"), _("Number of the answer")]

    def _scored(self) -> list[str]:
        """What the number beside the answer is, and its word; of a value it is the answer itself."""
        if self.is_value:
            return []
        if self.is_binary:
            return [_("Score for “%(answer)s”") % {"answer": self.answers[self.positive]}, _("In a word")]
        return [_("Probability")]

    def lines(self, call: PredictionQuerySet) -> Iterator[str]:
        """Text, line by line, in the order of the call's rows."""
        yield self.first()
        yield from self.rows(call, count(1))

    def first(self) -> str:
        """The line of headings."""
        return self.lines_of.first([self.key, *self.headings])

    def rows(self, call: PredictionQuerySet, numbers: Iterable[int]) -> Iterator[str]:
        """The other lines. `numbers`: what each row is called that has no key."""
        found = call.values_list("key", "record__key", "inputs", *self.TOLD).iterator(chunk_size=CHUNK)
        # The answers first: who stops before their end leaves a cursor open.
        for (named, key, inputs, *told), number in zip(found, numbers, strict=False):
            yield self.lines_of.line([safe(named or key or str(number)), *self.told(*told)], inputs)

    def told(self, label: str, score: float, threshold: float | None, warnings: list[Any], pk: UUID) -> list[str]:
        """What stands below `headings` for an answer."""
        return [*self._answer(label, score, threshold), self._warned(warnings), str(pk)]

    def _answer(self, label: str, score: float, threshold: float | None) -> list[str]:
        if self.is_value:
            return [self.lines_of.number(score)]
        said = [safe(self.answers.get(label, label)), self.lines_of.number(score, ".4f")]
        if self.is_binary:
            line = 0.5 if threshold is None else threshold
            said.append(self.words[charts.step(score, line, is_above=label == self.positive)])
        return said

    def _warned(self, warnings: list[Any]) -> str:
        return safe(", ".join(dict.fromkeys(self.titles.get(item["field"], item["field"]) for item in warnings)))
