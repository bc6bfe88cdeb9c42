"""The pictures of two answers on one scale: their scores, and what moved each of them. Texts for SVG attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from predictions.presenters import RecordPage, shown_output, shown_value
from predictions.presenters.values import threshold_of
from registry import charts
from registry.texts import percentage, points, svg_percent

FACTORS = 8
MARGIN = 0.15  # of the distance of two values, above and below them


@dataclass(frozen=True)
class Slope:
    """A line from the first score to the second; heights in percent from the top."""

    first: str
    second: str
    first_y: str
    second_y: str
    difference: str
    threshold: str = ""
    threshold_y: str = ""


def slope(first: RecordPage, second: RecordPage) -> Slope:
    """Of two answers whose scores mean the same."""
    one, other = first.prediction.score, second.prediction.score
    if first.signature.is_regression:
        room = MARGIN * abs(one - other) or max(abs(one), 1.0) * MARGIN
        low, high = min(one, other) - room, max(one, other) + room
        gap = other - one
        sign = "+" if gap > 0 else "−" if gap < 0 else "±"
        shown, none = (shown_output(first.signature, each) for each in (abs(gap), 0.0))
        difference = _("no difference") if shown == none else f"{sign}{shown}"
        texts = [shown_output(page.signature, page.prediction.score) for page in (first, second)]
        return Slope(texts[0], texts[1], _height(one, low, high), _height(other, low, high), difference)
    gap = 100 * (other - one)
    lines = {threshold_of(page.prediction) for page in (first, second)} if first.is_binary else set()
    line = lines.pop() if len(lines) == 1 else None
    return Slope(
        percentage(100 * one),
        percentage(100 * other),
        _height(one, 0, 1),
        _height(other, 0, 1),
        points(gap) if round(gap, 1) else _("no difference"),
        "" if line is None else percentage(100 * line),
        "" if line is None else _height(line, 0, 1),
    )


def _height(value: float, low: float, high: float) -> str:
    share = (value - low) / ((high - low) or 1)
    return svg_percent(100 - 100 * min(max(share, 0.0), 1.0))


@dataclass(frozen=True)
class FactorOf:
    """How one field moved the score of one answer; no bar where its explanation does not name it."""

    value: str
    amount: str
    bar: charts.TwoSidedBar | None
    raises: bool


@dataclass(frozen=True)
class PairedFactor:
    """One field in both explanations."""

    title: str
    first: FactorOf
    second: FactorOf


def paired(first: RecordPage, second: RecordPage, hidden: frozenset[str]) -> list[PairedFactor]:
    """The fields whose effects differ most, first; bars of both share one scale. What is hidden is not among them."""
    one, other = _contributions(first, hidden), _contributions(second, hidden)
    if not one or not other:
        return []
    largest = max(abs(each) for each in (*one.values(), *other.values())) or 1.0
    names = sorted({*one, *other}, key=lambda name: (-abs(one.get(name, 0.0) - other.get(name, 0.0)), name))
    titles = {feature.name: feature.title for page in (second, first) for feature in page.signature.features}
    return [
        PairedFactor(titles.get(name, name), _of(first, name, one, largest), _of(second, name, other, largest))
        for name in names[:FACTORS]
    ]


def _contributions(page: RecordPage, hidden: frozenset[str]) -> dict[str, float]:
    explanation: Mapping[str, Any] = page.prediction.explanation or {}
    found = explanation.get("contributions", ())
    return {item["field"]: float(item["contribution"]) for item in found if item["field"] not in hidden}


def _of(page: RecordPage, name: str, contributions: Mapping[str, float], largest: float) -> FactorOf:
    feature = next((each for each in page.signature.features if each.name == name), None)
    value = shown_value(feature, page.prediction.inputs.get(name)) if feature else "–"
    moved = contributions.get(name)
    if moved is None:
        return FactorOf(value, "–", None, raises=False)
    amount = points(100 * moved)
    if page.signature.is_regression:
        amount = f"{'+' if moved > 0 else '−'}{shown_output(page.signature, abs(moved))}"
    return FactorOf(value, amount, charts.two_sided(100 * abs(moved) / largest, raises=moved > 0), moved > 0)
