"""The fast runtime: a graph that the import compared with its original, executed by onnxruntime in this process."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.runtimes.base import Columns, RuntimeFailed

# onnxruntime holds a telemetry client that reads this when it is first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

ARRAY_TYPES = {
    "f8": np.float64,
    "f4": np.float32,
    "i8": np.int64,
    "i4": np.int32,
    "u1": np.uint8,
    "b1": np.bool_,
    "o": np.object_,
}
Inputs = Mapping[str, Mapping[str, Any]]


class OnnxRuntime:
    """One session with one thread; sessions may be run from several threads at once.

    `inputs`: feature -> {"name": graph input, "t": a key of ARRAY_TYPES}, and "column": its place, where one input
    takes several features as a matrix, and "missing": the text that says "missing" to the graph, which nobody can
    enter ("" without one); `scores`: the graph's output of scores.
    """

    name = "onnx"

    def __init__(self, graph: bytes, *, inputs: Inputs, scores: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own classes, which derive from Exception alone
            raise RuntimeFailed("onnxruntime refuses the graph.", kind="load") from error
        self._inputs = {feature: spec for feature, spec in inputs.items() if "column" not in spec}
        self._matrices = _matrices(inputs)
        self._scores = scores

    def predict(self, columns: Columns, rows: int) -> NDArray[np.float64]:
        """Scores of shape (rows, classes) or (rows, 1). Raises RuntimeFailed."""
        (scores,) = self.outputs([self._scores], columns, rows)
        return checked(np.asarray(scores, dtype=np.float64).reshape(rows, -1))

    def outputs(self, names: list[str], columns: Columns, rows: int) -> list[Any]:
        """Some of the graph's own outputs, as they come. Raises RuntimeFailed."""
        try:
            feeds = {
                spec["name"]: _feed(columns[feature], spec["t"], rows, spec.get("missing", ""))
                for feature, spec in self._inputs.items()
            }
            feeds |= {name: _matrix(columns, kind, features, rows) for name, kind, features in self._matrices}
            found: list[Any] = self._session.run(names, feeds)
        except Exception as error:  # as above
            raise RuntimeFailed("onnxruntime could not run the graph on this input.", kind="model") from error
        return found

    def close(self) -> None:
        """Nothing to give back but memory."""


def _matrices(inputs: Inputs) -> list[tuple[str, str, list[str]]]:
    """(graph input, type, its features from the first column to the last)."""
    placed = sorted(
        (spec["name"], spec["column"], spec["t"], name) for name, spec in inputs.items() if "column" in spec
    )
    kinds = {name: kind for name, _column, kind, _feature in placed}
    return [(name, kind, [each[3] for each in placed if each[0] == name]) for name, kind in kinds.items()]


def _matrix(columns: Columns, kind: str, features: list[str], rows: int) -> NDArray[Any]:
    matrix: NDArray[Any] = np.empty((rows, len(features)), dtype=ARRAY_TYPES[kind])
    for index, feature in enumerate(features):
        matrix[:, index] = columns[feature]  # turned into the matrix's type on the way
    return matrix


def _feed(column: NDArray[Any], kind: str, rows: int, missing: str = "") -> NDArray[Any]:
    if kind == "o":
        column = np.array([missing if value is None else value for value in column], dtype=object)
    array: NDArray[Any] = column.astype(ARRAY_TYPES[kind], copy=False)
    return array.reshape(rows, 1) if array.ndim == 1 else array


def checked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores, if every one is a number. Raises RuntimeFailed."""
    if not np.isfinite(scores).all():
        raise RuntimeFailed("The model answered something that is not a number.", kind="answer")
    return scores
