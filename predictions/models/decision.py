"""What a human made of an answer. A correction is a new row that points at the one it replaces."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from predictions.models.prediction import Prediction
from registry.facts import Fact


class Estimate(Fact):
    """What somebody expected before they saw the answer. The first one counts, there is no second."""

    prediction = models.ForeignKey(
        Prediction,
        verbose_name=_("answer"),
        on_delete=models.PROTECT,
        related_name="estimates",
        db_constraint=False,  # a trigger checks it: docs/adr/0024
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    label = models.CharField(_("estimate"), max_length=255, blank=True)
    value = models.FloatField(_("estimated value"), null=True)

    class Meta:
        verbose_name = _("estimate")
        verbose_name_plural = _("estimates")
        constraints = [models.UniqueConstraint(fields=["prediction", "by"], name="one_estimate_per_person")]

    def __str__(self) -> str:
        return str(self.id)


class DecisionQuerySet(models.QuerySet["Decision"]):
    def latest_only(self) -> Self:
        """Without those that were replaced."""
        return self.filter(~Exists(Decision.objects.filter(replaces=OuterRef("pk"))))


class Decision(Fact):
    """Whether a person follows an answer, and why. The latest of an answer counts; all are shown."""

    class Verdict(models.TextChoices):
        AGREE = "agree", _("agree")
        DISAGREE = "disagree", _("disagree")
        NEED_MORE = "need_more", _("need more information")

    class Reason(models.TextChoices):
        FITS = "fits", _("The answer fits what I know")
        WRONG_DATA = "wrong_data", _("Values of the question are wrong or old")
        MISSING_CONTEXT = "missing_context", _("The model does not know something important")
        UNUSUAL_CASE = "unusual_case", _("The case is unlike those that the model learned from")
        RULE = "rule", _("A law, a contract or a rule decides otherwise")
        SECOND_LOOK = "second_look", _("Somebody else should look at it")
        OTHER = "other", _("Another reason, see the comment")

    prediction = models.ForeignKey(
        Prediction,
        verbose_name=_("answer"),
        on_delete=models.PROTECT,
        related_name="decisions",
        db_constraint=False,  # a trigger checks it: docs/adr/0024
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), on_delete=models.PROTECT, related_name="+"
    )
    verdict = models.CharField(_("decision"), max_length=10, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    comment = models.TextField(_("comment"), blank=True)
    estimate = models.ForeignKey(
        Estimate, verbose_name=_("own estimate"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    replaces = models.OneToOneField(
        "self", verbose_name=_("replaces"), null=True, on_delete=models.PROTECT, related_name="replaced_by"
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            # A chain and no tree: who decides at the same time as somebody else replaces their decision or is refused.
            models.UniqueConstraint(fields=["prediction"], condition=Q(replaces=None), name="one_first_decision"),
            models.CheckConstraint(condition=~Q(reason="other") | ~Q(comment=""), name="other_reason_has_comment"),
        ]
        indexes = [models.Index(fields=["verdict", "prediction"], name="decision_by_verdict")]

    def __str__(self) -> str:
        return f"{self.prediction_id}: {self.verdict}"
