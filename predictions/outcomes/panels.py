"""What pages show of the outcome of one answer: what is known, whether the answer was right, and the form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.models import Awaited, Outcome, Prediction
from predictions.outcomes import verbs
from predictions.outcomes.forms import OutcomeForm
from predictions.presenters.values import shown_output
from registry import serving
from registry.presenters import person
from registry.signature import Signature


@dataclass(frozen=True)
class OutcomeLine:
    """One report, as a sentence with its parts. `what` is empty for a withdrawal."""

    outcome: Outcome
    what: str

    @property
    def who(self) -> str:
        return person(self.outcome.by)


class OutcomePanel:
    """The outcome of an answer for `viewer`, who may see the answer; None is the admin. `form`: one that came back."""

    def __init__(
        self, prediction: Prediction, viewer: User | AnonymousUser | None = None, form: OutcomeForm | None = None
    ) -> None:
        self.prediction, self.viewer, self._form = prediction, viewer, form
        self.signature: Signature = serving.signature_of(prediction.version)

    @cached_property
    def reports(self) -> list[Outcome]:
        """Everything that was ever reported, newest first; each replaced the one after it."""
        told = Outcome.objects.filter(prediction=self.prediction).select_related("by")
        # By the chain and not by number: numbers come from the clocks of several machines.
        after, chain = {outcome.replaces_id: outcome for outcome in told}, []
        follower = after.get(None)
        while follower is not None:
            chain.append(follower)
            follower = after.get(follower.pk)
        return chain[::-1]

    @property
    def latest(self) -> Outcome | None:
        """The one that counts, which may be a withdrawal."""
        return self.reports[0] if self.reports else None

    @cached_property
    def current(self) -> OutcomeLine | None:
        """What is known; None when nothing is, or it was withdrawn."""
        return self._line(self.latest) if self.latest and not self.latest.is_withdrawn else None

    @property
    def withdrawal(self) -> OutcomeLine | None:
        """The latest report, when it takes back the one before."""
        return self._line(self.latest) if self.latest and self.latest.is_withdrawn else None

    @property
    def earlier(self) -> list[OutcomeLine]:
        """All those that were replaced, newest first."""
        return [self._line(outcome) for outcome in self.reports[1:]]

    def _line(self, outcome: Outcome) -> OutcomeLine:
        return OutcomeLine(outcome, shown(self.signature, outcome))

    @property
    def was_right(self) -> bool | None:
        """Whether the answer came true; None when that is not known, and for values, which are near or far."""
        if self.current is None or self.signature.is_regression:
            return None
        return self.current.outcome.label == self.prediction.label

    @property
    def verdict(self) -> str:
        """Whether it came true, in words."""
        if self.current is None:
            return ""
        return verdict(self.signature, self.prediction, self.current.outcome)

    @cached_property
    def _due(self) -> date | None:
        """The day from which on it is awaited; None where nobody awaits it, or something is reported."""
        if self.latest is not None:
            return None
        awaited = Awaited.objects.filter(prediction=self.prediction, kind=Awaited.Kind.OUTCOME).first()
        return awaited.due_date if awaited else None

    @property
    def waiting(self) -> str:
        """When it will be known, where nothing is reported yet."""
        if self.latest is not None:
            return ""
        if self._due is None:
            return _("Not known yet.")
        day = {"day": date_format(self._due, "j F Y")}
        is_due = self._due <= timezone.localdate()
        return _("It has been due since %(day)s.") % day if is_due else _("It will be due on %(day)s.") % day

    @property
    def early(self) -> str:
        """That what is reported now may not be the end of it; empty once it is due."""
        if self._due is None or self._due <= timezone.localdate():
            return ""
        day = {"day": date_format(self._due, "j F Y")}
        return _("The period is not over (it is on %(day)s): this outcome may still change.") % day

    @property
    def may_report(self) -> bool:
        return self.viewer is not None and self.viewer.has_perm(verbs.RIGHT)

    @cached_property
    def form(self) -> OutcomeForm:
        """To report what happened, or to correct it."""
        return self._form or OutcomeForm(self.prediction, self.latest)


def shown(signature: Signature, outcome: Outcome) -> str:
    """An outcome as people say it; empty for a withdrawal."""
    if outcome.is_withdrawn:
        return ""
    return signature.class_title(outcome.label) if outcome.value is None else shown_output(signature, outcome.value)


def verdict(signature: Signature, prediction: Prediction, outcome: Outcome) -> str:
    """Whether the answer came true, as a sentence; for a value, how far it was off."""
    if outcome.value is None:
        if outcome.label == prediction.label:
            return _("The answer was right.")
        return _("The answer was wrong: it said “%(answer)s”.") % {"answer": signature.class_title(prediction.label)}
    difference = prediction.score - outcome.value
    if difference == 0:
        return _("The answer was exactly right.")
    words = _("The answer was %(much)s too high.") if difference > 0 else _("The answer was %(much)s too low.")
    return words % {"much": shown_output(signature, abs(difference))}


@dataclass(frozen=True)
class Latest:
    """A line of what was reported last."""

    outcome: Outcome
    key: str
    what: str
    verdict: str
    is_right: bool


def latest_lines(outcomes: Sequence[Outcome], keys: Sequence[str]) -> list[Latest]:
    """What was reported last, with whether the answers came true."""
    found = []
    for outcome, key in zip(outcomes, keys, strict=True):
        prediction = outcome.prediction
        signature = serving.signature_of(prediction.version)
        said = "" if outcome.is_withdrawn else verdict(signature, prediction, outcome)
        is_right = bool(outcome.label) and outcome.label == prediction.label
        found.append(Latest(outcome, key, shown(signature, outcome), said, is_right))
    return found
