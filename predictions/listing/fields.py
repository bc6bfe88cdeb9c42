"""The columns of a set of records as one reader meets them: titles, what may be seen, how a value is written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions import masking
from predictions.models import Dataset
from registry.signature import Feature, text_in
from registry.texts import ends, figure

NOTHING = "–"
LONGEST_CELL = 80
WRITTEN_OUT = 10**15  # larger numbers are shown as they are stored
SHOWN_AT_FIRST = 5


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column. `is_hidden`: the reader may neither see it nor find, filter or sort by it."""

    name: str
    kind: str
    is_hidden: bool
    feature: Feature | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()

    @cached_property
    def title(self) -> str:
        """As the model calls it, else the column's own name as words."""
        return self.feature.title if self.feature and self.feature.label else titled(self.name)

    @property
    def unit(self) -> str:
        return text_in(self.feature.unit) if self.feature else ""

    @property
    def heading(self) -> str:
        """Title and unit, unless the title says it: Years in the company."""
        is_said = self.unit.casefold() in self.title.casefold().split()
        return f"{self.title} ({self.unit})" if self.unit and not is_said else self.title

    @property
    def group(self) -> str:
        return text_in(self.feature.group) if self.feature else ""

    @property
    def is_number(self) -> bool:
        return self.kind in {"number", "integer"}

    def text(self, value: Any, *, longest: int | None = LONGEST_CELL) -> str:
        """A stored value as a person reads it, without its unit, cut at `longest`. Any JSON has a text."""
        if value is None or value == "":
            return NOTHING
        if isinstance(value, bool) and not (self.feature and self.feature.dtype == "category"):
            return _("Yes") if value else _("No")
        if self.feature and self.feature.dtype == "category":
            return _short(self.feature.category_title(value), longest)
        if isinstance(value, int | float) and abs(value) < WRITTEN_OUT:
            return figure(value, grouped=bool(self.unit) or None)
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
        return _short(text, longest)

    def with_unit(self, value: Any, *, longest: int | None = LONGEST_CELL) -> str:
        """The same with its unit."""
        text = self.text(value, longest=longest)
        return f"{text} {self.unit}" if self.unit and text != NOTHING else text

    def choice(self, value: str) -> str:
        """One of the values that can be chosen in a filter."""
        if self.kind == "boolean":
            return _("Yes") if value == "true" else _("No")
        return self.text(value)

    @property
    def range_text(self) -> str:
        """What the numbers of the set go from and to; empty when nobody noted it."""
        if self.low is None or self.high is None:
            return ""
        low, high = ends(self.low, self.high, self.unit)
        return _("%(low)s to %(high)s") % {"low": low, "high": high}


def titled(name: str) -> str:
    """`id_employee` as a heading: Id employee."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def key_title(dataset: Dataset) -> str:
    """What the key tells apart: `id_employee` tells employees apart. In the reader's language where the catalogue knows it."""
    words = [word for word in dataset.key_column.replace("_", " ").split() if word.lower() != "id"]
    title = titled(" ".join(words) or dataset.key_column)
    return _(title) if title else ""


def _short(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else text[: longest - 1].rstrip() + "…"


def fields_of(dataset: Dataset, user: User | AnonymousUser) -> dict[str, Field]:
    """The columns of a set by name, in the order of the file, without the key: that is what a row is called by."""
    signature = masking.signature_of(dataset)
    features = {feature.name: feature for feature in signature.features} if signature else {}
    hidden = masking.hidden_in_set(dataset, user)
    columns = [column for column in dataset.columns if isinstance(column, dict)]
    found = [_field(column, features.get(str(column.get("name"))), hidden) for column in columns]
    return {field.name: field for field in found if field.name != dataset.key_column}


def _field(column: dict[str, Any], feature: Feature | None, hidden: frozenset[str]) -> Field:
    name, values = str(column.get("name", "")), column.get("values")
    return Field(
        name=name,
        kind=str(column.get("kind", "text")),
        is_hidden=name in hidden,
        feature=feature,
        low=_number(column.get("low")),
        high=_number(column.get("high")),
        values=tuple(str(value) for value in values) if isinstance(values, list) else (),
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and abs(value) < WRITTEN_OUT else None


def first_shown(fields: Sequence[Field]) -> list[str]:
    """The columns that a table begins with, so that a row tells something before anybody chose.

    A text, which is probably a name; three choices of the section that has most of them; the first number with a unit of
    each other section; and then whatever comes. Nothing sensitive, for nobody: it is there for who asks for it.
    """
    plain = [field for field in fields if not (field.is_hidden or (field.feature and field.feature.sensitive))]
    names = [field.name for field in plain if field.kind == "text"][:1]
    choices = [field for field in plain if field.kind == "category"]
    groups = [field.group for field in choices]
    largest = max(dict.fromkeys(groups), key=groups.count, default="")
    names += [field.name for field in choices if field.group == largest][:3]
    measured = {field.group: field.name for field in reversed(plain) if field.is_number and field.unit}
    names += [name for group, name in reversed(measured.items()) if group != largest]
    rest = [field.name for field in plain if field.kind != "text" and field.name not in names]
    return [*names, *rest][:SHOWN_AT_FIRST]
