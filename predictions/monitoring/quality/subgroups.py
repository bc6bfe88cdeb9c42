"""Parts of the answers, by the values of one field: what was answered to each, and how right that was. Pure.

See docs/quality.md for what is shown to whom, and for what is kept back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from predictions.monitoring.quality import class_measures, intervals
from predictions.monitoring.quality.intervals import Interval, wilson
from predictions.monitoring.quality.measure import KNOWN, OF_CLASS
from predictions.monitoring.rollups.tally import Tally

SMALLEST = 20  # answers: less could be one person


@dataclass(frozen=True)
class Share:
    """`k` of `n`, with its interval; `is_enough` says whether it may be said."""

    k: int
    n: int
    needed: int

    @property
    def is_enough(self) -> bool:
        return self.n >= self.needed

    @property
    def value(self) -> float:
        return self.k / self.n

    @property
    def interval(self) -> Interval:
        return wilson(self.k, self.n)


@dataclass(kw_only=True)
class Part:
    """The answers with one value of a field. Of two classes also: how many were `chosen`, that is answered positively,
    and of what came true or not, how many were `hit` or were a false `alarm`. Of values: their errors."""

    key: str
    answers: int = 0
    known: int = 0
    right: int = 0
    chosen: int = 0
    positives: int = 0
    hit: int = 0
    negatives: int = 0
    alarm: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    is_hidden: bool = field(default=False)  # fewer than SMALLEST
    is_kept_back: bool = field(default=False)  # or what a hidden one could be worked out from

    @classmethod
    def of(cls, key: str, tallies: Iterable[Tally]) -> Self:
        """Added up over versions, each with its own positive class."""
        found = cls(key=key)
        for tally in tallies:
            found._add(tally)
        return found

    def _add(self, tally: Tally) -> None:
        self.answers += tally["answers"]
        if not tally.layout.classes:
            self.known += tally["outcomes"]
            self.absolute += tally.sum("absolute")
            self.squared += tally.sum("squared")
            return
        counts = class_measures.matrix(tally)
        self.known += int(counts.sum())
        self.right += int(counts.trace())
        if len(counts) == 2:
            yes = tally.layout.signature.positive
            self.chosen += tally[f"label:{tally.layout.classes[yes]}"]
            actual = counts.sum(axis=0)
            self.positives, self.hit = self.positives + int(actual[yes]), self.hit + int(counts[yes, yes])
            self.negatives += int(actual[1 - yes])
            self.alarm += int(counts[yes, 1 - yes])

    @property
    def is_shown(self) -> bool:
        return not (self.is_hidden or self.is_kept_back)

    @property
    def accuracy(self) -> Share:
        return Share(self.right, self.known, KNOWN)

    @property
    def selection(self) -> Share:
        """How many of the answers were the positive one."""
        return Share(self.chosen, self.answers, SMALLEST)

    @property
    def recall(self) -> Share:
        """How many of those to whom it happened were told so."""
        return Share(self.hit, self.positives, OF_CLASS)

    @property
    def false_positive_rate(self) -> Share:
        """How many of those to whom it did not happen were told it would."""
        return Share(self.alarm, self.negatives, OF_CLASS)

    @property
    def error(self) -> tuple[float, Interval] | None:
        """Of values, how far they were off on average."""
        if self.known < KNOWN:
            return None
        mean = self.absolute / self.known
        return mean, intervals.of_size(mean, (self.squared / self.known - mean * mean) / (self.known - 1), self.known)


def parted(tallies: Mapping[str, Mapping[int, Tally]], order: Sequence[str]) -> list[Part]:
    """The parts that have answers, in the order of their keys."""
    parts = [Part.of(key, tallies[key].values()) for key in sorted(tallies, key=order.index)]
    return [part for part in parts if part.answers]


def protect(parts: Sequence[Part], *, strictly: bool) -> None:
    """Hide what could be one person. `strictly`: and what that could be worked out from, the page showing the total.

    All parts but one tell that one. So as long as those that are hidden have fewer answers together than one may have
    alone, the smallest of the others is kept back with them.
    """
    for part in parts:
        part.is_hidden = part.answers < SMALLEST
    while strictly and 0 < sum(part.answers for part in parts if not part.is_shown) < SMALLEST:
        shown = [part for part in parts if part.is_shown]
        if not shown:
            return
        min(shown, key=lambda part: part.answers).is_kept_back = True


def largest(parts: Iterable[Part]) -> Part | None:
    """The one that the others are held against: that with most answers."""
    return max((part for part in parts if part.is_shown), key=lambda part: part.answers, default=None)


def ratio(part: Part, other: Part) -> tuple[float, tuple[float, float | None]] | None:
    """How often a part is chosen, as so many times the other; None where the other never is."""
    first, second = part.selection, other.selection
    if not (first.is_enough and second.is_enough and second.k):
        return None
    found = intervals.of_ratio((first.value, first.interval), (second.value, second.interval))
    return first.value / second.value, found
