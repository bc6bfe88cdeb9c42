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
ALLOWED, REFUSALS = 12, 10
KINDS = {
    "number": gettext_lazy("Number"),
    "integer": gettext_lazy("Whole number"),
    "boolean": gettext_lazy("Yes or no"),
    "category": gettext_lazy("Choice"),
    "text": gettext_lazy("Text"),
}


@dataclass(frozen=True)
class ColumnLine:
    """A column as the page lists it. `title`: of the model's field; `refused`: how many values it would refuse."""

    name: str
    heading: str
    title: str
    kind: str
    samples: list[str]
    is_key: bool
    is_used: bool
    refused: str


@dataclass(frozen=True)
class Refusal:
    """One thing that the model would say about some of the records, in which rows, and which values it takes there."""

    sentence: str
    count: str
    rows: str
    allowed: str


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
        if self.reading.sheet is not None and not self.reading.key and not self.reading.problems:
            return (Problem(_("No column tells the records apart by itself: choose the key below.")),)
        return self.reading.problems

    @property
    def is_open(self) -> bool:
        """Whether the choices lie open: something can be mended by another one."""
        return bool(self.problems)

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
        sheet = self.reading.sheet
        names = sheet.names if sheet else []
        keys = list(zip(names, sheet.headings, strict=True)) if sheet else []
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
        if prepared is None:
            return []
        return [self._line(*found) for found in zip(prepared.columns, prepared.sheet.headings, strict=True)]

    def _line(self, column: Column, heading: str) -> ColumnLine:
        refused = sum(map(len, column.refused.values()))
        samples = dict.fromkeys(_shown(value, column) for value in column.values[:500] if value is not None)
        return ColumnLine(
            name=column.name,
            heading=heading,
            title=column.feature.title if column.feature else "",
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
        columns = [[_shown(value, column) for value in column.values[:FIRST_ROWS]] for column in prepared.columns]
        return list(zip(prepared.sheet.rows[:FIRST_ROWS], map(list, zip(*columns, strict=True)), strict=True))

    @cached_property
    def refusals(self) -> list[Refusal]:
        """What the model would refuse, the most frequent first."""
        prepared = self.reading.prepared
        if prepared is None:
            return []
        found = [(column, text, where) for column in prepared.columns for text, where in column.refused.items()]
        found.sort(key=lambda item: -len(item[2]))
        return [
            Refusal(
                sentence=text,
                count=figure(len(where)),
                rows=listed([prepared.sheet.rows[index] for index in where]),
                allowed=_allowed(column) if column.values[where[0]] is not None else "",
            )
            for column, text, where in found
        ]

    @property
    def shown_refusals(self) -> list[Refusal]:
        """The first of them."""
        return self.refusals[:REFUSALS]

    @property
    def other_refusals(self) -> int:
        """How many more there are."""
        return len(self.refusals) - len(self.shown_refusals)

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
        features = self.reading.signature.features if self.reading.signature else ()
        titles = {feature.name: feature.title for feature in features}
        missing = [column["name"] for column in columns if column["name"] not in names]
        return [titles.get(name, name) for name in missing]


def _allowed(column: Column) -> str:
    """The values of a choice as pages say them; of many the first ones, and how many more there are."""
    feature = column.feature
    titles = [feature.category_title(value) for value in feature.values] if feature else []
    if len(titles) <= ALLOWED:
        return ", ".join(titles)
    text = _("%(values)s and %(count)s more")
    return text % {"values": ", ".join(titles[:ALLOWED]), "count": len(titles) - ALLOWED}


def _shown(value: Any, column: Column) -> str:
    if value is None:
        return "–"
    if column.feature and column.feature.dtype == "category":
        value = column.feature.category_title(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    text = value if isinstance(value, str) else figure(value)
    return text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…"
