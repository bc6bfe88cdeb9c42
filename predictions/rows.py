"""What became of the rows of a call that reports on many answers."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.utils.translation import gettext as _


class About(Protocol):
    """What a row says of one answer."""

    @property
    def prediction(self) -> UUID: ...


@dataclass(frozen=True, order=True)
class Kept:
    """A row that is stored; `number`: of the fact that says it. Not `is_new`: it was there before."""

    row: int
    prediction: UUID
    number: UUID
    is_new: bool


@dataclass(frozen=True, order=True)
class Wrong:
    """Why a row is not taken. `is_conflict`: because of what others said, and not of what it says itself."""

    row: int
    field: str
    code: str
    message: str
    is_conflict: bool = False


def contradictions(rows: Mapping[int, About]) -> list[Wrong]:
    """Rows that say different things about one answer: nobody knows which is meant."""
    message = _("Several rows say different things about the same answer: keep one of them.")
    told: dict[UUID, set[About]] = defaultdict(set)
    for said in rows.values():
        told[said.prediction].add(said)
    unclear = [row for row, said in rows.items() if len(told[said.prediction]) > 1]
    return [Wrong(row, "prediction", "contradiction", message) for row in unclear]
