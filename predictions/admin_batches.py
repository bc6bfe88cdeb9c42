"""Files of rows in the admin, with their counts, chunks and rejected rows: read-only."""

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions import masking
from predictions.admin_facts import display, lines, number_in
from predictions.admin_records import BeforeNumberFilter
from predictions.models import Batch, BatchChunk, RejectedRow
from registry import serving
from registry.admin import ReadOnlyAdmin, pretty
from registry.exceptions import UnknownModel


def hidden_fields(batch: Batch, user: Any) -> frozenset[str]:
    """Fields of the file's model that this person may not see: of the pinned version, else of the one in charge."""
    try:
        version = batch.version or serving.in_charge(batch.model.name)[0]
    except UnknownModel:
        return frozenset()
    return masking.hidden(serving.signature_of(version), user)


def _of_chunks(value: Any) -> Subquery:
    """A number from the chunks of each file that is listed, and of no other."""
    chunks = BatchChunk.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
    return Subquery(chunks.annotate(found=value).values("found"))


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "name", "user", "model", "status", "rows", "answered", "rejected", "finished_at"]
    list_filter = ["status", "model"]
    list_select_related = ["user", "model"]
    search_fields = ["name"]
    search_help_text = _("A file name, or the whole number of a file.")
    ordering = ["-created_at"]
    show_full_result_count = False
    fields: ClassVar[Any] = [
        *["id", "name", "kind", "bytes", "sha256", "user", "status", "reason", "model", "version", "ledger_entry"],
        *["dataset", "rows", "answered", "rejected", "shown_chunks", "is_cancelled", "resumed", "attempts"],
        *["readable_dialect", "readable_mapping", "created_at", "submitted_at", "finished_at", "rows_of_it"],
    ]
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counts = {"answers": _of_chunks(Sum("predicted")), "refused": _of_chunks(Sum("rejected"))}
        listed = super().get_queryset(request).defer("headings", "mapping", "dialect")
        found: QuerySet[Any] = listed.annotate(**counts)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        number = number_in(search_term)
        if number is not None:
            return queryset.filter(pk=number), False
        return super().get_search_results(request, queryset, search_term)

    @display(_("answered rows"))
    def answered(self, batch: Any) -> int:
        """Rows that got an answer, as its chunks counted them."""
        return batch.answers or 0

    @display(_("rejected rows"))
    def rejected(self, batch: Any) -> int:
        """Rows that got none."""
        return batch.refused or 0

    @display(_("chunks done"))
    def shown_chunks(self, batch: Any) -> SafeString:
        """How many of how many, as a link to them."""
        url = reverse("admin:predictions_batchchunk_changelist", query={"batch": batch.pk})
        pieces = BatchChunk.objects.filter(batch=batch)
        done = pieces.filter(status=BatchChunk.Status.DONE).count()
        return format_html('<a href="{}">{} / {}</a>', url, done, pieces.count())

    @display(_("size"))
    def bytes(self, batch: Batch) -> str:
        """How large the file was."""
        return filesizeformat(batch.size)

    @display(_("how it is written"))
    def readable_dialect(self, batch: Batch) -> SafeString:
        """What separates its cells, and the like."""
        return pretty(batch.dialect)

    @display(_("mapping"))
    def readable_mapping(self, batch: Batch) -> SafeString:
        """Which of its columns became which field."""
        named = dict(enumerate(batch.headings))
        fields = batch.mapping.get("fields", {})
        return lines((name, named.get(index, index)) for name, index in fields.items())

    @display(_("rows"))
    def rows_of_it(self, batch: Batch) -> SafeString:
        """Where its rows are, answered and rejected."""
        answers = reverse("history-search", query={"batch": batch.pk})
        rejected = reverse("admin:predictions_rejectedrow_changelist", query={"batch": batch.pk})
        return format_html(
            '<a href="{}">{}</a> <a href="{}">{}</a>', answers, _("its answers"), rejected, _("rejected rows")
        )


class BatchFilter(admin.ListFilter):
    """Of one file: links lead here, there are too many to choose from."""

    title = parameter_name = "batch"
    template = "admin/predictions/no_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.wanted = params.pop("batch", [""])[-1]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        return iter(())

    def expected_parameters(self) -> list[str | None]:
        return ["batch"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.wanted:
            return queryset
        number = number_in(self.wanted)
        return queryset.none() if number is None else queryset.filter(batch=number)


class OfBatchAdmin(ReadOnlyAdmin):
    """What a file consists of: paged by number, since there may be millions."""

    change_list_template = "admin/predictions/cursor_list.html"
    list_filter: ClassVar[Any] = [BatchFilter, BeforeNumberFilter]
    list_select_related = ["batch__model", "batch__version"]
    search_fields = ["batch"]
    search_help_text = _("The whole number of a file.")
    sortable_by = ()
    ordering = ["-id"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in {BatchFilter.parameter_name, BeforeNumberFilter.parameter_name}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[lists.CursorChangeList]:
        return lists.CursorChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        number: uuid.UUID | None = number_in(search_term)
        if number is not None:
            return queryset.filter(batch=number), False
        return queryset.none() if search_term else queryset, False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With what this person may not see of it."""
        if not (object_id.isascii() and object_id.isdecimal() and len(object_id) <= 18):
            return None
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            found.hidden = hidden_fields(found.batch, request.user)
        return found


@admin.register(BatchChunk)
class BatchChunkAdmin(OfBatchAdmin):
    list_display = ["id", "batch", "first", "rows", "status", "predicted", "rejected", "attempts", "finished_at"]
    unread_in_lists = ("findings", "summary", "batch__headings", "batch__mapping", "batch__version__report")
    fields: ClassVar[Any] = [
        *["id", "batch", "first", "rows", "line", "offset", "length", "status", "predicted", "rejected"],
        *["request_id", "attempts", "lease", "leased_until", "finished_at", "visible_findings", "readable_summary"],
    ]
    readonly_fields = tuple(fields)

    @display(_("findings"))
    def visible_findings(self, chunk: Any) -> SafeString:
        """What its check found, without the examples of fields that the reader may not see."""
        told = dict(chunk.findings)
        for name in ("errors", "warnings"):
            told[name] = [
                {**found, "examples": [masking.MASK]} if found.get("field") in chunk.hidden else found
                for found in told.get(name, [])
            ]
        columns = told.get("columns", {}).items()
        told["columns"] = {name: masking.MASK if name in chunk.hidden else found for name, found in columns}
        return pretty(told)

    @display(_("summary"))
    def readable_summary(self, chunk: BatchChunk) -> SafeString:
        """How often what was answered."""
        return pretty(chunk.summary)


@admin.register(RejectedRow)
class RejectedRowAdmin(OfBatchAdmin):
    list_display = ["id", "batch", "line", "shown_errors"]
    unread_in_lists = ("cells", "batch__headings", "batch__mapping", "batch__version__report")
    fields: ClassVar[Any] = ["id", "batch", "first", "line", "visible_cells", "shown_errors"]
    readonly_fields = tuple(fields)

    @display(_("errors"))
    def shown_errors(self, row: RejectedRow) -> str:
        """Field and code of each."""
        return ", ".join(f"{error.get('field') or '–'}: {error.get('code')}" for error in row.errors)

    @display(_("cells"))
    def visible_cells(self, row: Any) -> SafeString:
        """The user's own, by their headings; those of fields that the reader may not see are masked."""
        masked = {index for name, index in row.batch.mapping.get("fields", {}).items() if name in row.hidden}
        headings = dict(enumerate(row.batch.headings))
        cells = enumerate(row.cells)
        return lines(
            (headings.get(index, index + 1), masking.MASK if index in masked else cell) for index, cell in cells
        )
