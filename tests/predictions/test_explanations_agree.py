"""Our explanations against shap's: the same model, the same rows, the same background, answers as probabilities.

Ours are sampled, shap's are exact here, so they may differ by what the sampling leaves open and by nothing else: each
row is explained under many seeds, and the mean has to lie within four of its own standard errors of shap's value.
shap is asked of the estimator itself, ours of the runtime that serves it.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

from examples.attrition import train
from predictions import explanations
from registry import actions, background, runtimes, serving
from registry.contract import ModelFile
from registry.importer import examine, run
from registry.importer.package import Package
from registry.models import ModelVersion
from tests.worlds import IRIS

Values = NDArray[np.float64]
SEEDS = 30
ROUNDING = 1e-6  # what an import lets the served form differ by
LEAVES = {"classes": [{"value": "leaves", "positive": True}, {"value": "stays"}]}


@pytest.fixture(scope="module")
def shap() -> Any:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # of what it imports
        patch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes longer than counting
        import shap

        yield shap


def ours(version: ModelVersion, rows: pd.DataFrame) -> tuple[Values, list[dict[str, Any]]]:
    """Contributions of shape (seeds, rows, columns), and the last seed's explanations with the score of each."""
    asked = serving.Serving(version, version.parsed_signature(), None)
    table = asked.signature.clean(rows.to_dict("list"), len(rows))
    scores = runtimes.load(version).predict(table.columns, len(rows))
    found = []
    for seed in range(SEEDS):
        version.report["seed"] = f"{seed:x}"
        explained = explanations.explain(asked, table, scores)
        named = [{each["field"]: each["contribution"] for each in row["contributions"]} for row in explained]
        found.append([[row[name] for name in rows.columns] for row in named])
    outputs = [explanations._explained_output(asked, row) for row in scores]
    for row, output in enumerate(outputs):
        explained[row] |= {"output": output, "score": scores[row, output]}
    return np.array(found), explained


def misses(found: Values, exact: Values) -> list[tuple[int, ...]]:
    """(row, column) of every mean that is further from shap's value than four standard errors."""
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    return [tuple(place) for place in np.argwhere(np.abs(found.mean(axis=0) - exact) > 4 * error + ROUNDING)]


def adds_up(explained: list[dict[str, Any]]) -> bool:
    sums = [row["base"] + sum(each["contribution"] for each in row["contributions"]) for row in explained]
    return bool(np.allclose(sums, [row["score"] for row in explained], rtol=0, atol=1e-9))


# -- four features, three classes: all coalitions can be counted


@pytest.fixture
def flowers(iris: ModelVersion, example: Callable[[str], Path], shap: Any) -> tuple[Values, Values, list]:
    """Ours, shap's, and the explanations of three flowers, one of each kind."""
    estimator = joblib.load(example("iris") / "model.joblib")
    rows = pd.read_csv(example("iris") / "test_set.csv")[list(IRIS)]
    rows = rows.groupby(estimator.predict(rows)).head(1)
    found, explained = ours(iris, rows)
    sample = pd.DataFrame(background.of(iris))
    masker = shap.maskers.Independent(sample.to_numpy(), max_samples=len(sample))
    ask = lambda matrix: estimator.predict_proba(pd.DataFrame(matrix, columns=rows.columns))  # noqa: E731
    exact = shap.explainers.Exact(ask, masker)(rows.to_numpy()).values
    return found, np.stack([exact[row, :, each["output"]] for row, each in enumerate(explained)]), explained


def test_three_classes_agree_with_every_coalition_counted(flowers: tuple[Values, Values, list]) -> None:
    found, exact, explained = flowers
    assert {row["output"] for row in explained} == {0, 1, 2}
    assert misses(found, exact) == []
    assert adds_up(explained)


def test_contributions_given_to_the_wrong_features_are_seen(flowers: tuple[Values, Values, list]) -> None:
    found, exact, _explained = flowers
    assert len(misses(found[:, :, ::-1], exact)) > found.shape[2]


# -- the 48 columns that the attrition example's encoder writes: trees can be counted too


@pytest.fixture(scope="module")
def encoded(example: Callable[[str], Path]) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    """The example's forest, fitted on encoded people, with its rows to explain and its background."""
    folder = example("attrition")
    people, sample = pd.read_csv(folder / "test_set.csv"), pd.read_csv(folder / "background.csv")
    encoder = joblib.load(folder / "model.joblib")[0]
    names = [f"column_{number}" for number in range(len(encoder.get_feature_names_out()))]
    matrix, background_rows = (pd.DataFrame(encoder.transform(each), columns=names) for each in (people, sample))
    forest = clone(train.candidates(seed=0)["random forest"][-1]).set_params(n_estimators=40)
    return forest.fit(matrix, people["outcome"]), matrix.iloc[[0, 1, 2]], background_rows


@pytest.fixture
def forest(encoded: Any, tmp_path: Path, db: None) -> ModelVersion:
    """A version of it whose inputs are the encoded columns."""
    estimator, _rows, sample = encoded
    joblib.dump(estimator, tmp_path / "model.joblib")
    sample.to_csv(tmp_path / "background.csv", index=False)
    package = Package(
        directory=tmp_path,
        model_file=ModelFile(tmp_path / "model.joblib", "joblib", "manifest"),
        trusted=False,
        report={},
        metadata={"name": "encoded", "metrics": []},
        signature_json={
            "task": "tabular-classification",
            "inputs": {"features": [{"name": name, "dtype": "number"} for name in sample.columns]},
            "outputs": LEAVES,
        },
        companions={"background": "background.csv"},
    )
    examine.examine(package, progress=actions.silent)
    model = actions.track_model(name="encoded", endpoint="huggingface", repo_id="demo/encoded")
    version = ModelVersion.objects.create(model=model, number=1, commit="e" * 40)
    run.finish(version, package)
    version.refresh_from_db()
    return version


def test_forty_eight_encoded_columns_agree_with_every_tree_counted(
    forest: ModelVersion, encoded: Any, shap: Any
) -> None:
    estimator, rows, sample = encoded
    found, explained = ours(forest, rows)
    options = {"feature_perturbation": "interventional", "model_output": "probability"}
    masker = shap.maskers.Independent(sample, max_samples=len(sample))
    exact = shap.TreeExplainer(estimator, masker, **options).shap_values(rows)[:, :, 0]
    assert found.shape == (SEEDS, 3, 48)
    assert misses(found, exact) == []
    assert adds_up(explained)
