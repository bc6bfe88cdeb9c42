"""A hundred small people, so many of them filled in: a share that can be counted."""

from dataclasses import dataclass

from registry.texts import figure

ROW = 10
SIZE = 20  # of a square of the drawing


@dataclass(frozen=True)
class Icon:
    """One person at its place in the drawing."""

    x: int
    y: int
    is_filled: bool


@dataclass(frozen=True)
class Icons:
    """People in rows of ten, the filled ones first and together: scattered ones look like more than they are."""

    icons: list[Icon]
    width: int
    height: int
    count: str
    others: str
    total: str


def icons(count: int, total: int = 100) -> Icons:
    """`count` of `total` people filled in."""
    filled = min(max(count, 0), total)
    places = [Icon(SIZE * (index % ROW), SIZE * (index // ROW), index < filled) for index in range(total)]
    height = SIZE * -(-total // ROW)
    return Icons(places, SIZE * min(total, ROW), height, figure(filled), figure(total - filled), figure(total))
