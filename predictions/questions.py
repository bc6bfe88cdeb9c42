"""What is about to be asked about several records: who answers, about which ones, and what is wrong with some."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from django.conf import settings
from django.utils.translation import gettext as _

from predictions import asking
from predictions.models import Dataset, Record
from predictions.selections import SHOWN, Chosen, Selection
from registry import serving
from registry.models import ModelVersion
from registry.presenters import title_of
from registry.signature import Signature
from registry.texts import figure

REFUSED_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Question:
    """Chosen records of a set, and the version that would answer about them. `words`: what the table was narrowed to."""

    dataset: Dataset
    version: ModelVersion
    is_suspended: bool
    selection: Selection
    chosen: Chosen
    words: list[str]
    key: str

    @property
    def records(self) -> list[Record]:
        """Those that are asked about; of more than can be asked about, or before anybody confirms, the first few."""
        return self.chosen.records

    @property
    def model(self) -> str:
        """The model's name."""
        return self.version.model.name

    @property
    def title(self) -> str:
        """The model as its manifest calls it."""
        return title_of(self.version)

    @cached_property
    def signature(self) -> Signature:
        return serving.signature_of(self.version)

    @property
    def count(self) -> str:
        return figure(self.chosen.count, grouped=True)

    @property
    def limit(self) -> str:
        return figure(settings.RECORDS_PER_CALL, grouped=True)

    @property
    def first(self) -> list[Record]:
        """The first few, so that a person sees whether these are the ones that were meant."""
        return self.records[:SHOWN]

    @property
    def others(self) -> str:
        """How many more there are; empty when there are none."""
        more = self.chosen.count - SHOWN
        return figure(more, grouped=True) if more > 0 else ""

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The hidden fields of a form that asks this again; `shown` and `version` are what its page said."""
        shown = [("shown", str(self.chosen.count)), ("version", str(self.version.number))]
        return [*self.selection.fields, ("model", self.model), ("idempotency_key", self.key), *shown]

    @property
    def obstacle(self) -> str:
        """Why this cannot be asked, as a sentence; empty when it can."""
        if self.chosen.count > settings.RECORDS_PER_CALL:
            return _(
                "These are more than %(limit)s records. Narrow the search or the filters to at most %(limit)s."
            ) % {"limit": self.limit}
        if self.signature.image is not None:
            return _("%(model)s answers questions about pictures. Choose another model.") % {"model": self.title}
        if missing := asking.fits(self.signature, self.dataset):
            return _("%(model)s needs columns that these records do not have: %(columns)s.") % {
                "model": self.title,
                "columns": ", ".join(missing),
            }
        return ""

    def changes(self, sent: Mapping[str, str]) -> list[str]:
        """What is no longer as the page said that was confirmed, a sentence each."""
        found = []
        if sent.get("shown") != str(self.chosen.count):
            found.append(_("The number of records has changed since you looked. Check it, and confirm again."))
        if sent.get("version") != str(self.version.number):
            found.append(_("Another version of the model has been put in service since you looked. Confirm again."))
        return found

    def with_new_key(self) -> Self:
        """The same as a question of its own."""
        return replace(self, key=uuid.uuid4().hex)


@dataclass(frozen=True)
class Repair:
    """Something that is wrong with the same field of several records, and what to do about it."""

    field: str
    title: str
    message: str
    records: list[Record]
    total: int

    @property
    def count(self) -> str:
        return figure(self.total, grouped=True)

    @property
    def others(self) -> str:
        more = self.total - len(self.records)
        return figure(more, grouped=True) if more else ""


class Refusal:
    """Which records cannot be asked about, grouped by what to do, and the question without them."""

    def __init__(self, question: Question, errors: list[dict[str, Any]]) -> None:
        self.question = question
        self.repairs = _repairs(question, errors)
        rows = {error["row"] for error in errors}
        self._refused = len(rows)
        kept = [record for row, record in enumerate(question.records) if row not in rows]
        selection = question.selection.but(question.records[row].pk for row in rows)
        self.rest = replace(question, chosen=Chosen(kept, len(kept)), selection=selection).with_new_key()

    @property
    def count(self) -> str:
        return figure(self._refused, grouped=True)

    @property
    def is_one(self) -> bool:
        return self._refused == 1


def _repairs(question: Question, errors: list[dict[str, Any]]) -> list[Repair]:
    """Most frequent first; `REFUSED_SHOWN` records are named in all."""
    titles = {feature.name: feature.title for feature in question.signature.features}
    rows: dict[tuple[str, str], list[int]] = {}
    for error in errors:
        rows.setdefault((error["field"], error["message"]), []).append(error["row"])
    found, left = [], REFUSED_SHOWN
    for (field, message), group in sorted(rows.items(), key=lambda item: -len(item[1])):
        shown = [question.records[row] for row in group[:left]]
        left -= len(shown)
        found.append(Repair(field, titles.get(field, field), message, shown, len(group)))
    return found
