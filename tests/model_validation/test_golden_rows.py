"""The served model keeps what its author promised: golden rows, and measures not below what was once measured."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from tests.model_validation.conftest import Served

FLOORS = {  # measured with seed 0, less a margin; by chance: 0.33, and 0.16 for the PR-AUC
    "iris": {"accuracy": 0.9},  # 0.967
    "synthetic": {"pr_auc": 0.33, "roc_auc": 0.7},  # 0.393, 0.760
    "real": {"pr_auc": 0.6, "roc_auc": 0.8},  # 0.655, 0.850
}

pytestmark = pytest.mark.django_db


def measured(model: Served) -> dict[str, float]:
    """The measures of the held-out rows, from the answers of the runtime."""
    classes, scores = model.signature.class_names, model.scores(model.rows)
    if len(classes) > 2:
        return {"accuracy": float(accuracy_score(model.truth, [classes[best] for best in scores.argmax(1)]))}
    positive = model.signature.positive
    happened = [outcome == classes[positive] for outcome in model.truth]
    functions = {"pr_auc": average_precision_score, "roc_auc": roc_auc_score}
    return {name: float(function(happened, scores[:, positive])) for name, function in functions.items()}


def test_the_golden_rows_come_out(tabular: Served) -> None:
    golden = json.loads((tabular.folder / "golden.json").read_text())
    assert len(golden["cases"]) >= 5
    said = tabular.scores([case["input"] for case in golden["cases"]])
    names = tabular.signature.class_names
    promised = np.array([[case["expected"]["proba"][name] for name in names] for case in golden["cases"]])
    assert np.abs(said - promised).max() <= 1e-5


def test_it_is_as_good_as_its_card_says(tabular: Served, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["tabular"]
    manifest = json.loads((tabular.folder / "model_manifest.json").read_text())
    promised = {entry["name"]: entry["value"] for entry in manifest["metrics"] if entry["split"] == "test"}
    for name, value in measured(tabular).items():
        assert value >= FLOORS[kind][name]
        assert value == pytest.approx(promised[name], abs=0.002)


def test_the_digits_are_read(served: Callable[[str], Any]) -> None:
    model = served("digits")
    golden = json.loads((model.folder / "golden.json").read_text())
    names = model.signature.class_names
    columns = {"image": np.array([case["input"]["image"] for case in golden["cases"]], dtype=np.float64)}
    from registry import runtimes

    said = runtimes.load(model.version).predict(columns, len(golden["cases"]))
    promised = np.array([[case["expected"]["proba"][name] for name in names] for case in golden["cases"]])
    assert np.abs(said - promised).max() <= 1e-5
