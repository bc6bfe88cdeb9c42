"""What people said about an answer, a line each, as an auditor reads it."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from predictions.history.states import shown_outcome
from predictions.models import Decision, Estimate, Outcome, Prediction
from predictions.presenters import shown_output
from registry import serving
from registry.presenters import person

Line = tuple[str, str]  # who and when, and what they said


def _who(fact: Decision | Estimate | Outcome) -> str:
    return f"{person(fact.by)}, {date_format(localtime(fact.created_at), 'DATETIME_FORMAT')}"


def is_latest(fact: Decision | Outcome) -> bool:
    """Whether nothing came in its place; its `replaced_by` should have been read with it."""
    return not hasattr(fact, "replaced_by")


def estimate_line(prediction: Prediction, estimate: Estimate) -> Line:
    """What somebody expected."""
    return _who(estimate), shown_estimate(prediction, estimate)


def shown_estimate(prediction: Prediction, estimate: Estimate) -> str:
    """A class or a value, in the words of the model that was asked."""
    signature = serving.signature_of(prediction.version)
    if estimate.value is not None and not estimate.label:
        return shown_output(signature, estimate.value)
    return signature.class_title(estimate.label)


def decision_line(decision: Decision) -> Line:
    """What somebody decided, why, and whether it still counts."""
    told = [decision.get_verdict_display(), decision.get_reason_display(), decision.comment]
    return _who(decision), " – ".join(filter(None, [*told, "" if is_latest(decision) else _("replaced")]))


def outcome_line(prediction: Prediction, outcome: Outcome) -> Line:
    """What happened, when it was observed, and whether it still counts."""
    observed = _("observed %(when)s") % {"when": date_format(outcome.observed_date, "DATE_FORMAT")}
    told = [shown_outcome(prediction, outcome), observed, outcome.get_origin_display(), outcome.comment]
    return _who(outcome), " – ".join(filter(None, [*told, "" if is_latest(outcome) else _("replaced")]))
