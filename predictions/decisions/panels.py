"""What the page of an answer shows of decisions and estimates."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.decisions.forms import DecideForm
from predictions.decisions.verbs import DECIDE, ESTIMATE
from predictions.models import Awaited, Decision, Estimate, Prediction
from predictions.presenters import RecordPage, shown_output
from registry import serving
from registry.presenters import person
from registry.presenters.states import State

SAID = ("verdict", "reason", "comment")
TO_DECIDE = State(gettext_lazy("to be decided"), "wait")
STATES: dict[str, State] = {
    Decision.Verdict.AGREE: State(gettext_lazy("agreed"), "good"),
    Decision.Verdict.DISAGREE: State(gettext_lazy("disagreed"), "error"),
    Decision.Verdict.NEED_MORE: State(gettext_lazy("more information needed"), "wait"),
}


@dataclass(frozen=True)
class Shown:
    """One decision; `replaced_by` says by whom and when, empty for the one that counts."""

    decision: Decision
    state: State
    who: str
    replaced_by: Decision | None

    @property
    def reason(self) -> str:
        return str(self.decision.get_reason_display())

    @property
    def replacer(self) -> str:
        """Who replaced it."""
        return person(self.replaced_by.by) if self.replaced_by else ""


class DecisionPanel:
    """The decisions of one answer, and the form of who may decide.

    `is_sent`: the form came back; `overtaken`: because somebody else decided meanwhile.
    """

    def __init__(
        self,
        prediction: Prediction,
        viewer: User | AnonymousUser,
        *,
        form: DecideForm | None = None,
        is_sent: bool = False,
        overtaken: bool = False,
    ) -> None:
        self.prediction, self.viewer = prediction, viewer
        self._form, self.is_sent, self.overtaken = form, is_sent, overtaken

    @property
    def may_decide(self) -> bool:
        return self.viewer.has_perm(DECIDE)

    @property
    def may_estimate(self) -> bool:
        return self.viewer.has_perms([DECIDE, ESTIMATE])

    @cached_property
    def story(self) -> list[Decision]:
        """All of them, the oldest first."""
        return list(self.prediction.decisions.select_related("by", "estimate").order_by("id"))

    @cached_property
    def decisions(self) -> list[Shown]:
        """The one that counts first."""
        follower = {decision.replaces_id: decision for decision in self.story}
        return [
            Shown(decision, STATES[decision.verdict], person(decision.by), follower.get(decision.pk))
            for decision in reversed(self.story)
        ]

    @property
    def latest(self) -> Decision | None:
        """The one that counts."""
        return next((shown.decision for shown in self.decisions if shown.replaced_by is None), None)

    @cached_property
    def is_awaited(self) -> bool:
        """Whether the answer waits for a decision."""
        return Awaited.objects.decisions().filter(prediction=self.prediction).exists()

    @property
    def state(self) -> State | None:
        """A word for the top of the page; None where nobody has to decide and nobody did."""
        if self.is_awaited:
            return TO_DECIDE
        return STATES[self.latest.verdict] if self.latest else None

    @property
    def is_open(self) -> bool:
        """Whether the form lies open: a settled answer shows it on demand."""
        return self.latest is None or self.is_awaited or self.is_sent

    @cached_property
    def form(self) -> DecideForm:
        return self._form or DecideForm(initial=self._begin())

    def _begin(self) -> dict[str, Any]:
        """A correction begins with what it corrects; who decides after "need more information" begins anew."""
        if self.latest is None:
            return {}
        said = {} if self.is_awaited else {name: getattr(self.latest, name) for name in SAID}
        return said | {"replaces": self.latest.pk}

    @cached_property
    def estimates(self) -> list[Estimate]:
        """What people expected, the oldest first."""
        return list(self.prediction.estimates.select_related("by").order_by("id"))

    @cached_property
    def own_estimate(self) -> Estimate | None:
        """The reader's."""
        return next((estimate for estimate in self.estimates if estimate.by_id == self.viewer.pk), None)

    @property
    def expected(self) -> str:
        """What the reader expected beside what was answered, as a sentence; empty without an estimate."""
        if self.own_estimate is None:
            return ""
        words = {"estimate": estimated(self.prediction, self.own_estimate), "answer": RecordPage(self.prediction).label}
        return _("You expected “%(estimate)s”, the model answered “%(answer)s”.") % words


def estimated(prediction: Prediction, estimate: Estimate) -> str:
    """An estimate as answers of that model are said."""
    signature = serving.signature_of(prediction.version)
    if estimate.value is not None:
        return shown_output(signature, estimate.value)
    return signature.class_title(estimate.label)
