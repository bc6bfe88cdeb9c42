"""What the page of a model's rules shows."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions.models import AlertRule, AlertSubscriber
from predictions.monitoring.alerts import conditions, mails, rules, sentences
from predictions.monitoring.alerts.forms import Fields, RulesForm, initial_of
from predictions.monitoring.alerts.open import Firing, firing
from predictions.monitoring.alerts.stories import title_of_model
from registry.models import RegisteredModel
from registry.presenters import person
from registry.runtimes.base import RuntimeFailed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RuleLine:
    """A rule with its fields, how it is measured and what it measures now."""

    rule: AlertRule
    fields: Fields
    now: str

    @property
    def title(self) -> str:
        return str(self.rule.get_kind_display())

    @property
    def how(self) -> str:
        return sentences.how(self.rule.kind)

    @property
    def changed_by(self) -> str:
        """Who changed it last; empty while it is as it was made."""
        return person(self.rule.updated_by) if self.rule.updated_by else ""


class RulesPage:
    """/monitoring/models/<model>/alerts/ for one person. Its form shows the stored rules unless `sent` has another."""

    def __init__(self, model: RegisteredModel, user: User | AnonymousUser, at: datetime) -> None:
        self.model, self.user, self.at = model, user, at
        self.known = rules.of(model)

    @cached_property
    def title(self) -> str:
        return title_of_model(self.model)

    @cached_property
    def told(self) -> list[int]:
        """Numbers of the people who are sent mails."""
        return list(AlertSubscriber.objects.filter(model=self.model).values_list("user_id", flat=True))

    @cached_property
    def people(self) -> list[User]:
        """Who could be told: active people who may look at the monitoring."""
        backend = "django.contrib.auth.backends.ModelBackend"
        found = User.objects.with_perm(mails.RIGHT, backend=backend)
        return sorted(found, key=lambda user: person(user).casefold())

    def stored(self) -> RulesForm:
        """The form with the rules as they are."""
        told = {user.pk for user in self.people}
        return RulesForm(
            self.known, self.people, initial=initial_of(self.known, [pk for pk in self.told if pk in told])
        )

    def lines(self, form: RulesForm) -> list[RuleLine]:
        return [RuleLine(rule, form.of(rule.kind), self._now(rule)) for rule in self.known]

    def _now(self, rule: AlertRule) -> str:
        try:
            return sentences.now(rule.kind, conditions.measure(rule, self.at))
        except RuntimeFailed:
            logger.exception("alert rule not measured", extra={"rule": f"{self.model.name} {rule.kind}"})
            return _("It cannot be measured: files of a version are damaged.")

    @cached_property
    def firing(self) -> list[Firing]:
        return firing(self.model, {self.model.pk: self.title})

    @property
    def may_change(self) -> bool:
        return self.user.has_perm(rules.CHANGE)

    @property
    def sends_mails(self) -> bool:
        return mails.are_sent()
