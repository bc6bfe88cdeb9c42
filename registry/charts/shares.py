"""A hundred squares in groups: what became of 100 answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from registry.charts.hundred import SIDE, STEP, of_hundred, said
from registry.texts import figure, percentage

ShareTone = Literal["same", "up", "down", "other"]
ROW = 20
WIDTH = ROW * STEP - STEP + SIDE

# Within a square of eight.
SIGNS: dict[ShareTone, str] = {"same": "", "up": "m2 6 2-4 2 4z", "down": "m2 2 2 4 2-4z", "other": "m2 4 2-2 2 2-2 2z"}
SQUARE = f"h{SIDE}v{SIDE}h-{SIDE}z"


@dataclass(frozen=True)
class Part:
    """A group of cases."""

    title: str
    count: int
    tone: ShareTone


@dataclass(frozen=True)
class Share:
    """A group as it is drawn: squares and the signs in them, and the words for it."""

    title: str
    tone: ShareTone
    amount: str
    count: str
    percent: str
    squares: str
    signs: str
    sample: str


@dataclass(frozen=True)
class Shares:
    """The groups, as parts of 100; `height` and `width` are those of the drawing."""

    parts: list[Share]
    width: int
    height: int
    total: str
    summary: str


def shares(parts: Sequence[Part]) -> Shares:
    """The groups in the order they were given. The smallest that exists has a square, and is told as less than one."""
    counts = [max(part.count, 0) for part in parts]
    total = sum(counts)
    drawn, told = of_hundred(counts, least=1), of_hundred(counts)
    groups, start = [], 0
    for part, count, squares, number in zip(parts, counts, drawn, told, strict=True):
        places = [(STEP * (place % ROW), STEP * (place // ROW)) for place in range(start, start + squares)]
        start += squares
        groups.append(
            Share(
                title=part.title,
                tone=part.tone,
                amount=said(number, count, total),
                count=figure(count, grouped=True),
                percent=percentage(100 * count / (total or 1)),
                squares="".join(f"M{x} {y}{SQUARE}" for x, y in places),
                signs="".join(f"M{x} {y}{SIGNS[part.tone]}" for x, y in places if SIGNS[part.tone]),
                sample=f"M0 0{SIGNS[part.tone]}" if SIGNS[part.tone] else "",
            )
        )
    return Shares(
        groups, WIDTH, STEP * (100 // ROW) - STEP + SIDE, figure(total, grouped=True), _summary(groups, total)
    )


def _summary(groups: Sequence[Share], total: int) -> str:
    if not total:
        return _("Nothing to compare yet.")
    words = ", ".join(f"{group.amount} {group.title}" for group in groups)
    return _("Of 100: %(groups)s.") % {"groups": words}
