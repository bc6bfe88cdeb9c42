"""Two answers side by side: what differs first, what is the same folded, and their pictures on one scale."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from predictions import masking
from predictions.history.slopes import PairedFactor, Slope, paired, slope
from predictions.history.states import Became, State, became
from predictions.models import Prediction
from predictions.presenters import RecordPage, Row, rows, shown_value, source_of
from registry.presenters import person
from registry.signature import Feature

NOTHING = "–"


@dataclass(frozen=True)
class Line:
    """One thing of both answers. `is_masked`: the reader may not see it, nor whether it differs."""

    title: str
    first: str
    second: str
    differs: bool
    is_masked: bool = False


class Side:
    """One of the two."""

    def __init__(self, answer: Prediction, viewer: User | AnonymousUser, state: Became) -> None:
        self.answer, self.state = answer, state
        self.page = RecordPage(answer, viewer)
        self.features = {feature.name: feature for feature in self.page.signature.features}

    @cached_property
    def row(self) -> Row:
        return rows([self.answer])[0]

    @property
    def decided(self) -> State | None:
        return self.state.decided

    @property
    def happened(self) -> State | None:
        return self.state.happened(self.answer)

    @property
    def key(self) -> str:
        return self.answer.key or (self.answer.record.key if self.answer.record else "")

    @property
    def asked(self) -> str:
        return str(date_format(localtime(self.answer.created_at), "j F Y, H:i"))


class Comparison:
    """Everything the page of two answers shows to one reader, who may see both."""

    mask = masking.MASK

    def __init__(self, first: Prediction, second: Prediction, viewer: User | AnonymousUser) -> None:
        states = became([first.pk, second.pk])
        self.first, self.second = (Side(answer, viewer, states[answer.pk]) for answer in (first, second))
        self.hidden = self.first.page.hidden | self.second.page.hidden

    @property
    def sides(self) -> list[Side]:
        return [self.first, self.second]

    @property
    def is_same_answer(self) -> bool:
        return self.first.answer.pk == self.second.answer.pk

    @property
    def is_same_model(self) -> bool:
        return self.first.page.model.pk == self.second.page.model.pk

    @property
    def note(self) -> str:
        """Why the two cannot be laid upon each other as they are; empty when they can."""
        if not self.is_same_model:
            return _("Two models answered. Fields are matched by their names, and the scores mean different things.")
        if self.first.page.signature != self.second.page.signature:
            return _("The two versions do not take or give quite the same. Fields are matched by their names.")
        return ""

    # --- about the answers ---

    @cached_property
    def facts(self) -> list[Line]:
        """What was answered by whom, and what became of it."""
        told = zip(self._facts_of(self.first), self._facts_of(self.second), strict=True)
        return [Line(title, first, second, first != second) for (title, first), (_title, second) in told]

    def _facts_of(self, side: Side) -> Iterator[tuple[str, str]]:
        yield _("Answer"), side.row.label
        yield _("How likely"), side.row.share or NOTHING
        yield _("Decision"), _in_words(side.decided)
        yield _("Real outcome"), _in_words(side.happened)
        yield _("Model"), side.page.title
        yield _("Version"), str(side.page.version.number)
        yield _("About"), side.key or NOTHING
        yield _("Asked"), side.asked
        yield _("Asked by"), person(side.answer.user)
        yield _("Through"), source_of(side.answer)
        yield _("Warnings"), " ".join(warning.text for warning in side.page.warnings) or NOTHING

    # --- what was asked ---

    @cached_property
    def fields(self) -> list[Line]:
        """Each field of either, in the order of the form."""
        names = dict.fromkeys([*self.first.features, *self.second.features])
        return [self._field(name) for name in names]

    def _field(self, name: str) -> Line:
        one, other = (side.features.get(name) for side in self.sides)
        known = one or other
        title = known.title if known else name
        if name in self.hidden:
            return Line(title, self.mask, self.mask, differs=False, is_masked=True)
        first, second = self._shown(one, self.first), self._shown(other, self.second)
        if one is None or other is None:
            return Line(title, first, second, differs=True)
        return Line(title, first, second, differs=_value(self.first, name) != _value(self.second, name))

    def _shown(self, feature: Feature | None, side: Side) -> str:
        return _("not asked for") if feature is None else shown_value(feature, _value(side, feature.name))

    @property
    def differing(self) -> list[Line]:
        return [line for line in self.fields if line.differs]

    @property
    def same(self) -> list[Line]:
        return [line for line in self.fields if not line.differs and not line.is_masked]

    @property
    def same_title(self) -> str:
        """How many those are."""
        count = len(self.same)
        return _("1 field is the same") if count == 1 else _("%(count)s fields are the same") % {"count": count}

    @property
    def masked(self) -> list[Line]:
        """Fields of which nothing is said but that they are there."""
        return [line for line in self.fields if line.is_masked]

    @property
    def are_pictures(self) -> bool:
        return self.first.page.is_picture or self.second.page.is_picture

    # --- pictures ---

    @property
    def _is_one_scale(self) -> bool:
        """Whether the two scores mean the same."""
        one, other = self.first.page, self.second.page
        return self.is_same_model and not self.is_same_answer and one.scored_class == other.scored_class

    @cached_property
    def slope(self) -> Slope | None:
        """The two scores, and the way from one to the other."""
        return slope(self.first.page, self.second.page) if self._is_one_scale else None

    @cached_property
    def factors(self) -> list[PairedFactor]:
        """What moved each score; empty unless both were explained and mean the same."""
        return paired(self.first.page, self.second.page, self.hidden) if self._is_one_scale else []


def _value(side: Side, name: str) -> Any:
    return side.answer.inputs.get(name)


def _in_words(state: State | None) -> str:
    return f"{state.word} ({state.more})" if state and state.more else state.word if state else NOTHING
