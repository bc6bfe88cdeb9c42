"""A small convolutional network: as an ONNX graph written operator by operator, and once more in numpy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper

from examples.repository import Repository

IMAGE = {"width": 8, "height": 8, "mode": "L", "invert": "auto", "fit": "ink", "scale": 16, "layout": "nchw"}
CLASSES = [{"value": str(digit)} for digit in range(10)]
SHAPE = (-1, 1, 8, 8)
OPSET = 18
Change = Callable[[onnx.ModelProto], None]


class Convnet:
    """Conv, Relu, MaxPool, Conv, Relu, GlobalAveragePool, Flatten, Gemm, Softmax; the seed decides the weights."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        shapes = {"first": (4, 1, 3, 3), "second": (6, 4, 3, 3), "last": (6, 10)}
        self.weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        self.weights["bias"] = random.normal(size=10).astype(np.float32)

    def model(self) -> onnx.ModelProto:
        """The graph: `image` of the shape (rows, 1, 8, 8) from 0 to 16, `probabilities` of (rows, 10)."""
        nodes = [
            helper.make_node("Div", ["image", "ink"], ["scaled"]),
            helper.make_node("Conv", ["scaled", "first"], ["a"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Conv", ["c", "second"], ["d"]),
            helper.make_node("Relu", ["d"], ["e"]),
            helper.make_node("GlobalAveragePool", ["e"], ["f"]),
            helper.make_node("Flatten", ["f"], ["g"]),
            helper.make_node("Gemm", ["g", "last", "bias"], ["h"]),
            helper.make_node("Softmax", ["h"], ["probabilities"], axis=1),
        ]
        values = {"ink": np.array(16, np.float32), **self.weights}
        graph = helper.make_graph(
            nodes,
            "convnet",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["rows", 1, 8, 8])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 10])],
            [numpy_helper.from_array(value, name) for name, value in values.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """(rows, 10) in double precision, of pictures in any shape of 64 numbers each."""
        scaled = np.asarray(x, dtype=float).reshape(SHAPE) / 16
        first = np.maximum(_convolved(np.pad(scaled, [(0, 0), (0, 0), (1, 1), (1, 1)]), self.weights["first"]), 0)
        largest = first.reshape(len(first), 4, 4, 2, 4, 2).max(axis=(3, 5))
        means = np.maximum(_convolved(largest, self.weights["second"]), 0).mean(axis=(2, 3))
        scores = means @ self.weights["last"] + self.weights["bias"]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return found


def _convolved(x: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """(rows, filters, height - 2, width - 2)."""
    windows = sliding_window_view(x, (3, 3), axis=(2, 3))
    found: np.ndarray = np.einsum("nchwij,fcij->nfhw", windows, filters)
    return found


def write_convnet(folder: Path, change: Change = lambda model: None, **parts: Any) -> Path:
    """A repository of the network, without any pickle; `change` works on its graph, `parts` replace fields of it."""
    network = Convnet()
    pixels = np.random.default_rng(1).integers(0, 17, size=(40, 64))
    model = network.model()
    change(model)
    values: dict[str, Any] = {
        "estimator": network,
        "graph": model.SerializeToString(),
        "model": {"name": "convnet", "version": "1", "task": "image-classification"},
        "inputs": {"image": IMAGE},
        "outputs": {"classes": CLASSES},
        "x_train": pixels,
        "x_golden": pixels[:10].reshape(SHAPE),
        "test_set": pd.DataFrame({"outcome": ["0"]}),
        "provenance": {"data": "made up"},
        "packages": ("numpy", "onnx"),
    }
    Repository(**values | parts).write(folder)
    return folder
