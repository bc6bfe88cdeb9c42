"""Who is answered differently: the changed answers of a comparison, newest first, for who may see others' answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from predictions.history.unseen import kept_back
from predictions.models import ComparedVersion, Comparison, Prediction, ReplayedAnswer
from predictions.monitoring.comparison.pages import number_in
from predictions.monitoring.comparison.results import Result
from predictions.presenters import shown_output
from predictions.spreadsheets import BOM, Style, plain_quotes, safe
from registry import serving
from registry.models import ModelVersion
from registry.texts import percentage

PAGE = 50
AT_ONCE = 500
RIGHT = "predictions.view_prediction"


@dataclass(frozen=True)
class Line:
    """One answer. `cells`: name, label and score in words of each version. `is_kept_back`: until the reader estimated."""

    answer: Prediction
    key: str
    cells: list[tuple[str, str, str]]
    is_kept_back: bool = False


class ChangedList:
    """A page of them, for one version against the base: `?version=1&before=<number>`. Raises BadRequest."""

    def __init__(self, request: HttpRequest, page: Result) -> None:
        self.request, self.page = request, page
        self.user: User | AnonymousUser = request.user
        self.may_see = self.user.has_perm(RIGHT)
        places = {str(one.place): one.place for one in page.compared[1:]}
        wanted = request.GET.get("version") or "1"
        if wanted not in places:
            raise BadRequest("no such version in this comparison")
        self.place = places[wanted]
        self.before = number_in(request.GET.get("before", ""))

    @property
    def pair(self) -> list[ComparedVersion]:
        """The base and the version that is looked at."""
        return [self.page.compared[0], self.page.compared[self.place]]

    @property
    def names(self) -> list[str]:
        return [self.page.name_of(one) for one in self.pair]

    @cached_property
    def _numbers(self) -> list[UUID]:
        return _changed(self.page.comparison, self.place, self.before)[: PAGE + 1] if self.may_see else []

    @cached_property
    def lines(self) -> list[Line]:
        numbers = self._numbers[:PAGE]
        unseen = kept_back(self.request, numbers)
        return [
            Line(answer, _key(answer), self._cells(found), answer.pk in unseen)
            for answer, found in _replayed(self.page.comparison, self.pair, numbers)
        ]

    def _cells(self, found: Sequence[ReplayedAnswer | None]) -> list[tuple[str, str, str]]:
        told = zip(self.names, self.pair, found, strict=True)
        return [(name, *_cell(one.version, replayed)) for name, one, replayed in told]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The other versions: name, address, whether it is looked at; nothing where there is one."""
        others = self.page.compared[1:]
        if len(others) == 1:
            return []
        return [(self.page.name_of(one), self._url(one.place), one.place == self.place) for one in others]

    @property
    def newest(self) -> str:
        return self._url(self.place) if self.before else ""

    @property
    def older(self) -> str:
        return self._url(self.place, before=str(self._numbers[PAGE - 1])) if len(self._numbers) > PAGE else ""

    def _url(self, place: int, **more: str) -> str:
        query = {"version": str(place), **more}
        return f"{reverse('comparison', args=[self.page.comparison.pk], query=query)}#changed"


def file_lines(page: Result) -> Iterator[str]:
    """The changed answers of all versions as a file, in the language of the reader, some hundred lines at a time."""
    language = translation.get_language() or "en"
    yield _first(page)
    before: UUID | None = None
    places = [one.place for one in page.compared[1:]]
    while True:
        found = {number for place in places for number in _changed(page.comparison, place, before, AT_ONCE)}
        numbers = sorted(found, reverse=True)[:AT_ONCE]
        if not numbers:
            return
        before = numbers[-1]
        with translation.override(language):
            block = "".join(_file_lines(page, numbers))
        yield block


def _first(page: Result) -> str:
    headings = [_("Number of the answer"), _("Asked (UTC)"), _("Key of the record")]
    for name in page.names:
        headings += [_("Answer of %(version)s") % {"version": name}, _("Score of %(version)s") % {"version": name}]
    return BOM + Style.of_language().line(map(plain_quotes, headings))


def _file_lines(page: Result, numbers: Sequence[UUID]) -> Iterator[str]:
    style = Style.of_language()
    for answer, found in _replayed(page.comparison, page.compared, numbers):
        cells = [str(answer.pk), f"{answer.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", safe(_key(answer))]
        for one, replayed in zip(page.compared, found, strict=True):
            if replayed is None or replayed.score is None:
                cells += ["", ""]
            else:
                title = serving.signature_of(one.version).class_title(replayed.label) if replayed.label else ""
                cells += [safe(title), style.number(replayed.score)]
        yield style.line(cells)


def _changed(comparison: Comparison, place: int, before: UUID | None, most: int = PAGE + 1) -> list[UUID]:
    """The numbers of answers that changed, newest first: one step into an index of changed ones alone."""
    found = ReplayedAnswer.objects.filter(comparison=comparison, place=place, is_changed=True)
    if before is not None:
        found = found.filter(prediction__lt=before)
    return list(found.order_by("-prediction").values_list("prediction", flat=True)[:most])


def _replayed(
    comparison: Comparison, compared: Sequence[ComparedVersion], numbers: Iterable[UUID]
) -> Iterator[tuple[Prediction, list[ReplayedAnswer | None]]]:
    """Each answer, newest first, and what the versions say to it."""
    wanted = list(numbers)
    rows = ReplayedAnswer.objects.filter(comparison=comparison, prediction__in=wanted)
    known = {(row.prediction_id, row.place): row for row in rows}
    answers = Prediction.objects.filter(pk__in=wanted).select_related("record").order_by("-pk")
    for answer in answers.only("id", "created_at", "key", "record__key"):
        yield answer, [known.get((answer.pk, one.place)) for one in compared]


def _cell(version: ModelVersion, replayed: ReplayedAnswer | None) -> tuple[str, str]:
    """Label and score; of a value, it alone."""
    if replayed is None or replayed.score is None:
        return "–", ""
    signature = serving.signature_of(version)
    if signature.is_regression:
        return shown_output(signature, replayed.score), ""
    return signature.class_title(replayed.label), percentage(100 * replayed.score)


def _key(answer: Prediction) -> str:
    return answer.key or (answer.record.key if answer.record else "")
