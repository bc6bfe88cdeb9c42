"""What somebody wants to hear of, that it happened, and whom it was told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.models import RegisteredModel


class AlertRule(models.Model):
    """When people want to be told about a model. One of each kind for a model; `limit` is in the unit of its kind."""

    class Kind(models.TextChoices):
        DRIFT = "drift", _("The world changes")
        VOLUME = "volume", _("Fewer questions than usual")
        ERRORS = "errors", _("Questions without an answer")
        LATENCY = "latency", _("Slow answers")
        ACCURACY = "accuracy", _("Wrong answers")
        IMPORT = "import", _("Import rejected")
        FALLBACK = "fallback", _("Fallback active")
        BATCH = "batch", _("File stuck")

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.CASCADE, related_name="alert_rules"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    limit = models.FloatField(_("limit"), null=True, blank=True)
    for_minutes = models.PositiveIntegerField(
        _("for minutes"), help_text=_("It has to hold this long before anybody is told, and be over as long to end.")
    )
    is_enabled = models.BooleanField(_("switched on"), default=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("changed by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        constraints = [models.UniqueConstraint(fields=["model", "kind"], name="one_alert_rule_per_kind")]

    def __str__(self) -> str:
        return f"{self.model}: {self.kind}"


class AlertSubscriber(models.Model):
    """A person who is sent the alerts of a model by mail."""

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.CASCADE, related_name="alert_subscribers"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        verbose_name = _("person who is told of alerts")
        verbose_name_plural = _("people who are told of alerts")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["model", "user"], name="alert_subscriber_once")]

    def __str__(self) -> str:
        return f"{self.model}: {self.user}"


class Alert(models.Model):
    """That a rule's condition holds: *pending* until it has held long enough, *firing*, then *resolved* when it is over.

    `subject`: what it is about where a model can have several, such as a file's number. `clear_since`: since when a
    firing one's condition holds no longer. `value`: as last measured; `said`: figures for its sentence.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        FIRING = "firing", _("firing")
        RESOLVED = "resolved", _("resolved")

    rule = models.ForeignKey(AlertRule, verbose_name=_("rule"), on_delete=models.CASCADE, related_name="alerts")
    subject = models.CharField(_("about"), max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    value = models.FloatField(_("value"), null=True)
    said = models.JSONField(_("figures"), default=dict)
    began_at = models.DateTimeField(_("began"))
    fired_at = models.DateTimeField(_("fired"), null=True)
    clear_since = models.DateTimeField(_("over since"), null=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=~Q(state="resolved"), name="one_open_alert_per_subject"
            )
        ]
        indexes = [models.Index(fields=["state", "-id"], name="alert_by_state")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.state}"


class AlertEvent(models.Model):
    """One step of an alert's story. `by`: the person, for what a person did."""

    class Kind(models.TextChoices):
        BEGAN = "began", _("condition met")
        FIRED = "fired", _("fired")
        CLEARED = "cleared", _("condition over")
        RETURNED = "returned", _("condition met again")
        RESOLVED = "resolved", _("resolved")
        SEEN = "seen", _("seen")

    alert = models.ForeignKey(Alert, verbose_name=_("alert"), on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    at = models.DateTimeField(_("at"))
    value = models.FloatField(_("value"), null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("step of an alert")
        verbose_name_plural = _("steps of alerts")

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.kind}"


class AlertMail(models.Model):
    """A mail about a step of an alert to one person: the delivery log."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    event = models.ForeignKey(AlertEvent, verbose_name=_("step"), on_delete=models.CASCADE, related_name="mails")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="+"
    )
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    problem = models.TextField(_("problem"), blank=True)
    leased_until = models.DateTimeField(_("leased until"), null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("mail of an alert")
        verbose_name_plural = _("mails of alerts")
        constraints = [models.UniqueConstraint(fields=["event", "user"], name="alert_mail_once")]
        indexes = [models.Index(fields=["id"], name="alert_mail_waiting", condition=Q(status="waiting"))]

    def __str__(self) -> str:
        return f"{self.event}: {self.status}"
