"""How the score about one case went over time, with the versions that answered as bands. Texts for SVG attributes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils.formats import date_format
from django.utils.timezone import localtime

from predictions.models import Prediction
from predictions.presenters import RecordPage, shown_output
from predictions.presenters.values import threshold_of
from registry.charts.ticks import tick
from registry.presenters import title_of
from registry.texts import percentage, svg_percent

MARGIN = 0.1  # of the range of values, above and below them
NARROWEST = 8.0  # percent of the width that the name of a version needs


@dataclass(frozen=True)
class Dot:
    """One answer: where it lies, and the same as texts."""

    x: str
    y: str
    when: str
    score: str
    version: int
    number: uuid.UUID


@dataclass(frozen=True)
class Band:
    """From where to where a version answered; `label` is empty where there is no room for it."""

    x: str
    width: str
    middle: str
    label: str
    is_odd: bool


@dataclass(frozen=True)
class Scores:
    """The answers of one model about one case."""

    title: str
    what: str
    dots: list[Dot]
    points: str
    bands: list[Band]
    low: str
    high: str
    first: str
    last: str
    threshold: str
    threshold_y: str


def scores(answers: Sequence[Prediction]) -> list[Scores]:
    """A picture for each model whose scores can be laid on one scale, of two answers at least; oldest answer first."""
    by_model: dict[tuple[int, str], list[RecordPage]] = {}
    for answer in sorted(answers, key=lambda each: each.pk):
        page = RecordPage(answer)
        if page.is_binary or page.signature.is_regression:
            by_model.setdefault((page.model.pk, page.scored_class), []).append(page)
    return [_scores(pages) for pages in by_model.values() if len(pages) > 1]


def _scores(pages: Sequence[RecordPage]) -> Scores:
    is_value = pages[0].signature.is_regression
    low, high = _range([page.prediction.score for page in pages]) if is_value else (0.0, 1.0)
    begin, end = pages[0].prediction.created_at, pages[-1].prediction.created_at
    xs = [_share(page.prediction.created_at, begin, end, place / (len(pages) - 1)) for place, page in enumerate(pages)]
    ys = [100 - 100 * (page.prediction.score - low) / ((high - low) or 1) for page in pages]
    lines = {threshold_of(page.prediction) for page in pages} if not is_value else set()
    line = lines.pop() if len(lines) == 1 else None
    return Scores(
        title=title_of(pages[-1].version),
        what=pages[-1].scored_class,
        dots=[_dot(page, x, y) for page, x, y in zip(pages, xs, ys, strict=True)],
        points=" ".join(f"{x:.2f},{y:.2f}" for x, y in zip(xs, ys, strict=True)),
        bands=_bands(pages, xs),
        low=_shown(pages[0], low) if is_value else tick(low, percent=True),
        high=_shown(pages[0], high) if is_value else tick(high, percent=True),
        first=_day(begin),
        last=_day(end),
        threshold="" if line is None else percentage(100 * line),
        threshold_y="" if line is None else svg_percent(100 - 100 * line),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    room = MARGIN * (max(values) - min(values)) or MARGIN * max(abs(values[0]), 1.0)
    return min(values) - room, max(values) + room


def _share(moment: datetime, begin: datetime, end: datetime, otherwise: float) -> float:
    """Percent of the way; answers of one moment stand side by side."""
    span = (end - begin).total_seconds()
    return 100 * ((moment - begin).total_seconds() / span if span > 0 else otherwise)


def _shown(page: RecordPage, value: float) -> str:
    return shown_output(page.signature, value) if page.signature.is_regression else percentage(100 * value)


def _day(moment: datetime) -> str:
    return str(date_format(localtime(moment), "j N Y"))


def _dot(page: RecordPage, x: float, y: float) -> Dot:
    answer = page.prediction
    when = str(date_format(localtime(answer.created_at), "j N Y, H:i"))
    shown = _shown(page, answer.score)
    return Dot(svg_percent(x), svg_percent(y), when, shown, page.version.number, answer.pk)


def _bands(pages: Sequence[RecordPage], xs: Sequence[float]) -> list[Band]:
    """A version's band goes on until another one answers."""
    begins = [0, *(place for place in range(1, len(pages)) if pages[place].version.pk != pages[place - 1].version.pk)]
    edges = [*(xs[place] if place else 0.0 for place in begins), 100.0]
    return [
        Band(
            x=svg_percent(left),
            width=svg_percent(right - left),
            middle=svg_percent((left + right) / 2),
            label=f"v{pages[begin].version.number}" if right - left >= NARROWEST else "",
            is_odd=bool(index % 2),
        )
        for index, (begin, (left, right)) in enumerate(zip(begins, pairwise(edges), strict=True))
    ]
