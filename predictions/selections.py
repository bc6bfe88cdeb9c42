"""Which records somebody chose in the table of a set: those that were ticked, or all that a search finds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict

from predictions.listing import lists
from predictions.models import Dataset, Record

SHOWN = 10
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """`everything`: all that `query`, the address of the table, finds, but `without`; else the records of `numbers`.

    `query` is kept in both cases: it leads back to the table as it was.
    """

    everything: bool = False
    numbers: tuple[int, ...] = ()
    without: frozenset[int] = frozenset()
    query: str = ""

    @classmethod
    def read(cls, sent: QueryDict) -> Self:
        """From an address or a form's fields: `record` of each ticked one, or `all` and `query`.

        What is no number is left out.
        """
        return cls(
            everything=sent.get("all") == "1",
            numbers=tuple(_numbers(sent.getlist("record"))),
            without=frozenset(_numbers(sent.get("without", "").split())),
            query=QueryDict(sent.get("query", "")).urlencode(),
        )

    def chosen(self, dataset: Dataset, by: User | AnonymousUser, *, limit: int, with_data: bool = True) -> "Chosen":
        """The chosen records of this set; ticked ones as they were sent, one more than `limit` when there are more.

        Of all that a search finds the first few, when there are more than `limit`, or without their data.
        """
        if not self.everything:
            return _all_of(_records(dataset, self.numbers[: limit + 1], with_data=with_data))
        found = lists.matching(dataset, self.query, by)
        numbers: list[int] = found[~np.isin(found, list(self.without))].tolist()
        if with_data and len(numbers) <= limit:
            return _all_of(_records(dataset, numbers, with_data=True))
        return Chosen(_records(dataset, numbers[:SHOWN], with_data=with_data), len(numbers))

    def but(self, others: Iterable[int]) -> Self:
        """The same without some records."""
        left_out = frozenset(others)
        if self.everything:
            return replace(self, without=self.without | left_out)
        return replace(self, numbers=tuple(number for number in self.numbers if number not in left_out))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Names and values of the form fields that say the same again."""
        if not self.everything:
            return [*(("record", str(number)) for number in self.numbers), ("query", self.query)]
        without = " ".join(str(number) for number in sorted(self.without))
        return [("all", "1"), ("query", self.query), ("without", without)]


@dataclass(frozen=True)
class Chosen:
    """Chosen records, and how many they are: the first few can stand for all."""

    records: list[Record]
    count: int


def _all_of(records: list[Record]) -> Chosen:
    return Chosen(records, len(records))


def _records(dataset: Dataset, numbers: Sequence[int], *, with_data: bool) -> list[Record]:
    """Those that the set has, in this order."""
    found = Record.objects.filter(dataset=dataset).only("key", *(["data"] if with_data else []))
    known = found.in_bulk(numbers)
    return [known[number] for number in numbers if number in known]


def _numbers(texts: Iterable[str]) -> dict[int, None]:
    """In the order they were sent, each once."""
    return dict.fromkeys(int(text) for text in texts if _NUMBER.fullmatch(text))
