"""Live calibration: what scores said, and how often it came true. Pure. See docs/quality.md."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from predictions.calibration import ENOUGH
from predictions.monitoring.quality.intervals import Interval, wilson
from predictions.monitoring.quality.measure import few
from predictions.monitoring.rollups.layout import SCORE_BINS
from predictions.monitoring.rollups.tally import Tally

STEPS = 10  # from 0 to 1
IN_STEP = 10  # outcomes, below which a step says nothing


@dataclass(frozen=True)
class Step:
    """Scores from `start` to `end` whose outcome is known: `n` of them, of which `came` came true.

    `said` is their mean, taken from the middles of a hundred bins: right to half a hundredth.
    """

    start: float
    end: float
    n: int
    came: int
    said: float

    @property
    def is_enough(self) -> bool:
        return self.n >= IN_STEP

    @property
    def seen(self) -> float:
        """How often it came true, where there are any."""
        return self.came / self.n

    @property
    def interval(self) -> Interval:
        return wilson(self.came, self.n)


@dataclass(frozen=True)
class Calibrated:
    """The steps that have outcomes, and how far said and seen are apart. `lack`: why that says nothing yet."""

    steps: tuple[Step, ...]

    @cached_property
    def n(self) -> int:
        return sum(one.n for one in self.steps)

    @property
    def lack(self) -> str:
        return few(self.n, needed=ENOUGH)

    @property
    def error(self) -> float:
        """The expected calibration error: the distance between said and seen, weighted by cases (Naeini, 2015)."""
        return sum(abs(one.said - one.seen) * one.n for one in self.steps) / self.n

    @property
    def by_chance(self) -> float:
        """The error to be expected of so many cases if every score were exactly right: it is never 0."""
        spread = math.sqrt(2 / math.pi)
        return sum(spread * math.sqrt(one.said * (1 - one.said) * one.n) for one in self.steps) / self.n


def of(tally: Tally) -> Calibrated:
    """What is known of the scores of a model of classes: of the positive one of two, else of the one answered."""
    known, came = tally.scores[1], tally.scores[2]
    wide = SCORE_BINS // STEPS
    middles = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
    steps = []
    for place in range(STEPS):
        here = slice(place * wide, (place + 1) * wide)
        n = int(known[here].sum())
        if n:
            said = float((known[here] * middles[here]).sum()) / n
            steps.append(Step(place / STEPS, (place + 1) / STEPS, n, int(came[here].sum()), said))
    return Calibrated(tuple(steps))
