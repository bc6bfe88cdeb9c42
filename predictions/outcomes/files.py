"""How a file of outcomes is read: what its address says, and a guess for what it does not say."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from predictions import model_cards
from predictions.imports import csv_files
from predictions.imports.csv_files import Dialect, FileRefused, Problem, Sheet
from predictions.imports.wording import alike
from predictions.models import Dataset, Upload
from predictions.outcomes import planning
from predictions.outcomes.planning import Choices, Plan, number_of
from predictions.outcomes.words import day, is_month_first
from registry.models import RegisteredModel

LOOKED_AT = 500  # cells of a column that a guess is made from
MOSTLY = 0.8
# What files made here call their columns.
HEADINGS: dict[str, str | Promise] = {
    "number": gettext_lazy("Number of the answer"),
    "key": gettext_lazy("Key of the record"),
    "outcome": gettext_lazy("What really happened"),
    "observed": gettext_lazy("Observed on"),
}
# What people call them, as `alike` writes it.
WORDS = {
    "number": {"answer number", "number", "answer id", "prediction id", "prediction", "uuid", "numero", "id reponse"},
    "key": {"key", "record key", "cle", "matricule", "employee id", "id employee"},
    "outcome": {"outcome", "actual", "actual outcome", "result", "resultat", "resultat reel", "issue", "constat"},
    "observed": {"observed", "observed date", "date", "date observed", "observe le", "constate le", "date du constat"},
}
DATES = {"day": gettext_lazy("Day first, as in 31/12/2025"), "month": gettext_lazy("Month first, as in 12/31/2025")}


class OutcomeReading:
    """A file and the choices made for it, looked up when they are needed."""

    def __init__(self, upload: Upload, query: Any, user: User) -> None:
        """`query`: names and texts, as of an address; what it says wrongly is guessed."""
        self.upload, self._query, self.user = upload, query, user
        self.content = bytes(upload.content)
        self.problems: tuple[Problem, ...] = ()

    @cached_property
    def dialect(self) -> Dialect:
        """As the address says, and for the rest as it seems."""
        return csv_files.chosen(self._query, self.content)

    @cached_property
    def sheet(self) -> Sheet | None:
        """The texts of the file; None when it cannot be read, and `problems` say why."""
        try:
            return csv_files.read(self.content, self.dialect)
        except FileRefused as refused:
            self.problems = refused.problems
            return None

    @cached_property
    def columns(self) -> dict[str, str]:
        """What is in which column: number, key, outcome, observed -> its name, "" where there is none."""
        names = self.sheet.names if self.sheet else []
        said = {part: self._query[part] for part in HEADINGS if self._query.get(part) in {"", *names}}
        found = said if len(said) == len(HEADINGS) else {**self._guessed(names), **said}
        return {part: found[part] for part in HEADINGS}

    def _guessed(self, names: list[str]) -> dict[str, str]:
        found = dict.fromkeys(HEADINGS, "")
        keys = {alike(name) for name in Dataset.objects.visible_to(self.user).values_list("key_column", flat=True)}
        for name in names:
            part = next((part for part in HEADINGS if not found[part] and alike(name) in _words(part, keys)), "")
            if part:
                found[part] = name
        free = [name for name in names if name not in found.values()]
        found["number"] = found["number"] or next((name for name in free if self._holds(name, _is_number)), "")
        found["observed"] = found["observed"] or next((name for name in free if self._holds(name, _is_day)), "")
        return found

    def _holds(self, name: str, is_one: Any) -> bool:
        """Whether most of the cells of a column are such."""
        cells = [text for text in self.sheet.column(name)[:LOOKED_AT] if text] if self.sheet else []
        return bool(cells) and sum(map(is_one, cells)) >= MOSTLY * len(cells)

    @cached_property
    def dates(self) -> str:
        """How days are written: a key of DATES."""
        if self._query.get("dates") in DATES:
            return str(self._query["dates"])
        observed = self.columns["observed"]
        texts = set(self.sheet.column(observed)) if self.sheet and observed else set()
        return "month" if is_month_first(texts) else "day"

    @cached_property
    def titles(self) -> dict[str, str]:
        """Models that were asked: name -> title."""
        return {card.name: card.title for card in model_cards.model_cards()}

    @cached_property
    def model(self) -> RegisteredModel | None:
        """The model whose answers the keys mean."""
        name = self._query.get("model")
        if name is None and len(self.titles) == 1:
            name = next(iter(self.titles))
        return RegisteredModel.objects.filter(name=name).first() if name in self.titles else None

    @cached_property
    def sets(self) -> dict[str, str]:
        """Sets of records that the person may see: name -> title."""
        return {one.name: one.called for one in Dataset.objects.visible_to(self.user).order_by("title")}

    @cached_property
    def dataset(self) -> Dataset | None:
        """The set of records that the keys are of; None for whichever."""
        name = self._query.get("set", "")
        return Dataset.objects.filter(name=name).first() if name in self.sets else None

    @cached_property
    def missing(self) -> list[str]:
        """Which columns have to be chosen first, as sentences."""
        if self.sheet is None:
            return []
        columns, found = self.columns, []
        if not columns["number"] and not columns["key"]:
            found.append(_("Choose the column with the numbers of the answers, or the one with the keys."))
        if not columns["outcome"]:
            found.append(_("Choose the column that says what really happened."))
        if not columns["observed"]:
            found.append(_("Choose the column with the days on which it was observed."))
        chosen = [name for name in columns.values() if name]
        if len(chosen) != len(set(chosen)):
            found.append(_("Choose another column for each."))
        return found

    def choices(self) -> Choices:
        """Everything that the verb needs to know besides the texts."""
        return Choices(
            **self.columns,
            model=self.model,
            dataset=self.dataset,
            decimal=self.dialect.decimal,
            month_first=self.dates == "month",
        )

    @cached_property
    def plan(self) -> Plan | None:
        """What the file would do; None when it cannot be read, or columns have to be chosen first."""
        if self.sheet is None or self.missing:
            return None
        return planning.plan(self.sheet, self.choices(), by=self.user)

    def chosen(self) -> dict[str, str]:
        """Everything that was chosen or guessed, as texts."""
        return {
            "file": str(self.upload.pk),
            **self.columns,
            "model": self.model.name if self.model else "",
            "set": self.dataset.name if self.dataset else "",
            "dates": self.dates,
            "delimiter": self.dialect.delimiter,
            "decimal": self.dialect.decimal,
            "encoding": self.dialect.encoding,
            "header": "yes" if self.dialect.header else "no",
        }

    def query(self) -> str:
        """The same as the end of an address."""
        return urlencode(self.chosen())


def _words(part: str, keys: set[str]) -> set[str]:
    """What a column may be called that holds this; `keys`: what sets of records call their key."""
    found = set(WORDS[part]) | (keys if part == "key" else set())
    for code, _name in settings.LANGUAGES:
        with override(code):
            found.add(alike(str(HEADINGS[part])))
    return found


def _is_number(text: str) -> bool:
    return number_of(text) is not None


def _is_day(text: str) -> bool:
    return day(text) is not None or day(text, month_first=True) is not None
