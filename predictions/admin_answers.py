"""What was answered, and what was not, in the admin: every record found and readable."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions.admin_facts import RECORD_JSON, VERSION_JSON, FactAdmin, display, lines
from predictions.admin_told import decision_line, estimate_line, outcome_line
from predictions.history.wanted import records_of
from predictions.models import IdempotencyKey, Prediction, PredictionFailure
from predictions.presenters import RecordPage, shown_value
from registry.admin import pretty
from registry.signature import Signature

LONG = 1_000_000_000  # a value of so many digits is written with an exponent


@admin.register(Prediction)
class PredictionAdmin(FactAdmin):
    change_list_template = "admin/predictions/answers_list.html"
    search_help_text = _("The whole number of an answer or a call, or the whole key of a record.")
    list_display = ["id", "created_at", "model_name", "number", "label", "shown_score", "case_key", "source", "user"]
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
        "case_key",
        "batch",
        "answer",
        "probabilities",
        "readable_inputs",
        "shown_warnings",
        "shown_explanation",
        "shown_estimates",
        "shown_decisions",
        "shown_outcomes",
        "trace_id",
        "duration",
        "raw",
    ]
    readonly_fields = tuple(fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return Prediction.objects.for_page()

    def by_text(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The answers about a key."""
        # The index leaves out answers without a key.
        return queryset.filter((Q(key=text) & ~Q(key="")) | Q(record__in=records_of(text)))

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

    @display(_("key"))
    def case_key(self, prediction: Prediction) -> str:
        """What the case is called: by the door that asked, or by its record."""
        return prediction.key or (prediction.record.key if prediction.record else "–")

    @display(_("answer"))
    def answer(self, prediction: Prediction) -> str:
        """As the person saw it."""
        return RecordPage(prediction).label

    @display(_("probabilities"))
    def probabilities(self, prediction: Prediction) -> SafeString:
        """Per class."""
        return lines((item.title, f"{item.percent:.2f} %") for item in RecordPage(prediction).probabilities)

    @display(_("inputs"))
    def readable_inputs(self, prediction: Prediction) -> SafeString:
        """As the person entered them."""
        page = RecordPage(prediction)
        return lines(page.inputs or [(gettext("SHA-256 of the picture"), page.picture_digest)])

    @display(_("warnings"))
    def shown_warnings(self, prediction: Prediction) -> str:
        """Sentences kept with the record."""
        return " ".join(warning["message"] for warning in prediction.warnings) or "–"

    @display(_("main factors"))
    def shown_explanation(self, prediction: Prediction) -> SafeString:
        """As the person saw them."""
        factors = RecordPage(prediction).factors
        return lines((f"{item.title}: {item.value}", f"{item.contribution:+.4f}") for item in factors)

    @display(_("own estimates"))
    def shown_estimates(self, prediction: Prediction) -> SafeString:
        """What people expected before they saw it."""
        found = prediction.estimates.select_related("by").order_by("pk")
        return lines(estimate_line(prediction, estimate) for estimate in found)

    @display(_("decisions"))
    def shown_decisions(self, prediction: Prediction) -> SafeString:
        """All of them, the oldest first."""
        found = prediction.decisions.select_related("by", "replaced_by").order_by("pk")
        return lines(decision_line(decision) for decision in found)

    @display(_("real outcomes"))
    def shown_outcomes(self, prediction: Prediction) -> SafeString:
        """All of them, the oldest first."""
        found = prediction.outcomes.select_related("by", "replaced_by").order_by("pk")
        return lines(outcome_line(prediction, outcome) for outcome in found)

    @display(_("as stored"))
    def raw(self, prediction: Prediction) -> SafeString:
        """Inputs, outputs, warnings and explanation."""
        return pretty(RecordPage(prediction).raw)


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
        "key",
        "batch",
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
            return lines([(gettext("SHA-256 of the picture"), failure.inputs["image"]["sha256"])])
        return lines((f.title, shown_value(f, failure.inputs.get(f.name))) for f in signature.features)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(FactAdmin):
    list_display = ["id", "created_at", "user", "key", "request_id", "rows"]
    list_filter = [lists.UserFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["user"]
    fields: ClassVar[Any] = ["id", "created_at", "user", "key", "request_id", "rows"]
    readonly_fields = tuple(fields)
