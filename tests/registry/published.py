"""Repositories as people leave them: one file, a bundle, a search, a graph, a chain of files, with a manifest or without."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from tests.registry import pipelines
from tests.registry.repositories import bare, golden, graph_by_name, graph_of_matrix, named, numbers, seal, write

NAMES = ["a", "b", "c"]
Row = dict[str, Any]


@dataclass
class Published:
    """A folder as somebody left it; a row to ask, and what the original answers to it."""

    folder: Path
    row: Row
    label: Any = None
    scores: Any = None  # of a classifier by class, in its order; of a regressor the value
    expect: dict[str, Any] = field(default_factory=dict)  # of the signature


def target() -> np.ndarray:
    table = numbers()
    answers: np.ndarray = (table[:, 0] + 0.3 * table[:, 1] > 0).astype(int)
    return answers


def three() -> np.ndarray:
    return np.digitize(numbers()[:, 0], [-0.5, 0.5])


def first_row(name: str = "x") -> Row:
    values = map(float, numbers()[3])
    return dict(zip(NAMES if name == "abc" else [f"{name}{i}" for i in range(3)], values, strict=True))


def classified(folder: Path, model: Any, table: Any, row: Row, **expect: Any) -> Published:
    """A classifier's file is already in the folder; what it answers to the first row of a table."""
    return Published(folder, row, str(model.predict(table[:1])[0]), model.predict_proba(table[:1])[0], expect)


def employee(position: int = 0) -> Row:
    row = json.loads(pipelines.employees().iloc[[position]].to_json(orient="records"))[0]
    return {key: value for key, value in row.items() if value is not None}


# -- one file, no manifest


def estimator_on_arrays(folder: Path) -> Published:
    model = RandomForestClassifier(10, random_state=0).fit(numbers(), target())
    return classified(bare(folder, model), model, numbers()[3:], first_row())


def estimator_on_frames(folder: Path) -> Published:
    model = LogisticRegression().fit(named(numbers()), target())
    return classified(bare(folder, model, "clf.pkl"), model, named(numbers())[3:], first_row("abc"))


def pipeline_of_mixed_columns(folder: Path) -> Published:
    model = pipelines.fitted("forest")
    return classified(bare(folder, model), model, pipelines.employees(), employee())


def skops_file(folder: Path) -> Published:
    folder.mkdir()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(named(numbers()), three())
    skops.io.dump(model, folder / "logreg.skops")
    return classified(folder, model, named(numbers())[3:], first_row("abc"))


def bundle(folder: Path) -> Published:
    model = LogisticRegression().fit(numbers(), target())
    score = model.predict_proba(numbers()[3:4])[0]
    content = {"model": model, "threshold": float(score[1]) + 0.001, "feature_columns": ["height", "width", "depth"]}
    row = dict(zip(content["feature_columns"], map(float, numbers()[3]), strict=True))
    expect = {"threshold": content["threshold"], "positive": 1}
    return Published(bare(folder, content), row, "0", score, expect)


def bundle_with_the_encoder_of_its_labels(folder: Path) -> Published:
    labels = LabelEncoder().fit(["leaves", "stays", "wavers"])
    model = LogisticRegression().fit(named(numbers()), three())
    published = classified(folder, model, named(numbers())[3:], first_row("abc"))
    bare(folder, {"model": model, "label_encoder": labels})
    published.expect = {"titles": ["leaves", "stays", "wavers"]}
    return published


def grid_search(folder: Path) -> Published:
    model = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(named(numbers()), target())
    return classified(bare(folder, model), model, named(numbers())[3:], first_row("abc"))


def randomized_search(folder: Path) -> Published:
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))
    grid = {"randomforestclassifier__max_depth": [2, 3]}
    model = RandomizedSearchCV(pipeline, grid, n_iter=2, cv=2, random_state=0).fit(named(numbers()), three())
    return classified(bare(folder, model), model, named(numbers())[3:], first_row("abc"))


def tuned_threshold(folder: Path) -> Published:
    model = TunedThresholdClassifierCV(LogisticRegression(), scoring="f1", cv=3).fit(named(numbers()), target())
    expect = {"threshold": model.best_threshold_, "positive": 1}
    return classified(bare(folder, model), model, named(numbers())[3:], first_row("abc"), **expect)


def search_over_a_fixed_threshold(folder: Path) -> Published:
    """Whose positive class is the first one."""
    fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.2, pos_label="no")
    answers = np.where(target() == 1, "yes", "no")
    model = GridSearchCV(fixed, {"estimator__C": [0.1, 1]}, cv=2, scoring="accuracy").fit(named(numbers()), answers)
    table = named(numbers())
    between = int(np.argmax((model.predict_proba(table)[:, 0] > 0.2) & (model.predict_proba(table)[:, 0] < 0.5)))
    row = dict(zip(NAMES, map(float, numbers()[between]), strict=True))
    published = classified(bare(folder, model), model, table[between:], row, threshold=0.2, positive=0)
    assert published.label == "no"  # which a threshold of 0.5 would not answer
    return published


def regressor(folder: Path) -> Published:
    model = RandomForestRegressor(10, random_state=0).fit(numbers(), 1_000 * numbers()[:, 0])
    return Published(bare(folder, model), first_row(), scores=model.predict(numbers()[3:4])[0])


def classes_of(values: Any) -> Callable[[Path], Published]:
    def publish(folder: Path) -> Published:
        model = LogisticRegression().fit(named(numbers()), values)
        return classified(bare(folder, model), model, named(numbers())[3:], first_row("abc"))

    return publish


def named_by_config(folder: Path) -> Published:
    """As skops wrote it: no ending, in a folder; a file beside it that the declaration leaves aside."""
    model = LogisticRegression().fit(named(numbers()), target())
    bare(folder, StandardScaler().fit(numbers()), "scaler.joblib")
    bare(folder / "hub", model, "HME_pickle")
    block = {"model": {"file": "hub/HME_pickle"}, "model_format": "pickle", "columns": NAMES}
    (folder / "config.json").write_text(json.dumps({"sklearn": block}))
    warned = {"warning": "scaler.joblib lies beside the model and is not used."}
    return classified(folder, model, named(numbers())[3:], first_row("abc"), **warned)


def named_by_card(folder: Path) -> Published:
    model = LogisticRegression().fit(named(numbers()), target())
    bare(folder, model, "other.joblib")
    bare(folder / "models", model, "clf.sav")
    (folder / "README.md").write_text("---\nmodel_file: models/clf.sav\n---\n# Model\n")
    return classified(folder, model, named(numbers())[3:], first_row("abc"))


# -- a graph, no manifest


def saved(folder: Path, graph: Any) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    return folder


UNPROVED = {"reason": "Checked against nothing but its own signature"}


def graph_with_an_input_for_each_feature(folder: Path) -> Published:
    model = LogisticRegression().fit(named(numbers()), np.array(["low", "mid", "high"])[three()])
    saved(folder, graph_by_name(make_pipeline(model), NAMES))
    return classified(folder, model, named(numbers())[3:], first_row("abc"), **UNPROVED)


def graph_of_one_matrix(folder: Path) -> Published:
    model = RandomForestClassifier(5, random_state=0).fit(numbers(), target() + 7)
    saved(folder, graph_of_matrix(model, 3))
    return classified(folder, model, numbers()[3:], first_row(), **UNPROVED)


def graph_of_a_regressor(folder: Path) -> Published:
    model = RandomForestRegressor(5, random_state=0).fit(numbers(), numbers()[:, 0])
    saved(folder, graph_of_matrix(model, 3))
    return Published(folder, first_row(), scores=model.predict(numbers()[3:4])[0], expect=UNPROVED)


# -- with a manifest


def steps(*parts: dict[str, Any], file: str = "model.joblib") -> dict[str, Any]:
    task = {"name": "test", "version": "1", "task": "tabular-classification", "file": file, "format": "joblib"}
    return task | {"steps": [{"format": "joblib"} | part for part in parts]}


def dumped(folder: Path, path: str, value: Any) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(value, folder / path)


def encoder_beside_the_model(folder: Path) -> Published:
    """te_encoder.joblib, fitted on two columns, which it replaces; then the model."""
    table = pipelines.employees().fillna({"income": 30.0})
    chosen = ["department", "overtime"]
    encoder = TargetEncoder(cv=2, random_state=0).fit(table[chosen], pipelines.left())
    encoded = table.assign(**dict(zip(chosen, encoder.transform(table[chosen]).T, strict=True)))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(encoded, pipelines.left())
    written = parts_of(folder, table, _Chained(table, encoded, model), "model.joblib", model)
    dumped(written, "te_encoder.joblib", encoder)
    seal_with(written, steps({"file": "te_encoder.joblib", "columns": chosen}))
    return classified_by(folder, model, encoded, table)


def steps_in_folders(folder: Path) -> Published:
    table = pipelines.employees().fillna({"income": 30.0})
    first = make_column_transformer(
        (OrdinalEncoder(), ["department", "overtime"]), ("passthrough", ["age", "income"])
    ).fit(table)
    second = StandardScaler().fit(first.transform(table))
    prepared = second.transform(first.transform(table))
    model = RandomForestClassifier(10, random_state=0).fit(prepared, pipelines.left())
    written = parts_of(folder, table, _Chained(table, prepared, model), "models/clf.joblib", model)
    dumped(written, "models/first.joblib", first)
    dumped(written, "prepare/second.joblib", second)
    chain = ({"file": "models/first.joblib"}, {"file": "prepare/second.joblib"})
    seal_with(written, steps(*chain, file="models/clf.joblib"))
    return classified_by(folder, model, prepared, table)


class _Chained:
    """Answers the golden rows of a table with a model that was fitted on the prepared one."""

    def __init__(self, table: pd.DataFrame, prepared: Any, model: Any) -> None:
        self.prepared, self.model, self.rows = prepared, model, table.index

    def predict_proba(self, table: pd.DataFrame) -> Any:
        return self.model.predict_proba(self.prepared[: len(table)])


FEATURES = [
    {"name": "age", "dtype": "number"},
    {"name": "income", "dtype": "number"},
    {"name": "department", "dtype": "category", "categories": [{"value": v} for v in ("law", "sales", "shop")]},
    {"name": "overtime", "dtype": "boolean"},
]


def parts_of(folder: Path, table: pd.DataFrame, answers: Any, path: str, model: Any) -> Path:
    """A repository whose golden rows are right and whose model lies elsewhere."""
    folder.mkdir()
    classes = [{"value": 0}, {"value": 1}]
    (folder / "golden.json").write_text(json.dumps(golden(answers, table, classes)))
    dumped(folder, path, model)
    return folder


def seal_with(folder: Path, model: dict[str, Any]) -> None:
    import sklearn

    packages = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    manifest = {
        "schema_version": "1.0",
        "model": model,
        "runtime": {"python": "3.11", "packages": packages},
        "inputs": {"features": FEATURES},
        "outputs": {"classes": [{"value": 0}, {"value": 1}]},
        "artifacts": {"golden": "golden.json"},
    }
    seal(folder, manifest)


def classified_by(folder: Path, model: Any, prepared: Any, table: pd.DataFrame) -> Published:
    row = json.loads(table.iloc[[0]].to_json(orient="records"))[0]
    return Published(folder, row, str(model.predict(prepared[:1])[0]), model.predict_proba(prepared[:1])[0])


def managed_graph_of_one_matrix(folder: Path) -> Published:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(named(numbers()), target())
    write(folder, model, table=named(numbers()), features=[{"name": n, "dtype": "number"} for n in NAMES])
    manifest = json.loads((folder / "model_manifest.json").read_text())
    (folder / "model.joblib").unlink()
    (folder / "model.onnx").write_bytes(graph_of_matrix(model, 3).SerializeToString())
    manifest["model"] |= {"file": "model.onnx", "format": "onnx"}
    seal(folder, manifest)
    return classified(folder, model, named(numbers())[3:], first_row("abc"), reason="")
