"""All that was ever answered about one case, across models and versions, as a story: the newest first."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from predictions.history.addresses import person_url
from predictions.history.forms import OTHERS
from predictions.history.scores import Scores, scores
from predictions.history.states import shown_outcome
from predictions.history.unseen import kept_back
from predictions.history.wanted import records_of
from predictions.models import Dataset, Decision, Outcome, Prediction, Record, Source
from predictions.models.prediction import PredictionQuerySet
from predictions.presenters import Row, rows
from registry.charts.timelines import MARKS, TimelineEvent, Tone
from registry.presenters import person, title_of

AT_ONCE = 100


@dataclass(frozen=True)
class Moment:
    """Something that happened. `compare_url`: beside the answer of the same model before it, "" where there is none."""

    event: TimelineEvent
    compare_url: str = ""

    @property
    def mark(self) -> str:
        return MARKS[self.event.tone]


@dataclass
class Stretch:
    """What happened while one version of a model was the last to answer."""

    title: str
    number: int
    moments: list[Moment]


class PersonPage:
    """Everything the page of one key shows to one reader: what they may see of it."""

    def __init__(self, request: HttpRequest, key: str, dataset: str = "", before: uuid.UUID | None = None) -> None:
        self.user, self.key, self.before = request.user, key, before
        self._all_records = records_of(key)
        self.records = list(self._records())
        chosen = [record for record in self.records if record.dataset.name == dataset]
        self.dataset: Dataset | None = chosen[0].dataset if chosen else None
        found = list(self._found(chosen)[: AT_ONCE + 1])
        self.answers = found[:AT_ONCE]
        self.older = found[AT_ONCE - 1].pk if len(found) > AT_ONCE else None
        self.kept_back = kept_back(request, [answer.pk for answer in self.answers])

    def _records(self) -> Iterator[Record]:
        """The records of that key that the reader may see."""
        found = Record.objects.filter(pk__in=self._all_records).select_related("dataset").defer("data", "search")
        if self.user.has_perm("predictions.view_record"):
            yield from (
                record for record in found.order_by("dataset__title") if record.dataset.is_visible_to(self.user)
            )

    def _found(self, chosen: Sequence[Record]) -> PredictionQuerySet:
        """Visible answers, newest first; of one set, those about its record and those of files for that set."""
        about = Q(record__in=[record.pk for record in chosen]) | Q(
            key=self.key, record=None, batch__dataset__in=[record.dataset_id for record in chosen]
        )
        anywhere = (Q(key=self.key) & ~Q(key="")) | Q(record__in=self._all_records)
        found = Prediction.objects.for_list().filter(about if chosen else anywhere)
        if not self.user.has_perm(OTHERS):
            found = found.filter(user_id=self.user.pk)  # type: ignore[misc]  # somebody is logged in
        if self.before is not None:
            found = found.filter(pk__lt=self.before)
        return found.prefetch_related("user").order_by("-pk")

    @property
    def record(self) -> Record | None:
        """The record, where there is one alone or one set was asked for."""
        known = [record for record in self.records if self.dataset is None or record.dataset_id == self.dataset.pk]
        return known[0] if len(known) == 1 else None

    @property
    def sets(self) -> list[tuple[str, str]]:
        """Title and address for each set that has a record of this key, where there are several."""
        if len(self.records) < 2:
            return []
        return [(record.dataset.called, person_url(self.key, record.dataset.name)) for record in self.records]

    @property
    def newest_url(self) -> str:
        """The newest, for who is on a later page."""
        return self._url() if self.before else ""

    @property
    def older_url(self) -> str:
        return f"{self._url()}&before={self.older}" if self.older else ""

    def _url(self) -> str:
        return person_url(self.key, self.dataset.name if self.dataset else "")

    # --- pictures ---

    @cached_property
    def scores(self) -> list[Scores]:
        """A picture for each model; answers to changed values are no part of it."""
        told = [answer for answer in self.answers if answer.source != Source.CHANGED]
        return scores([answer for answer in told if answer.pk not in self.kept_back])

    # --- the story ---

    @cached_property
    def rows(self) -> list[Row]:
        """The answers, newest first."""
        return rows(self.answers)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Everything that happened, newest first, by the version that was the last to answer."""
        found: list[Stretch] = []
        version: tuple[str, int] | None = None
        for moment, answer in sorted(self._told(), key=lambda pair: pair[0].event.at):
            if answer is not None:
                version = (title_of(answer.version), answer.version.number)
            if version is not None and (not found or (found[-1].title, found[-1].number) != version):
                found.append(Stretch(*version, moments=[]))
            if found:
                found[-1].moments.insert(0, moment)
        return found[::-1]

    def _told(self) -> Iterator[tuple[Moment, Prediction | None]]:
        """Each answer, and what was decided and observed about it."""
        neighbours = self._neighbours()
        answers = {row.prediction.pk: row for row in self.rows}
        for number, row in answers.items():
            yield self._answer(row, neighbours.get(number)), row.prediction
        about = {"prediction__in": list(answers)}
        for decision in Decision.objects.filter(**about).select_related("by").order_by("pk"):
            yield Moment(self._decision(decision, answers[decision.prediction_id])), None
        for outcome in Outcome.objects.filter(**about).select_related("by").order_by("pk"):
            yield Moment(self._outcome(outcome, answers[outcome.prediction_id])), None

    def _neighbours(self) -> dict[uuid.UUID, uuid.UUID]:
        """The answer of the same model before each that has one."""
        last: dict[int, uuid.UUID] = {}
        found = {}
        for answer in reversed(self.answers):
            if answer.version.model_id in last:
                found[answer.pk] = last[answer.version.model_id]
            last[answer.version.model_id] = answer.pk
        return found

    def _answer(self, row: Row, neighbour: uuid.UUID | None) -> Moment:
        answer = row.prediction
        tone: Tone = "plain"
        if row.scale and answer.source != Source.CHANGED:
            tone = "up" if row.scale.is_above else "down"
        words = {"who": person(answer.user), "through": row.source}
        told = [row.share, _("asked by %(who)s: %(through)s") % words]
        title = row.label
        if answer.pk in self.kept_back:
            title, told, tone = _("Kept back until you estimate"), told[1:], "plain"
        compare = {"a": neighbour, "b": answer.pk}
        event = TimelineEvent(
            answer.created_at, title, " · ".join(filter(None, told)), reverse("record", args=[answer.pk]), tone
        )
        return Moment(event, reverse("history-compare", query=compare) if neighbour else "")

    def _decision(self, decision: Decision, row: Row) -> TimelineEvent:
        title = _("Decision: %(verdict)s") % {"verdict": decision.get_verdict_display()}
        text = self._by(decision.by, row, replaced=decision.replaces_id)
        return TimelineEvent(decision.created_at, title, text, tone="warn")

    def _outcome(self, outcome: Outcome, row: Row) -> TimelineEvent:
        title = _("Real outcome: %(outcome)s") % {"outcome": shown_outcome(row.prediction, outcome)}
        text = self._by(outcome.by, row, replaced=outcome.replaces_id)
        return TimelineEvent(outcome.created_at, title, text, tone="warn")

    def _by(self, who: User, row: Row, *, replaced: uuid.UUID | None) -> str:
        words = {"who": person(who), "answer": row.label, "when": _day(row.prediction.created_at)}
        told = _("%(who)s, about “%(answer)s” of %(when)s") % words
        if row.prediction.pk in self.kept_back:
            told = _("%(who)s, about an answer of %(when)s that is kept back") % words
        return f"{told} · {_('a correction')}" if replaced else told


def _day(moment: datetime) -> str:
    return str(date_format(localtime(moment), "j N Y"))
