"""A pipeline with a part that our own writer does not know, by skl2onnx.

Inputs and preprocessing stay in double precision, with a cast to single before each ensemble of trees: all of it in
single was wrong by up to 0.23 on 69 of 20 000 rows of a scaler with gradient boosting.
"""

import copy
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from onnx import ModelProto, TensorProto
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from registry.importer.child import imputation  # noqa: F401  # registers a converter
from registry.importer.child.serving import Model

OPSET = {"": 18, "ai.onnx.ml": 3}
TREES = {
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
    "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
    "GradientBoostingClassifier", "GradientBoostingRegressor",
}  # fmt: skip
Inputs = list[tuple[str, Any]]
Payload = dict[str, Any]


def convert(model: Model, payload: Payload) -> Payload:
    """ONNX bytes, the graph's inputs by feature, and the name of its scores. Raises what the first attempt raised."""
    problems = []
    for number_type in (DoubleTensorType, FloatTensorType):
        try:
            return _attempt(model, payload, number_type)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # converters raise whatever they like
            problems.append(error)
    raise problems[0]


def _attempt(model: Model, payload: Payload, number_type: Any) -> Payload:
    inputs, described = _inputs(model, payload, number_type)
    pipeline = with_casts(_one_input(model, payload))
    last = pipeline[-1]
    options = {id(last): {"zipmap": False}} if model.scores == "probability" else None
    graph = convert_sklearn(pipeline, initial_types=inputs, target_opset=OPSET, options=options)
    graph = _scores_only(graph)
    _declare_output(graph)
    return {"onnx": graph.SerializeToString(), "inputs": described, "scores": graph.graph.output[0].name}


def _inputs(model: Model, payload: Payload, number_type: Any) -> tuple[Inputs, Payload]:
    """One tensor of one column a feature; one for all pixels of an image."""
    number = "f8" if number_type is DoubleTensorType else "f4"
    if "image" in payload:
        shape = [None, *payload["image"]]
        return [("image", number_type(shape))], {"image": {"name": "image", "t": number}}
    types = {each["name"]: each["t"] for each in payload["features"]}
    order = model.names or list(types)
    chosen = [(f"input_{index}", types[name] == "o") for index, name in enumerate(order)]
    if model.framed:  # columns are found by name
        chosen = [(name, text) for name, (_, text) in zip(order, chosen, strict=True)]
    inputs = [(name, (StringTensorType if text else number_type)([None, 1])) for name, text in chosen]
    described = {
        feature: {"name": name, "t": "o" if text else number}
        for feature, (name, text) in zip(order, chosen, strict=True)
    }
    return inputs, described


def _one_input(model: Model, payload: Payload) -> Pipeline:
    """A pipeline whose first step takes several columns; a bare estimator takes one matrix."""
    estimator = _fitted(copy.deepcopy(model.estimator))
    steps = list(estimator.steps) if isinstance(estimator, Pipeline) else [("model", estimator)]
    if "image" in payload or isinstance(steps[0][1], ColumnTransformer):
        return Pipeline(steps)
    names: list[Any] | None = model.names if model.framed else None
    width = len(names or payload["features"])
    frame = pd.DataFrame(np.zeros((2, width)), columns=names) if names else np.zeros((2, width))
    whole = ColumnTransformer([("all", "passthrough", names or list(range(width)))]).fit(frame)
    return Pipeline([("columns", whole), *steps])


def _fitted(estimator: Any) -> Any:
    """A search serves its best estimator; a threshold changes the label only, which is decided elsewhere."""
    name = type(estimator).__name__
    while name in (
        "GridSearchCV",
        "RandomizedSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "TunedThresholdClassifierCV",
        "FixedThresholdClassifier",
        "FrozenEstimator",
    ):
        for attribute in ("best_estimator_", "estimator_", "estimator"):
            if hasattr(estimator, attribute):
                estimator = getattr(estimator, attribute)
                break
        name = type(estimator).__name__
    return estimator


def with_casts(pipeline: Pipeline) -> Pipeline:
    """The same steps (of a copy) with a cast to single before trees, also inside meta-estimators."""
    steps = []
    for name, step in pipeline.steps:
        if type(step).__name__ in TREES:
            steps.append(("cast", CastTransformer(dtype=np.float32)))
        else:
            _cast_inside(step)
        steps.append((name, step))
    return Pipeline(steps)


def _cast_inside(estimator: Any) -> None:
    if not hasattr(estimator, "estimators_") or not isinstance(estimator.estimators_, list):
        return
    estimator.estimators_ = [_maybe_cast(each) for each in estimator.estimators_]


def _maybe_cast(estimator: Any) -> Any:
    if type(estimator).__name__ in TREES:
        return Pipeline([("cast", CastTransformer(dtype=np.float32)), ("model", estimator)])
    return with_casts(estimator) if isinstance(estimator, Pipeline) else estimator


def _scores_only(graph: ModelProto) -> ModelProto:
    """Without the label, which is decided by our own rule for every runtime."""
    graph = select_model_inputs_outputs(graph, outputs=[graph.graph.output[-1].name])
    used = {name for node in graph.graph.node for name in node.input}
    kept = [each for each in graph.graph.initializer if each.name in used]
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)
    return graph


def _declare_output(graph: ModelProto) -> None:
    """Declare the type the last node really has: some converters announce double and give single."""
    errors = []
    tensor = graph.graph.output[0].type.tensor_type
    if not tensor.HasField("shape"):  # onnx.checker wants one; both sizes are free
        tensor.shape.dim.add()
        tensor.shape.dim.add()
    for element in (tensor.elem_type or TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.DOUBLE):
        tensor.elem_type = element
        try:
            _session(graph)
        except Exception as error:  # noqa: BLE001  # onnxruntime has a class for each status
            errors.append(error)
        else:
            return
    raise errors[0]


def _session(graph: ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
