"""The answers that wait for a decision, the oldest first, and what somebody decided lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, Subquery
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from predictions.decisions.panels import STATES
from predictions.decisions.verbs import DECIDE, ESTIMATE, LONGEST_LABEL
from predictions.models import Awaited, Decision, Prediction
from predictions.models.awaited import AwaitedQuerySet
from predictions.presenters import Row, rows
from registry import serving
from registry.models import ModelVersion
from registry.presenters import person, title_of
from registry.presenters.states import State
from registry.presenters.waiting import models_in_brief
from registry.texts import age, figure

PAGE = 50
MOST = 1_000  # are counted
LATELY = 10
LONGEST_QUERY = 2_000
SEES_ALL = "predictions.view_prediction"
ASKS = ["predictions.add_prediction", "predictions.view_dataset"]  # what else is asked waits for nothing


def may_look(user: User) -> bool:
    """Whether an answer that this person may see can ever wait for a decision."""
    return user.has_perm(DECIDE) or user.has_perm(SEES_ALL) or user.has_perms(ASKS)


def waiting_for(user: User) -> AwaitedQuerySet:
    """What waits for a decision, as far as this person may see it."""
    return Awaited.objects.decisions().visible_to(user)


def counted(waiting: AwaitedQuerySet) -> tuple[int, str]:
    """How many there are, and as a figure; counting ends after a thousand: more are MOST + 1, and MOST in figures."""
    count = waiting.order_by()[: MOST + 1].count()
    return count, figure(min(count, MOST), grouped=True)


@dataclass(frozen=True)
class Line:
    """An answer that waits; `asks_more`: who needed more information last, empty when nobody looked yet."""

    row: Row
    waits: str
    asks_more: str

    @property
    def key(self) -> str:
        """What the case is called; may be empty."""
        return self.row.prediction.key or (self.row.record.key if self.row.record else "")

    @property
    def asked_by(self) -> str:
        return person(self.row.prediction.user)


@dataclass(frozen=True)
class Lately:
    """A decision of the reader's."""

    decision: Decision
    key: str
    title: str
    state: State


class QueuePage:
    """/decisions/ for one person. `hides`: answers are not shown before their reader said what they expect."""

    def __init__(self, user: User, query: Mapping[str, str], *, hides: bool, now: datetime) -> None:
        self.user, self.hides, self.now = user, hides, now
        self.sees_all = user.has_perm(SEES_ALL)
        self.is_mine = not self.sees_all or query.get("who") == "me"
        self.model = query.get("model", "")
        if self.model and self.model not in {name for name, _title in self.models}:
            raise Http404(_("There is no such model."))
        self.answer = self._known_answer(query.get("answer", ""))
        self.after = _cursor(query["after"]) if query.get("after") else None

    @property
    def may_decide(self) -> bool:
        return self.user.has_perm(DECIDE)

    @property
    def may_estimate(self) -> bool:
        return self.user.has_perms([DECIDE, ESTIMATE])

    @cached_property
    def models(self) -> list[tuple[str, str]]:
        """Name and title of every model."""
        return [(model.name, model.title) for model in models_in_brief()]

    @cached_property
    def answers(self) -> list[tuple[str, str]]:
        """Class and title of the answers to choose from: of the model that was chosen, or the only one that waits.

        None while answers are hidden: what is left of the list would tell them.
        """
        if self.hides or not self._one_model:
            return []
        waiting = self._of_everything.filter(model__name=self._one_model).order_by(*self._order)
        # As the oldest that waits was answered. Not the champion: it is looked up now and then, not at each page.
        version = ModelVersion.objects.filter(pk=Subquery(waiting.values("prediction__version")[:1])).first()
        signature = serving.signature_of(version) if version else None
        return [(name, signature.class_title(name)) for name in signature.class_names] if signature else []

    @cached_property
    def _one_model(self) -> str:
        """The model that was chosen, or the only one among the first answers that wait; empty for several."""
        if self.model:
            return self.model
        found = {
            *self._of_everything.order_by("due_date", "prediction_id").values_list("model__name", flat=True)[:MOST]
        }
        return found.pop() if len(found) == 1 else ""

    def _known_answer(self, text: str) -> str:
        """What another model answers is no filter: who chooses another model sends the answer of the one before."""
        return text if text and text in dict(self.answers) else ""

    @cached_property
    def _of_everything(self) -> AwaitedQuerySet:
        found = waiting_for(self.user)
        return found.filter(user_id=self.user.pk) if self.is_mine else found

    @cached_property
    def _all(self) -> AwaitedQuerySet:
        found = self._of_everything
        if self.answer:
            # The classes were those of one model, also where nobody chose it.
            return found.filter(model__name=self._one_model, prediction__label=self.answer[:LONGEST_LABEL])
        return found.filter(model__name=self.model) if self.model else found

    def following(self, answer: Prediction) -> UUID | None:
        """The answer that waits next after this one, else the oldest of the others; None when none waits."""
        others = self._all.exclude(prediction=answer)
        later = others.filter(self._later(timezone.localdate(answer.created_at), answer.pk))
        for found in (later, others):
            if number := found.order_by(*self._order).values_list("prediction_id", flat=True).first():
                return number
        return None

    @property
    def count(self) -> str:
        """How many wait, as a sentence."""
        number, said = counted(self._all)
        if number == 1:
            return _("1 answer waits")
        words = _("More than %(number)s answers wait") if number > MOST else _("%(number)s answers wait")
        return words % {"number": said}

    @cached_property
    def _found(self) -> list[tuple[UUID, date]]:
        """One more than a page, where there are more."""
        found = self._all.filter(self._later(*self.after)) if self.after else self._all
        return list(found.order_by(*self._order).values_list("prediction_id", "due_date")[: PAGE + 1])

    @property
    def _order(self) -> list[str]:
        # Days and numbers grow together: who asks for their own alone reads them by number, from the index for it.
        return ["prediction_id"] if self.is_mine else ["due_date", "prediction_id"]

    def _later(self, day: date, number: UUID) -> Q:
        """What comes after a place of the list."""
        if self.is_mine:
            return Q(prediction_id__gt=number)
        return Q(due_date__gte=day) & (Q(due_date__gt=day) | Q(due_date=day, prediction_id__gt=number))

    @cached_property
    def lines(self) -> list[Line]:
        numbers = [number for number, _day in self._found[:PAGE]]
        answers = Prediction.objects.for_list().select_related("user").filter(pk__in=numbers).order_by("pk")
        shown = {row.prediction.pk: row for row in rows(answers)}
        unsure = _unsure(numbers)
        return [self._line(shown[number], unsure.get(number, "")) for number in numbers if number in shown]

    def _line(self, row: Row, asks_more: str) -> Line:
        return Line(row, age(self.now - row.prediction.created_at), asks_more)

    @property
    def next_page(self) -> str:
        """The query of the page after this one; empty on the last."""
        if len(self._found) <= PAGE:
            return ""
        number, day = self._found[PAGE - 1]
        return urlencode({**self.kept, "after": f"{day.isoformat()}_{number}"})

    @property
    def kept(self) -> dict[str, str]:
        """What the address says besides the place."""
        who = "me" if self.is_mine and self.sees_all else ""
        said = {"who": who, "model": self.model, "answer": self.answer}
        return {name: value for name, value in said.items() if value}

    @property
    def everybodys(self) -> str:
        """The query of the same list of everybody's questions."""
        return urlencode({name: value for name, value in self.kept.items() if name != "who"})

    @property
    def from_here(self) -> str:
        """The end of the address of an answer of this list, so that the next one is of the same list."""
        return f"?{urlencode({'queue': self.first_page})}" if self.kept else ""

    @property
    def first_page(self) -> str:
        """The query of the page with the oldest."""
        return urlencode(self.kept)

    @cached_property
    def lately(self) -> list[Lately]:
        """The reader's latest decisions, the newest first, without the answers that they are about."""
        if not self.may_decide:
            return []
        newest = list(Decision.objects.filter(by=self.user).order_by("-id")[:LATELY])
        answers = Prediction.objects.for_list().in_bulk([one.prediction_id for one in newest])
        found = [(one, answers[one.prediction_id]) for one in newest if one.prediction_id in answers]  # else: detached
        return [Lately(one, _key(answer), title_of(answer.version), STATES[one.verdict]) for one, answer in found]


def _unsure(numbers: Sequence[UUID]) -> dict[UUID, str]:
    """Who needed more information, by answer: an answer that waits was decided about in no other way."""
    latest = Decision.objects.latest_only().filter(prediction__in=numbers).select_related("by")
    return {decision.prediction_id: person(decision.by) for decision in latest}


def _key(prediction: Prediction) -> str:
    return prediction.key or (prediction.record.key if prediction.record else "")


def next_address(user: User, kept: str, answer: Prediction, *, hides: bool) -> str:
    """Where the answer is that waits next after this one; empty when none does.

    `kept`: the query of the list that the person came from (`first_page`); what is odd in it is as good as nothing.
    """
    query = dict(parse_qsl(kept[:LONGEST_QUERY]))
    query.pop("after", None)
    try:
        page = QueuePage(user, query, hides=hides, now=timezone.now())
    except Http404:
        page = QueuePage(user, {}, hides=hides, now=timezone.now())
    number = page.following(answer)
    return f"{reverse('record', args=[number])}{page.from_here}" if number else ""


def _cursor(text: str) -> tuple[date, UUID]:
    """Raises Http404 for a place that no page leads to."""
    day, _line, number = text.partition("_")
    try:
        return date.fromisoformat(day), UUID(number)
    except ValueError:
        raise Http404(_("There is no such place in the list.")) from None
