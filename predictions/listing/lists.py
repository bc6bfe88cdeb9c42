"""Which records of a set somebody looks at: narrowed, in an order, a page at a time.

A page begins after a record, whose place in the order is looked up: no value of a person stands in an address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict

from predictions.listing import columns
from predictions.listing.arrays import IDS, Array
from predictions.listing.askable import models_for
from predictions.listing.fields import Field, fields_of
from predictions.listing.filters import Filters, Problem, no_such_column, read
from predictions.listing.order import Order
from predictions.models import Dataset, Record

__all__ = ["Asked", "Page", "ask", "in_words", "matching", "models_for", "page"]

PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """What an address of the table asks for. `after`: the record that the page before ended with."""

    dataset: Dataset
    fields: Mapping[str, Field]
    filters: Filters
    order: Order
    after: int | None

    @property
    def problems(self) -> list[Problem]:
        """Why this cannot be shown; empty when it can."""
        return self.filters.problems


@dataclass(frozen=True)
class Page:
    """Records, how many there are of their kind, and the last of them when more follow."""

    records: list[Record]
    count: int
    following: int | None


def ask(dataset: Dataset, sent: QueryDict, user: User | AnonymousUser) -> Asked:
    """An address of the table, read for somebody."""
    fields = fields_of(dataset, user)
    filters = read(sent, fields)
    name = sent.get("sort", "")
    known = fields.get(name)
    if name and name != dataset.key_column and (known is None or known.is_hidden):
        filters.problems.append(Problem("", no_such_column()))
        name = ""
    after = sent.get("after", "")
    return Asked(
        dataset,
        fields,
        filters,
        Order(name, sent.get("order") == "desc", known if name else None),
        int(after) if _NUMBER.fullmatch(after) else None,
    )


def matching(dataset: Dataset, query: str | QueryDict, user: User | AnonymousUser) -> Array:
    """The numbers of the records that a search and filters find, in the order they came in.

    None at all for a query that cannot be understood.
    """
    asked = ask(dataset, QueryDict(query) if isinstance(query, str) else query, user)
    return np.array([], int) if asked.problems else _numbers(replace(asked, order=Order()))


def in_words(dataset: Dataset, query: str | QueryDict, user: User | AnonymousUser) -> list[str]:
    """What a query narrows the set to, a phrase for each filter."""
    asked = ask(dataset, QueryDict(query) if isinstance(query, str) else query, user)
    return [chip.text for chip in asked.filters.chips]


def page(asked: Asked) -> Page:
    """One page: the numbers of its records, and then those records alone."""
    if asked.problems:
        return Page([], 0, following=None)
    if not asked.filters.conditions and not asked.order.name:
        return _page(_as_they_came(asked), asked.dataset.size)
    numbers = _numbers(asked)
    (places,) = np.nonzero(numbers == (asked.after or 0))
    start = int(places[0]) + 1 if places.size else 0
    return _page(numbers[start : start + PAGE + 1].tolist(), len(numbers))


def _as_they_came(asked: Asked) -> list[int]:
    """The numbers of the records of the page, and one more if there is one, without a look at all the others."""
    found = Record.objects.filter(dataset=asked.dataset, pk__gt=asked.after or 0).order_by("pk")
    return list(found.values_list("pk", flat=True)[: PAGE + 1])


def _numbers(asked: Asked) -> Array:
    """The numbers of all records that match, in order."""
    order, conditions = asked.order, asked.filters.conditions
    kinds = {IDS: IDS} | dict([order.column] if order.name else [])
    for condition in conditions:
        kinds |= condition.kinds
    known = columns.load(asked.dataset, kinds)
    masks = [condition.mask(known) for condition in conditions]
    numbers = known[IDS].data
    found = np.flatnonzero(np.logical_and.reduce(masks)) if masks else np.arange(len(numbers))
    return numbers[order.of(found, known[order.column[0]]) if order.name else found]


def _page(numbers: list[int], count: int) -> Page:
    known = Record.objects.defer("search").in_bulk(numbers[:PAGE])
    records = [known[number] for number in numbers[:PAGE] if number in known]
    return Page(records, count, numbers[PAGE - 1] if len(numbers) > PAGE else None)
