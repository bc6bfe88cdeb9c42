"""Records in the admin: read-only, paged by number, and without what the person may not see."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions import masking
from predictions.models import Dataset, Record, Upload
from registry.admin import ReadOnlyAdmin, pretty

LONGEST_NUMBER = 18  # digits; what fits into the column whatever they are


class BeforeNumberFilter(lists.BeforeFilter):
    """The cursor of a list whose ids are numbers."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value:
            return queryset
        number = _number(self.value)
        return queryset.none() if number is None else queryset.filter(id__lt=number)


class DatasetFilter(admin.SimpleListFilter):
    title, parameter_name = _("set of records"), "dataset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> lists.Lookups:
        return list(Dataset.objects.order_by("title").values_list("name", "title")[: lists.MAX_CHOICES])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(dataset__in=list(Dataset.objects.filter(name=self.value()).values_list("pk", flat=True)))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin):
    """Newest first, found by key: no COUNT and no OFFSET."""

    change_list_template = "admin/predictions/cursor_list.html"
    list_display = ["id", "key", "dataset", "created_at", "updated_at"]
    list_filter = [DatasetFilter, BeforeNumberFilter]
    list_select_related = ["dataset"]
    search_fields = ["key"]
    search_help_text = _("The whole key of a record.")
    sortable_by = ()
    ordering = ["-id"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each facet is a COUNT
    fields: ClassVar[Any] = ["id", "dataset", "key", "visible_data", "created_at", "updated_at"]
    readonly_fields = tuple(fields)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters beside the list."""
        return lookup in {DatasetFilter.parameter_name, BeforeNumberFilter.parameter_name}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[lists.CursorChangeList]:
        return lists.CursorChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        return super().get_queryset(request).defer("search")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        # The index begins with the set: each is looked into.
        sets = list(Dataset.objects.values_list("pk", flat=True))
        return queryset.filter(dataset__in=sets, key=search_term.strip()), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With what this person may not see of it."""
        if _number(object_id) is None:
            return None
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            signature = masking.signature_of(found.dataset)
            found.hidden = masking.hidden(signature, request.user) if signature else frozenset()
        return found

    @admin.display(description=_("data"))
    def visible_data(self, record: Any) -> SafeString:
        """What the file held, by column."""
        return pretty({name: masking.MASK if name in record.hidden else value for name, value in record.data.items()})


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ["title", "name", "model", "key_column", "size", "is_example", "updated_at", "updated_by"]
    list_select_related = ["model", "updated_by"]
    ordering = ["title"]
    fields: ClassVar[Any] = [*list_display, "created_at", "readable_columns"]
    readonly_fields = tuple(fields)

    @admin.display(description=_("columns"))
    def readable_columns(self, dataset: Dataset) -> SafeString:
        """Names and kinds: what else is known of a column are values, which may be sensitive."""
        return pretty({column["name"]: column["kind"] for column in dataset.columns})


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """That there is a file, and whose: what it holds is seen by its owner alone."""

    list_display = ["name", "user", "created_at", "bytes"]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    show_full_result_count = False
    fields: ClassVar[Any] = list_display
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        length: Func = Func(F("content"), function="octet_length", output_field=IntegerField())
        found: QuerySet[Any] = super().get_queryset(request).defer("content").annotate(length=length)
        return found

    @admin.display(description=_("size"))
    def bytes(self, upload: Any) -> str:
        """How large it is."""
        return filesizeformat(upload.length)
