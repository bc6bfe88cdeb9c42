"""The sample of training rows that explanations start from."""

import csv
import io
import threading
from typing import Any

import numpy as np

from registry import artifacts
from registry.models import ModelVersion
from registry.runtimes.base import Columns
from registry.signature import InvalidInput, Signature, columns_of

FILE = "background.csv"
MAX_ROWS = 200

_lock = threading.Lock()
_samples: dict[int, Columns | None] = {}


def parse(content: bytes, signature: Signature) -> Columns:
    """Cleaned columns of a background.csv; rows beyond the first 200 are not read. Raises InvalidInput, ValueError.

    A picture is a row of its values, in the model's own layout and scale.
    """
    if signature.image is not None:
        lines = content.decode("utf-8-sig").splitlines()[1 : MAX_ROWS + 1]
        if not lines:
            raise ValueError(f"{FILE} holds no row.")
        values = np.array([line.split(",") for line in lines], dtype=np.float64)
        return {"image": values.reshape(len(lines), *signature.picture_shape)}
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    names = {feature.name for feature in signature.features}
    rows: list[dict[str, Any]] = []
    for line in reader:
        rows.append({name: value for name, value in line.items() if name in names})
        if len(rows) == MAX_ROWS:
            break
    if not rows:
        raise ValueError(f"{FILE} holds no row.")
    return signature.clean(columns_of(rows), len(rows)).columns


def of(version: ModelVersion) -> Columns | None:
    """The version's background sample, read once per process; None when it has none."""
    if version.pk not in _samples:
        content = artifacts.read(version, FILE)
        try:
            sample = parse(content, version.parsed_signature()) if content else None
        except (InvalidInput, ValueError):
            sample = None  # the import's report says so
        with _lock:
            _samples[version.pk] = sample
    return _samples[version.pk]


def forget() -> None:
    """Drop what this process remembers."""
    with _lock:
        _samples.clear()
