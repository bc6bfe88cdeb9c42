"""An answer as a case file: who decided what, what became of it, what happened when, and what else is known."""

import json
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from predictions.decisions.panels import DecisionPanel
from predictions.models import Batch, Decision, Estimate, Outcome, Prediction
from predictions.outcomes.panels import OutcomePanel
from predictions.presenters.answer import RecordPage
from predictions.presenters.events import events
from registry import charts
from registry.forms import ActionForm

_DECISION = ("verdict", "reason", "comment", "estimate_id", "replaces_id")
_OUTCOME = ("label", "value", "is_withdrawn", "observed_date", "origin", "comment", "replaces_id")


class CaseFile:
    """What the page of an answer shows beside the answer itself.

    `form`: one of the page's forms that came back with problems, whose id in the page is `sent_form`; `overtaken`: it
    came too late. `estimate_first`: whether this browser hides answers until their reader said what they expect.
    """

    def __init__(
        self,
        page: RecordPage,
        *,
        estimate_first: bool = False,
        decision: DecisionPanel | None = None,
        outcome: OutcomePanel | None = None,
        form: ActionForm | None = None,
        sent_form: str = "",
    ) -> None:
        self.page, self.prediction = page, page.prediction
        self.viewer: User | AnonymousUser = page.viewer or AnonymousUser()
        self.estimate_first = estimate_first
        self.decision = decision or DecisionPanel(self.prediction, self.viewer)
        self.outcome = outcome or OutcomePanel(self.prediction, self.viewer)
        self.form, self.sent_form = form, sent_form

    @property
    def key(self) -> str:
        """What the case is called; may be empty."""
        return self.prediction.key or (self.prediction.record.key if self.prediction.record else "")

    @cached_property
    def batch(self) -> Batch | None:
        """The file that the question was a row of."""
        return self.prediction.batch

    @property
    def may_see_batch(self) -> bool:
        return self.batch is not None and self.batch.is_visible_to(self.viewer)

    @property
    def person_url(self) -> str:
        """Where all answers about the same person are; empty where the case has no name."""
        if not self.key:
            return ""
        record = self.prediction.record
        where = {"dataset": record.dataset.name} if record and record.dataset.is_visible_to(self.viewer) else {}
        return reverse("history-person", query={"key": self.key, **where})

    @cached_property
    def before(self) -> Prediction | None:
        """The answer about the same person before this one, as far as the reader may see it."""
        same = Prediction.objects.filter(pk__lt=self.prediction.pk)
        if self.prediction.record_id:
            same = same.filter(record=self.prediction.record_id)
        elif self.key:
            # A key without a record says who is meant within the questions to one model.
            same = same.filter(key=self.key, record=None, version__model=self.prediction.version.model_id)
        else:
            return None
        if not self.viewer.has_perm("predictions.view_prediction"):
            same = same.filter(user_id=self.viewer.pk)  # type: ignore[misc]  # somebody is logged in
        return same.only("pk", "created_at").order_by("-id").first()

    @property
    def compare_url(self) -> str:
        """Beside the one before."""
        if self.before is None:
            return ""
        return reverse("history-compare", query={"a": self.before.pk, "b": self.prediction.pk})

    @property
    def outcomes(self) -> list[Outcome]:
        """What was reported, the oldest first."""
        return self.outcome.reports[::-1]

    @cached_property
    def timeline(self) -> charts.Timeline:
        """What happened, the oldest first."""
        return charts.timeline(events(self.prediction, self.decision, self.outcomes))

    @property
    def raw_text(self) -> str:
        """Everything as it is stored, without what the reader may not see, as JSON that a person can read."""
        found = self.page.raw | {
            "estimates": [_stored(each, "label", "value") for each in self.decision.estimates],
            "decisions": [_stored(each, *_DECISION) for each in self.decision.story],
            "outcomes": [_stored(each, *_OUTCOME) for each in self.outcomes],
        }
        return json.dumps(found, indent=2, ensure_ascii=False)


def _stored(fact: Estimate | Decision | Outcome, *names: str) -> dict[str, Any]:
    """A fact as it is stored; links as numbers, people as their user names."""
    own = {name: getattr(fact, name) for name in names}
    told = {"id": fact.pk, "created_at": fact.created_at, "by": fact.by.get_username(), **own}
    return {name: _plain(value) for name, value in told.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
