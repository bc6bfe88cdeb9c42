"""Where the answers of a piece are counted: the places of each of them in the arrays of a tally."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from predictions.monitoring.rollups.facts import Piece
from predictions.monitoring.rollups.layout import FIXED, SCORE_BINS, VERDICTS, Layout
from predictions.monitoring.rollups.tally import latency_bin

Numbers = NDArray[np.intp]
LONGEST_LABEL = 255  # of what is stored: a class may be called at greater length


@dataclass(frozen=True)
class Pairs:
    """That the answer of a row is counted at a place; a row may come several times, or never."""

    rows: Numbers
    places: Numbers

    @classmethod
    def together(cls, *parts: tuple[Numbers, Numbers]) -> Self:
        return cls(
            np.concatenate([rows for rows, _ in parts], dtype=np.intp),
            np.concatenate([places for _, places in parts], dtype=np.intp),
        )


@dataclass(frozen=True)
class Known:
    """The rows whose outcome can be held against the answer: the sums of each, and whether it came true."""

    rows: Numbers
    sums: NDArray[np.float64]  # of the shape (rows, Layout.sum_names)
    is_true: NDArray[np.bool_]


class Places:
    """The places of the answers of one piece. `Layout.count_names` says which count stands where."""

    def __init__(self, layout: Layout, piece: Piece) -> None:
        self.layout, self.piece = layout, piece
        self._classes = {name[:LONGEST_LABEL]: place for place, name in enumerate(layout.classes)}
        self._answers = np.array([self._classes.get(label, -1) for label in piece.labels], dtype=np.intp)

    @cached_property
    def counts(self) -> Pairs:
        """Of Tally.counts."""
        return Pairs.together(*self._flags(), *self._labels(), *self._verdicts(), *self._actuals())

    def _flags(self) -> list[tuple[Numbers, Numbers]]:
        piece = self.piece
        whole = np.ones(len(piece.sources), np.bool_)
        flags = {"answers": whole, "calls": piece.is_call, "warned": piece.is_warned, "fallbacks": piece.is_fallback}
        return [_at(np.flatnonzero(is_so), FIXED.index(name)) for name, is_so in flags.items()]

    def _labels(self) -> list[tuple[Numbers, Numbers]]:
        rows = np.flatnonzero(self._answers >= 0)
        return [(rows, len(FIXED) + self._answers[rows])]

    def _verdicts(self) -> list[tuple[Numbers, Numbers]]:
        """The verdict, and with the class that was answered where there is one."""
        rows = np.array(list(self.piece.verdicts), dtype=np.intp)
        said = np.array([VERDICTS.index(verdict) for verdict in self.piece.verdicts.values()], dtype=np.intp)
        has_class = self._answers[rows] >= 0
        start = len(FIXED) + len(self.layout.classes)
        named = start + self._answers[rows[has_class]] * len(VERDICTS) + said[has_class]
        return [(rows, FIXED.index(VERDICTS[0]) + said), (rows[has_class], named)]

    def _actuals(self) -> list[tuple[Numbers, Numbers]]:
        rows, size = self.known.rows, len(self.layout.classes)
        counted = _at(rows, FIXED.index("outcomes"))
        start = len(FIXED) + size * (1 + len(VERDICTS))
        return [counted, (rows, start + self._answers[rows] * size + self._actual[rows])] if size else [counted]

    @cached_property
    def _actual(self) -> Numbers:
        """The class that each outcome is, -1 where there is none."""
        found = np.full(len(self.piece.sources), -1, dtype=np.intp)
        for row, (label, _value) in self.piece.outcomes.items():
            found[row] = self._classes.get(label, -1)
        return found

    @cached_property
    def known(self) -> Known:
        """What outcomes add to Tally.sums and Tally.scores."""
        return self._known_classes() if self.layout.classes else self._known_values()

    def _known_classes(self) -> Known:
        rows = np.flatnonzero((self._actual >= 0) & (self._answers >= 0) & np.isfinite(self.piece.scores))
        binary = len(self.layout.classes) == 2
        is_true = self._actual[rows] == (self.layout.signature.positive if binary else self._answers[rows])
        scores = self.piece.scores[rows]
        squared = (scores - is_true) ** 2
        return Known(rows, np.stack([scores, squared, squared**2], axis=1), is_true)

    def _known_values(self) -> Known:
        actual = np.full(len(self.piece.sources), np.nan)
        for row, (_label, value) in self.piece.outcomes.items():
            actual[row] = np.nan if value is None else value
        rows = np.flatnonzero(np.isfinite(actual) & np.isfinite(self.piece.scores))
        actual, error = actual[rows], self.piece.scores[rows] - actual[rows]
        with np.errstate(over="ignore"):
            sums = np.stack([error, np.abs(error), error**2, actual, actual**2, error**4], axis=1)
        return Known(rows, sums, np.zeros(len(rows), np.bool_))

    @cached_property
    def scores(self) -> Pairs:
        """Of Tally.scores, flat; values have none."""
        if not self.layout.score_bins:
            return Pairs.together((_NONE, _NONE))
        # A score is a decimal of six digits: 0.29 * 100 is a little less than 29.
        bins = np.floor(np.nan_to_num(self.piece.scores, nan=0, posinf=1, neginf=0) * SCORE_BINS + 1e-9)
        bins = np.clip(bins, 0, SCORE_BINS - 1).astype(np.intp)
        rows, known = np.arange(len(bins)), self.known.rows
        true = known[self.known.is_true]
        return Pairs.together((rows, bins), (known, SCORE_BINS + bins[known]), (true, 2 * SCORE_BINS + bins[true]))

    @cached_property
    def bins(self) -> Numbers:
        """Of Tally.bins, of the shape (rows, Layout.all_bins)."""
        score = self.layout.score
        found = [one.start + one.places(self.piece.inputs[one.name]) for one in self.layout.fields]
        if score:
            found.insert(0, score.start + score.places(self.piece.scores.tolist()))
        return np.stack(found, axis=1) if found else np.zeros((len(self.piece.sources), 0), np.intp)

    @cached_property
    def latency(self) -> Pairs:
        """Of Tally.latency: once for each call."""
        rows = np.flatnonzero(self.piece.is_call)
        return Pairs(rows, latency_bin(self.piece.durations[rows]))


_NONE = np.zeros(0, np.intp)


def _at(rows: Numbers, place: int) -> tuple[Numbers, Numbers]:
    return rows, np.full(len(rows), place, dtype=np.intp)
