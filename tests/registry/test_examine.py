"""What an import finds out about a folder, and what it refuses, each with a sentence a person can act on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from registry import labels, runtimes
from registry.contract import ContractError
from registry.exceptions import ImportRejected
from registry.models import ModelVersion
from tests.registry import pipelines
from tests.registry.repositories import (
    EMPLOYEES,
    bare,
    changed_answers,  # noqa: F401  fixtures
    damaged,
    examined,
    good_repository,  # noqa: F401
    keep_the_first,
    named,
    numbers,
    numeric,
    scaled,
    stored_version,  # noqa: F401
    write,
)

# -- the two runtimes


def scores_of(version: ModelVersion) -> np.ndarray:
    return runtimes.load(version).predict(pipelines.columns(0, 64), 64)


def test_string_imputation_is_served_by_onnx_and_right(tmp_path: Path, stored: Any) -> None:
    features = [each | {"nullable": each["name"] == "department"} for each in EMPLOYEES]
    version = stored(examined(write(tmp_path, pipelines.fitted("text_imputation"), features=features)))
    assert (version.runtime, version.reason) == ("onnx", "")
    columns = pipelines.columns(0, 3) | {"department": np.array(["law", None, "never seen"], dtype=object)}
    table = pipelines.employees().iloc[:3].assign(department=["law", np.nan, "never seen"])
    expected = pipelines.fitted("text_imputation").predict_proba(table)
    assert np.abs(runtimes.load(version).predict(columns, 3) - expected).max() < 1e-9


def test_what_has_no_graph_is_served_isolated_and_right(tmp_path: Path, stored: Any, settings: Any) -> None:
    settings.ISOLATED_DEADLINE_SECONDS = 30
    estimator = make_pipeline(StandardScaler(), RBFSampler(random_state=0), LogisticRegression())
    estimator.fit(named(numbers()), numbers()[:, 0] > 0)
    classes = [{"value": False}, {"value": True}]
    version = stored(examined(write(tmp_path, estimator, classes=classes, **numeric())))
    assert version.runtime == "isolated"
    assert "Served by the isolated runtime: no ONNX form. It cannot be converted: RBFSampler has" in version.reason
    columns = {name: numbers()[:5, index] for index, name in enumerate(("a", "b", "c"))}
    expected = estimator.predict_proba(named(numbers()[:5]))
    assert np.abs(runtimes.load(version).predict(columns, 5) - expected).max() < 1e-12


def test_convertible_pipeline_is_served_by_onnx(logistic: Path, stored: Any) -> None:
    version = stored(examined(logistic))
    assert (version.runtime, version.reason) == ("onnx", "")
    assert version.report["comparison"]["rows"] == 2_006
    assert version.report["comparison"]["misses"] == 0
    assert np.abs(scores_of(version) - pipelines.expected("logistic")[:64]).max() < 1e-6


def test_damaged_coefficient_falls_to_isolated(logistic: Path, answer: Any, stored: Any) -> None:
    answer(convert=damaged(0.01))
    version = stored(examined(logistic))
    report = version.report["comparison"]
    assert report["misses"] > 1_000
    assert version.runtime == "isolated"
    assert version.reason.startswith(f"Served by the isolated runtime: on {report['misses']} of 2006 rows the ONNX")
    assert not version.files.filter(path="model.converted.onnx").exists()
    assert np.array_equal(scores_of(version), pipelines.expected("logistic")[:64])


def test_damaged_split_of_a_tree_falls_to_isolated(tmp_path: Path, answer: Any) -> None:
    answer(convert=damaged(1e-6))
    package = examined(write(tmp_path, scaled(RandomForestClassifier(5, random_state=0)), **numeric()))
    assert package.runtime == "isolated"
    assert 0 < package.report["comparison"]["misses"] < 500


def test_scores_of_another_shape_are_misses(logistic: Path, answer: Any) -> None:
    def one_score(found: dict[str, Any]) -> dict[str, Any]:
        model = onnx.load_model_from_string(found["onnx"])
        return found | {"scores": keep_the_first(model), "onnx": model.SerializeToString()}

    answer(convert=one_score)
    package = examined(logistic)
    assert package.report["comparison"]["misses"] == 2_006
    assert package.why_isolated.endswith("on 2006 of 2006 rows the ONNX form differs.")


def all_in_single(estimator: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A conversion with float32 from the first input on."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    columns = ColumnTransformer([("all", "passthrough", ["a", "b", "c"])]).fit(named(numbers()))
    pipeline = make_pipeline(columns, *(step for _, step in estimator.steps))
    types = [(name, FloatTensorType([None, 1])) for name in ("a", "b", "c")]
    options = {id(pipeline): {"zipmap": False}}
    graph = convert_sklearn(pipeline, initial_types=types, target_opset={"": 18, "ai.onnx.ml": 3}, options=options)
    inputs = {name: {"name": name, "t": "f4"} for name in ("a", "b", "c")}
    return lambda _found: {"onnx": graph.SerializeToString(), "inputs": inputs, "scores": graph.graph.output[1].name}


@pytest.mark.parametrize("kind", [GradientBoostingClassifier, RandomForestClassifier])
def test_single_precision_all_the_way_is_caught_at_the_edges(
    tmp_path: Path, answer: Any, settings: Any, kind: type
) -> None:
    settings.COMPARISON_ROWS = 20_000
    estimator = scaled(kind(n_estimators=20, random_state=0))
    folder = write(tmp_path, estimator, **numeric())
    answer(convert=all_in_single(estimator))
    package = examined(folder)
    assert package.runtime == "isolated"
    misses = package.report["comparison"]["misses"]
    answer(convert=all_in_single(estimator), edges=lambda _found: {"edges": {}})
    assert examined(folder).report["comparison"]["misses"] < misses / 10


@pytest.mark.parametrize("kind", [GradientBoostingClassifier, RandomForestClassifier])
def test_trees_behind_a_scaler_agree_on_20_000_rows(tmp_path: Path, settings: Any, kind: type) -> None:
    settings.COMPARISON_ROWS = 20_000
    package = examined(write(tmp_path, scaled(kind(n_estimators=20, random_state=0)), **numeric()))
    assert (package.runtime, package.report["comparison"]["misses"]) == ("onnx", 0)


def test_regressor_from_end_to_end(tmp_path: Path, stored: Any) -> None:
    table = numbers()
    estimator = make_pipeline(StandardScaler(), Ridge()).fit(named(table), 50_000 + 9_000 * table[:, 0])
    package = examined(write(tmp_path, estimator, classes=None, **numeric()))
    version = stored(package)
    assert (version.runtime, version.report["golden"]["cases"]) == ("onnx", 6)
    columns = {name: table[:, index] for index, name in enumerate(("a", "b", "c"))}
    scores = runtimes.load(version).predict(columns, 200)
    values = [each["value"] for each in labels.outputs(version.parsed_signature(), scores)]
    assert np.allclose(values, estimator.predict(named(table)), rtol=1e-6)


# -- a folder without a manifest


def test_bare_joblib_becomes_a_draft(tmp_path: Path, stored: Any) -> None:
    version = stored(examined(bare(tmp_path, pipelines.fitted("forest"))))
    assert version.is_draft
    assert version.parsed_signature().class_names == ["0", "1"]
    features = {each["name"]: each for each in version.signature["inputs"]["features"]}
    assert features["department"]["dtype"] == "category"
    assert "income.train_range" in version.report["inferred"]
    assert "There is no manifest." in version.report["warnings"]


def test_bundle_brings_its_threshold(tmp_path: Path) -> None:
    signature = examined(bare(tmp_path, pipelines.fitted("bundle"))).signature
    assert (signature.threshold, signature.positive) == (0.3, 1)


def test_classes_that_numpy_kept_as_floats(tmp_path: Path) -> None:
    table = numbers()
    estimator = LogisticRegression().fit(named(table), (table[:, 0] > 0).astype(float))
    assert examined(write(tmp_path / "managed", estimator, **numeric())).runtime == "onnx"
    assert examined(bare(tmp_path / "bare", estimator)).signature.class_names == ["0", "1"]


def test_classes_that_are_true_and_false(tmp_path: Path) -> None:
    estimator = LogisticRegression().fit(named(numbers()), numbers()[:, 0] > 0)
    classes = [{"value": False}, {"value": True, "positive": True}]
    package = examined(write(tmp_path, estimator, classes=classes, **numeric()))
    assert package.report["golden"]["cases"] == 6


def test_several_candidates_are_named(tmp_path: Path) -> None:
    bare(tmp_path, pipelines.fitted("logistic"), "one.joblib")
    (tmp_path / "two.joblib").write_bytes(b"x")
    with pytest.raises(ContractError, match=r"Several files may be the model: one.joblib, two.joblib"):
        examined(tmp_path)


def test_estimator_that_is_neither(tmp_path: Path) -> None:
    estimator = IsolationForest(n_estimators=5, random_state=0).fit(numbers())
    with pytest.raises(ImportRejected, match="the estimator is no classifier or regressor"):
        examined(bare(tmp_path, estimator))


def test_several_questions_at_once(tmp_path: Path) -> None:
    estimator = RandomForestClassifier(5).fit(numbers(), (numbers()[:, :2] > 0).astype(int))
    with pytest.raises(ImportRejected, match="answers several questions at once"):
        examined(bare(tmp_path, estimator))
