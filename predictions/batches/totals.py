"""What the answers of a whole file add up to, from what was kept of each chunk. Pure; see summaries.py."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from predictions.batches.summaries import BINS


@dataclass
class Totals:
    """`labels`: how often each was answered; `scores`: counts per twentieth. Of values: the ends and the sum."""

    answered: int = 0
    warned: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    scores: list[int] = field(default_factory=lambda: [0] * BINS)
    low: float | None = None
    high: float | None = None
    sum: float = 0.0

    @property
    def mean(self) -> float | None:
        """None of labels, and of nothing."""
        return self.sum / self.answered if self.low is not None and self.answered else None

    def add(self, answered: int, summary: Mapping[str, Any]) -> None:
        """Take in a chunk."""
        self.answered += answered
        self.warned += summary.get("warned", 0)
        self.labels.update(summary.get("labels", {}))
        self.scores = [one + more for one, more in zip(self.scores, summary.get("scores", [0] * BINS), strict=True)]
        if values := summary.get("values"):
            self.low = values["low"] if self.low is None else min(self.low, values["low"])
            self.high = values["high"] if self.high is None else max(self.high, values["high"])
            self.sum += values["sum"]


def totals(chunks: Iterable[tuple[int, Mapping[str, Any]]]) -> Totals:
    """Of (rows answered, summary) of each chunk that is done."""
    found = Totals()
    for answered, summary in chunks:
        found.add(answered, summary)
    return found
