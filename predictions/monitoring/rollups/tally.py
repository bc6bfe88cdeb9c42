"""Counts of answers that can be added: the row of a roll-up as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from predictions.models.rollup import Rollup
from predictions.monitoring.rollups.layout import LATENCY_BINS, LATENCY_LOW, LATENCY_STEP, Bins, Layout

Counts = NDArray[np.int64]
STORED = np.dtype("<u4")  # counts: pages read some of them by their place
FLOATS = np.dtype("<f8")  # sums
# The others hold hundreds of places, most of them small or empty: they begin with the bytes that each number takes.
WIDTHS = {size: np.dtype(f"<u{size}") for size in (1, 2, 4, 8)}
ARRAYS = ("counts", "sums", "scores", "bins", "latency")


@dataclass
class Tally:
    """What was counted of some answers of one version.

    `counts`: Layout.count_names. `sums`: Layout.sum_names, over the answers whose outcome is known. `scores`, of shape
    (3, Layout.score_bins): all answers by score, those whose outcome is known, and of these the ones that came true (two
    classes: the positive one happened; several: the answer was right). `bins`: the fields', one after the other.
    `latency`: calls by how long the runtime took.
    """

    layout: Layout
    counts: Counts
    sums: NDArray[np.float64]
    scores: Counts
    bins: Counts
    latency: Counts

    @classmethod
    def empty(cls, layout: Layout) -> Self:
        return cls(
            layout,
            np.zeros(len(layout.count_names), np.int64),
            np.zeros(len(layout.sum_names)),
            np.zeros((3, layout.score_bins), np.int64),
            np.zeros(layout.bins, np.int64),
            np.zeros(LATENCY_BINS, np.int64),
        )

    @classmethod
    def stored(cls, layout: Layout, row: Rollup | Mapping[str, bytes]) -> Self:
        """From the columns of a roll-up."""
        raw = row if isinstance(row, Mapping) else {name: getattr(row, name) for name in ARRAYS}
        whole: dict[str, Counts] = {name: array(name, raw[name]).astype(np.int64) for name in ARRAYS if name != "sums"}
        whole["scores"] = whole["scores"].reshape(3, layout.score_bins)
        return cls(layout, sums=array("sums", raw["sums"]).copy(), **whole)

    @classmethod
    def of_columns(cls, layout: Layout, counts: Sequence[bytes], sums: Sequence[bytes]) -> Self:
        """The counts and sums of many roll-ups, added up; the histograms stay empty."""
        made = cls.empty(layout)
        made.counts += np.frombuffer(b"".join(counts), STORED).reshape(len(counts), -1).sum(axis=0, dtype=np.int64)
        made.sums += np.frombuffer(b"".join(sums), FLOATS).reshape(len(sums), -1).sum(axis=0)
        return made

    def columns(self) -> dict[str, bytes]:
        """As they are stored."""
        return {name: column(name, getattr(self, name)) for name in ARRAYS}

    def add(self, other: "Tally") -> None:
        """Add another one of the same layout."""
        for name in ARRAYS:
            mine = getattr(self, name)
            mine += getattr(other, name)

    def __getitem__(self, name: str) -> int:
        """One of the counts, by its name."""
        return int(self.counts[self.layout.count_names[name]])

    def sum(self, name: str) -> float:
        """One of the sums, by its name."""
        return float(self.sums[self.layout.sum_names.index(name)])

    def of(self, bins: Bins) -> Counts:
        """The counts in the bins of one field, or of the score."""
        found: Counts = self.bins[bins.start : bins.start + bins.size]
        return found

    @property
    def labels(self) -> dict[str, int]:
        """Answers by class."""
        return {one: self[f"label:{one}"] for one in self.layout.classes}

    @property
    def confusion(self) -> dict[tuple[str, str], int]:
        """Cases whose outcome is known, by (answer, actual outcome)."""
        classes = self.layout.classes
        return {(one, other): self[f"actual:{one}:{other}"] for one in classes for other in classes}


def added(tallies: Sequence[Tally]) -> Tally:
    """The sum of tallies of one layout, at least one."""
    total = Tally.empty(tallies[0].layout)
    for one in tallies:
        total.add(one)
    return total


def array(name: str, stored: bytes | memoryview) -> NDArray[Any]:
    """One of ARRAYS, flat, from its column of a roll-up."""
    if name in {"counts", "sums"}:
        return np.frombuffer(stored, FLOATS if name == "sums" else STORED)
    return np.frombuffer(stored, WIDTHS[stored[0]], offset=1)


def column(name: str, numbers: NDArray[Any]) -> bytes:
    """One of ARRAYS as it is stored."""
    if name in {"counts", "sums"}:
        return numbers.astype(FLOATS if name == "sums" else STORED).tobytes()
    most = int(numbers.max(initial=0))
    size = next(size for size in WIDTHS if most < 256**size)
    return bytes([size]) + numbers.astype(WIDTHS[size]).tobytes()


def latency_bin(seconds: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin of each duration."""
    with np.errstate(divide="ignore"):
        places = np.floor(np.log(seconds / LATENCY_LOW) / np.log(LATENCY_STEP))
    found: NDArray[np.intp] = np.clip(np.nan_to_num(places, neginf=0), 0, LATENCY_BINS - 1).astype(np.intp)
    return found


def latency_quantile(latency: Counts, share: float) -> float | None:
    """The duration in seconds that so great a share of calls stayed within: right to a tenth. None without calls."""
    total = int(latency.sum())
    if total == 0:
        return None
    place = int(np.searchsorted(np.cumsum(latency), share * total, side="left"))
    return float(LATENCY_LOW * LATENCY_STEP ** (place + 0.5))
