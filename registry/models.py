"""WHICH model may answer: models, their versions, the files of a version, and the ledger of who put what in charge."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.facts import Fact
from registry.signature import Signature

LEASE = timedelta(minutes=12)  # longer than a task may run
QUIET = timedelta(minutes=2)  # a message this late is taken for lost
MAX_ATTEMPTS = 3


class RegisteredModel(models.Model):
    """A model that the product may ask: a Hub repository and the branch or tag that is followed."""

    class InputKind(models.TextChoices):
        TABULAR = "tabular", _("tabular")
        IMAGE = "image", _("image")

    class Approval(models.TextChoices):
        ONE = "one", _("one person")
        TWO = "two", _("two people")

    name = models.SlugField(_("name"), max_length=80, unique=True)
    endpoint = models.CharField(_("Hub"), max_length=80, help_text=_("A name in HUB_ENDPOINTS."))
    repo_id = models.CharField(
        _("repository"),
        max_length=200,
        validators=[RegexValidator(r"^[\w.-]+/[\w.-]+$", _("Write the repository as namespace/name."))],
    )
    tracked_ref = models.CharField(
        _("branch or tag"), max_length=200, default="main", help_text=_("A branch or a tag.")
    )
    input_kind = models.CharField(
        _("kind of input"),
        max_length=10,
        choices=InputKind,
        blank=True,
        help_text=_("Known once a version was imported."),
    )
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Answers calls that name no model of its input kind.")
    )
    trusted = models.BooleanField(
        _("trusted"),
        default=False,
        help_text=_("Code of this repository may run in the jailed child. Set by an administrator only."),
    )
    repo_key = models.CharField(
        _("the Hub’s id"),
        max_length=64,
        blank=True,
        help_text=_("The Hub's own id of the repository, which stays when it is renamed."),
    )
    poll_minutes = models.PositiveSmallIntegerField(
        _("minutes between polls"),
        default=15,
        help_text=_("Ask the Hub this often whether the repository changed; 0 is never."),
    )
    synced_at = models.DateTimeField(
        _("last asked"), null=True, blank=True, help_text=_("When the Hub was last asked.")
    )
    sync_error = models.TextField(
        _("last problem"), blank=True, help_text=_("What the Hub last answered, when it was no version.")
    )
    is_high_risk = models.BooleanField(
        _("high risk"), default=False, help_text=_("Its answers weigh on people's lives.")
    )
    approval = models.CharField(
        _("approval"),
        max_length=3,
        choices=Approval,
        default=Approval.ONE,
        help_text=_("How many people a promotion takes."),
    )
    auto_promote = models.BooleanField(
        _("automatic promotion"),
        default=False,
        help_text=_("A candidate whose golden rows and metric floors hold is promoted by itself."),
    )
    metric_floors = models.JSONField(
        _("metric floors"), default=dict, blank=True, help_text=_('Smallest values, like {"pr_auc": 0.5}.')
    )
    outcome_days = models.PositiveSmallIntegerField(
        _("days until the outcome"),
        null=True,
        blank=True,
        help_text=_("After how many days it is known whether an answer was right; empty when that is never asked."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        permissions = [
            ("sync_model", "Can ask the Hub for new versions"),
            ("describe_version", "Can edit the signature of a version"),
            ("promote_model", "Can put a version in charge, or ask for it where two people are needed"),
            ("approve_promotion", "Can approve or decline what somebody else asked for"),
            ("stop_model", "Can suspend and resume a model"),
            ("oversee_model", "Can set risk, approval, polling and automatic promotion of a model"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(approval="two") | Q(auto_promote=False), name="auto_promotion_has_no_second_person"
            ),
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
        IMPORTING = "importing", _("importing")
        READY = "ready", _("ready")
        REJECTED = "rejected", _("rejected")

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField(_("number"))
    commit = models.CharField(_("commit"), max_length=64, validators=[RegexValidator(r"^[0-9a-f]{40}([0-9a-f]{24})?$")])
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.IMPORTING)
    reason = models.TextField(
        _("reason"), blank=True, help_text=_("Why it was rejected, or why it is served by the isolated runtime.")
    )
    runtime = models.CharField(
        _("runtime"), max_length=10, blank=True, choices=[("onnx", _("onnx")), ("isolated", _("isolated"))]
    )
    signature = models.JSONField(_("signature"), default=dict)
    is_draft = models.BooleanField(
        _("draft"), default=False, help_text=_("The signature was inferred and nobody confirmed it yet.")
    )
    manifest_digest = models.CharField(_("digest of the manifest"), max_length=64, blank=True)
    metadata = models.JSONField(
        _("metadata"), default=dict, help_text=_("Name, version, metrics and provenance from the manifest; card.")
    )
    report = models.JSONField(
        _("import report"),
        default=dict,
        help_text=_("What the import saw: files, versions, jail, golden rows, comparison."),
    )
    progress = models.TextField(
        _("progress"), blank=True, help_text=_("What the import is doing; empty once it is finished.")
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, help_text=_("How often an import was begun."))
    leased_until = models.DateTimeField(
        _("leased until"), null=True, blank=True, help_text=_("Until then one process is importing it.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
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

    sha256 = models.CharField(_("SHA-256"), max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    content = models.BinaryField(_("content"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("file content")
        verbose_name_plural = _("file contents")

    def __str__(self) -> str:
        return self.sha256[:12]


class VersionFile(models.Model):
    """A file of a version: its path in the repository, or `model.converted.onnx` for what the import made of it."""

    version = models.ForeignKey(ModelVersion, verbose_name=_("version"), on_delete=models.PROTECT, related_name="files")
    path = models.CharField(_("path"), max_length=200)
    artifact = models.ForeignKey(Artifact, verbose_name=_("file content"), on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("file of a version")
        verbose_name_plural = _("files of versions")
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="path_once_per_version")]

    def __str__(self) -> str:
        return f"{self.version}: {self.path}"


class LedgerEntry(Fact):
    """Who put which version in charge of a model, when and why. The latest entry is the state; no other place is."""

    class Kind(models.TextChoices):
        PROMOTE = "promote", _("promotion")
        ROLLBACK = "rollback", _("rollback")
        SUSPEND = "suspend", _("suspension")
        RESUME = "resume", _("resumption")

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="ledger", db_index=False
    )
    number = models.PositiveIntegerField(
        _("number"), help_text=_("Counts up per model under the model's row lock: clocks may differ.")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    from_version = models.ForeignKey(
        ModelVersion, verbose_name=_("from version"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    to_version = models.ForeignKey(
        ModelVersion, verbose_name=_("to version"), on_delete=models.PROTECT, related_name="ledger_entries"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("approved by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="ledger_number_once_per_model"),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_entry_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.to_version}"

    @property
    def answers(self) -> bool:
        """Whether the model answers under this entry."""
        return self.kind != self.Kind.SUSPEND


class PromotionRequest(models.Model):
    """That somebody wants a version in charge, and what came of it. Only what took effect is in the ledger."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        EFFECTIVE = "effective", _("effective")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        SUPERSEDED = "superseded", _("superseded")

    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), on_delete=models.PROTECT, related_name="promotion_requests"
    )
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), on_delete=models.PROTECT, related_name="promotion_requests"
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"))
    seen_entry = models.ForeignKey(
        LedgerEntry,
        verbose_name=_("state that was seen"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The state of the model that the candidate was compared with."),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(_("reason of the decision"), blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    entry = models.OneToOneField(
        LedgerEntry,
        verbose_name=_("ledger entry"),
        null=True,
        on_delete=models.PROTECT,
        related_name="promotion_request",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("promotion request")
        verbose_name_plural = _("promotion requests")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="promotion_request_has_reason"),
            models.CheckConstraint(
                condition=Q(status="effective", entry__isnull=False) | (~Q(status="effective") & Q(entry=None)),
                name="effective_request_has_entry",
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(status="open"), name="one_open_request_per_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.status}"


class Delivery(models.Model):
    """That somebody or something said "look at the Hub", and what came of it."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("webhook")
        POLL = "poll", _("poll")
        BUTTON = "button", _("button")
        COMMAND = "command", _("command")

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting")
        IMPORTED = "imported", _("imported")
        KNOWN = "known", _("known")
        REJECTED = "rejected", _("rejected")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    model = models.ForeignKey(
        RegisteredModel, verbose_name=_("model"), null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    repo_id = models.CharField(_("repository"), max_length=200, blank=True)
    event = models.CharField(_("event"), max_length=80, blank=True, help_text=_("Scope and action of a webhook."))
    ref = models.CharField(_("branch or tag"), max_length=255, blank=True)
    commit = models.CharField(
        _("commit"), max_length=64, blank=True, help_text=_("What was announced, or asked for by name.")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.WAITING)
    text = models.TextField(_("what came of it"), blank=True, help_text=_("What came of it, in a sentence."))
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["model", "-id"], name="delivery_by_model"),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}: {self.outcome}"
