"""A signature made up from a graph alone: what its shapes, operators and notes tell, and what nobody can tell."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import VotingClassifier
from sklearn.tree import DecisionTreeClassifier

from registry import runtimes
from registry.exceptions import ImportRejected
from registry.importer import graph_drafts
from registry.importer.package import Package
from tests.registry.repositories import examined, graph_of_matrix, numbers, stored_version  # noqa: F401  a fixture

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
Shape = list[int | str | None]


def network(
    inputs: dict[str, tuple[int, Shape]], width: int = 3, *, end: str = "Softmax", notes: dict[str, str] | None = None
) -> onnx.ModelProto:
    """A graph that sums what it is fed into `width` numbers a row; `end` is its last operator."""
    nodes, sums = [], []
    for name in inputs:
        nodes.append(helper.make_node("Cast", [name], [f"{name}_f"], to=FLOAT))
        nodes.append(helper.make_node("Flatten", [f"{name}_f"], [f"{name}_r"], axis=1))
        nodes.append(helper.make_node("ReduceSum", [f"{name}_r", "one"], [f"{name}_s"], keepdims=1))
        sums.append(f"{name}_s")
    nodes.append(helper.make_node("Sum", sums, ["sum"]))
    nodes.append(helper.make_node("Mul", ["sum", "weights"], ["raw"]))
    nodes.append(helper.make_node(end, ["raw"], ["scores"]))
    weights = np.linspace(0.01, 0.03, width, dtype=np.float32).reshape(1, width)
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info("scores", FLOAT, ["N", None])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1]), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    for key, value in (notes or {}).items():
        model.metadata_props.add(key=key, value=value)
    return model


def package_of(folder: Path, model: onnx.ModelProto) -> Package:
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return examined(folder)


def features(package: Package) -> list[tuple[str, str]]:
    return [(feature.name, feature.dtype) for feature in package.signature.features]


# -- inputs


def test_an_input_of_one_column_is_a_feature(tmp_path: Path) -> None:
    kinds = {
        "age": (FLOAT, ["N", 1]),
        "count": (INT64, [None, 1]),
        "flag": (TensorProto.BOOL, ["N", 1]),
        "small": (TensorProto.INT32, ["N", 1]),
        "wide": (TensorProto.DOUBLE, ["N", 1]),
    }
    package = package_of(tmp_path, network(kinds))
    dtypes = ["number", "integer", "boolean", "integer", "number"]
    assert features(package) == list(zip(kinds, dtypes, strict=True))
    assert package.report["inferred"] == [*(f"{name}.dtype" for name in kinds), "outputs.classes"]


def test_one_matrix_is_numbered_or_named_by_the_graphs_notes(tmp_path: Path) -> None:
    (tmp_path / "noted").mkdir()
    plain = package_of(tmp_path, network({"X": (FLOAT, ["N", 3])}))
    assert features(plain) == [(f"x{n}", "number") for n in range(3)]
    noted = network({"X": (FLOAT, ["N", 3])}, notes={"feature_names": '["age", "income", "size"]'})
    assert [name for name, _dtype in features(package_of(tmp_path / "noted", noted))] == ["age", "income", "size"]


def test_several_matrices_keep_their_columns_apart(tmp_path: Path, stored: Any) -> None:
    package = package_of(
        tmp_path, network({"num": (FLOAT, ["N", 2]), "ints": (INT64, ["N", 3]), "alone": (FLOAT, ["N", 1])})
    )
    names = ["num_0", "num_1", "ints_0", "ints_1", "ints_2", "alone"]
    assert [name for name, _dtype in features(package)] == names
    version = stored(package)
    low, high = ({name: np.array([float(name == odd) * 9]) for name in names} for odd in ("", "ints_2"))
    first, second = (runtimes.load(version).predict(columns, 1)[0] for columns in (low, high))
    assert first == pytest.approx([1 / 3] * 3)
    assert second[2] > first[2] + 0.01


@pytest.mark.parametrize(
    ("shape", "kind", "image"),
    [
        (["N", 1, 8, 6], FLOAT, {"width": 6, "height": 8, "mode": "L", "layout": "nchw", "scale": 1}),
        (["N", 3, 8, 6], FLOAT, {"width": 6, "height": 8, "mode": "RGB", "layout": "nchw", "scale": 1}),
        (["N", 8, 6, 3], TensorProto.UINT8, {"width": 6, "height": 8, "mode": "RGB", "layout": "nhwc", "scale": 255}),
    ],
)
def test_four_dimensions_are_a_picture(tmp_path: Path, stored: Any, shape: Shape, kind: int, image: Any) -> None:
    package = package_of(tmp_path, network({"picture": (kind, shape)}))
    assert (package.signature.task, package.signature.image) == ("image-classification", image)
    version = stored(package)
    assert version.model.input_kind == "image"
    blank = np.zeros((2, *package.signature.picture_shape))
    assert runtimes.load(version).predict({"image": blank}, 2) == pytest.approx(np.full((2, 3), 1 / 3))


REFUSED = {
    "any width": ({"X": (FLOAT, ["N", None])}, {}, "does not tell how many numbers its input X takes"),
    "one dimension": ({"X": (FLOAT, ["N"])}, {}, "input X must have two dimensions, rows and columns"),
    "fixed rows": ({"X": (FLOAT, [4, 3])}, {}, "takes exactly 4 rows at a time; leave the first axis free"),
    "a sequence": ({"X": (FLOAT, ["N", 5, 6])}, {}, "input X is no table and no picture of 1 or 3 channels"),
    "five channels": ({"X": (FLOAT, ["N", 5, 6, 7])}, {}, "is no table and no picture of 1 or 3 channels"),
    "any size": ({"X": (FLOAT, ["N", 3, None, None])}, {}, "does not tell the size of its picture"),
    "half floats": ({"X": (TensorProto.FLOAT16, ["N", 3])}, {}, "takes inputs of types nobody can enter"),
    "raw scores": ({"X": (FLOAT, ["N", 3])}, {"end": "Neg"}, "probabilities do not add up to one"),
    "never finite": (
        {"X": (FLOAT, ["N", 3])},
        {"end": "Acosh", "width": 1},
        "answers none of 64 rows that its signature allows",
    ),
    "a picture's value": ({"X": (FLOAT, ["N", 1, 8, 8])}, {"width": 1}, "one probability for each class is needed"),
    "spaced name": (
        {" age": (FLOAT, ["N", 1]), "b": (FLOAT, ["N", 1])},
        {},
        "' age': the name begins or ends with a space",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_graph_that_nobody_can_describe(tmp_path: Path, case: str) -> None:
    inputs, how, said = REFUSED[case]
    with pytest.raises(ImportRejected, match=said):
        package_of(tmp_path, network(inputs, **how))


def mixed_rows(model: onnx.ModelProto) -> None:
    """Each row is compared with the largest of its call, each class apart."""
    model.graph.node[-2].output[0] = "own"
    last = len(model.graph.node) - 1
    model.graph.node.insert(last, helper.make_node("Sub", ["own", "top"], ["raw"]))
    model.graph.node.insert(last, helper.make_node("ReduceMax", ["own", "zero"], ["top"], keepdims=1))
    model.graph.initializer.append(numpy_helper.from_array(np.array([0]), "zero"))


def test_rows_that_depend_on_each_other(tmp_path: Path) -> None:
    model = network({"X": (FLOAT, ["N", 3])})
    mixed_rows(model)
    with pytest.raises(ImportRejected, match="answers a row otherwise when it comes with others"):
        package_of(tmp_path, model)


# -- outputs


def test_one_number_is_a_regression(tmp_path: Path) -> None:
    package = package_of(tmp_path, network({"X": (FLOAT, ["N", 3])}, 1, end="Neg"))
    assert (package.signature.task, package.signature_json["outputs"]) == ("tabular-regression", {})


@pytest.mark.parametrize(
    ("notes", "classes"),
    [
        ({}, [{"value": 0}, {"value": 1}, {"value": 2}]),
        ({"classes": '["cat", "dog", "cow"]'}, [{"value": "cat"}, {"value": "dog"}, {"value": "cow"}]),
        ({"names": '{"0": "cat", "1": "dog", "2": "cow"}'}, [{"value": "cat"}, {"value": "dog"}, {"value": "cow"}]),
        ({"labels": "cat, dog, cow"}, [{"value": "cat"}, {"value": "dog"}, {"value": "cow"}]),
        ({"classes": "[1, 3, 5]"}, [{"value": 1}, {"value": 3}, {"value": 5}]),
        ({"classes": '["cat", "dog"]'}, [{"value": 0}, {"value": 1}, {"value": 2}]),
        ({"classes": '["cat", "cat", "dog"]'}, [{"value": 0}, {"value": 1}, {"value": 2}]),
        ({"classes": "[1, true, 2.5]"}, [{"value": 0}, {"value": 1}, {"value": 2}]),
        ({"classes": "[" * 90_000}, [{"value": 0}, {"value": 1}, {"value": 2}]),
    ],
)
def test_classes_are_noted_or_numbered(tmp_path: Path, notes: dict[str, str], classes: list[Any]) -> None:
    package = package_of(tmp_path, network({"X": (FLOAT, ["N", 3])}, notes=notes))
    assert package.signature_json["outputs"]["classes"] == classes


def labelled(values: Any, **notes: str) -> onnx.ModelProto:
    """With a label picked from a constant by the place of the largest score, as skl2onnx writes it."""
    model = network({"X": (FLOAT, ["N", 3])}, notes=notes)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    model.graph.initializer.append(numpy_helper.from_array(np.array(values), "classes"))
    model.graph.node.append(helper.make_node("ArgMax", ["scores"], ["place"], axis=1, keepdims=0))
    pick = helper.make_node("ArrayFeatureExtractor", ["classes", "place"], ["label"], domain="ai.onnx.ml")
    model.graph.node.append(pick)
    model.graph.output.insert(0, helper.make_tensor_value_info("label", INT64, [None, None]))
    return model


def test_classes_of_the_label_and_names_of_the_notes(tmp_path: Path) -> None:
    package = package_of(tmp_path, labelled([4, 7, 9], names='["cat", "dog", "cow"]'))
    assert package.signature_json["outputs"]["classes"] == [
        {"value": 4, "label": "cat"},
        {"value": 7, "label": "dog"},
        {"value": 9, "label": "cow"},
    ]


def test_labels_that_do_not_follow_the_scores(tmp_path: Path) -> None:
    with pytest.raises(ImportRejected, match="own labels do not follow its scores"):
        model = labelled([4, 7, 9])
        next(node for node in model.graph.node if node.op_type == "ArgMax").op_type = "ArgMin"
        package_of(tmp_path, model)


def test_a_graph_of_several_models_is_asked_what_it_calls_its_classes(tmp_path: Path) -> None:
    """Inside, each of them counts its classes; what the whole says is text."""
    names = np.array(["low", "mid", "high"])[np.digitize(numbers()[:, 0], [-0.5, 0.5])]
    trees = [(f"t{n}", DecisionTreeClassifier(max_depth=3, random_state=n)) for n in range(2)]
    model = VotingClassifier(trees, voting="soft", flatten_transform=False).fit(numbers(), names)
    graph = graph_of_matrix(model, 3)
    assert {"classlabels_int64s", "classlabels_ints"} & {a.name for node in graph.graph.node for a in node.attribute}
    package = package_of(tmp_path, graph)
    assert package.signature_json["outputs"]["classes"] == [{"value": each} for each in ("high", "low", "mid")]


# -- what is said of it


def test_nothing_but_itself_was_checked_and_that_is_said(tmp_path: Path, stored: Any) -> None:
    model = network({"X": (FLOAT, ["N", 3])})
    model.producer_name, model.producer_version = "pytorch", "2.9"
    version = stored(package_of(tmp_path, model))
    assert (version.status, version.runtime, version.is_draft) == ("ready", "onnx", True)
    assert version.reason.startswith("Checked against nothing but its own signature: a graph without golden rows")
    assert version.report["golden"] == {"cases": 0}
    assert version.report["probe"] == {"rows": 64, "answered": 64}
    assert version.report["graph"]["producer"] == "pytorch 2.9"
    assert version.report["graph"]["opsets"] == {"ai.onnx": 18}


def test_rows_the_graph_cannot_answer_are_counted(tmp_path: Path) -> None:
    package = package_of(tmp_path, network({"X": (FLOAT, ["N", 3])}, 1, end="Sqrt"))
    probe = package.report["probe"]
    assert 5 < probe["answered"] < probe["rows"] == 64


def test_draft_of_garbage() -> None:
    with pytest.raises(ImportRejected, match="The ONNX file is damaged"):
        graph_drafts.draft(b"\x00garbage" * 100)
