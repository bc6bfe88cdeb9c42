"""What the pages of alerts show: the list, and one alert with its story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from predictions.models import Alert, AlertEvent, AlertMail
from predictions.monitoring.alerts import mails, rules, sentences
from predictions.monitoring.alerts.stories import Story, title_of_model
from registry import charts
from registry.presenters import model_title, person
from registry.presenters.states import State
from registry.presenters.waiting import models_in_brief
from registry.texts import age

PAGE = 30
MOST_OPEN = 100  # of those that fire, and of those that are pending
LONGEST_NUMBER = 18  # digits
Kind = AlertEvent.Kind
TONES: dict[str, charts.Tone] = {
    Kind.BEGAN: "plain",
    Kind.FIRED: "warn",
    Kind.CLEARED: "down",
    Kind.RETURNED: "up",
    Kind.RESOLVED: "plain",
    Kind.SEEN: "plain",
}


class AlertsPage:
    """/monitoring/alerts/: what fires, what may fire soon, and what was. Raises Http404 for an unknown model."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.model, self.before = query.get("model", ""), query.get("before", "")
        if self.model and self.model not in {name for name, _title in self.models}:
            raise Http404(_("There is no such model."))
        if self.before and not (self.before.isascii() and self.before.isdecimal()):
            raise BadRequest("no number")
        if len(self.before) > LONGEST_NUMBER:
            raise BadRequest("no number")

    @cached_property
    def _models(self) -> list[tuple[int, str, str]]:
        return [(one.pk, one.name, one.title) for one in models_in_brief()]

    @property
    def models(self) -> list[tuple[str, str]]:
        """Name and title of every model."""
        return [(name, title) for _pk, name, title in self._models]

    @property
    def title(self) -> str:
        """What the chosen model is called; empty for all."""
        return dict(self.models).get(self.model, "")

    @cached_property
    def firing(self) -> list[Story]:
        return [] if self.before else self._stories(self._in(Alert.State.FIRING)[:MOST_OPEN])

    @cached_property
    def pending(self) -> list[Story]:
        return [] if self.before else self._stories(self._in(Alert.State.PENDING)[:MOST_OPEN])

    @cached_property
    def _found(self) -> list[Alert]:
        found = self._in(Alert.State.RESOLVED)
        return list((found.filter(id__lt=int(self.before)) if self.before else found)[: PAGE + 1])

    @cached_property
    def resolved(self) -> list[Story]:
        return self._stories(self._found[:PAGE])

    @property
    def next_page(self) -> str:
        """The query of the page after this one; empty on the last."""
        if len(self._found) <= PAGE:
            return ""
        return urlencode(self._kept | {"before": str(self._found[PAGE - 1].pk)})

    @property
    def first_page(self) -> str:
        """The query of the first page."""
        return urlencode(self._kept)

    @property
    def _kept(self) -> dict[str, str]:
        return {"model": self.model} if self.model else {}

    def _in(self, state: str) -> "QuerySet[Alert]":
        found = Alert.objects.filter(state=state).select_related("rule__model").order_by("-id")
        return found.filter(rule__model__name=self.model) if self.model else found

    def _stories(self, alerts: "QuerySet[Alert] | list[Alert]") -> list[Story]:
        titles = {pk: title for pk, _name, title in self._models}
        return [Story(alert, titles.get(alert.rule.model_id) or model_title(alert.rule.model.name)) for alert in alerts]


@dataclass(frozen=True)
class MailLine:
    """A mail in the delivery log. `about`: which step it tells of."""

    mail: AlertMail
    who: str
    about: str
    state: State
    problem: str


MAIL_STATES = {
    AlertMail.Status.WAITING: State(AlertMail.Status.WAITING.label, "wait"),
    AlertMail.Status.SENT: State(AlertMail.Status.SENT.label, "good"),
    AlertMail.Status.FAILED: State(AlertMail.Status.FAILED.label, "error"),
}


class AlertPage:
    """/monitoring/alerts/<id>/ for one person."""

    def __init__(self, alert: Alert, user: User | AnonymousUser) -> None:
        self.alert, self.user = alert, user
        self.rule, self.model = alert.rule, alert.rule.model
        self.title = title_of_model(self.model)
        self.story = Story(alert, self.title)

    @cached_property
    def events(self) -> list[AlertEvent]:
        """Its steps, the newest first."""
        return list(self.alert.events.select_related("by").order_by("-at", "-id"))

    @cached_property
    def timeline(self) -> charts.Timeline:
        return charts.timeline([self._event(event) for event in self.events])

    def _event(self, event: AlertEvent) -> charts.TimelineEvent:
        value = sentences.measured(self.rule.kind, event.value)
        text = _("Measured: %(value)s") % {"value": value} if value and event.kind != Kind.SEEN else ""
        return charts.TimelineEvent(at=event.at, title=self._titled(event), text=text, tone=TONES[event.kind])

    def _titled(self, event: AlertEvent) -> str:
        if event.by is None:
            return str(event.get_kind_display()).capitalize()
        told = {"who": person(event.by)}
        if event.kind == Kind.RESOLVED:
            return _("Resolved: %(who)s changed the rule or switched it off") % told
        return _("%(who)s has seen it") % told

    @property
    def is_seen(self) -> bool:
        """Whether this person said so."""
        return any(event.kind == Kind.SEEN and event.by_id == self.user.pk for event in self.events)

    @cached_property
    def log(self) -> list[MailLine]:
        """The mails about it, the newest first."""
        found = AlertMail.objects.filter(event__alert=self.alert).select_related("user", "event").order_by("-id")
        return [self._line(mail) for mail in found]

    def _line(self, mail: AlertMail) -> MailLine:
        about = str(mail.event.get_kind_display())
        state = MAIL_STATES[AlertMail.Status(mail.status)]
        return MailLine(mail, person(mail.user), about, state, mails.problem_of(mail))

    @property
    def lasted(self) -> str:
        """For how long it fired; empty while it does, and of one that never did."""
        if self.alert.fired_at is None or self.alert.resolved_at is None:
            return ""
        return age(self.alert.resolved_at - self.alert.fired_at)

    @property
    def held(self) -> str:
        """For how long the condition has to hold, in words; empty for at once."""
        return age(timedelta(minutes=self.rule.for_minutes)) if self.rule.for_minutes else ""

    @property
    def place(self) -> dict[str, str]:
        """Where to look closer: `title` and `url`; empty where this person may not."""
        title, url = self.story.place(self.user)
        return {"title": title, "url": url} if url else {}

    @property
    def may_change(self) -> bool:
        return self.user.has_perm(rules.CHANGE)
