"""What narrows the table of a set of records: search words and filters by column, read from an address.

Names come from outside. Only those of columns that the reader may see are looked up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from predictions.imports.wording import folded
from predictions.listing import arrays, columns
from predictions.listing.arrays import SEARCH, Column, Mask
from predictions.listing.fields import Field
from registry import coercion
from registry.coercion import Refused
from registry.texts import ends

IS, FROM, TO = "is.", "from.", "to."  # before a column's name
WORDS_AT_MOST = 8
CHOICES_AT_MOST = 100
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`; None is no bound."""

    field: Field
    low: float | None
    high: float | None

    @property
    def kinds(self) -> dict[str, str]:
        """What the index calls the columns that this is about, and the kind of each."""
        return {columns.of(self.field.name): self.field.kind}

    def mask(self, known: Mapping[str, Column]) -> Mask:
        """Which records meet this."""
        return arrays.between(known[columns.of(self.field.name)], self.low, self.high)


@dataclass(frozen=True)
class OneOf:
    """A value that is among some."""

    field: Field
    values: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, str]:
        return {columns.of(self.field.name): self.field.kind}

    def mask(self, known: Mapping[str, Column]) -> Mask:
        return arrays.one_of(known[columns.of(self.field.name)], self.values)


@dataclass(frozen=True)
class Holds:
    """A word that the search text holds, or that a word of a choice begins with, as the reader reads it."""

    word: str
    choices: tuple[OneOf, ...] = ()

    @property
    def kinds(self) -> dict[str, str]:
        found = {SEARCH: SEARCH}
        for choice in self.choices:
            found |= choice.kinds
        return found

    def mask(self, known: Mapping[str, Column]) -> Mask:
        found = arrays.containing(known[SEARCH], self.word)
        for choice in self.choices:
            found |= choice.mask(known)
        return found


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
    _search(found, sent.get("q", ""), fields)
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


def searched(fields: Iterable[Field]) -> list[Field]:
    """The columns that search words are looked for in, besides the key."""
    return [item for item in fields if not item.is_hidden and (item.kind == "category" or _is_searched_text(item))]


def _is_searched_text(item: Field) -> bool:
    return item.kind == "text" and not (item.feature and item.feature.sensitive)


def _choices(word: str, fields: Mapping[str, Field]) -> tuple[OneOf, ...]:
    """What a word says of columns of choices. A number says nothing: it would find half of the set."""
    if not any(map(str.isalpha, word)):
        return ()
    found = [OneOf(item, _beginning(word, item)) for item in searched(fields.values()) if item.kind == "category"]
    return tuple(choice for choice in found if choice.values)


def _beginning(word: str, item: Field) -> tuple[str, ...]:
    titles = {value: folded(item.text(value, longest=None)) for value in item.values}
    return tuple(value for value, title in titles.items() if f" {word}" in f" {title}")


def _search(found: Filters, text: str, fields: Mapping[str, Field]) -> None:
    try:
        text = coercion.text(text)
    except Refused as refused:
        found.problems.append(Problem("q", str(refused)))
        return
    words = text.split()
    if len(text) > LONGEST_SEARCH or len(words) > WORDS_AT_MOST:
        found.problems.append(Problem("q", _("Search for fewer words.")))
        return
    # The key is part of the search text.
    found.conditions += [Holds(word, _choices(word, fields)) for word in map(folded, words)]
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
    first, last = (f"{end} {item.unit}".strip() for end in ends(low, high, item.unit))
    words = {"field": item.title, "low": first, "high": last}
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
