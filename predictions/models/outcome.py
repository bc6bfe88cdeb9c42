"""What really happened. A correction is a new row that points at the one it replaces."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from predictions.models.prediction import Prediction
from registry.facts import Fact


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def latest_only(self) -> Self:
        """Without those that were replaced."""
        return self.filter(~Exists(Outcome.objects.filter(replaces=OuterRef("pk"))))


class Outcome(Fact):
    """The ground truth of one answer: a class of its model as text, or a value. One that is withdrawn has neither."""

    class Origin(models.TextChoices):
        HAND = "hand", _("by hand")
        FILE = "file", _("from a file")
        API = "api", _("API")

    prediction = models.ForeignKey(
        Prediction,
        verbose_name=_("answer"),
        on_delete=models.PROTECT,
        related_name="outcomes",
        db_constraint=False,  # a trigger checks it: docs/adr/0024
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reported by"), on_delete=models.PROTECT, related_name="+"
    )
    label = models.CharField(_("actual outcome"), max_length=255, blank=True)
    value = models.FloatField(_("value"), null=True)
    is_withdrawn = models.BooleanField(_("withdrawn"), default=False)
    observed_date = models.DateField(_("observed on"))
    origin = models.CharField(_("reported"), max_length=4, choices=Origin)
    comment = models.TextField(_("comment"), blank=True)
    replaces = models.OneToOneField(
        "self", verbose_name=_("replaces"), null=True, on_delete=models.PROTECT, related_name="replaced_by"
    )

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = _("actual outcome")
        verbose_name_plural = _("actual outcomes")
        constraints = [
            models.UniqueConstraint(fields=["prediction"], condition=Q(replaces=None), name="one_first_outcome"),
            models.CheckConstraint(
                condition=Q(is_withdrawn=True, label="", value=None, replaces__isnull=False)
                | (Q(is_withdrawn=False) & (~Q(label="") | Q(value__isnull=False))),
                name="outcome_says_something",
            ),
        ]
        indexes = [models.Index(fields=["label", "prediction"], name="outcome_by_label")]

    def __str__(self) -> str:
        return f"{self.prediction_id}: {self.label or self.value}"
