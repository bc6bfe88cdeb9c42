"""The axes of a picture over time: round numbers upwards, a few titles along the bottom."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from registry.texts import svg_percent

ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
ROOM = 22  # letters beside each other on a phone


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`; `ticks` are two or three numbers at equal distances, the lowest first."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def down(self, value: float) -> float:
        """Percent of the height from the top, never outside."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return 100 * (1 - min(max(share, 0.0), 1.0))


def axis(values: Sequence[float], bottom: float = 0.0, top: float | None = None) -> Axis:
    """An axis that has room for finite values. It begins at `bottom` unless a value is below; `top` is where it ends."""
    lowest, highest = min([bottom, *values]), max([bottom, *values])
    whole = all(float(value).is_integer() for value in [bottom, *values])
    if lowest < min(bottom, 0):
        return _around_zero(lowest, highest, whole=whole)
    low = bottom if lowest >= bottom else 0.0
    if top is not None and top > low:
        return Axis(low, top, (low, (low + top) / 2, top))
    step = round_up((highest - low) / 2, whole=whole)
    count = 1 if highest <= low + step else 2
    return Axis(low, low + count * step, tuple(_plain(low + index * step) for index in range(count + 1)))


def _around_zero(lowest: float, highest: float, *, whole: bool) -> Axis:
    if highest <= 0:
        step = round_up(-lowest / 2, whole=whole)
        return Axis(-2 * step, 0.0, (-2 * step, -step, 0.0))
    end = round_up(max(-lowest, highest), whole=whole)
    return Axis(-end, end, (-end, 0.0, end))


def round_up(value: float, *, whole: bool = False) -> float:
    """The next round number: 26 is 30. 1 for what is not positive."""
    if value <= 0:
        return 1.0
    power = math.floor(math.log10(value))
    steps = [_plain(digit * 10.0**exponent) for exponent in (power, power + 1) for digit in ROUND]
    return next(step for step in [*steps, value] if step >= value * (1 - 1e-9) and (step.is_integer() or not whole))


def _plain(value: float) -> float:
    return float(f"{value:.12g}")  # 3 times 0.1 is 0.3


@dataclass(frozen=True)
class Ends:
    """What stands along the bottom: all of up to three titles, else the first, one in the middle and the last.

    `is_long`: on a phone there is no room for the middle one.
    """

    few: list[str]
    first: str = ""
    middle: str = ""
    middle_x: str = ""
    last: str = ""
    is_long: bool = False


def ends(titles: Sequence[str]) -> Ends:
    """Titles of columns of equal width."""
    if len(titles) <= 3:
        return Ends(list(titles))
    half = len(titles) // 2
    first, middle, last = titles[0], titles[half], titles[-1]
    letters = len(first + middle + last) + (4 if len(titles) < 12 else 0)  # the middle one of few is not in the middle
    return Ends([], first, middle, svg_percent(100 * (half + 0.5) / len(titles)), last, letters > ROOM)
