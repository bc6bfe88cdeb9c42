"""What an answer still waits for. State: made with the answer, gone when it arrives."""

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from predictions.models.prediction import Prediction
from registry.models import RegisteredModel

_EXPECT = """
INSERT INTO predictions_awaited (prediction_id, kind, model_id, user_id, due_date)
SELECT id, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS answers (id)
"""


class AwaitedQuerySet(models.QuerySet["Awaited"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Of a person's own answers; of all for who may see what others were answered."""
        return self if user.has_perm("predictions.view_prediction") else self.filter(user_id=user.pk)

    def expect(
        self, ids: Sequence[UUID], *, kind: "Awaited.Kind", due: date, model: RegisteredModel, user: User
    ) -> None:
        """Await one thing of each of these answers, in the transaction that stores them."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(_EXPECT, [kind.value, model.pk, user.pk, due, list(ids)])

    def decisions(self) -> Self:
        """Answers that a decision maker has to decide about."""
        return self.filter(kind=Awaited.Kind.DECISION)

    def outcomes_due(self, *, on: date) -> Self:
        """Answers whose outcome should be known by now."""
        return self.filter(kind=Awaited.Kind.OUTCOME, due_date__lte=on)


class Awaited(models.Model):
    """That an answer waits for a decision (its model was high risk) or for its outcome (its model says after how long).

    Finding what is missing among millions of answers would read all of them: this table holds just those.
    """

    class Kind(models.TextChoices):
        DECISION = "decision", _("decision")
        OUTCOME = "outcome", _("outcome")

    prediction = models.ForeignKey(
        Prediction,
        verbose_name=_("answer"),
        on_delete=models.PROTECT,
        related_name="awaited",
        db_index=False,
        db_constraint=False,  # a trigger checks it: docs/adr/0024
    )
    kind = models.CharField(_("waits for"), max_length=8, choices=Kind)
    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    due_date = models.DateField(_("due"))

    objects = AwaitedQuerySet.as_manager()

    class Meta:
        verbose_name = _("awaited decision or outcome")
        verbose_name_plural = _("awaited decisions and outcomes")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["prediction", "kind"], name="awaited_once_per_kind")]
        indexes = [
            models.Index(fields=["kind", "due_date", "prediction"], name="awaited_by_date"),
            models.Index(fields=["kind", "user", "prediction"], name="awaited_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id}: {self.kind}"
