"""What happened in an hour, counted from the facts: every number that predictions.monitoring.rollups.layout names.

An answer belongs to the hour of its number. What a person decided and what became of it count there too, whenever that
was: the latest of each answer, unless it was withdrawn. An outcome that cannot be held against the answer, because one
of them is no class of the version, is left out.
"""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from predictions.activity import number_at
from predictions.monitoring.rollups import days, facts, layout
from predictions.monitoring.rollups.facts import Piece
from predictions.monitoring.rollups.layout import FIXED, LATENCY_BINS, Layout
from predictions.monitoring.rollups.places import Numbers, Pairs, Places
from predictions.monitoring.rollups.tally import Counts, Tally

Key = tuple[int, str, str, int]  # the key of a version, a door, a field and a place: see models.Rollup


def count(hour: datetime) -> dict[Key, Tally]:
    """What happened in the hour that begins then: a tally for each version, door and segment of which there is any.

    Nothing is read that was not asked in this hour, in pieces of some thousand answers. A version whose files are
    damaged is left out, and in the log.
    """
    low, high = number_at(hour), number_at(days.end_of(hour))
    found: dict[Key, Tally] = {}
    for version in facts.versions(low, high):
        if layout.is_known(version):
            known = layout.of(version)
            counts = VersionCounts(known)
            for piece in facts.answers(known, low, high):
                counts.add(piece)
            for piece in facts.failures(known, low, high):
                counts.add_failures(piece)
            found |= counts.tallies()
    return found


class _Parts:
    """The arrays of the tallies of all places of one segment, below each other."""

    def __init__(self, known: Layout, size: int) -> None:
        self.counts = np.zeros((size, len(known.count_names)), np.int64)
        self.sums = np.zeros((size, len(known.sum_names)))
        self.scores = np.zeros((size, 3 * known.score_bins), np.int64)
        self.bins = np.zeros((size, known.bins), np.int64)
        self.latency = np.zeros((size, LATENCY_BINS), np.int64)

    def add(self, part: Numbers, rows: Numbers, places: Places) -> None:
        """Count the answers of these rows; `part`: where each row of the piece belongs, -1 for other rows."""
        _add(self.counts, part, places.counts)
        _add(self.scores, part, places.scores)
        _add(self.latency, part, places.latency)
        width = self.bins.shape[1]
        if width:
            found = (part[rows, np.newaxis] * width + places.bins[rows]).ravel()
            self.bins += np.bincount(found, minlength=self.bins.size).reshape(self.bins.shape)
        known = part[places.known.rows]
        is_one, sums = known >= 0, places.known.sums
        for place in range(self.sums.shape[1]):
            self.sums[:, place] += np.bincount(known[is_one], sums[is_one, place], minlength=len(self.sums))

    def tally(self, known: Layout, place: int) -> Tally:
        return Tally(
            known,
            self.counts[place],
            self.sums[place],
            self.scores[place].reshape(3, known.score_bins),
            self.bins[place],
            self.latency[place],
        )


def _add(into: Counts, part: Numbers, pairs: Pairs) -> None:
    parts = part[pairs.rows]
    is_one = parts >= 0
    found = parts[is_one] * into.shape[1] + pairs.places[is_one]
    into += np.bincount(found, minlength=into.size).reshape(into.shape)


class VersionCounts:
    """Counts of one version that grow piece by piece."""

    def __init__(self, known: Layout) -> None:
        self.layout = known
        self._parts: dict[tuple[str, str], _Parts] = {}  # by door and field

    def add(self, piece: Piece) -> None:
        """Count answers."""
        places = Places(self.layout, piece)
        for parts, part, rows in self._split(piece):
            parts.add(part, rows, places)

    def add_failures(self, piece: Piece) -> None:
        """Count questions without an answer."""
        place = FIXED.index("failures")
        for parts, part, rows in self._split(piece):
            parts.counts[:, place] += np.bincount(part[rows], minlength=len(parts.counts))

    def tallies(self) -> dict[Key, Tally]:
        """A tally for each door and segment of which there is anything."""
        return {
            (self.layout.version, source, field, place): parts.tally(self.layout, place)
            for (source, field), parts in self._parts.items()
            for place in np.flatnonzero(parts.counts.any(axis=1)).tolist()
        }

    def _split(self, piece: Piece) -> Iterator[tuple[_Parts, Numbers, Numbers]]:
        """For each door and segment: what counts it, the part that each row belongs to, and the rows of the door."""
        segments = self._segments(piece)
        sources = np.array(piece.sources)
        for source in sorted(set(piece.sources)):
            is_here = sources == source
            rows = np.flatnonzero(is_here)
            for field, (size, part) in segments.items():
                if (source, field) not in self._parts:
                    self._parts[source, field] = _Parts(self.layout, size)
                yield self._parts[source, field], np.where(is_here, part, -1), rows

    def _segments(self, piece: Piece) -> dict[str, tuple[int, Numbers]]:
        """How many parts there are, and where each row belongs: everybody's one, and those of each segment."""
        found = {"": (1, np.zeros(len(piece.sources), np.intp))}
        for one in self.layout.segments:
            found[one.name] = one.size, one.all_places(piece.inputs[one.name])
        return found
