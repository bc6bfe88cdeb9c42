"""In which order a table of records stands, and where a page of it begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, IntegerField, JSONField, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Lower, LPad, NullIf
from django.db.models.lookups import IsNull

from predictions.imports.column_kinds import folded
from predictions.listing.fields import Field
from predictions.listing.filters import text_of, value_of
from predictions.models import Dataset, Record

DECOMPOSED = 50_000  # records of a set; in a larger one it takes too long, and the database decides on É


@dataclass(frozen=True)
class Order:
    """By which column; by none, the records are in the order they came in."""

    name: str = ""
    is_descending: bool = False


def ordered(found: QuerySet[Record], order: Order, place: Any) -> QuerySet[Record]:
    """Records in an order, in which what is missing comes last in both directions. `place` is what it compares."""
    if place is None:
        return found.order_by("pk")
    way, second = (F("place").desc, "-pk") if order.is_descending else (F("place").asc, "pk")
    return found.annotate(place=place).order_by(way(nulls_last=True), second)


def place_in(order: Order, dataset: Dataset, fields: Mapping[str, Field]) -> Any:
    """What an order compares: NULL for a missing value; None for the order in which the records came in."""
    if not order.name:
        return None
    if order.name == dataset.key_column:
        return _key(dataset)
    item = fields[order.name]
    if item.is_number:
        return NullIf(value_of(item.name), Cast(Value("null"), JSONField()))
    if item.kind == "category":
        values = Cast(Value(_in_order(item)), ArrayField(TextField()))
        return Func(values, text_of(item.name), function="array_position", output_field=IntegerField())
    plain = Lower(text_of(item.name))
    if dataset.size > DECOMPOSED:
        return plain
    # Decomposed, an accent follows its letter: É comes after E and before F in a database without a language too.
    return Func(plain, template="normalize(%(expressions)s, NFD)", output_field=TextField())


def _key(dataset: Dataset) -> Any:
    """Keys that are numbers by their size, others by their letters, which an index knows; the first key decides."""
    first = Record.objects.filter(dataset=dataset).order_by("pk").values_list("key", flat=True).first()
    return LPad("key", 30, Value("0")) if first and first.isdecimal() else F("key")


def _in_order(item: Field) -> list[str]:
    """The choices as the model orders them, else by their titles in the reader's language."""
    if item.feature and item.feature.ordered:
        known = [str(value) for value in item.feature.values]
        return [*known, *(value for value in item.values if value not in known)]
    return sorted(item.values, key=lambda value: folded(item.choice(value)))


def beyond(dataset: Dataset, after: int, order: Order, place: Any) -> Q:
    """After the record that the page before ended with. A record that is gone begins the list anew."""
    later = Q(pk__lt=after) if order.is_descending and place is not None else Q(pk__gt=after)
    if place is None:
        return later
    last = Record.objects.filter(dataset=dataset, pk=after).annotate(place=place)
    found = list(last.values_list("place", flat=True))
    if not found:
        return Q()
    if found[0] is None:
        return Q(IsNull(place, True)) & later
    # Both at once, so that what is costly to get out of the data is got once; compared with nothing it is neither.
    sign = " < " if order.is_descending else " > "
    here, there = _pair(place, F("pk")), _pair(Subquery(last.values("place")), Value(after))
    later_in_order = "((%(expressions)s) IS NOT FALSE)"
    return Q(Func(here, there, template=later_in_order, arg_joiner=sign, output_field=BooleanField()))


def _pair(first: Any, second: Any) -> Func:
    return Func(first, second, template="(%(expressions)s)", output_field=TextField())
