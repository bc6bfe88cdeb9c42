"""What was asked and answered: one fact per person, and the facts around it."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.db import connections, models
from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from predictions.models import writing
from predictions.models.batch import Batch
from predictions.models.dataset import Record
from registry.facts import Fact
from registry.models import LedgerEntry, ModelVersion

if TYPE_CHECKING:
    from predictions.models.writing import Rows


class Source(models.TextChoices):
    """The door a question came through."""

    FORM = "form", _("Form")
    CHANGED = "changed", _("Form, values changed")  # with other values than the record or earlier answer it is about
    API = "api", _("API")
    SEED = "seed", _("API, short path")
    V2 = "v2", _("Open Inference Protocol")
    RECORDS = "records", _("Records")
    BATCH = "batch", _("Batch")


class Asked(Fact):
    """What an answer and a failure have in common. `request_id` is the id of the first row of the call."""

    request_id = models.UUIDField(_("call"))
    row = models.PositiveIntegerField(_("row"), default=0)
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    ledger_entry = models.ForeignKey(
        LedgerEntry,
        verbose_name=_("ledger entry"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    inputs = models.JSONField(_("inputs"))
    warnings = models.JSONField(_("warnings"), default=list)
    source = models.CharField(_("through"), max_length=10, choices=Source)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    record = models.ForeignKey(
        Record, verbose_name=_("record"), null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    key = models.CharField(
        _("key"), max_length=200, blank=True, help_text=_("What the case is called: the key of the record or row.")
    )
    batch = models.ForeignKey(
        Batch, verbose_name=_("batch"), null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    trace_id = models.CharField(_("trace id"), max_length=32, blank=True)
    duration = models.FloatField(_("duration"), help_text=_("Seconds the runtime took for the whole call."))

    class Meta:
        abstract = True


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def of_request(self, request_id: UUID, rows: int) -> Self:
        """The rows of one call, in order. Ids grow with time, so a range of the primary key finds them."""
        return self.filter(id__gte=request_id, request_id=request_id).order_by("id")[:rows]

    def of_call(self, request_id: UUID) -> Self:
        """The rows of one call, in order, however many: all of them got their ids within the second after its own."""
        return self.filter(id__gte=request_id, id__lt=a_second_after(request_id), request_id=request_id).order_by("id")

    def for_page(self) -> Self:
        """With everything a record page or a list shows, in one query."""
        return self.select_related("version__model", "ledger_entry", "user", "record__dataset")

    def for_list(self) -> Self:
        """With what a line of a list shows. Versions and sets of records are read once and not with each answer.

        Joined, they come with every row, and reading their JSON takes longer than all the rest of a page.
        """
        records = Record.objects.defer("data", "search")
        found = self.defer("inputs", "explanation", "salt", "digest").with_versions()
        return found.prefetch_related(Prefetch("record", records), "record__dataset")

    def for_call_page(self) -> Self:
        """With what the doors say of each row of a call."""
        return self.with_versions().prefetch_related("user", "ledger_entry", "fallback_from")

    def with_versions(self) -> Self:
        """With the version of each answer, read once: it is much larger than an answer."""
        versions = ModelVersion.objects.select_related("model").defer("report")
        return self.prefetch_related(Prefetch("version", versions))

    def record(self, rows: "Rows") -> None:
        """Store the rows of one call in one statement; from 50 rows on by COPY. See docs/adr/0006.

        Outside a transaction the statement is one, and has committed on return.
        """
        writing.write(connections[self.db], rows)

    def written(self, rows: "Rows") -> "list[Prediction]":
        """The rows of a call that `record` has stored, in order, as they were written."""
        return writing.timed(connections[self.db], rows)


def a_second_after(number: UUID) -> UUID:
    """The number that an answer of a second later has at least: all rows of a call lie before it."""
    # The first 48 bits of a UUIDv7 are milliseconds.
    return UUID(int=min(number.int + (1000 << 80), 2**128 - 1))


class Prediction(Asked):
    """One person's answer. The id, a UUIDv7, is the record number, the cursor and the partition key."""

    outputs = models.JSONField(_("outputs"))
    label = models.CharField(_("answer"), max_length=255, blank=True)
    score = models.FloatField(_("score"))
    explanation = models.JSONField(_("explanation"), null=True)
    fallback_from = models.ForeignKey(
        ModelVersion,
        verbose_name=_("answered instead of"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    objects = PredictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("recorded answers")
        # The id ends every index: a list is always read newest first, and pages by it.
        indexes = [
            models.Index(fields=["version", "id"], name="prediction_by_version"),
            models.Index(fields=["user", "id"], name="prediction_by_user"),
            models.Index(fields=["user", "id"], name="prediction_by_call", condition=Q(row=0)),
            models.Index(fields=["label", "id"], name="prediction_by_label"),
            models.Index(fields=["record", "id"], name="prediction_by_record", condition=Q(record__isnull=False)),
            models.Index(fields=["key", "id"], name="prediction_by_key", condition=~Q(key="")),
            models.Index(
                fields=["ledger_entry", "id"], name="prediction_by_fallback", condition=Q(fallback_from__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PredictionFailure(Asked):
    """A question that was clean and that the runtime could not answer."""

    kind = models.CharField(_("kind"), max_length=20)
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("question without an answer")
        verbose_name_plural = _("questions without an answer")

    def __str__(self) -> str:
        return str(self.id)


class IdempotencyKey(Fact):
    """A key a user sent with a call; the same key and the same request find the stored answer."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.BinaryField(_("fingerprint"), max_length=32)
    request_id = models.UUIDField(_("call"))
    rows = models.PositiveIntegerField(_("rows"))

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_user")]

    def __str__(self) -> str:
        return self.key
