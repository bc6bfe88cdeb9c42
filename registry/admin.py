"""The registry for administrators: models may be edited a little, versions and the ledger are read."""

import json
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registry import automation, discovery, said
from registry.models import Delivery, LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from registry.texts import figure, tiny


class ReadOnlyAdmin(admin.ModelAdmin):
    """Nothing can be added, changed or deleted; actions are offered only where a subclass says so."""

    actions: Any = None

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters beside the list: any other lookup in the address could be a query nobody meant."""
        return lookup.removesuffix("__exact").removesuffix("__id") in self.list_filter

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def pretty(value: Any) -> SafeString:
    """JSON a person can read."""
    return format_html('<pre class="json">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False))


def stored(field: str, title: Any) -> Any:
    """A column for sentences of the worker, in the reader's language."""

    @admin.display(description=title, ordering=field)
    def column(row: Any) -> SafeString:
        return said.in_language(getattr(row, field)).html

    column.__name__ = field  # the page's CSS knows columns by their name
    return column


@admin.display(description=_("reason"), ordering="reason")
def ledger_reason(entry: LedgerEntry) -> str:
    """The robot's reason in the reader's language, a person's as it was typed."""
    return said.in_language(entry.reason).html if entry.by.get_username() == automation.ROBOT else entry.reason


_sync_error = stored("sync_error", _("last problem"))
_reason = stored("reason", _("reason"))
_text = stored("text", _("what came of it"))


@admin.register(RegisteredModel)
class RegisteredModelAdmin(admin.ModelAdmin):
    list_display = ["name", "repo_id", "tracked_ref", "endpoint", "input_kind", "is_default", "synced_at", _sync_error]
    readonly_fields: ClassVar[Any] = [
        "name",
        "endpoint",
        "repo_id",
        "repo_key",
        "input_kind",
        "is_default",
        "is_high_risk",
        "approval",
        "auto_promote",
        "metric_floors",
        "poll_minutes",
        "outcome_days",
        "synced_at",
        _sync_error,
        "created_at",
    ]
    fields: ClassVar[Any] = [*readonly_fields[:3], "tracked_ref", "trusted", *readonly_fields[3:]]
    actions = ["sync_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RegisteredModel | None = None) -> bool:
        return False

    def has_sync_permission(self, request: HttpRequest) -> bool:
        """Who may press the same button on the model's page."""
        return request.user.has_perm("registry.sync_model")

    @admin.action(description=_("Sync now: ask the Hub and import what is new"), permissions=["sync"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[RegisteredModel]) -> None:
        """Ask the worker; what came of it is among the deliveries."""
        for model in queryset:
            discovery.announce(model=model, kind=Delivery.Kind.BUTTON)
        messages.info(request, gettext("The worker was asked; look at the deliveries in a moment."))


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "commit", "status", "runtime", _reason, "finished_at"]
    list_filter = ["status", "runtime", "model"]
    search_fields = ["commit"]
    list_select_related = ["model"]
    fields: ClassVar[Any] = [
        "model",
        "number",
        "commit",
        "status",
        _reason,
        "runtime",
        "jail_limits",
        "comparison",
        "is_draft",
        "manifest_digest",
        "shown_signature",
        "shown_metadata",
        "shown_report",
        "created_at",
        "finished_at",
    ]
    readonly_fields = tuple(fields)

    @admin.display(description=_("limits in force"))
    def jail_limits(self, version: ModelVersion) -> str:
        """The jail the model was opened in."""
        limits = version.report.get("jail", {}).get("limits")
        none = gettext("No file of this version had to be opened in the jailed process.")
        return said.in_language(str(limits)).html if limits else none

    @admin.display(description=_("comparison"))
    def comparison(self, version: ModelVersion) -> str:
        """What the ONNX form was checked on."""
        report = version.report.get("comparison")
        if not report:
            return gettext("Not compared.")
        text = gettext(
            "Checked on %(rows)s rows: %(misses)s differ, largest difference %(largest)s. With no miss, fewer than "
            "%(bound)s of rows differ (95%%)."
        )
        figures = {"rows": figure(report["rows"], grouped=True), "misses": figure(report["misses"], grouped=True)}
        largest = report["largest_difference"]  # None where a difference was no number
        bounds = {"largest": "–" if largest is None else tiny(largest), "bound": tiny(report["bound"])}
        return text % (figures | bounds)

    @admin.display(description=_("signature"))
    def shown_signature(self, version: ModelVersion) -> SafeString:
        """Inputs and outputs."""
        return pretty(version.signature)

    @admin.display(description=_("metadata"))
    def shown_metadata(self, version: ModelVersion) -> SafeString:
        """From the manifest and the card."""
        return pretty(version.metadata)

    @admin.display(description=_("import report"))
    def shown_report(self, version: ModelVersion) -> SafeString:
        """Everything the import saw."""
        return pretty(version.report)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["model", "number", "kind", "from_version", "to_version", "by", ledger_reason, "created_at"]
    list_filter = ["model", "kind"]
    list_select_related = ["model", "from_version__model", "to_version__model", "by"]
    fields: ClassVar[Any] = [
        "id",
        "model",
        "number",
        "kind",
        "from_version",
        "to_version",
        "by",
        "approved_by",
        ledger_reason,
        "created_at",
    ]
    readonly_fields = tuple(fields)


@admin.register(PromotionRequest)
class PromotionRequestAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "version", "status", "requested_by", "reason", "decided_by", "decision_reason"]
    list_filter = ["status", "model"]
    list_select_related = ["version__model", "requested_by", "decided_by"]
    ordering = ["-id"]
    show_full_result_count = False
    fields: ClassVar[Any] = [
        "model",
        "version",
        "status",
        "requested_by",
        "reason",
        "seen_entry",
        "decided_by",
        "decision_reason",
        "decided_at",
        "entry",
        "created_at",
    ]
    readonly_fields = tuple(fields)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "model", "event", "ref", "outcome", _text, "version"]
    list_filter = ["kind", "outcome", "model"]
    list_select_related = ["model", "version__model"]
    ordering = ["-id"]
    show_full_result_count = False
    fields: ClassVar[Any] = [
        "kind",
        "model",
        "repo_id",
        "event",
        "ref",
        "commit",
        "outcome",
        _text,
        "version",
        "created_at",
        "finished_at",
    ]
    readonly_fields = tuple(fields)
