"""LightGBM and XGBoost without either: what they write about a model, and what they answered (boosted/record.py)."""

import copy
import gzip
import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from registry.importer.child.converters import Graph, Unsupported, written
from registry.importer.child.edges import edges
from registry.importer.comparison import TOLERANCE

RECORDED = Path(__file__).parent / "boosted" / "recorded.json.gz"
NAMES = json.loads(gzip.decompress(RECORDED.read_bytes())).keys()


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(RECORDED.read_bytes()))
    return found


class Booster:
    """Gives back what the library wrote."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def dump_model(self) -> dict[str, Any]:
        return self._content

    def save_raw(self, raw_format: str) -> bytes:
        assert raw_format == "json"
        return json.dumps(self._content).encode()


def model_of(case: dict[str, Any]) -> Any:
    """A model of the class's name with that file."""
    library = "lightgbm.sklearn" if case["class"].startswith("LGBM") else "xgboost.sklearn"
    model = type(case["class"], (SimpleNamespace,), {"__module__": library})()
    model.booster_ = Booster(case["written"])
    model.get_booster = lambda: model.booster_
    if case["classes"] is not None:
        model.classes_ = np.array(case["classes"])
    return model


def answers(case: dict[str, Any], *, sparse: bool = False) -> np.ndarray:
    from dataclasses import replace

    graph = Graph()
    table = [replace(column, sparse=sparse) for column in graph.input("rows", width=4)]
    scores = "probability" if case["classes"] is not None else "value"
    content = written(graph, [], model_of(case), table, scores).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, {"rows": asked(case)})[0]
    return found


def asked(case: dict[str, Any]) -> np.ndarray:
    return np.array(case["asked"], dtype=np.float64)


def misses(case: dict[str, Any], found: np.ndarray) -> int:
    expected = np.array(case["answers"])
    return int((np.abs(found - expected) > TOLERANCE * np.maximum(1, np.abs(expected))).sum())


@pytest.mark.parametrize("name", NAMES)
def test_answers_at_the_thresholds_too(name: str) -> None:
    case = recorded()[name]
    assert len(asked(case)) == 150
    assert misses(case, answers(case)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_questions_lie_at_the_thresholds(name: str) -> None:
    case = recorded()[name]
    found = edges(model_of(case), ["a", "b", "c", "code"])
    at = np.isin(asked(case)[:, 0], found["a"])
    assert at.mean() > 0.3


def nodes(case: dict[str, Any]) -> list[dict[str, Any]]:
    waiting = [each["tree_structure"] for each in case["written"]["tree_info"]]
    seen = []
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            seen.append(node)
            waiting += [node["left_child"], node["right_child"]]
    return seen


def flip_way(node: dict[str, Any]) -> None:
    node["default_left"] = not node["default_left"]


def next_threshold(node: dict[str, Any]) -> None:
    if node["decision_type"] == "<=":
        node["threshold"] = float(np.nextafter(node["threshold"], np.inf))


def other_codes(node: dict[str, Any]) -> None:
    if node["decision_type"] == "==":
        node["threshold"] = "6"


def test_some_splits_are_by_sets_of_categories() -> None:
    kinds = [node["decision_type"] for node in nodes(recorded()["lightgbm, categories"])]
    assert kinds.count("==") > 1


@pytest.mark.parametrize("damage", [flip_way, next_threshold, other_codes])
def test_a_damaged_reading_is_found_out(damage: Any) -> None:
    case = copy.deepcopy(recorded()["lightgbm, categories"])
    for node in nodes(case):
        damage(node)
    assert misses(case, answers(case)) > 0


def test_zero_of_a_sparse_matrix_is_missing_to_xgboost() -> None:
    case = copy.deepcopy(recorded()["xgboost, a number"])
    for tree in case["written"]["learner"]["gradient_booster"]["model"]["trees"]:
        tree["default_left"] = [1] * len(tree["default_left"])
    other = copy.deepcopy(case)
    other["asked"] = np.where(asked(case) == 0, np.nan, asked(case)).tolist()
    assert np.array_equal(answers(case, sparse=True), answers(other))
    assert misses(case, answers(case, sparse=True)) > 0


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("lightgbm, two classes", lambda found: found.update(pandas_categorical=[["a"]]), "pandas categories"),
        ("lightgbm, two classes", lambda found: found.update(objective="custom"), "the objective custom"),
        (
            "lightgbm, a number",
            lambda found: found.update(objective="regression sqrt"),
            "the objective regression sqrt",
        ),
        (
            "lightgbm, two classes",
            lambda found: found["tree_info"][0]["tree_structure"].update(missing_type="Zero"),
            "zero for missing",
        ),
        (
            "lightgbm, two classes",
            lambda found: found["tree_info"][0].update(tree_structure={"leaf_value": 1.0, "leaf_coeff": [1.0]}),
            "linear trees",
        ),
        (
            "xgboost, two classes",
            lambda found: found["learner"]["gradient_booster"].update(name="dart"),
            "the booster dart",
        ),
        (
            "xgboost, two classes",
            lambda found: found["learner"]["objective"].update(name="binary:hinge"),
            "the objective binary:hinge",
        ),
        (
            "xgboost, a number",
            lambda found: found["learner"]["objective"].update(name="reg:logistic"),
            "the objective reg:logistic",
        ),
        (
            "xgboost, two classes",
            lambda found: found["learner"]["gradient_booster"]["model"]["trees"][0]["split_type"].append(1),
            "splits by category",
        ),
    ],
)
def test_boosters_without_a_form(name: str, change: Any, said: str) -> None:
    case = copy.deepcopy(recorded()[name])
    change(case["written"])
    with pytest.raises(Unsupported, match=said):
        answers(case)


def test_number_that_stands_for_missing_has_no_form() -> None:
    graph, model = Graph(), model_of(recorded()["xgboost, two classes"])
    model.missing = -1.0
    with pytest.raises(Unsupported, match="a number for missing"):
        written(graph, [], model, graph.input("rows", width=4), "probability")


@pytest.mark.long
def test_models_of_other_libraries_where_they_live(python_of: Callable[[str], str]) -> None:
    """In an environment that the product built for them, by a process that has nothing else of this project."""
    script = RECORDED.with_name("check.py")
    done = subprocess.run([python_of("zoo"), script], check=True, capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout)
    assert "OneHotEncoder has no exact form in a graph" in found.pop("OneHotEncoder")
    assert len(found) == 12
    assert {name: misses for name, (misses, _largest) in found.items() if misses} == {}
    assert max(largest for _misses, largest in found.values()) < 1e-6
