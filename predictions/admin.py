"""The history for auditors: read-only, and as fast on ten million rows as on ten."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions import admin_records  # noqa: F401  registers the records
from predictions.models import IdempotencyKey, Prediction, PredictionFailure
from predictions.presenters import RecordPage, shown_value
from registry.admin import ReadOnlyAdmin, pretty
from registry.signature import Signature


class FactAdmin(ReadOnlyAdmin):
    """Newest first, paged by record number, found by number: no COUNT and no OFFSET."""

    change_list_template = "admin/predictions/cursor_list.html"
    search_fields = ["id"]
    search_help_text = _("A record or request number.")
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            number = uuid.UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        if any(field.name == "request_id" for field in self.model._meta.get_fields()):
            # A request has the number of its first row, and its other rows get theirs right after it.
            within = queryset.filter(id__gte=number, id__lt=lists.a_minute_after(number))
            return within.filter(Q(id=number) | Q(request_id=number)), False
        return queryset.filter(id=number), False


# JSON that no line of a list shows, and that takes longer to read than the list.
VERSION_JSON = ("inputs", "warnings", "version__signature", "version__metadata", "version__report")
RECORD_JSON = ("record__data", "record__search", "record__dataset__columns")

LONG = 1_000_000_000  # a value of so many digits is written with an exponent


def display(description: Any) -> Callable[[Any], Any]:
    """A column or field with a heading."""
    return admin.display(description=description)


@admin.register(Prediction)
class PredictionAdmin(FactAdmin):
    list_display = ["id", "created_at", "model_name", "number", "label", "shown_score", "record_key", "source", "user"]
    list_filter = [
        lists.ModelFilter,
        lists.VersionFilter,
        lists.LabelFilter,
        lists.SourceFilter,
        lists.UserFilter,
        lists.DateFilter,
        lists.BeforeFilter,
    ]
    list_select_related = ["version__model", "user"]
    unread_in_lists = (*VERSION_JSON, *RECORD_JSON, "outputs", "explanation")
    fields: ClassVar[Any] = [
        "id",
        "request_id",
        "row",
        "created_at",
        "user",
        "source",
        "model_name",
        "number",
        "commit",
        "ledger_entry",
        "fallback_from",
        "record_key",
        "answer",
        "probabilities",
        "readable_inputs",
        "shown_warnings",
        "shown_explanation",
        "trace_id",
        "duration",
        "raw",
    ]
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return Prediction.objects.for_page()

    @display(_("model"))
    def model_name(self, prediction: Prediction) -> str:
        """The model's name."""
        return prediction.version.model.name

    @display(_("version"))
    def number(self, prediction: Prediction) -> int:
        """The version's number."""
        return prediction.version.number

    @display(_("commit"))
    def commit(self, prediction: Prediction) -> str:
        """The commit that answered."""
        return prediction.version.commit

    @display(_("score"))
    def shown_score(self, prediction: Prediction) -> str:
        """Four decimals; of a value that fills a line, four digits."""
        digits = "4f" if abs(prediction.score) < LONG else "4g"
        return number_format(f"{prediction.score:.{digits}}")

    @display(_("record"))
    def record_key(self, prediction: Prediction) -> str:
        """The record that was asked about, by its key."""
        return prediction.record.key if prediction.record else "–"

    @display(_("answer"))
    def answer(self, prediction: Prediction) -> str:
        """As the person saw it."""
        return RecordPage(prediction).label

    @display(_("probabilities"))
    def probabilities(self, prediction: Prediction) -> SafeString:
        """Per class."""
        return _table((item.title, f"{item.percent:.2f} %") for item in RecordPage(prediction).probabilities)

    @display(_("inputs"))
    def readable_inputs(self, prediction: Prediction) -> SafeString:
        """As the person entered them."""
        page = RecordPage(prediction)
        return _table(page.inputs or [(gettext("SHA-256 of the picture"), page.picture_digest)])

    @display(_("warnings"))
    def shown_warnings(self, prediction: Prediction) -> str:
        """Sentences kept with the record."""
        return " ".join(warning["message"] for warning in prediction.warnings) or "–"

    @display(_("main factors"))
    def shown_explanation(self, prediction: Prediction) -> SafeString:
        """As the person saw them."""
        factors = RecordPage(prediction).factors
        return _table((f"{item.title}: {item.value}", f"{item.contribution:+.4f}") for item in factors)

    @display(_("as stored"))
    def raw(self, prediction: Prediction) -> SafeString:
        """Inputs, outputs, warnings and explanation."""
        return pretty(RecordPage(prediction).raw)


def _table(rows: Any) -> SafeString:
    return format_html_join("", "<div><b>{}</b>: {}</div>", rows) or SafeString("–")


@admin.register(PredictionFailure)
class PredictionFailureAdmin(FactAdmin):
    list_display = ["id", "created_at", "version", "kind", "reason", "source", "user"]
    list_filter = [lists.SourceFilter, lists.UserFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["version__model", "user"]
    unread_in_lists = VERSION_JSON
    fields: ClassVar[Any] = [
        "id",
        "request_id",
        "row",
        "created_at",
        "user",
        "source",
        "version",
        "ledger_entry",
        "kind",
        "reason",
        "readable_inputs",
        "trace_id",
    ]
    readonly_fields = tuple(fields)

    @display(_("inputs"))
    def readable_inputs(self, failure: PredictionFailure) -> SafeString:
        """As the person entered them."""
        signature: Signature = failure.version.parsed_signature()
        if signature.image is not None:
            return _table([(gettext("SHA-256 of the picture"), failure.inputs["image"]["sha256"])])
        return _table((f.title, shown_value(f, failure.inputs.get(f.name))) for f in signature.features)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(FactAdmin):
    list_display = ["id", "created_at", "user", "key", "request_id", "rows"]
    list_filter = [lists.UserFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["user"]
    fields: ClassVar[Any] = ["id", "created_at", "user", "key", "request_id", "rows"]
    readonly_fields = tuple(fields)
