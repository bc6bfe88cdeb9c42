"""Which records somebody chose in the table of a set: those that were ticked, or all that a search finds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import QueryDict

from predictions.listing import lists
from predictions.models import Dataset, Record

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
        """From a form's fields: `record` of each ticked one, or `all` and `query`. What is no number is left out."""
        return cls(
            everything=sent.get("all") == "1",
            numbers=tuple(_numbers(sent.getlist("record"))),
            without=frozenset(_numbers(sent.get("without", "").split())),
            query=QueryDict(sent.get("query", "")).urlencode(),
        )

    def records(
        self, dataset: Dataset, by: User | AnonymousUser, *, limit: int, with_data: bool = True
    ) -> list[Record]:
        """The chosen records of this set, one more than `limit` when there are more; ticked ones as they were sent."""
        found = self._found(dataset, by).only("key", *(["data"] if with_data else []))
        if self.everything:
            return list(found.order_by("pk")[: limit + 1])
        known = found.in_bulk(self.numbers[: limit + 1])
        return [known[number] for number in self.numbers if number in known]

    def _found(self, dataset: Dataset, by: User | AnonymousUser) -> QuerySet[Record]:
        if not self.everything:
            return Record.objects.filter(dataset=dataset)
        found = lists.matching(dataset, self.query, by)
        return found.exclude(pk__in=self.without) if self.without else found

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


def _numbers(texts: Iterable[str]) -> dict[int, None]:
    """In the order they were sent, each once."""
    return dict.fromkeys(int(text) for text in texts if _NUMBER.fullmatch(text))
