"""The page of one record: what it holds, what was answered about it, who can be asked."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions import masking
from predictions.listing.askable import Askable, models_of
from predictions.listing.fields import Field, fields_of, key_title
from predictions.listing.last_answers import Seen, answers_of, last_answers
from predictions.listing.presenters import why_none
from predictions.models import Record
from predictions.presenters.values import positive_title
from registry import charts, serving
from registry.charts.timelines import TimelineEvent, Tone
from registry.presenters import person


@dataclass(frozen=True)
class Entry:
    """A value of the record, or that there is one that the reader may not see."""

    title: str
    text: str
    is_hidden: bool


class RecordSheet:
    """Everything the page of a record shows to one reader. `before`: the answer that the page before ended with."""

    def __init__(self, record: Record, user: User | AnonymousUser, before: str = "") -> None:
        self.record, self.dataset, self.user = record, record.dataset, user
        self.is_later = bool(before)
        self.answers: list[Seen]
        self.older: uuid.UUID | None
        self.answers, self.older = answers_of(record, user, before)

    @property
    def key_title(self) -> str:
        return key_title(self.dataset)

    @cached_property
    def sections(self) -> list[tuple[str, list[Entry]]]:
        """The values by section of the model's form, what the model does not take at the end."""
        groups: dict[str, list[Field]] = {}
        fields = fields_of(self.dataset, self.user).values()
        for field in sorted(fields, key=lambda field: field.feature is None):
            groups.setdefault(field.group, []).append(field)
        rest = groups.pop("", [])
        titled_groups = [*groups.items(), *([(_("Other columns") if groups else "", rest)] if rest else [])]
        return [(title, [self._entry(field) for field in found]) for title, found in titled_groups]

    def _entry(self, field: Field) -> Entry:
        value = self.record.data.get(field.name)
        text = masking.MASK if field.is_hidden else field.with_unit(value, longest=None)
        return Entry(field.title, text, field.is_hidden)

    @property
    def has_hidden(self) -> bool:
        """Whether the reader may not see some of it."""
        return any(entry.is_hidden for _title, entries in self.sections for entry in entries)

    # --- answers ---

    @cached_property
    def last(self) -> Seen | None:
        """The newest answer about the record as it is, on the first page."""
        if self.is_later:
            return None
        found = next((seen for seen in self.answers if not seen.is_changed), None)
        if found is None and self.older:
            return last_answers([self.record], self.user).get(self.record.pk)
        return found

    @property
    def scale(self) -> charts.Scale | None:
        """The newest answer's place among four words, when it is one of two classes."""
        return self.last.row.scale if self.last else None

    @property
    def scored_class(self) -> str:
        """What that scale is about."""
        return positive_title(serving.signature_of(self.last.row.prediction.version)) if self.last else ""

    @property
    def timeline(self) -> charts.Timeline:
        """The answers, newest first."""
        return charts.timeline([self._event(seen) for seen in self.answers])

    def _event(self, seen: Seen) -> TimelineEvent:
        row = seen.row
        tone: Tone = "up" if row.scale and row.scale.is_above else "down"
        if row.scale is None or seen.is_changed:
            tone = "plain"
        words = {"model": row.title, "number": row.prediction.version.number, "who": person(row.prediction.user)}
        told = _("%(model)s, version %(number)s, asked by %(who)s") if seen.url else _("%(model)s, version %(number)s")
        changed = _("values changed") if seen.is_changed else ""
        text = " · ".join(filter(None, [changed, row.share, told % words]))
        return TimelineEvent(row.prediction.created_at, row.label, text, seen.url, tone)

    # --- asking ---

    @cached_property
    def models(self) -> list[Askable]:
        return models_of(self.dataset)

    @property
    def may_ask(self) -> bool:
        return self.user.has_perm("predictions.add_prediction")

    @cached_property
    def askable(self) -> list[Askable]:
        """The models that can be asked about this record now, by somebody who may ask."""
        return [model for model in self.models if model.can_be_asked] if self.may_ask else []

    @property
    def obstacle(self) -> str:
        """Why no model can be asked, as a sentence; empty when one can, or the reader may not ask at all."""
        return why_none(self.models) if self.may_ask and not self.askable else ""
