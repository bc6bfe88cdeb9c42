"""From scores to the answer a person reads: one rule for every runtime."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.signature import Signature


def outputs(signature: Signature, scores: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Per row {label, score, probabilities, threshold} or {value, score}; scores: (rows, classes) or (rows, 1).

    Two classes: round(score, 6) >= threshold, or > 0.5 when the manifest has none: two runtimes may differ in the
    last digits of a vote of exactly one half. Several classes: the largest score.
    """
    if signature.is_regression:
        return [{"value": value, "score": value} for (value,) in scores.tolist()]
    names = signature.class_names
    rows: list[list[float]] = scores.tolist()
    if len(names) == 2:
        return [_binary(signature, names, row) for row in rows]
    winners = np.argmax(scores, axis=1).tolist()
    return [_answer(names, row, winner, winner) for row, winner in zip(rows, winners, strict=True)]


def _answer(names: list[str], row: list[float], winner: int, scored: int) -> dict[str, Any]:
    return {"label": names[winner], "score": row[scored], "probabilities": dict(zip(names, row, strict=True))}


def _binary(signature: Signature, names: list[str], row: list[float]) -> dict[str, Any]:
    positive, threshold = signature.positive, signature.threshold
    score = round(row[positive], 6)
    above = score > 0.5 if threshold is None else score >= threshold
    answer = _answer(names, row, positive if above else 1 - positive, positive)
    return answer | {"threshold": 0.5 if threshold is None else threshold}
