"""Bars, scales and squares: pictures of one row of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.texts import percentage, svg_percent

SMALLEST = 0.6  # percent; less cannot be seen


@dataclass(frozen=True)
class Bar:
    """A bar from the left."""

    title: str
    amount: str
    width: str
    is_strong: bool


def bar(title: str, percent: float, *, is_strong: bool = True) -> Bar:
    """A bar of 0 to 100."""
    return Bar(title, percentage(percent), svg_percent(max(percent, SMALLEST)), is_strong)


@dataclass(frozen=True)
class TwoSidedBar:
    """A bar from the middle line to one side."""

    x: str
    width: str


def two_sided(width: float, *, raises: bool) -> TwoSidedBar:
    """`width` in percent of one half."""
    half = max(width, SMALLEST) / 2
    return TwoSidedBar(x=svg_percent(50 if raises else 50 - half), width=svg_percent(half))


@dataclass(frozen=True)
class Step:
    """One of the words of a scale, and where its segment begins."""

    word: str
    x: str
    is_here: bool


@dataclass(frozen=True)
class Scale:
    """A score among four words; from `line` on the answer is the positive class."""

    steps: list[Step]
    word: str
    mark_x: str
    is_above: bool
    line: str = "50%"


def scale(score: float, threshold: float, *, is_above: bool) -> Scale:
    """Two equal steps below the threshold, two above; the mark lies inside its own step."""
    share = _share(score, threshold, is_above=is_above)
    here = step(score, threshold, is_above=is_above)
    words = [_("low"), _("moderate"), _("raised"), _("high")]
    steps = [Step(word, svg_percent(25 * index), index == here) for index, word in enumerate(words)]
    return Scale(steps, words[here], svg_percent(min(max(100 * share, 2), 98)), is_above)


def step(score: float, threshold: float, *, is_above: bool) -> int:
    """Which of the four steps of such a scale a score is in, from 0: for files, where nothing is drawn."""
    return min(int(_share(score, threshold, is_above=is_above) * 4), 3)


def _share(score: float, threshold: float, *, is_above: bool) -> float:
    below, above = threshold, 1 - threshold
    share = 0.5 + 0.5 * (score - threshold) / above if is_above and above else 0.5 * score / (below or 1)
    return min(max(share, 0.5 if is_above else 0.0), 1.0 if is_above else 0.4999)


@dataclass(frozen=True)
class Cell:
    """One square of a picture."""

    x: int
    y: int
    opacity: str


@dataclass(frozen=True)
class Drawing:
    """A small grey picture as squares."""

    width: int
    height: int
    cells: list[Cell]


def drawing(rows: list[list[float]]) -> Drawing:
    """Squares that are not blank, from rows of darkness between 0 and 1."""
    cells = [
        Cell(x, y, f"{min(max(value, 0), 1):.3f}")
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
        if value > 0.002
    ]
    return Drawing(len(rows[0]), len(rows), cells)


@dataclass(frozen=True)
class Interval:
    """A value between its bounds, on a line from 0 to 1."""

    x: str
    width: str
    mark_x: str


def interval(value: float, low: float, high: float) -> Interval | None:
    """Where a share and its confidence interval lie; None for what is no share."""
    if not 0 <= low <= value <= high <= 1:
        return None
    width = max(100 * (high - low), SMALLEST)
    return Interval(svg_percent(min(100 * low, 100 - width)), svg_percent(width), svg_percent(100 * value))


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which one thing held; `label` is empty where there is no room for it."""

    x: str
    width: str
    middle: str
    label: str
    kind: str


def ribbon(stretches: Sequence[tuple[float, str, str]]) -> list[Segment]:
    """Segments from left to right, of (length, label, kind); even the shortest can be seen."""
    if not stretches:
        return []
    total = sum(length for length, _label, _kind in stretches) or 1
    shares = [max(100 * length / total, 100 / (20 * len(stretches))) for length, _label, _kind in stretches]
    found, x = [], 0.0
    for share, (_length, label, kind) in zip(shares, stretches, strict=True):
        width = 100 * share / sum(shares)
        middle = svg_percent(x + width / 2)
        found.append(Segment(svg_percent(x), svg_percent(width), middle, label if width > 7 else "", kind))
        x += width
    return found
