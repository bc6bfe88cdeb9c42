"""Which answers of a call somebody looks at, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from predictions.models.prediction import PredictionQuerySet


class Light(NamedTuple):
    """An answer without what it was made from: 5 000 of these are read for each page of them."""

    pk: UUID
    label: str
    score: float
    has_warnings: bool


def light(call: PredictionQuerySet) -> list[Light]:
    """All answers of a call, in the order of its rows."""
    warned = ExpressionWrapper(~Q(warnings=[]), output_field=BooleanField())
    found = call.annotate(has_warnings=warned).values_list("id", "label", "score", "has_warnings")
    return [Light(*values) for values in found]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What of a call is looked at: the answers with one label, or with a warning; in which order; which page."""

    answer: str = ""
    warned: bool = False
    by_row: bool = False
    page: int = 1

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Self:
        """From an address; what it does not understand is the default."""
        page = sent.get("page", "")
        is_number = page.isascii() and page.isdecimal() and len(page) < 7
        return cls(
            answer=sent.get("answer", ""),
            warned=sent.get("warned") == "1",
            by_row=sent.get("order") == "record",
            page=max(int(page), 1) if is_number else 1,
        )

    def of(self, answers: list[Light]) -> list[Light]:
        """The answers that this shows, in its order."""
        found = [
            item
            for item in answers
            if (not self.answer or item.label == self.answer) and (not self.warned or item.has_warnings)
        ]
        return found if self.by_row else sorted(found, key=lambda item: -item.score)

    def address(self, **changes: object) -> str:
        """The query string of this, with changes; a change leads to the first page unless it names one."""
        now: dict[str, object] = {"answer": self.answer, "warned": self.warned, "by_row": self.by_row, "page": 1}
        now |= changes
        found = {
            "answer": now["answer"],
            "warned": "1" if now["warned"] else "",
            "order": "record" if now["by_row"] else "",
            "page": now["page"] if now["page"] != 1 else "",
        }
        return "?" + urlencode({name: value for name, value in found.items() if value})
