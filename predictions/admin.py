"""The history for auditors: read-only, and as fast on ten million rows as on ten."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from predictions import admin_lists as lists
from predictions.models import IdempotencyKey, Prediction, PredictionFailure
from predictions.presenters import RecordPage, shown_value
from registry.admin import ReadOnlyAdmin, pretty
from registry.signature import Signature


class FactAdmin(ReadOnlyAdmin):
    """Newest first, paged by record number, found by number: no COUNT and no OFFSET."""

    change_list_template = "admin/predictions/cursor_list.html"
    search_fields = ["id"]
    search_help_text = "A record or request number."
    sortable_by = ()
    ordering = ["-id"]
    show_full_result_count = False

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
            # A request has the number of its first row, so its rows are not before it.
            return queryset.filter(id__gte=number, request_id=number) | queryset.filter(id=number), False
        return queryset.filter(id=number), False


def display(description: str) -> Callable[[Any], Any]:
    """A column or field with a heading."""
    return admin.display(description=description)


@admin.register(Prediction)
class PredictionAdmin(FactAdmin):
    list_display = ["id", "created_at", "model", "number", "label", "shown_score", "source", "user"]
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
    fields: ClassVar[Any] = [
        "id",
        "request_id",
        "row",
        "created_at",
        "user",
        "source",
        "model",
        "number",
        "commit",
        "ledger_entry",
        "fallback_from",
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

    @display("model")
    def model(self, prediction: Prediction) -> str:
        """The model's name."""
        return prediction.version.model.name

    @display("version")
    def number(self, prediction: Prediction) -> int:
        """The version's number."""
        return prediction.version.number

    @display("commit")
    def commit(self, prediction: Prediction) -> str:
        """The commit that answered."""
        return prediction.version.commit

    @display("score")
    def shown_score(self, prediction: Prediction) -> str:
        """Four digits."""
        return f"{prediction.score:.4g}"

    @display("answer")
    def answer(self, prediction: Prediction) -> str:
        """As the person saw it."""
        return RecordPage(prediction).label

    @display("probabilities")
    def probabilities(self, prediction: Prediction) -> SafeString:
        """Per class."""
        return _table((item.title, f"{item.percent:.2f} %") for item in RecordPage(prediction).probabilities)

    @display("inputs")
    def readable_inputs(self, prediction: Prediction) -> SafeString:
        """As the person entered them."""
        page = RecordPage(prediction)
        return _table(page.inputs or [("SHA-256 of the picture", page.picture_digest)])

    @display("warnings")
    def shown_warnings(self, prediction: Prediction) -> str:
        """Sentences kept with the record."""
        return " ".join(warning["message"] for warning in prediction.warnings) or "–"

    @display("main factors")
    def shown_explanation(self, prediction: Prediction) -> SafeString:
        """As the person saw them."""
        factors = RecordPage(prediction).factors
        return _table((f"{item.title}: {item.value}", f"{item.contribution:+.4f}") for item in factors)

    @display("as stored")
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

    @display("inputs")
    def readable_inputs(self, failure: PredictionFailure) -> SafeString:
        """As the person entered them."""
        signature: Signature = failure.version.parsed_signature()
        return _table((f.title, shown_value(f, failure.inputs.get(f.name))) for f in signature.features)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(FactAdmin):
    list_display = ["id", "created_at", "user", "key", "request_id", "rows"]
    list_filter = [lists.UserFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["user"]
    fields: ClassVar[Any] = ["id", "created_at", "user", "key", "request_id", "rows"]
    readonly_fields = tuple(fields)
