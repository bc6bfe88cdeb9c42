"""What all facts have in common in the admin: read-only, and as fast on ten million rows as on ten."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from registry.admin import ReadOnlyAdmin

# JSON that no line of a list shows, and that takes longer to read than the list.
VERSION_JSON = ("inputs", "warnings", "version__signature", "version__metadata", "version__report")
RECORD_JSON = ("record__data", "record__search", "record__dataset__columns")


def display(description: Any) -> Callable[[Any], Any]:
    """A column or field with a heading."""
    return admin.display(description=description)


def lines(rows: Any) -> SafeString:
    """Pairs of a word and a text, a line each."""
    return format_html_join("", "<div><b>{}</b>: {}</div>", rows) or SafeString("–")


def number_in(text: str) -> uuid.UUID | None:
    """What was typed as a number, also with blanks in it."""
    try:
        return uuid.UUID("".join(text.split()))
    except ValueError:
        return None


class NewestFirstAdmin(ReadOnlyAdmin):
    """Paged by the number of its rows: no COUNT and no OFFSET."""

    change_list_template = "admin/predictions/cursor_list.html"
    sortable_by = ()
    ordering = ["-id"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each facet is a COUNT

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters beside the list: any other lookup in the address would read the whole table."""
        filters: Any = self.list_filter
        return lookup in {found.parameter_name for found in filters}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[lists.CursorChangeList]:
        return lists.CursorChangeList


class FactAdmin(NewestFirstAdmin):
    """Found by record number or by the number of a call."""

    search_fields = ["id"]
    search_help_text = _("A record or request number.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        number = number_in(search_term)
        return (
            self.by_text(queryset, search_term.strip()) if number is None else self.by_number(queryset, number)
        ), False

    def by_text(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        """What a text finds that is no number."""
        return queryset.none()

    def by_number(self, queryset: QuerySet[Any], number: uuid.UUID) -> QuerySet[Any]:
        """A fact by its number; where facts have calls, the rows of a call by the number of that."""
        if any(field.name == "request_id" for field in self.model._meta.get_fields()):
            # A call has the number of its first row, and its other rows get theirs right after it.
            within = queryset.filter(id__gte=number, id__lt=lists.a_minute_after(number))
            return within.filter(Q(id=number) | Q(request_id=number))
        return queryset.filter(id=number)
