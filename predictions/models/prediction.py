"""What was asked and answered: one fact per person, and the facts around it."""

from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import connections, models
from psycopg import sql

from registry.facts import Fact
from registry.models import LedgerEntry, ModelVersion

COPY_FROM = 50


class Source(models.TextChoices):
    """The door a question came through."""

    FORM = "form"
    API = "api"
    SEED = "seed"


class Asked(Fact):
    """What an answer and a failure have in common. `request_id` is the id of the first row of the call."""

    request_id = models.UUIDField()
    row = models.PositiveIntegerField(default=0)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    ledger_entry = models.ForeignKey(LedgerEntry, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    inputs = models.JSONField()
    warnings = models.JSONField(default=list)
    source = models.CharField(max_length=10, choices=Source)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    trace_id = models.CharField(max_length=32, blank=True)
    duration = models.FloatField(help_text="Seconds the runtime took for the whole call.")

    class Meta:
        abstract = True


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def of_request(self, request_id: UUID, rows: int) -> Self:
        """The rows of one call, in order. Ids grow with time, so a range of the primary key finds them."""
        return self.filter(id__gte=request_id, request_id=request_id).order_by("id")[:rows]

    def for_page(self) -> Self:
        """With everything a record page or a list shows, in one query."""
        return self.select_related("version__model", "ledger_entry", "user")

    def record(self, predictions: list["Prediction"]) -> None:
        """Insert the rows of one call and give each its created_at; from 50 rows on by COPY (docs/adr/0006)."""
        if len(predictions) < COPY_FROM:
            Prediction.objects.bulk_create(predictions)
            return
        fields = [field for field in self.model._meta.concrete_fields if field.db_default is models.NOT_PROVIDED]
        connection = connections[self.db]
        columns = sql.Composed([sql.Identifier(field.column or "") for field in fields]).join(", ")
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.model._meta.db_table), columns)
        with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
            for row in predictions:
                copy.write_row([field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields])
        written = dict(self.of_request(predictions[0].request_id, len(predictions)).values_list("id", "created_at"))
        for row in predictions:
            row.created_at = written[row.id]
            row._state.adding, row._state.db = False, self.db


class Prediction(Asked):
    """One person's answer. The id, a UUIDv7, is the record number, the cursor and the future partition key."""

    outputs = models.JSONField()
    label = models.CharField(max_length=255, blank=True)
    score = models.FloatField()
    explanation = models.JSONField(null=True)
    fallback_from = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = PredictionQuerySet.as_manager()

    class Meta:
        # The id ends every index: a list is always read newest first, and pages by it.
        indexes = [
            models.Index(fields=["version", "id"], name="prediction_by_version"),
            models.Index(fields=["user", "id"], name="prediction_by_user"),
            models.Index(fields=["label", "id"], name="prediction_by_label"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PredictionFailure(Asked):
    """A question that was clean and that the runtime could not answer."""

    kind = models.CharField(max_length=20)
    reason = models.TextField()

    def __str__(self) -> str:
        return str(self.id)


class IdempotencyKey(Fact):
    """A key a user sent with a call; the same key and the same request find the stored answer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    request_id = models.UUIDField()
    rows = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_user")]

    def __str__(self) -> str:
        return self.key
