"""An ONNX graph being written: every number in it is a double, every text a string.

What flows from estimator to estimator is a `Table`: columns of numbers or of texts, each somewhere in a tensor of
(rows, width). A text column says "missing" by MISSING, a number column by NaN; a truth value is 0 or 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

OPSETS = (("", 18), ("ai.onnx.ml", 3))
IR_VERSION = 9
# Nobody can enter it: a text loses the blanks around it before a model sees it.
MISSING = "\n\ufdd0 missing\n"


class Unsupported(Exception):
    """What has no exact form in a graph, in one sentence."""


@dataclass(frozen=True)
class Column:
    """The place of a column: a tensor of so many columns, and its number there.

    `sparse`: it comes out of a sparse matrix, where XGBoost takes a zero for a missing value.
    """

    tensor: str
    index: int = 0
    width: int = 1
    text: bool = False
    sparse: bool = False


Table = list[Column]


def table_of(tensor: str, width: int, *, text: bool = False) -> Table:
    """All columns of a tensor."""
    return [Column(tensor, index, width, text) for index in range(width)]


class Graph:
    """Nodes and constants in the order in which they were asked for; the same request gives the same tensor."""

    def __init__(self) -> None:
        # written in place: a forest is a node of a hundred megabytes, which the usual way copies twice
        self._model = ModelProto(ir_version=IR_VERSION)
        self._model.graph.name = "model"
        for domain, version in OPSETS:
            self._model.opset_import.add(domain=domain, version=version)
        self._constants: dict[Any, str] = {}
        self._known: dict[Any, str] = {}

    def input(self, name: str, *, text: bool = False, width: int = 1) -> Table:
        """A graph input of (rows, width)."""
        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._model.graph.input.append(helper.make_tensor_value_info(name, kind, [None, width]))
        return table_of(name, width, text=text)

    def op(self, kind: str, *inputs: str, ml: bool = False, outputs: int = 1, **attributes: Any) -> str:
        """The (first) output of an operator; of several, the others are called the same with 1, 2, ... behind."""
        key = (kind, inputs, repr(sorted(attributes.items()))) if len(attributes) < 5 else None
        if key is not None and key in self._known:
            return self._known[key]
        name = f"t{len(self._model.graph.node)}"
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        domain = "ai.onnx.ml" if ml else ""
        node = self._model.graph.node.add(op_type=kind, input=inputs, output=names, name=name, domain=domain)
        for each, value in attributes.items():
            if isinstance(value, np.ndarray):
                _add(node, each, value)
            else:
                node.attribute.append(helper.make_attribute(each, value))
        if key is not None:
            self._known[key] = name
        return name

    def constant(self, values: Any, *, called: str = "c") -> str:
        """A tensor of the file: doubles, whole numbers, truth values or texts, as numpy has them."""
        array = np.asarray(values)
        if array.dtype.kind == "f":
            array = array.astype(np.float64)
        elif array.dtype.kind in "iu":
            array = array.astype(np.int64)
        elif array.dtype.kind in "UO":
            array = array.astype(object)
        content = repr(array.tolist()) if array.dtype == object else array.tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._constants:
            name = self._constants[key] = f"{called}{len(self._constants)}"
            self._model.graph.initializer.append(numpy_helper.from_array(array, name))
        return self._constants[key]

    def doubles(self, values: Any) -> str:
        """A constant of doubles."""
        return self.constant(np.asarray(values, dtype=np.float64))

    def cast(self, name: str, kind: int = TensorProto.DOUBLE) -> str:
        """To doubles, or to another type of TensorProto."""
        return self.op("Cast", name, to=kind)

    def whole(self, name: str) -> str:
        """To int64."""
        return self.cast(name, TensorProto.INT64)

    def matrix(self, table: Table) -> str:
        """All columns as one tensor of doubles. Raises Unsupported when one holds texts."""
        if any(column.text for column in table):
            raise Unsupported("A text reaches something that computes with numbers.")
        return self.together(table)

    def together(self, table: Table) -> str:
        """Columns of one kind as one tensor; neighbours in a tensor are taken out together."""
        runs: list[Table] = []
        for column in table:
            if runs and runs[-1][0].tensor == column.tensor:
                runs[-1].append(column)
            else:
                runs.append([column])
        return self.joined([self._taken(run) for run in runs])

    def joined(self, names: Sequence[str]) -> str:
        """Tensors side by side."""
        return names[0] if len(names) == 1 else self.op("Concat", *names, axis=1)

    def _taken(self, run: Table) -> str:
        wanted = [column.index for column in run]
        if wanted == list(range(run[0].width)):
            return run[0].tensor
        return self.op("Gather", run[0].tensor, self.constant(wanted), axis=1)

    def affine(self, name: str, weights: NDArray[Any], shift: Any = None, *, called: str = "c") -> str:
        """name @ weights + shift, weights of shape (width, outputs); `called`: how the file calls the weights."""
        product = self.op("MatMul", name, self.constant(np.asarray(weights, dtype=np.float64), called=called))
        return product if shift is None or not np.any(shift) else self.op("Add", product, self.doubles(shift))

    def total(self, name: str, *, axis: int = 1, keep: bool = True, kind: str = "ReduceSum") -> str:
        """A sum (or another reduction) along an axis."""
        return self.op(kind, name, self.constant([axis]), keepdims=int(keep))

    def sigmoid(self, name: str) -> str:
        """1 / (1 + exp(-x)); the operator of that name is less exact."""
        one = self.doubles([1.0])
        return self.op("Div", one, self.op("Add", one, self.op("Exp", self.op("Neg", name))))

    def softmax(self, name: str) -> str:
        """Along the second axis."""
        return self.op("Softmax", name, axis=1)

    def two(self, positive: str) -> str:
        """(rows, 1) of the second class's probability to (rows, 2)."""
        return self.joined([self.op("Sub", self.doubles([1.0]), positive), positive])

    def rows_of(self, row: NDArray[Any], like: str) -> str:
        """One constant row (1, width) for each row of another tensor."""
        rows = self.op("Gather", self.op("Shape", like), self.constant([0]))
        shape = self.op("Concat", rows, self.constant([row.shape[-1]]), axis=0)
        return self.op("Expand", self.doubles(np.reshape(row, (1, -1))), shape)

    def model(self, scores: str, width: int) -> ModelProto:
        """The finished graph with one output."""
        last = self.op("Identity", scores)
        self._model.graph.output.append(helper.make_tensor_value_info(last, TensorProto.DOUBLE, [None, width]))
        return self._model


def _add(node: Any, name: str, values: NDArray[Any]) -> None:
    """An attribute of many numbers or texts; onnx's own way looks at each of them several times."""
    attribute = node.attribute.add(name=name)
    if values.dtype.kind == "S":
        attribute.type = AttributeProto.STRINGS
        attribute.strings.extend(values.tolist())
    else:
        attribute.type = AttributeProto.INTS
        attribute.ints.extend(values.tolist())
