"""What would change an answer of two classes: one value moved, then two, among those that somebody can act on.

Pure: the model is asked through a function. What comes out says what the model would answer, not what would happen.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import labels
from registry.signature import Columns, Feature, Signature

STEPS = 10  # of a number, from the lowest to the highest value seen
MOST_CHANGES = 3
MOST_CURVES = 3
MOST_TRIED = 1000  # cases in all
MOST_PAIRED = 6  # fields
SMALLEST_GAIN = 0.01  # of the score; less is no change worth naming

Ask = Callable[[Columns, int], NDArray[np.float64]]


@dataclass(frozen=True)
class Case:
    """What was asked and answered: the cleaned columns of one row, its stored inputs, its score and its label.

    `sample`: rows that the model was trained on, for the range of numbers whose signature does not say it.
    """

    signature: Signature
    columns: Columns
    inputs: dict[str, Any]
    score: float
    label: str
    sample: Columns

    @cached_property
    def is_above(self) -> bool:
        """Whether the positive class was answered."""
        return self.label == self.signature.class_names[self.signature.positive]

    def gain(self, score: float) -> float:
        """How far another score lies toward the other answer."""
        return self.score - score if self.is_above else score - self.score


@dataclass(frozen=True)
class Move:
    """Another value of one field; `distance` in shares of what was seen."""

    field: str
    value: Any
    distance: float


@dataclass(frozen=True)
class Tried:
    """Moves made together, and what the model answered then."""

    moves: tuple[Move, ...]
    score: float
    label: str

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(move.field for move in self.moves)

    @property
    def size(self) -> tuple[int, float]:
        """Fewest fields first, then the shortest way."""
        return len(self.moves), round(sum(move.distance for move in self.moves), 9)

    def stored(self) -> dict[str, Any]:
        values = [{"field": move.field, "value": move.value} for move in self.moves]
        return {"set": values, "score": self.score, "label": self.label}


def levers(signature: Signature) -> list[Feature]:
    """The features that somebody can act on; never one that is marked as sensitive, and none but of two classes."""
    if len(signature.classes) != 2:
        return []
    return [feature for feature in signature.features if feature.actionable and not feature.sensitive]


def explore(case: Case, ask: Ask, most: int = MOST_TRIED) -> dict[str, Any]:
    """{"changes": [{"set", "score", "label"}], "curves": [{"field", "values", "scores", "low", "high"}]}.

    Changes: at most three, smallest first, that give the other answer; where none does, those that move the score
    most toward it, which keep the label. Curves: the score along the numbers that move it most. At most `most` cases
    are asked, in two calls. What `ask` raises is passed on.
    """
    singles = _asked(case, ask, [(move,) for move in _thinned(moves(case), most)])
    pairs = _asked(case, ask, _pairs(case, singles)[: max(min(most, MOST_TRIED) - len(singles), 0)])
    return {"changes": [each.stored() for each in _chosen(case, [*singles, *pairs])], "curves": _curves(case, singles)}


def moves(case: Case) -> list[Move]:
    """Every other value that is tried, field by field, inside what was seen and what may be entered."""
    found = []
    for feature in levers(case.signature):
        now = case.inputs.get(feature.name)
        found += [Move(feature.name, value, _distance(feature, now, value, case)) for value in _values(feature, case)]
    return [move for move in found if move.value != case.inputs.get(move.field)]


def _values(feature: Feature, case: Case) -> list[Any]:
    if feature.dtype == "category":
        return feature.values
    if feature.dtype == "boolean":
        return [False, True]
    low, high = _seen(feature, case.sample)
    return _steps(feature, low, high) if low < high else []


def _seen(feature: Feature, sample: Columns) -> tuple[float, float]:
    """The lowest and highest number seen, as far as it may be entered; for a text, nothing."""
    if feature.dtype not in {"number", "integer"}:
        return 0.0, 0.0
    low, high = feature.train_range or _range(sample.get(feature.name))
    return max(low, low if feature.min is None else feature.min), min(
        high, high if feature.max is None else feature.max
    )


def _range(column: NDArray[Any] | None) -> tuple[float, float]:
    known = [] if column is None else [float(value) for value in column.tolist() if value is not None]
    finite = [value for value in known if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 0.0)


def _steps(feature: Feature, low: float, high: float) -> list[float | int]:
    """Round numbers that a person would enter, at most 12 of them."""
    whole = feature.dtype == "integer"
    unit = feature.step or (1.0 if whole else 0.0)
    size = _round_up((high - low) / STEPS)
    if unit:
        size = math.ceil(max(size, unit) / unit - 1e-9) * unit
    base = feature.min if feature.step and feature.min is not None else 0.0
    if not (math.isfinite(size) and math.isfinite(low / size) and low + size > low):
        return []  # of numbers that large or that close, steps are none
    first = base + math.ceil((low - base) / size - 1e-9) * size
    values = [float(f"{first + index * size:.12g}") for index in range(STEPS + 2)]
    inside = [value for value in values if low <= value <= high]
    return [int(value) for value in inside if value.is_integer()] if whole else list(inside)


def _round_up(size: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    if not (math.isfinite(size) and size > 0):
        return math.inf
    tens = 10.0 ** math.floor(math.log10(size))
    return next((times * tens for times in (1, 2, 5) if times * tens >= size * (1 - 1e-9)), 10 * tens)


def _distance(feature: Feature, now: Any, value: Any, case: Case) -> float:
    if feature.dtype in {"number", "integer"} and now is not None:
        low, high = _seen(feature, case.sample)
        return float(abs(value - now) / (high - low))
    known = feature.values
    if feature.ordered and now in known and len(known) > 1:
        return abs(known.index(value) - known.index(now)) / (len(known) - 1)
    return 1.0


def _thinned(found: Sequence[Move], most: int) -> list[Move]:
    """All moves, or every second, third and so on: a slow model is asked fewer."""
    return list(found[:: max(math.ceil(len(found) / max(most, 1)), 1)])


def _asked(case: Case, ask: Ask, candidates: Sequence[tuple[Move, ...]]) -> list[Tried]:
    if not candidates:
        return []
    columns = {name: np.repeat(column[:1], len(candidates), axis=0) for name, column in case.columns.items()}
    for row, moved in enumerate(candidates):
        for move in moved:
            columns[move.field][row] = move.value
    scores = ask(columns, len(candidates))
    outputs = labels.outputs(case.signature, scores)
    return [Tried(moved, output["score"], output["label"]) for moved, output in zip(candidates, outputs, strict=True)]


def _pairs(case: Case, singles: Sequence[Tried]) -> list[tuple[Move, ...]]:
    """Two fields at once, each moved where it helps but not enough: the likeliest to be enough together come first."""
    helping = [each for each in singles if case.gain(each.score) > 0 and each.label == case.label]
    best: dict[str, float] = {}
    for each in helping:
        field = each.moves[0].field
        best[field] = max(best.get(field, 0.0), case.gain(each.score))
    fields = set(sorted(best, key=lambda field: -best[field])[:MOST_PAIRED])
    usable = [each for each in helping if each.moves[0].field in fields]
    threshold = 0.5 if case.signature.threshold is None else case.signature.threshold
    needed = case.gain(threshold)
    both = [(a, b) for a, b in itertools.combinations(usable, 2) if a.fields != b.fields]

    def order(pair: tuple[Tried, Tried]) -> tuple[bool, float]:
        gain = sum(case.gain(each.score) for each in pair)
        enough = gain >= needed
        return not enough, sum(each.moves[0].distance for each in pair) if enough else -gain

    return [(*a.moves, *b.moves) for a, b in sorted(both, key=order)]


def _chosen(case: Case, tried: Sequence[Tried]) -> list[Tried]:
    turning = sorted((each for each in tried if each.label != case.label), key=lambda each: each.size)
    if not turning:
        singles = [each for each in tried if len(each.moves) == 1 and case.gain(each.score) >= SMALLEST_GAIN]
        turning = sorted(singles, key=lambda each: (-round(case.gain(each.score), 9), each.size))
    first: dict[frozenset[str], Tried] = {}
    for each in turning:
        first.setdefault(each.fields, each)
    return list(first.values())[:MOST_CHANGES]


def _curves(case: Case, singles: Sequence[Tried]) -> list[dict[str, Any]]:
    found: list[tuple[float, dict[str, Any]]] = []
    for feature in levers(case.signature):
        points = [(each.moves[0].value, each.score) for each in singles if each.moves[0].field == feature.name]
        now = case.inputs.get(feature.name)
        if feature.dtype in {"number", "integer"} and len(points) > 1:
            points = sorted([*points, *([] if now is None else [(now, case.score)])])
            values, scores = [value for value, _score in points], [score for _value, score in points]
            low, high = _seen(feature, case.sample)
            curve = {"field": feature.name, "values": values, "scores": scores, "low": low, "high": high}
            found.append((max(scores) - min(scores), curve))
    moving = sorted((each for each in found if each[0] >= SMALLEST_GAIN), key=lambda each: -each[0])
    return [curve for _span, curve in moving[:MOST_CURVES]]
