"""What the page of one call shows: how the answers are spread, and a stretch of them as a table."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from predictions import calibration
from predictions.answers.lists import Light, Look, light
from predictions.models import Dataset, Prediction, Source
from predictions.models.prediction import PredictionQuerySet
from predictions.presenters import Row, rows, shown_output, source_of
from predictions.presenters.cautions import when_tested
from registry import charts, serving
from registry.presenters import person, title_of
from registry.signature import Signature, text_in
from registry.texts import figure, percentage

PAGE = 50
HEAPS = 20
CLASSES_DRAWN = 8


@dataclass(frozen=True)
class Choice:
    """A way to look at the answers."""

    title: str
    count: str
    address: str
    is_here: bool


@dataclass(frozen=True)
class AnswerRow:
    """One answer in the table. `key`: what it is about, or its place in the call; empty where nobody knows."""

    row: Row
    key: str

    @property
    def record_id(self) -> int | None:
        return self.row.prediction.record_id


@dataclass(frozen=True)
class ClassBar:
    """How often one class was answered."""

    title: str
    bar: charts.Bar
    count: str


class AnswersPage:
    """Everything the page of one call shows. `first`: its first answer, with what all of them have in common."""

    def __init__(self, call: PredictionQuerySet, first: Prediction, look: Look, *, replayed: bool = False) -> None:
        self.call, self.first, self.replayed = call, first, replayed
        self.version = first.version
        self.model = first.version.model
        self.signature: Signature = serving.signature_of(first.version)
        self.answers = light(call)
        known = {item.label for item in self.answers}
        self.look = look if look.answer in known else Look(warned=look.warned, by_row=look.by_row, page=look.page)

    @property
    def title(self) -> str:
        return title_of(self.version)

    @property
    def dataset(self) -> Dataset | None:
        """The set that the records are of; None for a call from outside."""
        return self.first.record.dataset if self.first.record else None

    @property
    def about(self) -> str:
        """What the first column of the table is called."""
        if self.dataset:
            return self.dataset.called
        return _("Key") if self.first.key or self.first.source == Source.BATCH else _("Row")

    @property
    def can_explain(self) -> bool:
        """Whether the answers are about records, which can be asked about one by one."""
        return self.first.record is not None

    @property
    def total(self) -> str:
        return figure(len(self.answers), grouped=True)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Label -> how often it was answered, in the order of the signature's classes."""
        found = Counter(item.label for item in self.answers)
        return {name: found[name] for name in self.signature.class_names}

    @property
    def is_binary(self) -> bool:
        return len(self.signature.classes) == 2

    @property
    def sentence(self) -> str:
        """What came out, in one sentence."""
        if self.signature.is_regression:
            low, middle, high = (shown_output(self.signature, value) for value in self._spread)
            texts = {"total": self.total, "low": low, "high": high, "middle": middle}
            return (
                _("The answers about %(total)s records go from %(low)s to %(high)s, half of them up to %(middle)s")
                % texts
            )
        name = self._told
        texts = {
            "total": self.total,
            "answer": self.signature.class_title(name),
            "count": figure(self.counts[name], grouped=True),
        }
        if self.counts[name] == 0:
            return _("Of %(total)s records, none is answered “%(answer)s”") % texts
        if self.counts[name] == 1:
            return _("Of %(total)s records, one is answered “%(answer)s”") % texts
        return _("Of %(total)s records, %(count)s are answered “%(answer)s”") % texts

    @cached_property
    def expected(self) -> str:
        """What to expect of a list of two classes: counting the answers would say more than the model does."""
        if not self.is_binary:
            return ""
        scores = [item.score for item in self.answers if not item.has_warnings]
        count, known = round(sum(scores)), calibration.of(self.version)
        if known is None or not known.is_proven or count == 0 or len(scores) < calibration.ENOUGH_IN_BIN:
            return when_tested(self.signature, self.version) if self.counts[self._told] else ""
        texts = {
            "count": figure(count, grouped=True),
            "total": figure(len(scores), grouped=True),
            "answer": self.signature.class_title(self._told),
        }
        if len(scores) == len(self.answers):
            return (
                _("Going by the scores together, expect “%(answer)s” for about %(count)s of these %(total)s.") % texts
            )
        return (
            _(
                "Going by the scores together, expect “%(answer)s” for about %(count)s of the %(total)s without a warning."
            )
            % texts
        )

    @property
    def _told(self) -> str:
        """The class that the sentence counts: the positive one of two, else the most frequent one."""
        if self.is_binary:
            return self.signature.class_names[self.signature.positive]
        return max(self.counts, key=lambda name: self.counts[name])

    @cached_property
    def _spread(self) -> tuple[float, float, float]:
        """Smallest, middle and largest score."""
        scores = sorted(item.score for item in self.answers)
        return scores[0], scores[(len(scores) - 1) // 2], scores[-1]

    @cached_property
    def histogram(self) -> charts.Histogram | None:
        """The scores of two classes or of values; several classes have `classes` instead."""
        if not (self.is_binary or self.signature.is_regression):
            return None
        low, _middle, high = self._spread if self.signature.is_regression else (0.0, 0.5, 1.0)
        width = (high - low) or 1.0
        heaps = [0] * HEAPS
        for item in self.answers:
            heaps[min(max(int(HEAPS * (item.score - low) / width), 0), HEAPS - 1)] += 1
        threshold = self.first.outputs.get("threshold", 0.5) if self.is_binary else None
        return charts.histogram(heaps, low, low + width, percent=self.is_binary, threshold=threshold)

    @property
    def histogram_title(self) -> str:
        if self.is_binary:
            return _("Scores for “%(answer)s”") % {"answer": self.signature.class_title(self._told)}
        return text_in(self.signature.output.get("label")) or _("Answers")

    @property
    def histogram_note(self) -> str:
        if not self.is_binary:
            return ""
        return _("Right of the line the answer is “%(answer)s”.") % {"answer": self.signature.class_title(self._told)}

    @property
    def classes(self) -> list[ClassBar]:
        """How often each class was answered, the most frequent first."""
        most = sorted(self.counts.items(), key=lambda item: -item[1])[:CLASSES_DRAWN]
        titles = [(self.signature.class_title(name), count) for name, count in most]
        return [
            ClassBar(title, charts.bar(title, self._share(count)), figure(count, grouped=True))
            for title, count in titles
        ]

    @property
    def other_classes(self) -> tuple[int, str] | None:
        """How many classes are not drawn, and how often they were answered together."""
        rest = sorted(self.counts.values(), reverse=True)[CLASSES_DRAWN:]
        return (len(rest), figure(sum(rest), grouped=True)) if rest else None

    def _share(self, count: int) -> float:
        return 100 * count / len(self.answers)

    @property
    def told_share(self) -> str:
        """The share of the class that the sentence counts; empty when it was never answered."""
        count = 0 if self.signature.is_regression else self.counts[self._told]
        return percentage(self._share(count)) if count else ""

    @property
    def warned(self) -> int:
        """How many answers carry a warning."""
        return sum(item.has_warnings for item in self.answers)

    @cached_property
    def choices(self) -> list[Choice]:
        """All answers, those of each class that was answered, those with a warning."""
        here = (self.look.answer, self.look.warned)
        found = [self._choice(_("All"), len(self.answers), "", warned=False, here=here)]
        if not self.signature.is_regression:
            for name, count in self.counts.items():
                if count:
                    found.append(self._choice(self.signature.class_title(name), count, name, warned=False, here=here))
        if self.warned:
            found.append(self._choice(_("With a warning"), self.warned, "", warned=True, here=here))
        return found

    def _choice(self, title: str, count: int, answer: str, *, warned: bool, here: tuple[str, bool]) -> Choice:
        address = self.look.address(answer=answer, warned=warned)
        return Choice(title, figure(count, grouped=True), address, here == (answer, warned))

    @property
    def orders(self) -> list[Choice]:
        first = _("Highest first") if self.signature.is_regression else _("Most likely first")
        return [
            Choice(title, "", self.look.address(by_row=by_row), self.look.by_row is by_row)
            for title, by_row in ((first, False), (_("In the order of the records"), True))
        ]

    @cached_property
    def _shown(self) -> list[Light]:
        return self.look.of(self.answers)

    @cached_property
    def _page(self) -> int:
        """The page looked at; the last one instead of one behind it."""
        return min(self.look.page, max(-(-len(self._shown) // PAGE), 1))

    @cached_property
    def rows(self) -> list[AnswerRow]:
        """The answers of this page."""
        start = (self._page - 1) * PAGE
        wanted = [item.pk for item in self._shown[start : start + PAGE]]
        found = self.call.model.objects.for_list().in_bulk(wanted)
        return [AnswerRow(row, _key(row.prediction)) for row in rows(found[number] for number in wanted)]

    @property
    def stretch(self) -> str:
        """Which of how many the page shows."""
        start = (self._page - 1) * PAGE
        texts = {"first": start + 1, "last": start + len(self.rows), "total": figure(len(self._shown), grouped=True)}
        return _("%(first)s to %(last)s of %(total)s") % texts

    @property
    def before(self) -> str:
        """The address of the page before, or nothing."""
        return self.look.address(page=self._page - 1) if self._page > 1 else ""

    @property
    def after(self) -> str:
        """The address of the next page, or nothing."""
        return self.look.address(page=self._page + 1) if self._page * PAGE < len(self._shown) else ""

    @property
    def asked_by(self) -> str:
        return person(self.first.user)

    @property
    def promoted_by(self) -> str:
        entry = self.first.ledger_entry
        return person(entry.by) if entry else ""

    @property
    def source(self) -> str:
        return source_of(self.first)


def _key(prediction: Prediction) -> str:
    """The key of the record, else the one that was sent, else the row of the call; a file's own row is not known."""
    if named := prediction.record.key if prediction.record else prediction.key:
        return named
    if prediction.source == Source.BATCH:
        return ""
    return _("Row %(number)s") % {"number": figure(prediction.row + 1, grouped=True)}
