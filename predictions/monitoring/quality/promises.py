"""How right answers are against what is to be expected: of the tests in the manifest, and of the time before. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictions.monitoring.quality import intervals, offline, rightness
from predictions.monitoring.quality.intervals import Interval
from predictions.monitoring.quality.offline import LESS_IS_BETTER, Promise
from predictions.monitoring.quality.rightness import KNOWN, Measure
from predictions.monitoring.rollups.reading import Slice
from predictions.monitoring.rollups.tally import Tally

# One measure is held against the tests, the first of these that both have: of many, one would be worse by chance.
HELD = ("accuracy", "mae", "roc_auc", "balanced_accuracy", "f1_macro", "rmse", "brier", "recall")
LATE = 0.25  # of the outcomes, the newest


@dataclass(frozen=True)
class Kind:
    """The plainest measure of a kind of model. `counted`: figures that add up, the number of outcomes last.

    `value`: of those figures, the measure and its interval.
    """

    name: str
    counted: Callable[[Tally], tuple[float, ...]]
    value: Callable[..., tuple[float, Interval]]

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return -1 if self.name in {*LESS_IS_BETTER, "override"} else 1


def _came_true(tally: Tally) -> tuple[float, ...]:
    return sum(tally[f"actual:{one}:{one}"] for one in tally.layout.classes), tally["outcomes"]


def _share(right: float, known: float) -> tuple[float, Interval]:
    return right / known, intervals.wilson(right, known)


def _errors(tally: Tally) -> tuple[float, ...]:
    return tally.sum("absolute"), tally.sum("squared"), tally["outcomes"]


def _error(absolute: float, squared: float, known: float) -> tuple[float, Interval]:
    mean = absolute / known
    return mean, intervals.of_size(mean, (squared / known - mean * mean) / max(known - 1, 1), int(known))


def _against(tally: Tally) -> tuple[float, ...]:
    return tally["disagree"], tally["agree"] + tally["disagree"]


ACCURACY = Kind("accuracy", _came_true, _share)
ERROR = Kind("mae", _errors, _error)
OVERRIDE = Kind("override", _against, _share)  # the same share and interval, of decisions


@dataclass(frozen=True)
class Held:
    """A live measure beside that of the tests. `worse`: how much worse it is; 0 where that may be chance."""

    name: str
    value: float
    promised: float
    worse: float


def held(slices: Sequence[Slice]) -> Held | None:
    """The newest version with enough outcomes against its tests; None where there is nothing to hold it against."""
    for one in reversed(slices):
        live = {
            found.name: found for found in rightness.measures(one.tally) if found.value is not None and not found.about
        }
        if live:
            told = offline.promises(one.version)
            return next((_held(live[name], told[name]) for name in HELD if name in live and name in told), None)
    return None


def _held(measure: Measure, promise: Promise) -> Held:
    value = measure.value or 0.0
    is_worse = offline.verdict(measure, promise) == "worse"
    return Held(measure.name, value, promise.value, abs(value - promise.value) if is_worse else 0.0)


@dataclass(frozen=True)
class Late:
    """The newest outcomes, from the stretch `start` on, against those before: each with its interval.

    `worse`: how much worse they are; 0 where that may be chance.
    """

    start: int
    late: tuple[float, Interval]
    early: tuple[float, Interval]
    worse: float


def lately(kind: Kind, sums: NDArray[np.float64]) -> Late | None:
    """The last quarter of the outcomes against the rest; None with too few. `sums`: kind.counted by stretch of time."""
    cases = sums[:, -1]
    behind = np.cumsum(cases[::-1])[::-1]  # from each stretch to the end
    enough = np.flatnonzero(behind >= max(LATE * cases.sum(), KNOWN))
    start = int(enough[-1]) if len(enough) else 0
    early, late = sums[:start].sum(axis=0), sums[start:].sum(axis=0)
    if min(early[-1] if start else 0, late[-1]) < KNOWN:
        return None
    (q, before), (p, after) = kind.value(*early.tolist()), kind.value(*late.tolist())
    change, least = _difference(kind.sign, (p, after), (q, before))
    return Late(start, (p, after), (q, before), change if least > 0 else 0.0)


def _difference(sign: int, late: tuple[float, Interval], early: tuple[float, Interval]) -> tuple[float, float]:
    """By how much the late one is worse, and the lower end of that: the square-and-add interval of Newcombe (1998)."""
    (p, (p_low, p_high)), (q, (q_low, q_high)) = late, early
    if sign > 0:
        return q - p, (q - p) - math.hypot(q - q_low, p_high - p)
    return p - q, (p - q) - math.hypot(p - p_low, q_high - q)
