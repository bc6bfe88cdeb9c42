"""What became of answers: the decision and the outcome that count, or that they are awaited, as a word and a mark."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.models import Awaited, Decision, Outcome, Prediction
from predictions.presenters import shown_output
from registry import serving
from registry.presenters import person

_TONES = {Decision.Verdict.AGREE: "good", Decision.Verdict.DISAGREE: "error", Decision.Verdict.NEED_MORE: "wait"}


@dataclass(frozen=True)
class State:
    """A word, and which mark goes before it; static/css/states.css has them. `more` says who and when."""

    word: str
    tone: str = ""
    more: str = ""


@dataclass(frozen=True)
class Became:
    """What is known of one answer. `due`: since when, or from when on, the outcome is awaited."""

    decision: Decision | None = None
    outcome: Outcome | None = None
    is_undecided: bool = False
    due: date | None = None

    @property
    def decided(self) -> State | None:
        """The decision; None when there is none and nobody waits for one."""
        if self.decision is not None:
            told = self.decision
            words = {"who": person(told.by), "when": date_format(timezone.localtime(told.created_at), "j N Y")}
            more = _("%(who)s, %(when)s") % words
            return State(str(told.get_verdict_display()), _TONES[Decision.Verdict(told.verdict)], more)
        return State(_("to be decided"), "wait") if self.is_undecided else None

    def happened(self, prediction: Prediction) -> State | None:
        """The outcome; None when it is neither known nor due."""
        if self.outcome is not None:
            more = _("observed %(when)s") % {"when": date_format(self.outcome.observed_date, "j N Y")}
            return State(shown_outcome(prediction, self.outcome), _matched(prediction, self.outcome), more)
        if self.due is not None and self.due <= timezone.localdate():
            return State(_("due"), "wait", _("since %(when)s") % {"when": date_format(self.due, "j N Y")})
        return None


def became(numbers: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Became]:
    """Of each answer what is known: three queries, however many there are."""
    wanted = list(numbers)
    decisions = Decision.objects.latest_only().filter(prediction__in=wanted).select_related("by")
    outcomes = Outcome.objects.latest_only().filter(prediction__in=wanted, is_withdrawn=False).select_related("by")
    decided = {found.prediction_id: found for found in decisions}
    known = {found.prediction_id: found for found in outcomes}
    waits: dict[tuple[uuid.UUID, str], date] = {
        (number, kind): due
        for number, kind, due in Awaited.objects.filter(prediction__in=wanted).values_list(
            "prediction_id", "kind", "due_date"
        )
    }
    return {
        number: Became(
            decided.get(number),
            known.get(number),
            is_undecided=(number, Awaited.Kind.DECISION) in waits,
            due=waits.get((number, Awaited.Kind.OUTCOME)),
        )
        for number in wanted
    }


def shown_outcome(prediction: Prediction, outcome: Outcome) -> str:
    """What happened, in the words of the model that was asked."""
    if outcome.is_withdrawn:
        return _("withdrawn")
    signature = serving.signature_of(prediction.version)
    if outcome.value is not None and not outcome.label:
        return shown_output(signature, outcome.value)
    return signature.class_title(outcome.label)


def _matched(prediction: Prediction, outcome: Outcome) -> str:
    if not outcome.label:
        return ""
    return "good" if outcome.label == prediction.label else "stop"
