"""Is the converted model the same model? Both are asked the same rows; any miss, and the original serves.

"Checked on n rows", never "proved": with no miss in n rows, the share of differing rows is below 3/n with 95 %
confidence (rule of three).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from registry import labels
from registry.runtimes.base import Columns, Runtime
from registry.signature import Feature, Signature

TOLERANCE = 1e-5
CHUNK = 5_000
SEED = 20_000
UNKNOWN = "\u2203 never seen"


def rows(
    signature: Signature,
    *,
    background: Columns | None,
    golden: Columns | None,
    edges: Mapping[str, Sequence[float]],
    generated: int | None = None,
) -> tuple[Columns, int]:
    """Background and golden rows, and COMPARISON_ROWS (or `generated`) more; their columns and their number.

    Half of the generated rows draw every feature by itself; the others change a few features of a known row, which
    is where real questions lie. `edges`: feature -> values on both sides of the thresholds of its trees.
    """
    rng = np.random.default_rng(SEED)
    known = [columns for columns in (background, golden) if columns is not None]
    count = generated or settings.COMPARISON_ROWS
    parts: list[Columns]
    if signature.image is not None:
        parts = [*known, {"image": _pictures(signature, count, rng)}]
    else:
        free = {f.name: _column(f, count, edges.get(f.name, ()), rng) for f in signature.features}
        for feature in signature.features:
            if feature.nullable:  # in one row of a hundred nothing is said that need not be
                free[feature.name][: count // 100] = None
        if known:
            _stay_near(free, known, count, rng)
        parts = [*known, free]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return columns, len(next(iter(columns.values())))


def _column(feature: Feature, count: int, edges: Sequence[float], rng: np.random.Generator) -> NDArray[Any]:
    values = _values(feature, count, edges, rng)
    if feature.nullable:
        missing = rng.random(count) < 0.05
        values = values.astype(object)
        values[missing] = None
    return values.astype(feature.array_dtype)


def _values(feature: Feature, count: int, edges: Sequence[float], rng: np.random.Generator) -> NDArray[Any]:
    if feature.dtype == "category":
        values = [*feature.values, *_unknown(feature)]
        return np.array(values, dtype=object)[rng.integers(0, len(values), count)]
    if feature.kind == "boolean":
        return rng.random(count) < 0.5
    if feature.kind == "string":
        return np.array([UNKNOWN, "a", "b", "A longer text"], dtype=object)[rng.integers(0, 4, count)]
    return _numbers(feature, count, edges, rng)


def _unknown(feature: Feature) -> list[Any]:
    """Categories that nobody named, some of them next to one that is known."""
    if not feature.allow_unknown or feature.kind == "boolean":
        return []
    near = [feature.values[0].swapcase()] if feature.kind == "string" else [min(feature.values) - 1]
    found = [UNKNOWN if feature.kind == "string" else max(feature.values) + 1, *near]
    return [each for each in found if each not in feature.values]


def _numbers(feature: Feature, count: int, edges: Sequence[float], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform over the seen range and a tenth beyond it; some at its ends or zero; where trees split, three in ten there.

    Never outside the bounds.
    """
    low, high = _range(feature, edges)
    margin = 0.1 * (high - low) or 1.0
    bounds = (_or(feature.min, -np.inf), _or(feature.max, np.inf))
    values = rng.uniform(low - margin, high + margin, count)
    ends = np.array([low, high, np.nextafter(low, -np.inf), np.nextafter(high, np.inf)])
    if low - margin <= 0 <= high + margin:
        ends = np.append(ends, [0.0, -0.0])
    at_end = rng.random(count) < 0.03
    values[at_end] = rng.choice(ends, int(at_end.sum()))
    if len(edges):
        at_edge = rng.random(count) < 0.3
        # each in turn: drawn at random, a third of them would not come up in as many rows
        values[at_edge] = np.resize(rng.permutation(np.asarray(edges, dtype=np.float64)), int(at_edge.sum()))
    values = np.clip(values, *bounds)
    return np.clip(np.round(values), *bounds) if feature.kind == "integer" else values


def _range(feature: Feature, edges: Sequence[float]) -> tuple[float, float]:
    """Where the model was trained; else its bounds, where its trees split, or 20 wide around what is known."""
    if feature.train_range is not None:
        return feature.train_range
    low, high = feature.min, feature.max
    if len(edges):
        low = _or(low, min(edges))
        high = _or(high, max(edges))
    if low is None:
        high = _or(high, 10.0)
        return high - 20.0, high
    return float(low), _or(high, low + 20.0)


def _or(value: float | None, other: float) -> float:
    return other if value is None else float(value)


def _stay_near(free: Columns, known: list[Columns], count: int, rng: np.random.Generator) -> None:
    """In the second half, keep each generated value with probability 0.2 and take a known row's value otherwise."""
    half = count // 2
    size = sum(len(next(iter(columns.values()))) for columns in known)
    chosen = rng.integers(0, size, count - half)
    for name, column in free.items():
        source = np.concatenate([columns[name] for columns in known])
        keep = rng.random(count - half) < 0.2
        column[half:] = np.where(keep, column[half:], source[chosen])


def _pictures(signature: Signature, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise, flat grey and two-level pictures in the model's own layout and scale."""
    image = signature.image or {}
    shape = signature.picture_shape
    scale = float(image.get("scale", 1.0))
    count = min(count, 2_000_000_000 // (8 * int(np.prod(shape)) * 4))
    noise = rng.uniform(0.0, scale, (count, *shape))
    noise[::3] = np.where(noise[::3] > scale * rng.uniform(0.2, 0.8), scale, 0.0)
    noise[1::7] = rng.uniform(0.0, scale, (len(noise[1::7]), *([1] * len(shape))))
    return noise


def compare(
    signature: Signature, columns: Columns, count: int, *, original: Runtime, candidate: Runtime
) -> dict[str, Any]:
    """Scores within 1e-5 and equal labels, or a miss: {rows, misses, label_misses, largest_difference, bound}.

    A value of a regression may differ by 1e-5 of its size where that is more. Raises RuntimeFailed.
    """
    expected, found = original.predict(columns, count), _in_chunks(candidate, columns, count)
    if expected.shape != found.shape:
        return {"rows": count, "misses": count, "label_misses": count, "largest_difference": None, "bound": 1.0}
    difference = np.abs(expected - found).max(axis=1)
    tolerance = TOLERANCE * np.maximum(1.0, np.abs(expected[:, 0])) if signature.is_regression else TOLERANCE
    relabelled = np.array(
        [a != b for a, b in zip(_labels(signature, expected), _labels(signature, found), strict=True)]
    )
    misses = ~(difference <= tolerance) | relabelled
    largest = float(difference.max())
    return {
        "rows": count,
        "misses": int(misses.sum()),
        "label_misses": int(relabelled.sum()),
        "largest_difference": largest if np.isfinite(largest) else None,
        "tolerance": TOLERANCE,
        "bound": 3 / count,
    }


def _in_chunks(runtime: Runtime, columns: Columns, count: int) -> NDArray[np.float64]:
    parts = []
    for start in range(0, count, CHUNK):
        part = {name: array[start : start + CHUNK] for name, array in columns.items()}
        parts.append(runtime.predict(part, min(CHUNK, count - start)))
    return np.concatenate(parts)


def _labels(signature: Signature, scores: NDArray[np.float64]) -> list[Any]:
    return [None if signature.is_regression else answer["label"] for answer in labels.outputs(signature, scores)]
