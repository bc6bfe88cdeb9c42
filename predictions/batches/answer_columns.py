"""The columns that stand beside those of a file: in words for people, under fixed names for programs.

Both are made from what is stored with an answer, and both say what stands in the file when its own columns are gone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from predictions.answers.downloads import CHUNK, AnswersFile
from predictions.imports import wording
from predictions.models.prediction import PredictionQuerySet
from predictions.spreadsheets import BOM, Style, apart, plain_quotes, safe_cell
from registry.signature import Signature


class AnswerColumns(Protocol):
    """One set of columns. `mark`: what the file begins with; `TOLD`: the values of an answer that `cells` is made from."""

    mark: str
    TOLD: tuple[str, ...]
    drops_ours: bool  # whether columns of an earlier file from here, sent again, are left out

    def __init__(self, signature: Signature, hidden: frozenset[str], style: Style) -> None: ...

    def headings(self, taken: Collection[str]) -> list[str]:
        """Called like no other column; `taken`: words as wording.alike writes them."""

    def cells(self, number: int | None, told: Iterable[Any]) -> list[str]:
        """What stands below them. `number`: of the row in the file, the first being 1; None where nobody knows."""

    def shown(self, name: str, value: Any) -> str:
        """A value that was asked about, in the column of its field."""

    def first(self) -> str:
        """The headings of a file without own columns."""

    def rows(self, call: PredictionQuerySet, numbers: Iterable[int]) -> Iterator[str]:
        """The lines of such a file."""


class ForPeople:
    """The words of the pages. They are looked up here, as the lines are made when the request is over."""

    mark: str = BOM
    TOLD: tuple[str, ...] = AnswersFile.TOLD
    drops_ours: bool = False

    def __init__(self, signature: Signature, hidden: frozenset[str], style: Style) -> None:
        self.file = AnswersFile(signature, hidden, style)
        self.shown, self.first, self.rows = self.file.lines_of.shown, self.file.first, self.file.rows

    def headings(self, taken: Collection[str]) -> list[str]:
        """Those that are taken get a number."""
        return apart(map(plain_quotes, self.file.headings), taken)

    def cells(self, number: int | None, told: Iterable[Any]) -> list[str]:
        """The answer in words, and its number among all answers."""
        return self.file.told(*told)


class ForPrograms:
    """The same names and values in every language, every number with all of its digits."""

    mark: str = ""
    TOLD: tuple[str, ...] = ("label", "score", "outputs__probabilities", "warnings", "id")
    drops_ours: bool = True

    def __init__(self, signature: Signature, hidden: frozenset[str], style: Style) -> None:
        self.style, self.hidden = style, hidden
        self.fields = [feature.name for feature in signature.features if feature.name not in hidden]
        self.classes, self.is_value = signature.class_names, signature.is_regression
        answer = ["value"] if self.is_value else ["label", "score", *(f"probability_{name}" for name in self.classes)]
        self.names = ["row", "prediction_id", *answer, "warnings"]
        self.taken = {*map(wording.alike, [feature.name for feature in signature.features]), *wording.fields(signature)}

    def headings(self, taken: Collection[str]) -> list[str]:
        """Those that are taken get a number."""
        return apart(self.names, taken, gap="_")

    def cells(self, number: int | None, told: Iterable[Any]) -> list[str]:
        """Its row in the file, its number among all answers, the answer, and `field:code` of each warning."""
        label, score, chances, warnings, pk = told
        answer = [] if self.is_value else [safe_cell(label)]
        numbers = [score] if self.is_value else [score, *map(chances.__getitem__, self.classes)]
        return [
            "" if number is None else str(number),
            str(pk),
            *answer,
            *map(self._number, numbers),
            self._said(warnings),
        ]

    def shown(self, name: str, value: Any) -> str:
        """A value as JSON has it, with the decimal sign of the file."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value).replace(".", self.style.point) if isinstance(value, float) else safe_cell(str(value))

    def first(self) -> str:
        """The key, and the fields by their names in the place of the file's columns."""
        key = apart(["key"], self.taken, gap="_")
        return self.style.line([*key, *map(safe_cell, self.fields), *self.headings(self.taken)])

    def rows(self, call: PredictionQuerySet, numbers: Iterable[int]) -> Iterator[str]:
        """The lines of such a file."""
        found = call.values_list("key", "record__key", "inputs", *self.TOLD).iterator(chunk_size=CHUNK)
        # The answers first: who stops before their end leaves a cursor open.
        for (named, key, inputs, *told), number in zip(found, numbers, strict=False):
            asked = [self.shown(name, inputs.get(name)) for name in self.fields]
            yield self.style.line([safe_cell(named or key or ""), *asked, *self.cells(number, told)])

    def _number(self, stored: float) -> str:
        # JSON of PostgreSQL makes 1e22 a whole number, and knows no -0.0.
        return repr(float(stored) + 0.0).replace(".", self.style.point)

    def _said(self, warnings: Iterable[Mapping[str, Any]]) -> str:
        told = (f"{'' if one['field'] in self.hidden else one['field']}:{one['code']}" for one in warnings)
        return safe_cell(";".join(dict.fromkeys(told)))
