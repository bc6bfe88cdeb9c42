"""skl2onnx's converter for SimpleImputer, replaced for numbers.

Its own uses ai.onnx.ml.Imputer, which onnxruntime has for single precision only, and fails on the indicator
columns of missing values. This one keeps the type of its input: where(is NaN, statistic, value),
then the indicators.
Importing the module registers it.
"""

from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxCast, OnnxConcat, OnnxGather, OnnxIdentity, OnnxIsNaN, OnnxWhere
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, guess_numpy_type
from skl2onnx.common.utils import check_input_and_output_numbers
from skl2onnx.proto import onnx_proto
from sklearn.impute import SimpleImputer


def _shape(operator: Any) -> None:
    check_input_and_output_numbers(operator, input_count_range=[1, None], output_count_range=1)
    kind = operator.inputs[0].type
    if not isinstance(kind, (DoubleTensorType, FloatTensorType)):
        raise NotImplementedError("SimpleImputer on texts: a text in ONNX is never missing")
    imputer = operator.raw_operator
    indicator = getattr(imputer, "indicator_", None)
    width = len(_kept(imputer)) + (0 if indicator is None else len(indicator.features_))
    operator.outputs[0].type = type(kind)([operator.inputs[0].get_first_dimension(), width])


def _kept(imputer: SimpleImputer) -> list[int]:
    """Columns that had a value in training; the others are dropped."""
    return [index for index, value in enumerate(imputer.statistics_) if not np.isnan(value)]


def _convert(scope: Any, operator: Any, container: Any) -> None:
    imputer = operator.raw_operator
    if not (isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)):
        raise NotImplementedError("SimpleImputer with missing_values other than NaN")
    kind = guess_numpy_type(operator.inputs[0].type)
    opset = container.target_opset
    joined = (
        OnnxConcat(*operator.inputs, axis=1, op_version=opset)
        if len(operator.inputs) > 1
        else OnnxIdentity(operator.inputs[0], op_version=opset)
    )
    missing = OnnxIsNaN(joined, op_version=opset)
    statistics = np.nan_to_num(np.asarray(imputer.statistics_, dtype=float)).astype(kind).reshape(1, -1)
    pieces = [_columns(OnnxWhere(missing, statistics, joined, op_version=opset), _kept(imputer), imputer, opset)]
    if getattr(imputer, "indicator_", None) is not None:
        element = onnx_proto.TensorProto.DOUBLE if kind == np.float64 else onnx_proto.TensorProto.FLOAT
        flags = OnnxCast(missing, to=element, op_version=opset)
        pieces.append(_columns(flags, [int(each) for each in imputer.indicator_.features_], imputer, opset))
    OnnxConcat(*pieces, axis=1, op_version=opset, output_names=operator.outputs[:1]).add_to(scope, container)


def _columns(node: Any, wanted: list[int], imputer: SimpleImputer, opset: int) -> Any:
    if wanted == list(range(len(imputer.statistics_))):
        return node
    return OnnxGather(node, np.array(wanted, dtype=np.int64), axis=1, op_version=opset)


update_registered_converter(SimpleImputer, "FuturisysSimpleImputer", _shape, _convert, overwrite=True)
