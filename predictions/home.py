"""The home page: what needs this person, what happened, and what to do next, as far as their rights go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from predictions import activity
from predictions.batches.listing import BatchLine, waiting_for
from predictions.decisions import queue
from predictions.decisions.panels import TO_DECIDE
from predictions.models import Dataset, Prediction, PredictionFailure
from predictions.monitoring.alerts import open as alerts
from predictions.outcomes import due
from registry import charts
from registry.models import LedgerEntry
from registry.presenters import person
from registry.presenters.states import State
from registry.presenters.waiting import ModelInBrief, Task, models_in_brief, tasks_of
from registry.texts import figure

SHOWN = 5
TASKS_SHOWN = 8
FAILURE_DAYS = 7
TONES: dict[str, charts.Tone] = {"promote": "up", "rollback": "down", "suspend": "warn", "resume": "up"}
REGISTRY_VERBS = ("promote_model", "describe_version", "sync_model", "approve_promotion", "stop_model", "oversee_model")


@dataclass(frozen=True)
class SetInBrief:
    """A set of records that can be asked about; `size` in words."""

    name: str
    title: str
    size: str


@dataclass(frozen=True)
class Audit:
    """What an auditor looks at first."""

    today: str
    failures: str


@dataclass(frozen=True)
class HomePage:
    """One person's home page. `parts` are the templates of its parts, in order."""

    user: User
    now: datetime

    @property
    def parts(self) -> list[str]:
        """Needs me, happened, next; who decides begins with that, who can do nothing but ask with asking."""
        return [f"predictions/home/{name}.html" for name in self._names()]

    def _names(self) -> Iterator[str]:
        if not self.has_role:
            yield "nobody"
            return
        if self.may_ask and not self.acts:
            yield "next"
        if self.acts or self.tasks:
            yield "needs"
        if self.batches:
            yield "files"
        if self.may_find:
            yield "find"
        if self.audit:
            yield "audit"
        if self.may_ask and self.acts and not self.looks_after:
            yield "next"
        if self.may_ask:
            yield "mine"
        if self.looks_after or self.audit:
            yield "ledger"
        if self.looks_after and self.may_ask:
            yield "next"

    @cached_property
    def has_role(self) -> bool:
        return bool(self.user.is_superuser or self.user.get_all_permissions())

    @property
    def may_ask(self) -> bool:
        return self.user.has_perm("predictions.add_prediction")

    @property
    def may_decide(self) -> bool:
        return self.user.has_perm("predictions.add_decision")

    @property
    def may_report(self) -> bool:
        return self.user.has_perm("predictions.add_outcome")

    @property
    def may_find(self) -> bool:
        """Whether there can be answers that this person may see."""
        return self.may_ask or self.user.has_perm("predictions.view_prediction")

    @property
    def acts(self) -> bool:
        """Whether it is this person's task to decide something."""
        return self.looks_after or self.may_decide

    @property
    def may_import(self) -> bool:
        return self.user.has_perm("predictions.add_record")

    @property
    def looks_after(self) -> bool:
        """Whether something may ever need this person: models, or people."""
        return self.may_administer or any(self.user.has_perm(f"registry.{verb}") for verb in REGISTRY_VERBS)

    @property
    def may_administer(self) -> bool:
        return self.user.is_staff and self.user.has_perm("auth.change_user")

    # What needs me

    @cached_property
    def models(self) -> list[ModelInBrief]:
        return models_in_brief()

    @cached_property
    def _tasks(self) -> list[Task]:
        return [*self._waiting(), *tasks_of(self.user, self.models, now=self.now)]

    def _waiting(self) -> Iterator[Task]:
        """Alerts that fire, and answers that wait for a decision or for their outcome, a line for all of them."""
        if self.user.has_perm("predictions.view_alert") and (firing := alerts.count()):
            yield _firing(firing)
        if self.may_decide:
            count, said = queue.counted(queue.waiting_for(self.user))
            if count:
                yield _to_decide(count, said)
        if self.may_report and (count := due.due_count(self.user)):
            yield _to_report(due.said_count(count))

    @cached_property
    def batches(self) -> list[BatchLine]:
        """This person's files that wait or run."""
        return waiting_for(self.user) if self.user.has_perm("predictions.add_batch") else []

    @property
    def tasks(self) -> list[Task]:
        return self._tasks[:TASKS_SHOWN]

    @property
    def more_tasks(self) -> str:
        """How many are not shown; empty when all are."""
        return figure(len(self._tasks) - TASKS_SHOWN) if len(self._tasks) > TASKS_SHOWN else ""

    @property
    def lacks_mail(self) -> bool:
        """Whether nobody can get a new password by mail; for administrators."""
        return self.may_administer and settings.PRODUCTION and not settings.EMAIL_HOST

    @cached_property
    def people(self) -> list[User]:
        """Some of those who can log in and do nothing; for administrators."""
        if not self.may_administer:
            return []
        without = User.objects.filter(is_active=True, is_superuser=False, groups=None, user_permissions=None)
        return list(without.order_by("-date_joined")[:SHOWN])

    # What happened

    @cached_property
    def activity(self) -> activity.Activity:
        return activity.activity_of(self.user.pk, now=self.now)

    @cached_property
    def audit(self) -> Audit | None:
        """None for those who may not see other people's answers in the admin."""
        if not (self.user.is_staff and self.user.has_perm("predictions.view_predictionfailure")):
            return None
        week = activity.number_at(self.now - timedelta(days=FAILURE_DAYS))
        failed = PredictionFailure.objects.filter(id__gte=week).order_by("id")[: activity.MOST + 1].count()
        return Audit(
            today=activity.counted_since(Prediction.objects.all(), activity.midnight(self.now)),
            failures=activity.at_most(failed, activity.MOST),
        )

    @cached_property
    def ledger(self) -> charts.Timeline | None:
        """The latest changes of who answers."""
        newest = LedgerEntry.objects.select_related("model", "to_version", "by").order_by("-id")
        entries = newest.defer("to_version__signature", "to_version__metadata", "to_version__report")[:SHOWN]
        titles = {model.pk: model.title for model in self.models}
        return charts.timeline([_event(entry, titles[entry.model_id]) for entry in entries])

    # What to do next

    @cached_property
    def datasets(self) -> list[SetInBrief]:
        """The sets of records that this person may see, the first few."""
        found = Dataset.objects.visible_to(self.user).order_by("title")[:SHOWN]
        return [SetInBrief(one.name, one.called, _records(one.size)) for one in found]

    @property
    def askable(self) -> list[ModelInBrief]:
        """Models that answer, the first few."""
        return [model for model in self.models if model.champion and not model.is_suspended][:SHOWN]

    @property
    def suspended(self) -> list[ModelInBrief]:
        return [model for model in self.models if model.is_suspended]


def _firing(count: int) -> Task:
    title = _("1 alert is firing") if count == 1 else _("%(number)s alerts are firing") % {"number": figure(count)}
    text = _("Something about a model is not as its rules say.")
    return Task(State(_("firing"), "error"), title, text, reverse("alerts"), _("Look at the alerts"))


def _to_decide(count: int, said: str) -> Task:
    title = _("1 answer waits for a decision") if count == 1 else _("%(number)s answers wait for a decision")
    if count > queue.MOST:
        title = _("More than %(number)s answers wait for a decision")
    text = _("A high-risk model gave them: a person has to decide.")
    return Task(TO_DECIDE, title % {"number": said}, text, reverse("decisions"), _("Decide"))


def _to_report(title: str) -> Task:
    text = _("What really happened shows how often the answers are right.")
    return Task(State(_("outcome due"), "wait"), title, text, reverse("outcomes"), _("Report what happened"))


def _records(number: int) -> str:
    return _("1 record") if number == 1 else _("%(number)s records") % {"number": figure(number, grouped=True)}


def _event(entry: LedgerEntry, model: str) -> charts.TimelineEvent:
    words = {
        "kind": entry.get_kind_display(),
        "model": model,
        "number": entry.to_version.number,
    }
    return charts.TimelineEvent(
        at=entry.created_at,
        title=_("%(model)s, version %(number)s: %(kind)s") % words,
        text=_("%(who)s: “%(reason)s”") % {"who": person(entry.by), "reason": entry.reason},
        url=reverse("registry-model", args=[entry.model.name]),
        tone=TONES.get(entry.kind, "plain"),
    )
