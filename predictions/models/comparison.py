"""Recorded inputs, scored again on other versions. State, and never in the history: nobody was answered with it."""

import uuid_utils.compat
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from predictions.models.prediction import Prediction
from registry.models import ModelVersion, RegisteredModel


class Comparison(models.Model):
    """Versions on the same recorded inputs of a model. The first of them is what the others are held against.

    `cursor`: the last answer whose inputs were scored again. `summary`: what predictions.monitoring.comparison counted
    at the end.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(_("number"), primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.CASCADE, related_name="comparisons"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+"
    )
    since_date = models.DateField(_("from"))
    until_date = models.DateField(_("to"))
    source = models.CharField(_("through"), max_length=10, blank=True)
    most = models.PositiveIntegerField(_("at most"), help_text=_("Rows; the newest of the period are taken."))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.WAITING)
    reason = models.TextField(_("reason"), blank=True)
    rows = models.PositiveIntegerField(_("rows"), null=True)
    done = models.PositiveIntegerField(_("rows done"), default=0)
    cursor = models.UUIDField(_("last row"), null=True)
    summary = models.JSONField(_("summary"), default=dict)
    lease = models.UUIDField(_("lease"), null=True)
    leased_until = models.DateTimeField(_("leased until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_cancelled = models.BooleanField(_("cancelled"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        indexes = [
            models.Index(fields=["status"], name="comparison_to_do", condition=Q(status__in=["waiting", "running"]))
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_over(self) -> bool:
        return self.status in {self.Status.DONE, self.Status.FAILED, self.Status.CANCELLED}


class ComparedVersion(models.Model):
    """A version of a comparison, at its place; 0 is what the others are held against."""

    comparison = models.ForeignKey(
        Comparison, verbose_name=_("comparison"), on_delete=models.CASCADE, related_name="compared"
    )
    place = models.PositiveSmallIntegerField(_("place"))
    version = models.ForeignKey(ModelVersion, verbose_name=_("version"), on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("compared version")
        verbose_name_plural = _("compared versions")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["comparison", "place"], name="compared_place_once"),
            models.UniqueConstraint(fields=["comparison", "version"], name="compared_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.version_id}"


class ReplayedAnswer(models.Model):
    """What one version answers to recorded inputs; `problem`: why it could not."""

    comparison = models.ForeignKey(
        Comparison, verbose_name=_("comparison"), on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    prediction = models.ForeignKey(
        Prediction,
        verbose_name=_("answer"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,  # a trigger checks it: docs/adr/0024
    )
    place = models.PositiveSmallIntegerField(_("place of the version"))
    label = models.CharField(_("answer"), max_length=255, blank=True)
    score = models.FloatField(_("score"), null=True)
    is_changed = models.BooleanField(_("other than the first version’s"), default=False)
    problem = models.CharField(_("problem"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("replayed answer")
        verbose_name_plural = _("replayed answers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["comparison", "place", "prediction"], name="replayed_answer_once")
        ]
        indexes = [
            models.Index(
                fields=["comparison", "place", "prediction"], name="replayed_changed", condition=Q(is_changed=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.comparison_id}: {self.prediction_id}"
