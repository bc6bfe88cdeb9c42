"""The fast runtime: a graph that the import compared with its original, executed by onnxruntime in this process."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.runtimes.base import Columns, RuntimeFailed

# onnxruntime holds a telemetry client that reads this when it is first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

ARRAY_TYPES = {"f8": np.float64, "f4": np.float32, "i8": np.int64, "b1": np.bool_, "o": np.object_}


class OnnxRuntime:
    """One session with one thread; sessions may be run from several threads at once.

    `inputs`: feature -> {"name": graph input, "t": f8|f4|i8|b1|o}; `scores`: the graph's output of scores.
    """

    name = "onnx"

    def __init__(self, graph: bytes, *, inputs: Mapping[str, Mapping[str, str]], scores: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own classes, which derive from Exception alone
            raise RuntimeFailed("onnxruntime refuses the graph.", kind="load") from error
        self._inputs = inputs
        self._scores = scores

    def predict(self, columns: Columns, rows: int) -> NDArray[np.float64]:
        """Scores of shape (rows, classes) or (rows, 1). Raises RuntimeFailed."""
        feeds = {spec["name"]: _feed(columns[name], spec["t"], rows) for name, spec in self._inputs.items()}
        try:
            scores = self._session.run([self._scores], feeds)[0]
        except Exception as error:  # as above
            raise RuntimeFailed("onnxruntime could not run the graph on this input.", kind="model") from error
        return checked(np.asarray(scores, dtype=np.float64).reshape(rows, -1))

    def close(self) -> None:
        """Nothing to give back but memory."""


def _feed(column: NDArray[Any], kind: str, rows: int) -> NDArray[Any]:
    if kind == "o":
        column = np.array(["" if value is None else value for value in column], dtype=object)
    array: NDArray[Any] = column.astype(ARRAY_TYPES[kind], copy=False)
    return array.reshape(rows, 1) if array.ndim == 1 else array


def checked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores, if every one is a number. Raises RuntimeFailed."""
    if not np.isfinite(scores).all():
        raise RuntimeFailed("The model answered something that is not a number.", kind="answer")
    return scores
