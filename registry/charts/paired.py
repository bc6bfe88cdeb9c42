"""Two bars a row: then and now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.bars import SMALLEST
from registry.charts.ticks import tick
from registry.texts import points, svg_percent


@dataclass(frozen=True)
class Pair:
    """Two shares from 0 to 1 of one thing."""

    title: str
    first: float
    second: float
    note: str = ""


@dataclass(frozen=True)
class TwoBars:
    """A row as it is drawn; a bar of nothing has no width."""

    title: str
    note: str
    first: str
    second: str
    first_width: str
    second_width: str
    difference: str


@dataclass(frozen=True)
class Paired:
    """Rows of two bars, all on one scale: the widest bar is as wide as the picture."""

    rows: list[TwoBars]
    first: str
    second: str
    summary: str


def paired(rows: Sequence[Pair], first: str, second: str) -> Paired:
    """The rows in the order they were given; `first` and `second` name the two bars ("training", "now")."""
    top = max((_share(share) for row in rows for share in (row.first, row.second)), default=0.0)
    return Paired([_drawn(row, top) for row in rows], first, second, _summary(rows, first, second))


def _share(share: float) -> float:
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _drawn(row: Pair, top: float) -> TwoBars:
    first, second = _share(row.first), _share(row.second)
    texts = tick(first, percent=True), tick(second, percent=True)
    difference = points(100 * (second - first))
    return TwoBars(row.title, row.note, *texts, _width(first, top), _width(second, top), difference)


def _width(share: float, top: float) -> str:
    return svg_percent(max(100 * share / top, SMALLEST)) if share > 0 else ""


def _summary(rows: Sequence[Pair], first: str, second: str) -> str:
    most = max(rows, key=lambda row: abs(_share(row.second) - _share(row.first)), default=None)
    if most is None:
        return _("Nothing to compare yet.")
    if _share(most.second) == _share(most.first):
        return _("No difference.")
    words = {"title": most.title, "first": first, "second": second}
    words |= {"before": tick(_share(most.first), percent=True), "after": tick(_share(most.second), percent=True)}
    return _("Largest difference: %(title)s, %(first)s %(before)s, %(second)s %(after)s.") % words
