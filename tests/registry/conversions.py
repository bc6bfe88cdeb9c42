"""What tests of the conversion share: a table with everything in it, and both forms of a model asked about it."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import numpy_helper

from registry.importer import comparison
from registry.importer.child import conversion
from registry.importer.child.converters import Graph
from registry.importer.child.converters.dispatch import transform
from registry.importer.child.converters.graph import MISSING
from registry.importer.child.edges import edges
from registry.importer.child.serving import Model
from registry.runtimes.onnx import OnnxRuntime
from registry.signature import Signature

NUMBERS = ["age", "income", "score", "level"]
TEXTS = ["department", "field"]
FEATURES: list[dict[str, Any]] = [
    {"name": "age", "dtype": "integer", "min": 0, "train_range": [18, 65]},
    {"name": "income", "dtype": "number", "min": 0, "nullable": True, "train_range": [0, 20]},
    {"name": "score", "dtype": "number", "nullable": True, "train_range": [-3, 3]},
    {
        "name": "level",
        "dtype": "category",
        "categories": [{"value": each} for each in range(1, 6)],
        "allow_unknown": True,
    },
    *(
        {
            "name": name,
            "dtype": "category",
            "categories": [{"value": each} for each in values],
            "allow_unknown": True,
            "nullable": name == "field",
        }
        for name, values in (("department", ["law", "sales", "shop"]), ("field", ["arts", "maths", "", "other"]))
    ),
    {"name": "overtime", "dtype": "boolean"},
]
ROWS = 2_000


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Training data: whole and measured numbers, texts (an empty one too) and a truth value, some missing."""
    random = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "age": random.integers(18, 66, rows),
            "income": np.where(random.random(rows) < 0.1, np.nan, np.round(random.exponential(4, rows), 1)),
            "score": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "level": random.integers(1, 6, rows),
            "department": random.choice(np.array(["law", "sales", "shop"], dtype=object), rows),
            "field": random.choice(
                np.array(["arts", "maths", "", "other"], dtype=object), rows, p=[0.4, 0.3, 0.2, 0.1]
            ),
            "overtime": random.random(rows) < 0.4,
        }
    )
    found["field"] = found["field"].mask(random.random(rows) < 0.08)
    return found


def leaves(found: pd.DataFrame) -> np.ndarray:
    """Two classes that depend on each column, on missing values and on the empty text."""
    score = found.score.fillna(1) + (found.age - 40) / 15 + found.income.isna() - found.income.fillna(3) / 6
    score = score + 0.8 * (found.field == "") - 0.7 * found.field.isna() + 0.5 * (found.department == "law")
    noise = np.random.default_rng(1).normal(0, 0.4, len(found))
    return np.where(score + 0.3 * found.overtime * (found.level - 3) + noise > 0, "leaves", "stays")


def rating(found: pd.DataFrame) -> np.ndarray:
    """Three classes."""
    merit = found.score.fillna(0) + found.level / 2 + (found.department == "shop")
    return np.array(["low", "good", "top"])[np.digitize(merit, [1.0, 2.2])]


def salary(found: pd.DataFrame) -> np.ndarray:
    """A number above zero."""
    return np.exp(0.02 * found.age + 0.1 * found.level + 0.3 * found.score.fillna(0.5) + 7).to_numpy()


def questions(estimator: Any, signature: Signature, settings: Any, seed: int = 5) -> tuple[dict[str, Any], int]:
    """What the import would ask, with thresholds of trees hit from both sides."""
    settings.COMPARISON_ROWS = ROWS
    names = [feature.name for feature in signature.features]
    known = {name: column(name, table(50, seed)[name]) for name in names}
    return comparison.rows(signature, background=known, golden=None, edges=edges(estimator, names))


def column(name: str, values: pd.Series) -> np.ndarray:
    """As the signature gives it to a runtime: a missing text is None."""
    if name in TEXTS:
        return np.array([None if pd.isna(each) else each for each in values], dtype=object)
    wanted = {"age": np.int64, "level": np.int64, "overtime": bool}.get(name, np.float64)
    return values.to_numpy(wanted)


def signature(classes: Any = None, *, features: list[dict[str, Any]] | None = None) -> Signature:
    """Of the table; classes in the model's order, or none for a regression."""
    outputs = {} if classes is None else {"classes": [{"value": str(each)} for each in classes]}
    task = "tabular-regression" if classes is None else "tabular-classification"
    return Signature.parse({"task": task, "inputs": {"features": features or FEATURES}, "outputs": outputs})


def wire(found: Signature) -> dict[str, Any]:
    """The request that the import sends to the child."""
    kinds = {"f": "f8", "i": "i8", "b": "b1", "O": "o"}
    return {
        "features": [
            {"name": each.name, "t": kinds[each.array_dtype.kind], "kind": each.kind} for each in found.features
        ]
    }


def converted(estimator: Any, found: Signature) -> dict[str, Any]:
    """By our own writer alone."""
    answer: dict[str, Any] = conversion._written(Model(estimator, []), wire(found))
    return answer


class Original:
    """The estimator in this process, as the child would ask it."""

    name = "isolated"

    def __init__(self, estimator: Any) -> None:
        self._model = Model(estimator, [])

    def predict(self, columns: Any, rows: int) -> Any:
        return self._model.predict(columns)

    def close(self) -> None: ...


def compared(estimator: Any, settings: Any, *, change: Any = None, features: Any = None) -> dict[str, Any]:
    """The product's own comparison of an estimator with its graph, which `change` may damage before."""
    found = signature(getattr(estimator, "classes_", None), features=features)
    columns, rows = questions(estimator, found, settings)
    answer = converted(estimator, found)
    content = answer["onnx"] if change is None else changed(answer["onnx"], change)
    candidate = OnnxRuntime(content, inputs=answer["inputs"], scores=answer["scores"])
    return comparison.compare(found, columns, rows, original=Original(estimator), candidate=candidate)


def changed(content: bytes, change: Any) -> bytes:
    """The graph after `change(model)`, which says whether it found what it wanted to damage."""
    model = onnx.load_model_from_string(content)
    assert change(model), "nothing to damage"
    return model.SerializeToString()


def transformed(transformer: Any, columns: pd.DataFrame) -> np.ndarray:
    """What our graph of a transformer makes of a frame."""
    graph = Graph()
    given, feeds = [], {}
    for index, name in enumerate(columns):
        text = name in TEXTS
        given += graph.input(f"input_{index}", text=text)
        values = columns[name]
        raw = np.array([MISSING if pd.isna(each) else each for each in values]) if text else values.to_numpy(np.float64)
        feeds[f"input_{index}"] = raw.astype(object if text else np.float64).reshape(-1, 1)
    made = transform(graph, transformer, given)
    model = graph.model(graph.matrix(made), len(made))
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, feeds)[0]
    return found


def numbers_of(tensor: Any, change: Any) -> None:
    """Change the numbers of a tensor in place: `change(array)`."""
    values = numpy_helper.to_array(tensor).copy()
    change(values)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
