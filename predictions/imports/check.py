"""The page between a file and its import: how it was read, what it holds, what will happen."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.imports import verbs
from predictions.imports.column_kinds import Column
from predictions.imports.csv_files import DECIMALS, DELIMITER_TITLES, ENCODINGS, Problem, listed
from predictions.imports.forms import ReadingForm
from predictions.imports.reading import Reading
from registry.texts import figure

SAMPLES, LONGEST_SAMPLE = 3, 40
FIRST_ROWS = 5
KINDS = {
    "number": gettext_lazy("Number"),
    "integer": gettext_lazy("Whole number"),
    "boolean": gettext_lazy("Yes or no"),
    "category": gettext_lazy("Choice"),
    "text": gettext_lazy("Text"),
}


@dataclass(frozen=True)
class ColumnLine:
    """A column as the page lists it. `refused`: how many of its values the model would refuse."""

    name: str
    title: str
    kind: str
    samples: list[str]
    is_key: bool
    is_used: bool
    refused: str


@dataclass(frozen=True)
class Refusal:
    """One thing that the model would say about some of the records, and in which rows."""

    sentence: str
    count: str
    rows: str


@dataclass
class CheckPage:
    """What the page shows of a reading. `said`: why an import did not happen."""

    reading: Reading
    said: list[str] = field(default_factory=list)

    @cached_property
    def problems(self) -> list[str]:
        """Why the file cannot be imported as it is read now."""
        return [*self.said, *([] if self.is_ready else map(str, self._reasons()))]

    def _reasons(self) -> tuple[Problem, ...]:
        if self.reading.sheet is not None and not self.reading.key:
            return (Problem(_("No column tells the records apart by itself: choose the key below.")),)
        return self.reading.problems

    @property
    def is_ready(self) -> bool:
        return self.reading.prepared is not None

    @property
    def count(self) -> int:
        return len(self.reading.sheet.rows) if self.reading.sheet else 0

    @property
    def shown_count(self) -> str:
        return figure(self.count)

    @property
    def model_title(self) -> str:
        """What pages call the model that will be asked; empty without one."""
        model = self.reading.model
        return self.reading.candidates.get(model.name, (model.name, None))[0] if model else ""

    @cached_property
    def form(self) -> ReadingForm:
        """The choices, as they are."""
        names = self.reading.sheet.names if self.reading.sheet else []
        keys = [(name, name) for name in names]
        models = [(name, title) for name, (title, _signature) in self.reading.candidates.items()]
        return ReadingForm(
            keys=keys if self.reading.key in names else [("", _("Choose")), *keys],
            models=[("", _("None")), *models],
            is_new=self.reading.dataset is None,
            initial=self.reading.chosen(),
        )

    @property
    def read_as(self) -> list[str]:
        """What was guessed or chosen, in words."""
        chosen = self.reading.dialect
        return [
            str(DELIMITER_TITLES[chosen.delimiter]),
            str(DECIMALS[chosen.decimal]),
            str(ENCODINGS[chosen.encoding]),
            _("Names in the first row") if chosen.header else _("No names in the first row"),
        ]

    @cached_property
    def already(self) -> int:
        """How many of the records the set has already."""
        dataset, prepared = self.reading.dataset, self.reading.prepared
        return verbs.already_there(dataset, prepared.keys) if dataset and prepared else 0

    @property
    def effects(self) -> list[tuple[str, str]]:
        """What the import will do, as titles and numbers."""
        dataset = self.reading.dataset
        found = [(_("New records"), figure(self.count - self.already))]
        if dataset:
            found.append((_("There already, taking the values of the file"), figure(self.already)))
            found.append((_("Not in the file, staying as they are"), figure(max(dataset.size - self.already, 0))))
        return found

    @cached_property
    def lines(self) -> list[ColumnLine]:
        """Every column."""
        prepared = self.reading.prepared
        return [self._line(column) for column in prepared.columns] if prepared else []

    def _line(self, column: Column) -> ColumnLine:
        refused = sum(map(len, column.refused.values()))
        samples = dict.fromkeys(_shown(value) for value in column.values[:500] if value is not None)
        return ColumnLine(
            name=column.name,
            title=column.feature.title if column.feature else column.name,
            kind=str(KINDS[column.kind]),
            samples=list(samples)[:SAMPLES],
            is_key=column.name == self.reading.key,
            is_used=column.feature is not None,
            refused=figure(refused) if refused else "",
        )

    @property
    def first_rows(self) -> list[tuple[int, list[str]]]:
        """The first records: spreadsheet row and values, shortened."""
        prepared = self.reading.prepared
        if prepared is None:
            return []
        rows = zip(*(column.values[:FIRST_ROWS] for column in prepared.columns), strict=True)
        return [
            (number, [_shown(value) for value in row])
            for number, row in zip(prepared.sheet.rows[:FIRST_ROWS], rows, strict=True)
        ]

    @cached_property
    def refusals(self) -> list[Refusal]:
        """What the model would refuse, the most frequent first."""
        prepared = self.reading.prepared
        if prepared is None:
            return []
        found = [(text, where) for column in prepared.columns for text, where in column.refused.items()]
        found.sort(key=lambda item: -len(item[1]))
        rows = prepared.sheet.rows
        return [Refusal(text, figure(len(where)), listed([rows[index] for index in where])) for text, where in found]

    @property
    def refused_records(self) -> str:
        """How many records have a value that the model would refuse."""
        columns = self.reading.prepared.columns if self.reading.prepared else []
        return figure(len({index for column in columns for where in column.refused.values() for index in where}))

    @property
    def missing(self) -> list[str]:
        """Titles of fields that the model needs and the file lacks."""
        names = {line.name for line in self.lines}
        features = self.reading.signature.features if self.reading.signature and self.lines else ()
        return [feature.title for feature in features if not feature.nullable and feature.name not in names]

    @property
    def dropped(self) -> list[str]:
        """Columns of the set that the file lacks: its records lose them."""
        names = {line.name for line in self.lines}
        columns = self.reading.dataset.columns if self.reading.dataset and self.lines else []
        return [column["name"] for column in columns if column["name"] not in names]


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    text = value if isinstance(value, str) else figure(value)
    return text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…"
