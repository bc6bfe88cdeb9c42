"""What happened to one answer, as events of a timeline."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.decisions.panels import DecisionPanel, estimated
from predictions.models import Decision, Outcome, Prediction
from predictions.outcomes.panels import shown
from predictions.presenters.values import source_of
from registry import charts, serving
from registry.models import LedgerEntry
from registry.presenters import person

_TONES: dict[str, charts.Tone] = {
    Decision.Verdict.AGREE: "up",
    Decision.Verdict.DISAGREE: "down",
    Decision.Verdict.NEED_MORE: "warn",
}


def events(prediction: Prediction, panel: DecisionPanel, outcomes: Iterable[Outcome]) -> list[charts.TimelineEvent]:
    """The oldest first."""
    found = [_asked(prediction), *_estimates(prediction, panel), *_decisions(panel), *_outcomes(prediction, outcomes)]
    return sorted([*found, *_replaced(prediction)], key=lambda event: event.at)


def _asked(prediction: Prediction) -> charts.TimelineEvent:
    title = _("Asked by %(who)s") % {"who": person(prediction.user)}
    words = {"door": source_of(prediction), "number": prediction.version.number}
    return charts.TimelineEvent(prediction.created_at, title, _("%(door)s; version %(number)s answered.") % words)


def _estimates(prediction: Prediction, panel: DecisionPanel) -> Iterator[charts.TimelineEvent]:
    for estimate in panel.estimates:
        words = {"who": person(estimate.by), "estimate": estimated(prediction, estimate)}
        title = _("%(who)s expected “%(estimate)s”, before the answer was shown") % words
        yield charts.TimelineEvent(estimate.created_at, title)


def _decisions(panel: DecisionPanel) -> Iterator[charts.TimelineEvent]:
    for decision in panel.story:
        reason = str(decision.get_reason_display())
        text = _("%(reason)s: “%(comment)s”") % {"reason": reason, "comment": decision.comment}
        yield charts.TimelineEvent(
            decision.created_at,
            _decided(decision),
            text if decision.comment else reason,
            tone=_TONES[decision.verdict],
        )


def _decided(decision: Decision) -> str:
    who = {"who": person(decision.by)}
    if decision.replaces_id:
        return {
            Decision.Verdict.AGREE.value: _("%(who)s corrected the decision: agrees"),
            Decision.Verdict.DISAGREE.value: _("%(who)s corrected the decision: disagrees"),
            Decision.Verdict.NEED_MORE.value: _("%(who)s corrected the decision: needs more information"),
        }[decision.verdict] % who
    return {
        Decision.Verdict.AGREE.value: _("%(who)s agrees"),
        Decision.Verdict.DISAGREE.value: _("%(who)s disagrees"),
        Decision.Verdict.NEED_MORE.value: _("%(who)s needs more information"),
    }[decision.verdict] % who


def _outcomes(prediction: Prediction, outcomes: Iterable[Outcome]) -> Iterator[charts.TimelineEvent]:
    signature = serving.signature_of(prediction.version)
    for outcome in outcomes:
        words = {"who": person(outcome.by), "outcome": shown(signature, outcome)}
        if outcome.is_withdrawn:
            title = _("%(who)s withdrew what had been reported") % words
        elif outcome.replaces_id:
            title = _("%(who)s corrected what happened: “%(outcome)s”") % words
        else:
            title = _("%(who)s reported what happened: “%(outcome)s”") % words
        day = _("Observed on %(day)s.") % {"day": date_format(outcome.observed_date, "j F Y")}
        text = f"{day} {outcome.comment}" if outcome.comment else day
        yield charts.TimelineEvent(outcome.created_at, title, "" if outcome.is_withdrawn else text)


def _replaced(prediction: Prediction) -> Iterator[charts.TimelineEvent]:
    """When another version was put in charge, the first time since."""
    later = LedgerEntry.objects.filter(model=prediction.version.model_id, created_at__gt=prediction.created_at)
    entry = later.exclude(to_version=prediction.version_id).select_related("to_version").order_by("number").first()
    if entry is not None:
        title = _("Version %(number)s of the model was put in charge") % {"number": entry.to_version.number}
        where = reverse("registry-model", args=[prediction.version.model.name])
        yield charts.TimelineEvent(entry.created_at, title, url=where)
