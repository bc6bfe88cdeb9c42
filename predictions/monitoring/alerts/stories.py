"""One alert as pages and mails tell it."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.models import Alert, AlertRule, Batch
from predictions.monitoring.alerts import sentences
from predictions.monitoring.alerts.sentences import Kind
from registry import promotions
from registry.models import RegisteredModel
from registry.presenters import model_title, title_of
from registry.presenters.states import State

STATES = {
    Alert.State.FIRING: State(Alert.State.FIRING.label, "error"),
    Alert.State.PENDING: State(Alert.State.PENDING.label, "wait"),
    Alert.State.RESOLVED: State(Alert.State.RESOLVED.label, "good"),
}


def title_of_model(model: RegisteredModel) -> str:
    """How the version in charge calls the model, or its name here."""
    entry = promotions.latest(model)
    return title_of(entry.to_version) if entry else model_title(model.name)


def heading(rule: AlertRule, model: str) -> str:
    """What an alert of a rule is called; `model`: what its model is."""
    return _("%(model)s: %(what)s") % {"model": model, "what": rule.get_kind_display()}


@dataclass(frozen=True)
class Story:
    """An alert with its rule and model, in words. `model`: what the model is called."""

    alert: Alert
    model: str

    @property
    def heading(self) -> str:
        return heading(self.alert.rule, self.model)

    @property
    def text(self) -> str:
        """What was found when the condition last held."""
        return sentences.said(self.alert.rule.kind, self.alert.said)

    @property
    def state(self) -> State:
        if self.alert.state == Alert.State.FIRING and self.alert.clear_since:
            return State(_("firing, over for now"), "wait")
        return STATES[Alert.State(self.alert.state)]

    @property
    def limit(self) -> str:
        """The limit that it passed, as it was then; empty for a kind without one."""
        return sentences.limited(self.alert.rule.kind, self.alert.said.get("limit"))

    @property
    def value(self) -> str:
        """As last measured; empty where nothing is."""
        return sentences.measured(self.alert.rule.kind, self.alert.value)

    def place(self, user: User | AnonymousUser) -> tuple[str, str]:
        """Title and address of where to look closer; empty where this person may not."""
        kind, name, said = self.alert.rule.kind, self.alert.rule.model.name, self.alert.said
        if kind == Kind.DRIFT:
            return _("Look at the drift"), reverse("monitoring-drift", args=[name])
        if kind == Kind.ACCURACY:
            return _("Look at the quality"), reverse("monitoring-quality", args=[name])
        if kind == Kind.IMPORT:
            return _("Look at the rejected version"), reverse("registry-version", args=[name, said["version"]])
        if kind == Kind.FALLBACK:
            return _("Look at the model"), reverse("registry-model", args=[name])
        if kind == Kind.BATCH:
            batch = Batch.objects.filter(pk=self.alert.subject).only("user_id").first()
            is_seen = batch is not None and batch.is_visible_to(user)
            return (_("Look at this file"), reverse("batch", args=[self.alert.subject])) if is_seen else ("", "")
        return _("Look at the overview"), reverse("monitoring-model", args=[name])
