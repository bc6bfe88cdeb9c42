"""How the answers of a file are spread, drawn from what was kept of each chunk."""

from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.answers.presenters import CLASSES_DRAWN, ClassBar
from predictions.batches.totals import Totals, totals
from predictions.models import Batch, BatchChunk
from predictions.presenters import shown_output
from registry import charts, serving
from registry.texts import figure


@dataclass(frozen=True)
class Answers:
    """How often an answer was given in the file, and the page that lists to whom."""

    title: str
    count: str
    url: str


class Picture:
    """The scores of two classes as a histogram, several classes as bars, values by their ends."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.signature = serving.signature_of(batch.version)  # type: ignore[arg-type]  # something was answered

    @cached_property
    def totals(self) -> Totals:
        done = BatchChunk.objects.filter(batch=self.batch, status=BatchChunk.Status.DONE, predicted__gt=0)
        return totals(done.values_list("predicted", "summary"))

    @property
    def warned(self) -> str:
        """How many answers carry a warning; empty when none does."""
        return figure(self.totals.warned, grouped=True) if self.totals.warned else ""

    @property
    def values(self) -> list[tuple[str, str]]:
        """Titles and numbers of values; nothing for classes."""
        found = self.totals
        named = ((_("Lowest"), found.low), (_("Mean"), found.mean), (_("Highest"), found.high))
        return [(title, shown_output(self.signature, value)) for title, value in named if value is not None]

    @cached_property
    def histogram(self) -> charts.Histogram | None:
        """None but for two classes."""
        if self.signature.is_regression or len(self.signature.classes) != 2:
            return None
        line = 0.5 if self.signature.threshold is None else self.signature.threshold
        return charts.histogram(self.totals.scores, 0.0, 1.0, percent=True, threshold=line)

    @property
    def _positive(self) -> str:
        return self.signature.class_title(self.signature.class_names[self.signature.positive])

    @property
    def title(self) -> str:
        """Of the histogram."""
        return _("Scores for “%(answer)s”") % {"answer": self._positive}

    @property
    def note(self) -> str:
        """Of the histogram."""
        return _("Right of the line the answer is “%(answer)s”.") % {"answer": self._positive}

    @property
    def classes(self) -> list[ClassBar]:
        """How often each class was answered, the most frequent first."""
        answered = self.totals.answered or 1
        named = [(self.signature.class_title(name), count) for name, count in self._most_common[:CLASSES_DRAWN]]
        return [
            ClassBar(title, charts.bar(title, 100 * count / answered), figure(count, grouped=True))
            for title, count in named
        ]

    @property
    def other_classes(self) -> tuple[int, str] | None:
        """How many classes are not drawn, and how often they were answered together."""
        rest = [count for _name, count in self._most_common[CLASSES_DRAWN:]]
        return (len(rest), figure(sum(rest), grouped=True)) if rest else None

    @property
    def answers(self) -> list[Answers]:
        """Where the cases of each answer are listed, the most frequent first."""
        return [
            Answers(self.signature.class_title(name), figure(count, grouped=True), self._list_of(name))
            for name, count in self._most_common[:CLASSES_DRAWN]
        ]

    @property
    def told(self) -> Answers | None:
        """The positive class of two, where it was answered."""
        if self.histogram is None:
            return None
        name = self.signature.class_names[self.signature.positive]
        count = self.totals.labels[name]
        return Answers(self._positive, figure(count, grouped=True), self._list_of(name)) if count else None

    def _list_of(self, name: str) -> str:
        return reverse("history-search", query={"batch": str(self.batch.pk), "answer": name})

    @property
    def _most_common(self) -> list[tuple[str, int]]:
        return self.totals.labels.most_common()
