"""What people made of answers, in the admin: decisions, estimates and outcomes, read-only."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from predictions import admin_lists as lists
from predictions.admin_facts import FactAdmin, display
from predictions.admin_told import is_latest, shown_estimate
from predictions.history.states import shown_outcome
from predictions.models import Decision, Estimate, Outcome, Prediction


class ByFilter(lists.UserFilter):
    title, parameter_name, field = _("by"), "by", "by"


class VerdictFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("decision"), "verdict", Decision.Verdict


class ReasonFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("reason"), "reason", Decision.Reason


class OriginFilter(lists.ChoiceFilter):
    title, parameter_name, options = _("reported"), "origin", Outcome.Origin


class AboutAnswerAdmin(FactAdmin):
    """A fact about an answer is found by its own number and by the answer's."""

    search_help_text = _("A record number, or the number of an answer.")

    def by_number(self, queryset: QuerySet[Any], number: uuid.UUID) -> QuerySet[Any]:
        return queryset.filter(Q(id=number) | Q(prediction=number))

    @display(_("answer"))
    def answer(self, fact: Any) -> SafeString:
        """The answer's number, as a link to it."""
        url = reverse("admin:predictions_prediction_change", args=[fact.prediction_id])
        return format_html('<a href="{}">{}</a>', url, fact.prediction_id)

    @admin.display(description=_("counts"), boolean=True)
    def counts(self, fact: Any) -> bool:
        """Whether nothing came in its place."""
        return is_latest(fact)


@admin.register(Decision)
class DecisionAdmin(AboutAnswerAdmin):
    list_display = ["id", "created_at", "answer", "verdict", "reason", "by", "counts"]
    list_filter = [VerdictFilter, ReasonFilter, ByFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["by", "replaced_by"]
    fields: ClassVar[Any] = [
        *["id", "created_at", "answer", "verdict", "reason", "comment", "by"],
        *["estimate", "replaces", "counts"],
    ]
    readonly_fields = tuple(fields)


@admin.register(Estimate)
class EstimateAdmin(AboutAnswerAdmin):
    list_display = ["id", "created_at", "answer", "label", "value", "by"]
    list_filter = [ByFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["by"]
    fields: ClassVar[Any] = ["id", "created_at", "answer", "expected", "by"]
    readonly_fields = tuple(fields)

    @display(_("estimate"))
    def expected(self, estimate: Estimate) -> str:
        """In the words of the model that was asked."""
        answer = Prediction.objects.filter(pk=estimate.prediction_id).first()
        return shown_estimate(answer, estimate) if answer else _as_stored(estimate)


@admin.register(Outcome)
class OutcomeAdmin(AboutAnswerAdmin):
    list_display = ["id", "created_at", "answer", "label", "value", "observed_date", "origin", "by", "counts"]
    list_filter = [OriginFilter, ByFilter, lists.DateFilter, lists.BeforeFilter]
    list_select_related = ["by", "replaced_by"]
    fields: ClassVar[Any] = [
        *["id", "created_at", "answer", "happened", "is_withdrawn", "observed_date", "origin", "comment", "by"],
        *["replaces", "counts"],
    ]
    readonly_fields = tuple(fields)

    @display(_("outcome"))
    def happened(self, outcome: Outcome) -> str:
        """In the words of the model that was asked."""
        answer = Prediction.objects.filter(pk=outcome.prediction_id).first()
        return shown_outcome(answer, outcome) if answer else _as_stored(outcome)


def _as_stored(fact: Estimate | Outcome) -> str:
    """Of an answer that was detached nobody knows the model."""
    return fact.label or ("" if fact.value is None else str(fact.value))
