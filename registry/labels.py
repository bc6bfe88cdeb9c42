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
        return [{"value": float(row[0]), "score": float(row[0])} for row in scores]
    return [_classification(signature, row) for row in scores]


def _classification(signature: Signature, row: NDArray[np.float64]) -> dict[str, Any]:
    names = signature.class_names
    winner = _binary(signature, row) if len(names) == 2 else int(np.argmax(row))
    scored = signature.positive if len(names) == 2 else winner
    answer: dict[str, Any] = {
        "label": names[winner],
        "score": float(row[scored]),
        "probabilities": dict(zip(names, (float(value) for value in row), strict=True)),
    }
    if len(names) == 2:
        answer["threshold"] = 0.5 if signature.threshold is None else signature.threshold
    return answer


def _binary(signature: Signature, row: NDArray[np.float64]) -> int:
    score = round(float(row[signature.positive]), 6)
    above = score > 0.5 if signature.threshold is None else score >= signature.threshold
    return signature.positive if above else 1 - signature.positive
