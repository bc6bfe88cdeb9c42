"""A repository that ships its own ONNX graph: served without any child, if the graph is plain and its promises hold."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from registry import runtimes
from registry.exceptions import ImportRejected
from registry.importer import graphs
from registry.importer.process import JailedChild
from registry.signature import Signature
from tests.registry.repositories import (
    changed,
    examined,
    graph_by_name,
    graph_of_matrix,
    stored_version,  # noqa: F401  a fixture
)
from tests.worlds import IRIS

Change = Callable[[onnx.ModelProto], None]


@pytest.fixture(scope="session")
def exported(example: Any) -> bytes:
    """The iris pipeline with one input for each feature, its label, and its probabilities."""
    return graph_by_name(joblib.load(example("iris") / "model.joblib"), list(IRIS)).SerializeToString()


@pytest.fixture
def graph(exported: bytes) -> onnx.ModelProto:
    return onnx.load_model_from_string(exported)


@pytest.fixture
def repository(example: Any, tmp_path: Path) -> Callable[..., Path]:
    """`repository(content)`: the iris repository with a graph in place of its joblib."""

    def write(content: bytes, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> Path:
        def graph_only(manifest: dict[str, Any]) -> None:
            manifest["model"] |= {"file": "model.onnx", "format": "onnx"}
            change(manifest)

        folder = Path(shutil.copytree(example("iris"), tmp_path / "onnx"))
        (folder / "model.joblib").unlink()
        (folder / "model.onnx").write_bytes(content)
        return changed(folder, folder, graph_only)

    return write


def test_graph_is_served_and_no_child_is_started(
    repository: Any, graph: onnx.ModelProto, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(JailedChild, "__init__", lambda *_, **__: pytest.fail("a child was started"))
        package = examined(repository(graph.SerializeToString()))
    version = stored(package)
    assert (version.runtime, version.reason, version.report["golden"]["cases"]) == ("onnx", "", 8)
    assert version.report["serving"]["graph"] == "model.onnx"
    columns = {name: np.array([value]) for name, value in IRIS.items()}
    assert runtimes.load(version).predict(columns, 1)[0].argmax() == 0


def foreign(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"


def foreign_inside(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([helper.make_node("Anything", [], ["y"], domain="com.inner")], "inner", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("body", inner))


def function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("", "F", [], [], [], [helper.make_opsetid("", 18)]))


def outside(tensor: TensorProto) -> TensorProto:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def external(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(outside(numpy_helper.from_array(np.ones(4), "x")))


def external_attribute(model: onnx.ModelProto) -> None:
    value = outside(numpy_helper.from_array(np.ones(4), "x"))
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=value))


def external_in_an_empty_subgraph(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [], [outside(numpy_helper.from_array(np.ones(4), "x"))])
    model.graph.node[0].attribute.append(helper.make_attribute("body", inner))


def external_sparse(model: onnx.ModelProto) -> None:
    values = outside(numpy_helper.from_array(np.ones(1), "x"))
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(np.zeros(1, np.int64), "i"), [1])
    )


def two_scores(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", [model.graph.output[1].name], ["again"]))
    model.graph.output.append(helper.make_tensor_value_info("again", TensorProto.FLOAT, [None, 3]))


def no_scores(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def other_input(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        node.input[:] = ["width" if name == "petal_width" else name for name in node.input]
    next(each for each in model.graph.input if each.name == "petal_width").name = "width"


def odd_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.COMPLEX64


def fixed_rows(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def flat_input(model: onnx.ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[1]


def dictionaries(model: onnx.ModelProto) -> None:
    scores = model.graph.output[1].name
    model.graph.node.append(
        helper.make_node("ZipMap", [scores], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2])
    )
    entry = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    del model.graph.output[1]
    model.graph.output.append(helper.make_value_info("maps", helper.make_sequence_type_proto(entry)))


def invalid(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "NoSuchOperator"


REFUSED = {
    foreign: "uses operators of com.example; only standard ones run",
    foreign_inside: "uses operators of com.inner",
    function: "defines functions of its own",
    external: "keeps data in another file",
    external_attribute: "keeps data in another file",
    external_in_an_empty_subgraph: "keeps data in another file",
    external_sparse: "keeps data in another file",
    two_scores: "has 2 outputs of numbers; exactly one must hold the scores",
    no_scores: "has 0 outputs of numbers",
    other_input: "one input per feature, by its name, or one matrix of 4 columns. Not so: petal_width, width",
    fixed_rows: r"takes exactly 1 row at a time; leave the first axis free",
    flat_input: "must have two dimensions, rows and columns",
    dictionaries: r'a list of dictionaries \(ZipMap\), not numbers: .*"zipmap": False',
    odd_input: "types nobody can enter",
    invalid: "is not valid: the checker refuses it",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_graph_that_is_refused(repository: Any, graph: onnx.ModelProto, change: Change) -> None:
    change(graph)
    with pytest.raises(ImportRejected, match=REFUSED[change]):
        examined(repository(graph.SerializeToString()))


def test_garbage(repository: Any) -> None:
    with pytest.raises(ImportRejected, match="The ONNX file is damaged"):
        examined(repository(b"\x00garbage" * 100))


def test_empty_graph(repository: Any) -> None:
    with pytest.raises(ImportRejected, match="The ONNX graph"):
        examined(repository(b""))


def test_graph_that_answers_otherwise(repository: Any, graph: onnx.ModelProto) -> None:
    classifier = next(node for node in graph.graph.node if node.op_type == "LinearClassifier")
    next(each for each in classifier.attribute if each.name == "coefficients").floats[0] += 0.5
    with pytest.raises(ImportRejected, match="Golden row “case-1” comes out differently here"):
        examined(repository(graph.SerializeToString()))


def test_graph_with_too_few_scores(repository: Any, graph: onnx.ModelProto) -> None:
    graph.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int64), "first"))
    graph.graph.node.append(helper.make_node("Gather", [graph.graph.output[1].name, "first"], ["one"], axis=1))
    graph.graph.output[1].CopyFrom(helper.make_tensor_value_info("one", TensorProto.FLOAT, [None, 1]))
    with pytest.raises(ImportRejected, match="The model answers 1 numbers a row; its signature wants 3"):
        examined(repository(graph.SerializeToString()))


def test_graph_without_promises(repository: Any, graph: onnx.ModelProto) -> None:
    content = graph.SerializeToString()
    with pytest.raises(ImportRejected, match=r"A graph without golden\.json cannot be checked"):
        examined(repository(content, lambda manifest: manifest["artifacts"].pop("golden")))


def test_graph_with_steps(repository: Any, graph: onnx.ModelProto) -> None:
    def add(manifest: dict[str, Any]) -> None:
        manifest["model"]["steps"] = [{"file": "model.onnx", "format": "joblib"}]

    with pytest.raises(ImportRejected, match="holds its preprocessing itself"):
        examined(repository(graph.SerializeToString(), add))


# -- one matrix of all features


def test_matrix_is_fed_in_the_order_of_the_manifest(repository: Any, example: Any, stored: Any) -> None:
    estimator = joblib.load(example("iris") / "model.joblib")
    version = stored(examined(repository(graph_of_matrix(estimator, 4).SerializeToString())))
    assert version.report["golden"]["cases"] == 8
    fed = version.report["serving"]["inputs"]["petal_length"]
    assert fed == {"name": "float_input", "t": "f4", "column": 2}
    columns = {name: np.array([value, 6.0]) for name, value in reversed(IRIS.items())}
    assert runtimes.load(version).predict(columns, 2)[0].argmax() == 0


def test_matrix_of_another_width(repository: Any, example: Any) -> None:
    estimator = joblib.load(example("iris") / "model.joblib")
    graph = graph_of_matrix(estimator, 4)
    graph.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
    with pytest.raises(ImportRejected, match="or one matrix of 4 columns"):
        examined(repository(graph.SerializeToString()))


def whole(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


def test_a_text_is_no_number(graph: onnx.ModelProto) -> None:
    signature = Signature.parse({"task": "x", "inputs": {"features": [{"name": n, "dtype": "string"} for n in IRIS]}})
    with pytest.raises(ImportRejected, match="sepal_length: the graph takes numbers for it"):
        graphs.describe(graph.SerializeToString(), signature)


@pytest.mark.parametrize(("more", "said"), [({}, "its dtype is number"), ({"nullable": True}, "it may be missing")])
def test_a_whole_number_is_neither_missing_nor_half(graph: onnx.ModelProto, more: Any, said: str) -> None:
    whole(graph)
    node = helper.make_node("Cast", ["sepal_length"], ["cast"], to=TensorProto.FLOAT)
    for each in graph.graph.node:
        each.input[:] = ["cast" if name == "sepal_length" else name for name in each.input]
    graph.graph.node.insert(0, node)
    features = [{"name": n, "dtype": "number"} | more for n in IRIS]
    signature = Signature.parse({"task": "x", "inputs": {"features": features}})
    with pytest.raises(ImportRejected, match=f"sepal_length: the graph takes whole numbers for it, and {said}"):
        graphs.describe(graph.SerializeToString(), signature)
