"""Which records of a set somebody looks at: narrowed, in an order, a page at a time.

A page begins after a record, whose place in the order is looked up: no value of a person stands in an address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import QueryDict

from predictions.listing.askable import models_for
from predictions.listing.counts import matches
from predictions.listing.fields import Field, fields_of
from predictions.listing.filters import Filters, Problem, no_such_column, read
from predictions.listing.order import Order, beyond, ordered, place_in
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
    """Records, how many there are of their kind (`is_exact`: counted), and the last of them when more follow."""

    records: list[Record]
    count: int
    is_exact: bool
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
        Order(name, sent.get("order") == "desc"),
        int(after) if _NUMBER.fullmatch(after) else None,
    )


def matching(dataset: Dataset, query: str | QueryDict, user: User | AnonymousUser) -> QuerySet[Record]:
    """The records that a search and filters find; none for a query that cannot be understood."""
    asked = ask(dataset, QueryDict(query) if isinstance(query, str) else query, user)
    return _narrowed(asked) if not asked.problems else Record.objects.none()


def in_words(dataset: Dataset, query: str | QueryDict, user: User | AnonymousUser) -> list[str]:
    """What a query narrows the set to, a phrase for each filter."""
    asked = ask(dataset, QueryDict(query) if isinstance(query, str) else query, user)
    return [chip.text for chip in asked.filters.chips]


def _narrowed(asked: Asked) -> QuerySet[Record]:
    return Record.objects.filter(*asked.filters.conditions, dataset=asked.dataset)


def page(asked: Asked) -> Page:
    """One page, with at most one look into all records: first their numbers, because rows with their data sort slowly."""
    if asked.problems:
        return Page([], 0, is_exact=True, following=None)
    every = Record.objects.filter(dataset=asked.dataset)
    place = place_in(asked.order, asked.dataset, asked.fields)
    if not asked.filters.conditions:
        return _page(_after(every, asked, place), asked.dataset.size, is_exact=True)
    narrowed = _narrowed(asked)
    known = matches(every, ordered(narrowed, asked.order, place), asked.dataset.size, asked.filters.conditions)
    if known.numbers is None:
        return _page(_after(narrowed, asked, place), known.count, is_exact=known.is_exact)
    start = known.numbers.index(asked.after) + 1 if asked.after in known.numbers else 0
    return _page(known.numbers[start : start + PAGE + 1], known.count, is_exact=True)


def _after(found: QuerySet[Record], asked: Asked, place: Any) -> list[int]:
    """The numbers of the records of the page, and one more if there is one."""
    if asked.after:
        found = found.filter(beyond(asked.dataset, asked.after, asked.order, place))
    return list(ordered(found, asked.order, place).values_list("pk", flat=True)[: PAGE + 1])


def _page(numbers: list[int], count: int, *, is_exact: bool) -> Page:
    known = Record.objects.defer("search").in_bulk(numbers[:PAGE])
    records = [known[number] for number in numbers[:PAGE] if number in known]
    return Page(records, count, is_exact, numbers[PAGE - 1] if len(numbers) > PAGE else None)
