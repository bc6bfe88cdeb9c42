"""What is kept of the answers of a chunk, so that nobody reads a million of them for a picture. Pure."""

from collections import Counter
from typing import Any

import numpy as np

from predictions.models.writing import Rows

BINS = 20  # of scores from 0 to 1


def summary(rows: Rows) -> dict[str, Any]:
    """{"labels": {label: count}, "scores": counts per twentieth, "warned": rows with a warning}.

    For values: {"values": {"low", "high", "sum"}, "warned"}.
    """
    found: dict[str, Any] = {"warned": sum(map(bool, rows.own.get("warnings", ())))}
    scores = np.asarray(rows.own["score"], dtype=np.float64)
    if "label" not in rows.own["outputs"][0]:
        return found | {"values": {"low": scores.min(), "high": scores.max(), "sum": scores.sum()}}
    counts, _edges = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    return found | {"labels": dict(Counter(rows.own["label"])), "scores": counts.tolist()}
