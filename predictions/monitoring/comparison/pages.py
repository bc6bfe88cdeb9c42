"""What the pages of comparisons show: the choice of versions, how far one is, and its frame."""

from datetime import date
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.models import ComparedVersion, Comparison, Source
from predictions.monitoring.comparison import forms, reasons
from predictions.monitoring.comparison.forms import CompareForm
from predictions.monitoring.comparison.offers import Offers
from predictions.monitoring.filters import period
from registry.models import RegisteredModel
from registry.presenters import model_title, person, title_of
from registry.presenters.states import State
from registry.texts import figure, percentage

PAGE = 20
STEP = 10  # percent between two announcements
ADD = "predictions.add_comparison"
_TONES = {"waiting": "wait", "running": "wait", "done": "good", "failed": "error", "cancelled": "quiet"}


class Head:
    """How a comparison is called, and what was asked."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    @cached_property
    def compared(self) -> list[ComparedVersion]:
        """Its versions, the base first; they are prefetched for lists."""
        return sorted(self.comparison.compared.all(), key=lambda one: one.place)

    @property
    def state(self) -> State:
        return State(Comparison.Status(self.comparison.status).label, _TONES[self.comparison.status])

    def name_of(self, one: ComparedVersion) -> str:
        """A version in a sentence: with its model only where there are several."""
        words = {"number": one.version.number, "model": title_of(one.version)}
        if len({other.version.model_id for other in self.compared}) == 1:
            return _("version %(number)s") % words
        return _("version %(number)s of %(model)s") % words

    @property
    def title(self) -> str:
        """`Version 1 against version 2`."""
        base, *others = (self.name_of(one) for one in self.compared)
        words = {"base": base, "others": _(" and ").join(others)}
        return model_title(_("%(base)s against %(others)s") % words)

    @property
    def period(self) -> str:
        return period(self.comparison.since_date, self.comparison.until_date)

    @property
    def source(self) -> str:
        """Through which door, in words; empty for all."""
        return str(Source(self.comparison.source).label) if self.comparison.source else ""

    @property
    def asked_by(self) -> str:
        return person(self.comparison.by)

    @property
    def rows(self) -> str:
        return figure(self.comparison.rows or 0, grouped=True)


class ComparePage:
    """Earlier comparisons of a model, and the form for a new one."""

    def __init__(
        self,
        model: RegisteredModel,
        user: User | AnonymousUser,
        query: QueryDict,
        *,
        today: date,
        sent: QueryDict | None = None,
        is_asked: bool = True,
    ) -> None:
        """`sent`: what the form brought; unless it `is_asked` for, it is shown again as it was typed."""
        self.model, self.query_sent = model, query
        self.may_add = user.has_perm(ADD)
        self.offers = Offers(model)
        if sent is not None and is_asked:
            self.form = CompareForm(self.offers, sent, today=today)
        else:
            known = forms.initial(self.offers, query) if sent is None else forms.typed(sent)
            self.form = CompareForm(self.offers, initial=known, today=today)

    @property
    def title(self) -> str:
        return title_of(self.offers.base.version) if self.offers.base else model_title(self.model.name)

    @cached_property
    def _found(self) -> list[Comparison]:
        found = Comparison.objects.filter(model=self.model).select_related("by")
        if before := number_in(self.query_sent.get("before", "")):
            found = found.filter(pk__lt=before)
        named = found.prefetch_related("compared__version__model").defer("summary")
        return list(named.order_by("-pk")[: PAGE + 1])

    @cached_property
    def lines(self) -> list[Head]:
        """Comparisons, the newest first."""
        return [Head(one) for one in self._found[:PAGE]]

    @property
    def newest(self) -> str:
        """The address of the first page, on another one."""
        return reverse("monitoring-compare", args=[self.model.name]) if self.query_sent.get("before") else ""

    @property
    def older(self) -> str:
        """The address of the page after this one; empty on the last."""
        if len(self._found) <= PAGE:
            return ""
        query = {"before": str(self._found[PAGE - 1].pk)}
        return reverse("monitoring-compare", args=[self.model.name], query=query)


class ComparisonPage(Head):
    """One comparison, as far as it is."""

    def __init__(self, comparison: Comparison, user: User | AnonymousUser) -> None:
        super().__init__(comparison)
        self.model = comparison.model
        self.may_cancel = user.has_perm(ADD) and not comparison.is_over
        self.may_add = user.has_perm(ADD)

    @property
    def model_title(self) -> str:
        """Of the model whose answers are scored again."""
        own = [one.version for one in self.compared if one.version.model_id == self.model.pk]
        return title_of(own[0]) if own else model_title(self.model.name)

    @property
    def percent(self) -> int:
        """Whole percents that are done; 0 while nobody has counted the rows."""
        rows = self.comparison.rows
        return int(100 * self.comparison.done / rows) if rows else 0

    @property
    def done(self) -> str:
        return figure(self.comparison.done, grouped=True)

    @property
    def announced(self) -> str:
        """What a screen reader is told every ten percent."""
        return _("%(share)s done.") % {"share": percentage(float(self.percent // STEP * STEP))}

    @property
    def why(self) -> tuple[str, str]:
        """Why it failed: a sentence, and what a runtime said."""
        return reasons.told(self.comparison.reason, self.compared)

    @property
    def again_url(self) -> str:
        """The form with the same versions chosen."""
        base, *others = (f"{one.version.model.name}:{one.version.number}" for one in self.compared)
        return reverse("monitoring-compare", args=[self.model.name], query={"base": base, "versions": others})


def number_in(text: str) -> UUID | None:
    """The number that a page begins before; None for the first page. Raises BadRequest."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise BadRequest("no number of an answer or comparison") from error
