"""Alerts in the admin: what fired, its steps and its mails, read-only."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions.admin_facts import NewestFirstAdmin, display
from predictions.admin_records import LONGEST_NUMBER, BeforeNumberFilter
from predictions.models import Alert, AlertEvent, AlertMail, AlertRule
from predictions.monitoring.alerts import mails, sentences
from registry.admin import ReadOnlyAdmin, pretty


class StateFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("state"), "state", Alert.State


class StepFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("kind"), "kind", AlertEvent.Kind


class StatusFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("status"), "status", AlertMail.Status


class NumberedAdmin(NewestFirstAdmin):
    """Its numbers are small ones."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        is_number = object_id.isascii() and object_id.isdecimal() and len(object_id) <= LONGEST_NUMBER
        return super().get_object(request, object_id, from_field) if is_number else None


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnlyAdmin):
    list_display = ["model", "kind", "is_enabled", "shown_limit", "for_minutes", "updated_at", "updated_by"]
    list_filter = ["model", "kind"]
    list_select_related = ["model", "updated_by"]
    ordering = ["model__name", "kind"]
    fields: ClassVar[Any] = list_display
    readonly_fields = tuple(fields)

    @display(_("limit"))
    def shown_limit(self, rule: AlertRule) -> str:
        """With its unit."""
        return sentences.limited(rule.kind, rule.limit) or "–"


@admin.register(Alert)
class AlertAdmin(NumberedAdmin):
    list_display = ["id", "rule", "state", "began_at", "fired_at", "resolved_at"]
    list_filter = [StateFilter, BeforeNumberFilter]
    list_select_related = ["rule__model"]
    fields: ClassVar[Any] = [
        *["id", "rule", "subject", "state", "sentence", "measured", "figures"],
        *["began_at", "fired_at", "clear_since", "resolved_at"],
    ]
    readonly_fields = tuple(fields)

    @display(_("what was found"))
    def sentence(self, alert: Alert) -> str:
        """As its page says it."""
        return sentences.said(alert.rule.kind, alert.said)

    @display(_("value"))
    def measured(self, alert: Alert) -> str:
        """With its unit."""
        return sentences.measured(alert.rule.kind, alert.value) or "–"

    @display(_("figures"))
    def figures(self, alert: Alert) -> SafeString:
        """What its sentence is made of."""
        return pretty(alert.said)


@admin.register(AlertEvent)
class AlertEventAdmin(NumberedAdmin):
    list_display = ["id", "at", "alert", "kind", "by"]
    list_filter = [StepFilter, BeforeNumberFilter]
    list_select_related = ["alert__rule__model", "by"]
    fields: ClassVar[Any] = ["id", "at", "alert", "kind", "measured", "by"]
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).select_related(*self.list_select_related)
        return found

    @display(_("value"))
    def measured(self, event: AlertEvent) -> str:
        """With its unit."""
        return sentences.measured(event.alert.rule.kind, event.value) or "–"


@admin.register(AlertMail)
class AlertMailAdmin(NumberedAdmin):
    list_display = ["id", "event", "user", "status", "attempts", "shown_problem", "created_at", "finished_at"]
    list_filter = [StatusFilter, BeforeNumberFilter]
    list_select_related = ["event__alert__rule__model", "user"]
    fields: ClassVar[Any] = list_display
    readonly_fields = tuple(fields)

    @display(_("problem"))
    def shown_problem(self, mail: AlertMail) -> str:
        """As a sentence."""
        return mails.problem_of(mail) or "–"
