"""What narrows the table of a set of records: search words and filters by column, read from an address.

Names come from outside. Only those of columns that the reader may see are looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from predictions.imports.wording import folded
from predictions.listing import arrays, columns
from predictions.listing.arrays import SEARCH, Column, Mask
from predictions.listing.fields import Field
from registry import coercion
from registry.coercion import Refused
from registry.texts import figure

IS, FROM, TO = "is.", "from.", "to."  # before a column's name
WORDS_AT_MOST = 8
CHOICES_AT_MOST = 100
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Holds:
    """A word that the search text holds."""

    word: str

    @property
    def column(self) -> tuple[str, str]:
        """What the index calls the column that this is about, and its kind."""
        return SEARCH, SEARCH

    def mask(self, column: Column) -> Mask:
        """Which records meet this."""
        return arrays.containing(column, self.word)


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`; None is no bound."""

    field: Field
    low: float | None
    high: float | None

    @property
    def column(self) -> tuple[str, str]:
        return columns.of(self.field.name), self.field.kind

    def mask(self, column: Column) -> Mask:
        return arrays.between(column, self.low, self.high)


@dataclass(frozen=True)
class OneOf:
    """A value that is among some."""

    field: Field
    values: tuple[str, ...]

    @property
    def column(self) -> tuple[str, str]:
        return columns.of(self.field.name), self.field.kind

    def mask(self, column: Column) -> Mask:
        return arrays.one_of(column, self.values)


Condition = Holds | Between | OneOf


@dataclass(frozen=True)
class Chip:
    """One thing that the list was narrowed by, in words, and the parameters that say it."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """What cannot be asked for. `where`: the parameter it came in, "" for one that the page has no field for."""

    where: str
    text: str


@dataclass
class Filters:
    """What an address asks for: conditions, the same in words, and what could not be understood."""

    conditions: list[Condition] = field(default_factory=list)
    chips: list[Chip] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(sent: QueryDict, fields: Mapping[str, Field]) -> Filters:
    """The filters of an address. Parameters without a meaning here are left alone; unknown columns are a problem."""
    found = Filters()
    _search(found, sent.get("q", ""))
    for name in dict.fromkeys(sent):
        prefix = next((known for known in (IS, FROM, TO) if name.startswith(known)), None)
        if prefix and any(sent.getlist(name)) and not _can(prefix, fields.get(name.removeprefix(prefix))):
            found.problems.append(Problem("", no_such_column()))
    for item in fields.values():
        if item.is_hidden:
            continue
        if item.is_number:
            _between(found, item, sent.get(FROM + item.name, ""), sent.get(TO + item.name, ""))
        elif item.kind in {"category", "boolean"}:
            _one_of(found, item, [text for text in sent.getlist(IS + item.name) if text])
    return found


def no_such_column() -> str:
    """What is said of a name that is none, or not for this reader: the two are not told apart."""
    return _("The address names a column that these records do not have, or that you may not see.")


def _can(prefix: str, item: Field | None) -> bool:
    if item is None or item.is_hidden:
        return False
    return item.kind in {"category", "boolean"} if prefix == IS else item.is_number


def _search(found: Filters, text: str) -> None:
    try:
        text = coercion.text(text)
    except Refused as refused:
        found.problems.append(Problem("q", str(refused)))
        return
    words = text.split()
    if len(text) > LONGEST_SEARCH or len(words) > WORDS_AT_MOST:
        found.problems.append(Problem("q", _("Search for fewer words.")))
        return
    found.conditions += [Holds(folded(word)) for word in words]  # the key is part of what is searched
    if words:
        found.chips.append(Chip(_("Search: “%(words)s”") % {"words": " ".join(words)}, ("q",)))


def _between(found: Filters, item: Field, low_text: str, high_text: str) -> None:
    low = _bound(found, item, FROM + item.name, low_text)
    high = _bound(found, item, TO + item.name, high_text)
    if low is None and high is None:
        return
    if low is not None and high is not None and low > high:
        sentence = _("“%(field)s”: the first number must not be above the second.")
        found.problems.append(Problem(FROM + item.name, sentence % {"field": item.title}))
        return
    found.conditions.append(Between(item, low, high))
    words = {"field": item.title, "low": _figure(item, low), "high": _figure(item, high)}
    if low is None:
        text = _("%(field)s: at most %(high)s") % words
    elif high is None:
        text = _("%(field)s: at least %(low)s") % words
    else:
        text = _("%(field)s: %(low)s to %(high)s") % words
    found.chips.append(Chip(text, (FROM + item.name, TO + item.name)))


def _bound(found: Filters, item: Field, where: str, text: str) -> float | None:
    if coercion.is_missing(text):
        return None
    try:
        return coercion.number(text)
    except Refused as refused:
        found.problems.append(Problem(where, _told(item, str(refused))))
        return None


def _figure(item: Field, bound: float | None) -> str:
    return "" if bound is None else f"{figure(bound)} {item.unit}".strip()


def _one_of(found: Filters, item: Field, texts: list[str]) -> None:
    if not texts:
        return
    try:
        wanted = list(dict.fromkeys(coercion.text(text) for text in texts[:CHOICES_AT_MOST]))
    except Refused as refused:
        found.problems.append(Problem(IS + item.name, _told(item, str(refused))))
        return
    if item.kind == "boolean":
        wanted = [text for text in wanted if text in arrays.BOOLEANS]
    found.conditions.append(OneOf(item, tuple(wanted)))
    values = ", ".join(item.choice(text) for text in wanted)
    found.chips.append(Chip(_told(item, values), (IS + item.name,)))


def _told(item: Field, text: str) -> str:
    return _("%(field)s: %(text)s") % {"field": item.title, "text": text}
