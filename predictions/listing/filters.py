"""What narrows the table of a set of records: search words and filters by column, read from an address.

Names come from outside. Only those of columns that the reader may see become part of a query, and always as values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Func, JSONField, Q, TextField, Value
from django.db.models.functions import Cast, Lower
from django.db.models.lookups import GreaterThanOrEqual, In, LessThanOrEqual
from django.http import QueryDict
from django.utils.translation import gettext as _

from predictions.imports.column_kinds import folded
from predictions.listing.fields import Field
from registry import coercion
from registry.coercion import Refused
from registry.texts import figure

IS, FROM, TO = "is.", "from.", "to."  # before a column's name
WORDS_AT_MOST = 8
CHOICES_AT_MOST = 100
LONGEST_SEARCH = 200
# What a file may call true and false; the model's own columns hold JSON booleans.
BOOLEANS = {"true": ["true", "yes", "oui", "vrai", "1"], "false": ["false", "no", "non", "faux", "0"]}
# No number of a record lies outside, and nothing but a number lies between: jsonb sorts by type first.
LEAST, MOST = "-1e400", "1e400"

Condition = Q | In | GreaterThanOrEqual | LessThanOrEqual


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
    """What an address asks for: conditions for a query, the same in words, and what could not be understood."""

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
    found.conditions += [Q(search__contains=folded(word)) for word in words]  # the key is part of what is searched
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
    value = value_of(item.name)
    found.conditions += [GreaterThanOrEqual(value, _json(low, LEAST)), LessThanOrEqual(value, _json(high, MOST))]
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


def _json(bound: float | None, otherwise: str) -> Cast:
    return Cast(Value(otherwise if bound is None else repr(bound)), JSONField())


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
        wanted = [text for text in wanted if text in BOOLEANS]
        words = [word for text in wanted for word in BOOLEANS[text]]
        found.conditions.append(In(Lower(text_of(item.name)), words or [""]))
    else:
        found.conditions.append(In(text_of(item.name), wanted))
    values = ", ".join(item.choice(text) for text in wanted)
    found.chips.append(Chip(_told(item, values), (IS + item.name,)))


def _told(item: Field, text: str) -> str:
    return _("%(field)s: %(text)s") % {"field": item.title, "text": text}


def value_of(name: str) -> Func:
    """The value of a column as JSON. Not Django's own key lookup: that takes the column "2024" for a position."""
    return _at(name, " -> ", JSONField())


def text_of(name: str) -> Func:
    """The value of a column as text."""
    return _at(name, " ->> ", TextField())


def _at(name: str, operator: str, kind: Any) -> Func:
    key = Cast(Value(name), TextField())
    return Func(F("data"), key, template="(%(expressions)s)", arg_joiner=operator, output_field=kind)
