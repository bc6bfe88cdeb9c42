"""Model repositories written by tests: a fitted pipeline, its manifest, and golden rows it really answers."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
import sklearn
from onnx import numpy_helper
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from registry import actions
from registry.importer import examine, run
from registry.importer.package import Package
from registry.importer.process import JailedChild
from registry.models import ModelVersion
from tests.registry import pipelines

EMPLOYEES = [
    {"name": "age", "dtype": "number", "min": 16, "train_range": [18, 79]},
    {"name": "income", "dtype": "number", "nullable": True, "train_range": [0, 60]},
    {
        "name": "department",
        "dtype": "category",
        "categories": [{"value": each} for each in ("law", "sales", "shop")],
        "allow_unknown": True,
    },
    {"name": "overtime", "dtype": "boolean"},
]
NUMBERS = [{"name": name, "dtype": "number", "train_range": [-3, 3]} for name in ("a", "b", "c")]
ASK = JailedChild.call
CLASSES = [{"value": 0, "label": "stays"}, {"value": 1, "label": "leaves", "positive": True}]


def numbers(count: int = 200) -> np.ndarray:
    """Rows for the features NUMBERS."""
    return np.random.default_rng(0).normal(size=(count, 3))


def named(table: np.ndarray) -> Any:
    import pandas as pd

    return pd.DataFrame(table, columns=["a", "b", "c"])


def golden(estimator: Any, table: Any, classes: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Six cases with what the estimator answers in this process."""
    table = table.iloc[:6]
    rows = json.loads(table.to_json(orient="records"))
    if classes is None:
        expected = [{"value": float(value)} for value in estimator.predict(table)]
    else:
        values = [each["value"] for each in classes]
        expected = [
            {"label": values[int(np.argmax(row))], "proba": dict(zip(map(_key, values), map(float, row), strict=True))}
            for row in estimator.predict_proba(table)
        ]
    cases = [{"id": f"case-{n}", "input": row, "expected": e} for n, (row, e) in enumerate(zip(rows, expected))]  # noqa: B905
    return {"cases": cases}


def _key(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def write(
    folder: Path,
    estimator: Any,
    *,
    table: Any = None,
    features: list[dict[str, Any]] | None = None,
    classes: list[dict[str, Any]] | None = CLASSES,
    **parts: Any,
) -> Path:
    """A repository of a pipeline on the employees' table, or on another one; `parts` replace parts of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(estimator, folder / "model.joblib")
    rows = pipelines.employees() if table is None else table
    (folder / "golden.json").write_text(json.dumps(golden(estimator, rows, classes)))
    manifest = {
        "schema_version": "1.0",
        "model": {
            "name": "test",
            "version": "1",
            "task": "tabular-classification" if classes else "tabular-regression",
            "file": "model.joblib",
            "format": "joblib",
        },
        "runtime": {"python": "3.11", "packages": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}},
        "inputs": {"features": features or EMPLOYEES},
        "outputs": {"classes": classes} if classes else {},
        "artifacts": {"golden": "golden.json"},
    }
    return seal(folder, {**manifest, **parts})


def seal(folder: Path, manifest: dict[str, Any]) -> Path:
    """Write the manifest with the digests of what lies in the folder now."""
    manifest = {key: value for key, value in manifest.items() if value is not None}
    names = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "model_manifest.json"]
    manifest["files"] = {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size": path.stat().st_size,
        }
        for path in names
        if path.name != "README.md"
    }
    (folder / "model_manifest.json").write_text(json.dumps(manifest))
    return folder


def changed(source: Path, target: Path, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> Path:
    """A copy of a repository (or itself) with its manifest changed and its digests right again."""
    if source != target:
        shutil.copytree(source, target)
    manifest = json.loads((target / "model_manifest.json").read_text())
    change(manifest)
    return seal(target, manifest)


def examined(folder: Path, *, trusted: bool = False) -> Package:
    """The folder after everything an import does but downloading and storing."""
    package = run.read_package(folder, trusted=trusted)
    examine.examine(package, progress=actions.silent)
    return package


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is somewhere in the text, which may have several lines."""
    return re.search(pattern, text, re.DOTALL) is not None


def scaled(estimator: Any) -> Any:
    table = numbers()
    return make_pipeline(StandardScaler(), estimator).fit(named(table), (table[:, 0] * table[:, 1] > 0).astype(int))


def numeric() -> dict[str, Any]:
    return {"table": named(numbers()), "features": NUMBERS}


def graph_by_name(estimator: Any, names: list[str], **options: Any) -> onnx.ModelProto:
    """A fitted pipeline as its author would export it with one input for each column."""
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    whole = ColumnTransformer([("all", "passthrough", names)]).fit(_no_rows(names))
    steps = estimator.steps if isinstance(estimator, Pipeline) else [("model", estimator)]
    types = [(name, FloatTensorType([None, 1])) for name in names]
    return _exported(Pipeline([("columns", whole), *steps]), types, options)


def graph_of_matrix(estimator: Any, columns: int | None, **options: Any) -> onnx.ModelProto:
    """A fitted estimator as skl2onnx's own examples export it: one matrix of numbers."""
    from skl2onnx.common.data_types import FloatTensorType

    return _exported(estimator, [("float_input", FloatTensorType([None, columns]))], options)


def _no_rows(names: list[str]) -> Any:
    import pandas as pd

    return pd.DataFrame(np.zeros((2, len(names))), columns=names)


def _exported(estimator: Any, types: list[Any], options: dict[str, Any]) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn

    options = {"zipmap": False} if not options and hasattr(estimator, "predict_proba") else options
    chosen = {id(estimator): options} if options and hasattr(estimator, "predict_proba") else None
    return convert_sklearn(estimator, initial_types=types, target_opset={"": 18, "ai.onnx.ml": 3}, options=chosen)


def bare(folder: Path, estimator: Any, name: str = "model.joblib") -> Path:
    folder.mkdir(exist_ok=True)
    joblib.dump(estimator, folder / name)
    return folder


# -- changing what the child answers


def with_another_number(graph: bytes, by: float) -> bytes:
    """The graph with one coefficient, or one split of a tree, moved."""
    model = onnx.load_model_from_string(graph)
    for tensor in model.graph.initializer:
        if "coef" in tensor.name:
            values = numpy_helper.to_array(tensor).copy()
            values.flat[0] += by
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            return model.SerializeToString()
    for attribute in (each for node in model.graph.node for each in node.attribute):
        if attribute.name in {"nodes_values", "coefficients"}:
            attribute.floats[0] += by
            return model.SerializeToString()
        if attribute.name == "nodes_values_as_tensor":
            values = numpy_helper.to_array(attribute.t).copy()
            values.flat[0] += by
            attribute.t.CopyFrom(numpy_helper.from_array(values, attribute.t.name))
            return model.SerializeToString()
    raise AssertionError([tensor.name for tensor in model.graph.initializer])


def keep_the_first(model: onnx.ModelProto) -> str:
    """Make the graph give one score a row; the output's new name."""
    before = model.graph.output[0]
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int64), "first"))
    model.graph.node.append(onnx.helper.make_node("Gather", [before.name, "first"], ["one"], axis=1))
    kind = before.type.tensor_type.elem_type
    before.CopyFrom(onnx.helper.make_tensor_value_info("one", kind, [None, 1]))
    return "one"


def damaged(by: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda found: found | {"onnx": with_another_number(found["onnx"], by)}


@pytest.fixture(scope="session", name="logistic")
def good_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good repository: the employees' logistic regression."""
    return write(tmp_path_factory.mktemp("logistic"), pipelines.fitted("logistic"))


@pytest.fixture(name="answer")
def changed_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`answer(convert=change)`: what the child answers to an operation is changed on its way."""

    def change_answers(**changes: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        def call(child: JailedChild, op: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
            return changes.get(op, dict)(ASK(child, op, payload, **how))

        monkeypatch.setattr(JailedChild, "call", call)

    return change_answers


@pytest.fixture(name="stored")
def stored_version(ready: Callable[..., ModelVersion]) -> Any:
    """`stored(package)`: a ready version of an examined folder."""
    return lambda package: ready("iris", model="test", **vars(package))
