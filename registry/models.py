"""WHICH model may answer: models, their versions, the files of a version, and the ledger of who put what in charge."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from registry.facts import Fact
from registry.signature import Signature

LEASE = timedelta(minutes=12)  # longer than a task may run
QUIET = timedelta(minutes=2)  # a message this late is taken for lost
MAX_ATTEMPTS = 3


class RegisteredModel(models.Model):
    """A model that the product may ask: a Hub repository and the branch or tag that is followed."""

    class InputKind(models.TextChoices):
        TABULAR = "tabular"
        IMAGE = "image"

    name = models.SlugField(max_length=80, unique=True)
    endpoint = models.CharField(max_length=80, help_text="A name in HUB_ENDPOINTS.")
    repo_id = models.CharField(
        max_length=200,
        validators=[RegexValidator(r"^[\w.-]+/[\w.-]+$", "Write the repository as namespace/name.")],
    )
    tracked_ref = models.CharField(max_length=200, default="main", help_text="A branch or a tag.")
    input_kind = models.CharField(
        max_length=10, choices=InputKind, blank=True, help_text="Known once a version was imported."
    )
    is_default = models.BooleanField(default=False, help_text="Answers calls that name no model of its input kind.")
    trusted = models.BooleanField(
        default=False, help_text="Code of this repository may run in the jailed child. Set by an administrator only."
    )
    synced_at = models.DateTimeField(null=True, blank=True, help_text="When the Hub was last asked.")
    sync_error = models.TextField(blank=True, help_text="What the Hub last answered, when it was no version.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["input_kind"],
                condition=Q(is_default=True) & ~Q(input_kind=""),
                name="one_default_per_input_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def ready(self) -> Self:
        """Versions that may be promoted."""
        return self.filter(status=ModelVersion.Status.READY)

    def claim(self, *, pk: int, at: datetime) -> bool:
        """Take the import of a version for this process; False when another has it or it is finished."""
        free = Q(leased_until=None) | Q(leased_until__lt=at)
        importing = self.filter(free, pk=pk, status=ModelVersion.Status.IMPORTING)
        return bool(importing.update(leased_until=at + LEASE, attempts=F("attempts") + 1))

    def abandoned(self, *, at: datetime) -> Self:
        """Imports whose message or worker was lost."""
        waiting = Q(leased_until=None, created_at__lt=at - QUIET) | Q(leased_until__lt=at)
        return self.filter(waiting, status=ModelVersion.Status.IMPORTING)


class ModelVersion(models.Model):
    """One commit of a repository with its signature. Once ready, a trigger keeps it as it is."""

    class Status(models.TextChoices):
        IMPORTING = "importing"
        READY = "ready"
        REJECTED = "rejected"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    commit = models.CharField(max_length=40, validators=[RegexValidator(r"^[0-9a-f]{40}$")])
    status = models.CharField(max_length=10, choices=Status, default=Status.IMPORTING)
    reason = models.TextField(blank=True, help_text="Why it was rejected, or why it is served by the isolated runtime.")
    runtime = models.CharField(max_length=10, blank=True, choices=[("onnx", "onnx"), ("isolated", "isolated")])
    signature = models.JSONField(default=dict)
    is_draft = models.BooleanField(default=False, help_text="The signature was inferred and nobody confirmed it yet.")
    manifest_digest = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(
        default=dict, help_text="Name, version, metrics and provenance from the manifest; card."
    )
    report = models.JSONField(
        default=dict, help_text="What the import saw: files, versions, jail, golden rows, comparison."
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often an import was begun.")
    leased_until = models.DateTimeField(null=True, blank=True, help_text="Until then one process is importing it.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="version_number_once_per_model"),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(runtime__in=["onnx", "isolated"]), name="ready_version_has_runtime"
            ),
            models.CheckConstraint(condition=~Q(status="rejected") | ~Q(reason=""), name="rejected_version_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"

    def parsed_signature(self) -> Signature:
        """The signature as an object; see registry.signature."""
        return Signature.parse(self.signature)


class Artifact(models.Model):
    """The bytes of a file, once per content. One backup of the database holds every model that ever answered."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class VersionFile(models.Model):
    """A file of a version: its path in the repository, or `model.converted.onnx` for what the import made of it."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(max_length=200)
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="path_once_per_version")]

    def __str__(self) -> str:
        return f"{self.version}: {self.path}"


class LedgerEntry(Fact):
    """Who put which version in charge of a model, when and why. The latest entry is the state; no other place is."""

    class Kind(models.TextChoices):
        PROMOTE = "promote"
        ROLLBACK = "rollback"
        SUSPEND = "suspend"
        RESUME = "resume"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="ledger", db_index=False)
    number = models.PositiveIntegerField(help_text="Counts up per model under the model's row lock: clocks may differ.")
    kind = models.CharField(max_length=10, choices=Kind)
    from_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="ledger_entries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="ledger_number_once_per_model"),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_entry_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.to_version}"
