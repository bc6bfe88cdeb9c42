"""A file of rows that a model is asked about, cut into chunks. State: what was answered is in the answers."""

import uuid
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from predictions.models.dataset import Dataset
from registry.models import LedgerEntry, ModelVersion, RegisteredModel


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A person's own; all of them for who may see what others were answered."""
        return self if user.has_perm("predictions.view_prediction") else self.filter(user_id=user.pk)


class Batch(models.Model):
    """One file on its way: uploaded, mapped, checked, run. The version is pinned when it is checked.

    `dialect`: {"delimiter", "encoding", "decimal", "header"}, keys of predictions.imports.csv_files.
    `headings`: what the file calls its columns. `mapping`: {"fields": {feature: column index}, "key": index or null}.
    `wishes`: what a program said of a file that nobody is asked about, see predictions/batches/unattended.py; null once
    a person decides, or nothing is left to be decided.
    """

    class Kind(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel")

    class Status(models.TextChoices):
        READING = "reading", _("being read")
        MAPPING = "mapping", _("columns to choose")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("ready to run")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        INCOMPLETE = "incomplete", _("incomplete")
        CANCELLED = "cancelled", _("cancelled")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("sent by"), on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(_("file name"), max_length=255)
    kind = models.CharField(_("kind of file"), max_length=4, choices=Kind, default=Kind.CSV)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.MAPPING)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it was refused or waits, as a sentence."))
    model = models.ForeignKey(RegisteredModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    ledger_entry = models.ForeignKey(
        LedgerEntry, verbose_name=_("ledger entry"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    dataset = models.ForeignKey(
        Dataset,
        verbose_name=_("set of records"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The records that the keys of the file belong to."),
    )
    dialect = models.JSONField(_("how it is written"), default=dict)
    headings = models.JSONField(_("headings"), default=list)
    mapping = models.JSONField(_("mapping"), default=dict)
    language = models.CharField(_("language"), max_length=10, default="en")
    rows = models.PositiveIntegerField(_("rows in the file"), null=True)
    is_cancelled = models.BooleanField(_("to be cancelled"), default=False)
    resumed = models.PositiveIntegerField(
        _("resumed"), default=0, help_text=_("How often a chunk was taken over from a worker that was lost.")
    )
    # Work is taken from whoever was served longest ago, so that a giant does not starve the small.
    served_at = models.DateTimeField(_("last served"), null=True)
    lease = models.UUIDField(_("lease"), null=True)  # of who reads or cuts the file
    leased_until = models.DateTimeField(_("leased until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    wishes = models.JSONField(_("what a program said of it"), null=True)
    runs_after_check = models.BooleanField(_("runs by itself after the check"), default=False)
    idempotency_key = models.CharField(_("idempotency key"), max_length=255, blank=True)
    # SHA-256 of what was sent with the key besides the file, as hexadecimal digits.
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes = [
            models.Index(fields=["user", "-created_at"], name="batch_by_user"),
            models.Index(fields=["status", "served_at"], name="batch_by_turn"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "idempotency_key"], name="batch_once_per_key", condition=~Q(idempotency_key="")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.status in OVER

    def is_visible_to(self, user: User | AnonymousUser) -> bool:
        """Whether `visible_to` finds it."""
        return self.user_id == user.pk or user.has_perm("predictions.view_prediction")


OVER = {Batch.Status.DONE, Batch.Status.INCOMPLETE, Batch.Status.CANCELLED, Batch.Status.REFUSED}


class BatchPart(models.Model):
    """A megabyte of the file as it was sent; gone BATCH_FILE_DAYS after the batch is over."""

    SIZE = 1 << 20  # bytes of each part but the last

    batch = models.ForeignKey(
        Batch, verbose_name=_("batch"), on_delete=models.CASCADE, related_name="parts", db_index=False
    )
    number = models.PositiveIntegerField(_("number"))
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("part of a file")
        verbose_name_plural = _("parts of files")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="part_once_per_batch")]

    def __str__(self) -> str:
        return str(self.number)


class BatchChunkQuerySet(models.QuerySet["BatchChunk"]):
    def settle(self, *, chunk: "BatchChunk", request_id: UUID | None, predicted: int, summary: dict[str, Any]) -> bool:
        """Turn a chunk to done, for who holds its lease; False when somebody else did, and then nothing may be stored.

        Runs in the transaction that stores its answers: this is what makes each row of a file answered once.
        """
        mine = self.filter(pk=chunk.pk, lease=chunk.lease, status=BatchChunk.Status.CHECKED)
        return bool(
            mine.update(
                status=BatchChunk.Status.DONE,
                request_id=request_id,
                predicted=predicted,
                summary=summary,
                lease=None,
                leased_until=None,
                finished_at=Now(),
            )
        )

    def release(self, *, chunk: "BatchChunk") -> None:
        """Give a chunk back before its lease ends."""
        self.filter(pk=chunk.pk, lease=chunk.lease).update(lease=None, leased_until=None)

    def free(self, *, at: datetime) -> Self:
        """Chunks that nobody works on."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=at)).exclude(status=BatchChunk.Status.DONE)

    def lease_to(self, lease: UUID, *, pk: int, at: datetime, until: datetime) -> bool:
        """Take a chunk that is free; attempts count from here, so that a killed worker counts too."""
        found = self.free(at=at).filter(pk=pk)
        return bool(found.update(lease=lease, leased_until=until, attempts=F("attempts") + 1))


class BatchChunk(models.Model):
    """Some thousand rows of a file, which are checked and answered at once.

    They are the `rows` records after the first `skip` of the slice of `length` bytes at `offset`; the slice begins
    with the row `line` of the spreadsheet, empty lines counted. `first`: how many records of the file lie before.
    """

    class Status(models.TextChoices):
        CUT = "cut", _("to be checked")
        CHECKED = "checked", _("checked")
        DONE = "done", _("done")

    batch = models.ForeignKey(
        Batch, verbose_name=_("batch"), on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    first = models.PositiveIntegerField(_("first row"))
    rows = models.PositiveIntegerField(_("rows"))
    offset = models.PositiveBigIntegerField(_("offset"))
    length = models.PositiveBigIntegerField(_("bytes"))
    line = models.PositiveIntegerField(_("spreadsheet row"))
    skip = models.PositiveIntegerField(_("rows before"), default=0)
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.CUT)
    # {"errors": [{"field", "code", "count", "lines": [...]}], "warnings": [...], "columns": {...}}; see batches/check.py.
    findings = models.JSONField(_("findings"), default=dict)
    # {"labels": {label: count}, "scores": [20 counts] , "warned": n}; see batches/summaries.py.
    summary = models.JSONField(_("summary"), default=dict)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    predicted = models.PositiveIntegerField(_("answered"), default=0)
    request_id = models.UUIDField(_("call"), null=True)
    lease = models.UUIDField(_("lease"), null=True)
    leased_until = models.DateTimeField(_("leased until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = BatchChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("chunk of a batch")
        verbose_name_plural = _("chunks of batches")
        constraints = [models.UniqueConstraint(fields=["batch", "first"], name="chunk_once_per_batch")]
        indexes = [
            models.Index(fields=["batch", "first"], name="chunk_to_do", condition=~Q(status="done")),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.first}"


class RejectedRow(models.Model):
    """A row of a file that got no answer: its own cells, and why. `line`: its row in the spreadsheet.

    `errors`: [{"field": feature name or "", "code"}]. The sentences are made again from the cells, in any language.
    """

    batch = models.ForeignKey(
        Batch, verbose_name=_("batch"), on_delete=models.CASCADE, related_name="rejected_rows", db_index=False
    )
    first = models.PositiveIntegerField(_("row"))  # how many records of the file lie before
    line = models.PositiveIntegerField(_("spreadsheet row"))
    cells = models.JSONField(_("cells"))
    errors = models.JSONField(_("errors"))

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        constraints = [models.UniqueConstraint(fields=["batch", "first"], name="rejected_once_per_batch")]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.line}"


class ColumnMapping(models.Model):
    """How the columns of files with these headings were mapped last, for a model."""

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    headings_digest = models.CharField(_("digest of the headings"), max_length=64)
    mapping = models.JSONField(_("mapping"))
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("mapping of columns")
        verbose_name_plural = _("mappings of columns")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["model", "headings_digest"], name="mapping_once_per_headings")]

    def __str__(self) -> str:
        return f"{self.model}: {self.headings_digest[:8]}"
