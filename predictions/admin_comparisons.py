"""Comparisons of versions on recorded inputs in the admin: read-only. What came of one is on its page."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions.admin_facts import display
from predictions.models import Comparison
from registry.admin import ReadOnlyAdmin


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "model", "by", "status", "most", "done", "finished_at"]
    list_filter = ["status", "model"]
    list_select_related = ["model", "by"]
    ordering = ["-id"]
    show_full_result_count = False
    fields: ClassVar[Any] = [
        *["id", "model", "versions", "by", "since_date", "until_date", "source", "most", "status", "reason"],
        *["rows", "done", "cursor", "attempts", "is_cancelled", "created_at", "finished_at", "page"],
    ]
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).defer("summary")
        return found

    @display(_("versions"))
    def versions(self, comparison: Comparison) -> SafeString:
        """Its versions, the one that the others are held against first."""
        compared = comparison.compared.select_related("version__model").order_by("place")
        return format_html_join("", "<div>{}</div>", ((one.version,) for one in compared))

    @display(_("its page"))
    def page(self, comparison: Comparison) -> SafeString:
        """Where it is shown."""
        url = reverse("comparison", args=[comparison.pk])
        return format_html('<a href="{}">{}</a>', url, url)
