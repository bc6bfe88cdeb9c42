"""The pages of outcomes: the list of what is due, and the form by which one is reported."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User

from predictions.models import Prediction
from predictions.outcomes import due, panels
from predictions.outcomes.due import Due
from predictions.outcomes.forms import OutcomeForm, WithdrawForm
from predictions.outcomes.panels import Latest, OutcomePanel
from predictions.outcomes.verbs import RIGHT
from predictions.presenters import Row, rows


@dataclass(frozen=True)
class DuePage:
    """What is due, the answers that wait longest first, and what was reported last.

    `kept_back`: of the numbers of answers, those that the reader wants to estimate before seeing them.
    """

    user: User
    after: tuple[date, UUID] | None
    most: int
    kept_back: Callable[[Iterable[UUID]], frozenset[UUID]]

    @cached_property
    def _found(self) -> list[Due]:
        return due.due(self.user, after=self.after, most=self.most + 1)

    @property
    def lines(self) -> list[Due]:
        return self._found[: self.most]

    @property
    def next(self) -> str:
        """The cursor of the page after this one; empty on the last."""
        return self.lines[-1].cursor if len(self._found) > self.most else ""

    @cached_property
    def hidden(self) -> frozenset[UUID]:
        """Answers that are not shown."""
        listed = [line.row.prediction.pk for line in self.lines]
        return self.kept_back([*listed, *(line.outcome.prediction_id for line in self.latest)])

    @cached_property
    def said(self) -> str:
        """How many are due, as a sentence."""
        return due.said_count(due.due_count(self.user))

    @property
    def may_report(self) -> bool:
        return self.user.has_perm(RIGHT)

    @property
    def sees_all(self) -> bool:
        return self.user.has_perm("predictions.view_prediction")

    @cached_property
    def latest(self) -> list[Latest]:
        found = due.latest(self.user)
        return panels.latest_lines(found, [due.key_of(outcome.prediction) for outcome in found])


class ReportPage:
    """The page that asks what became of one answer. `said`: why what was sent is not recorded."""

    def __init__(
        self, answer: Prediction, user: User | AnonymousUser, form: OutcomeForm | WithdrawForm, said: str = ""
    ) -> None:
        self.answer, self.form, self.said = answer, form, said
        # A withdrawal that came back has no fields to fill in again: what is there begins the form.
        self.panel = OutcomePanel(answer, user, form if isinstance(form, OutcomeForm) else None)

    @cached_property
    def row(self) -> Row:
        """The answer as lists show it."""
        return rows([self.answer])[0]

    @property
    def key(self) -> str:
        return due.key_of(self.answer)
