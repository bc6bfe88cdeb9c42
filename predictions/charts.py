"""The geometry of the pictures, as text for SVG attributes: a locale must never put a comma into them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions.texts import percentage, svg_percent

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
    below, above = threshold, 1 - threshold
    share = 0.5 + 0.5 * (score - threshold) / above if is_above and above else 0.5 * score / (below or 1)
    share = min(max(share, 0.5 if is_above else 0.0), 1.0 if is_above else 0.4999)
    here = min(int(share * 4), 3)
    words = [_("low"), _("moderate"), _("raised"), _("high")]
    steps = [Step(word, svg_percent(25 * index), index == here) for index, word in enumerate(words)]
    return Scale(steps, words[here], svg_percent(min(max(100 * share, 2), 98)), is_above)


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
