"""The answers of one call as a file that a spreadsheet opens as it is meant, in the language of the reader."""

import csv
from collections.abc import Iterator
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import gettext as _

from predictions.models.prediction import PredictionQuerySet
from registry.signature import Signature

BOM = "\ufeff"
CHUNK = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a text for a formula


class _Echo:
    """What csv writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


class AnswersFile:
    """The lines of the file: one for each answer, then the columns it was made from but the hidden ones.

    Semicolons, decimal commas and a byte order mark where numbers are written with a comma, else commas and points.
    All words are looked up here, as the lines are made when the request is over.
    """

    def __init__(self, signature: Signature, hidden: frozenset[str]) -> None:
        self.point = get_format("DECIMAL_SEPARATOR")
        self.features = [feature.name for feature in signature.features if feature.name not in hidden]
        self.answers = {name: signature.class_title(name) for name in signature.class_names}
        self.yes, self.no = _("Yes"), _("No")
        self.titles = {feature.name: feature.title for feature in signature.features}
        self.headings = [
            _("Key of the record"),
            _("Answer"),
            *_scored(signature),
            _("Warnings"),
            _("Number of the answer"),
        ]
        self.is_value = signature.is_regression

    def lines(self, call: PredictionQuerySet) -> Iterator[str]:
        """Text, line by line, in the order of the call's rows."""
        is_comma = self.point == ","
        writer = csv.writer(_Echo(), delimiter=";" if is_comma else ",")
        names = ("record__key", "row", "label", "score", "warnings", "id", "inputs")
        yield (BOM if is_comma else "") + writer.writerow([safe(title) for title in [*self.headings, *self.features]])
        for found in call.values_list(*names).iterator(chunk_size=CHUNK):
            yield writer.writerow(self._line(*found))

    def _line(
        self, key: str | None, row: int, label: str, score: float, warnings: list[Any], number: Any, inputs: Any
    ) -> list[str]:
        answer = [] if self.is_value else [safe(self.answers.get(label, label))]
        about = dict.fromkeys(self.titles.get(item["field"], item["field"]) for item in warnings)
        return [
            safe(key or str(row + 1)),
            *answer,
            self._cell(score),
            safe(", ".join(about)),
            str(number),
            *(self._cell(inputs.get(name)) for name in self.features),
        ]

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.yes if value else self.no
        if isinstance(value, float):
            return f"{value:.10g}".replace(".", self.point)
        return str(value) if isinstance(value, int) else safe(str(value))


def _scored(signature: Signature) -> list[str]:
    """What the number beside the answer is; of a value it is the answer itself."""
    if signature.is_regression:
        return []
    if len(signature.classes) == 2:
        return [
            _("Score for “%(answer)s”") % {"answer": signature.class_title(signature.class_names[signature.positive])}
        ]
    return [_("Probability")]


def safe(text: str) -> str:
    """A text that no spreadsheet calculates: an apostrophe goes before what would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
