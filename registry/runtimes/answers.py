"""What a child answers, looked at before anybody believes it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from registry.runtimes.base import RuntimeFailed

Scores = NDArray[np.float64]


def checked(answer: Mapping[str, object], rows: int, outputs: int, *, distribution: bool) -> Scores:
    """The child's word is not taken for it: size, finite, distributions for classes. Raises RuntimeFailed."""
    data = answer.get("scores")
    if not isinstance(data, bytes) or answer.get("shape") != [rows, outputs] or len(data) != rows * outputs * 8:
        raise RuntimeFailed("The model's answer has not the size of its question.", kind="answer")
    scores = np.frombuffer(data, dtype=np.float64).reshape(rows, outputs)
    if not np.isfinite(scores).all():
        raise RuntimeFailed("The model answered something that is no number.", kind="answer")
    if distribution and not _is_distribution(scores):
        raise RuntimeFailed("The model's probabilities do not add up to one.", kind="answer")
    return scores


def _is_distribution(scores: Scores) -> bool:
    inside = bool(((scores >= -1e-9) & (scores <= 1 + 1e-9)).all())
    return inside and bool((np.abs(scores.sum(axis=1) - 1) < 1e-6).all())
