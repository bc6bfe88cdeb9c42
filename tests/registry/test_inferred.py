"""What a draft signature knows of a bare scikit-learn file, fact by fact, and what it must not claim.

The rows of the table "what a fitted estimator really tells" are the tests here, in its order.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC

from registry.importer.child.inspection import inspect
from registry.importer.child.serving import Model, Unusable
from tests.registry import pipelines
from tests.registry.repositories import named, numbers

ROWS = 400
RANDOM = np.random.default_rng(1)
TABLE = pd.DataFrame(
    {
        "age": RANDOM.normal(40, 5, ROWS),
        "city": RANDOM.choice(["Lyon", "Nice", "Paris"], ROWS, p=[0.01, 0.49, 0.5]),
        "flag": RANDOM.random(ROWS) < 0.5,
    }
)
ANSWER = (TABLE.age > 40).astype(int)
AGE = TABLE[["age"]]


def found(estimator: Any) -> dict[str, Any]:
    return inspect(Model(estimator, []))


def features(estimator: Any) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in found(estimator)["draft"]["features"]}


def scaled(*steps: Any) -> dict[str, Any]:
    """What is known of the age behind these steps."""
    return features(make_pipeline(*steps, Ridge()).fit(AGE, TABLE.age))["age"]


def test_names_and_order_come_from_a_frame() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(named(numbers()), numbers()[:, 0] > 0)
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).fit(named(numbers()), numbers()[:, 0] > 0)
    tuned = TunedThresholdClassifierCV(LogisticRegression()).fit(named(numbers()), numbers()[:, 0] > 0)
    for estimator in (pipeline, search, tuned, search.best_estimator_):
        assert list(features(estimator)) == ["a", "b", "c"]


def test_an_array_tells_a_number_of_columns() -> None:
    assert list(features(LogisticRegression().fit(numbers(), numbers()[:, 0] > 0))) == ["x0", "x1", "x2"]


@pytest.mark.parametrize("values", [[0, 1], [3, 5], ["no", "yes"], [False, True]])
def test_classes_keep_their_type_and_none_is_positive(values: list[Any]) -> None:
    told = found(LogisticRegression().fit(AGE, np.array(values)[ANSWER]))
    assert (told["classes"], told["positive"], told["threshold"]) == (values, None, None)
    assert [type(each) for each in told["classes"]] == [type(each) for each in values]


def prepared(encoder: Any, **rest: Any) -> Any:
    transformer = make_column_transformer((StandardScaler(), ["age"]), (encoder, ["city", "flag"]))
    return make_pipeline(transformer, LogisticRegression()).fit(TABLE, ANSWER)


@pytest.mark.parametrize(
    "encoder", [OneHotEncoder(), OrdinalEncoder(), TargetEncoder(cv=2), OneHotEncoder(min_frequency=0.1)]
)
def test_numbers_categories_and_booleans_are_told_apart(encoder: Any) -> None:
    told = features(prepared(encoder))
    assert [told[name]["dtype"] for name in ("age", "city", "flag")] == ["number", "category", "boolean"]
    assert told["city"]["categories"] == [{"value": "Lyon"}, {"value": "Nice"}, {"value": "Paris"}]  # the rare one too


@pytest.mark.parametrize(
    ("encoder", "allowed"),
    [
        (OneHotEncoder(handle_unknown="error"), False),
        (OneHotEncoder(handle_unknown="ignore"), True),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.1), True),
        (OrdinalEncoder(handle_unknown="error"), False),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), True),
        (TargetEncoder(cv=2), True),
    ],
)
def test_unknown_categories_are_allowed_where_the_encoder_takes_them(encoder: Any, allowed: bool) -> None:
    assert features(prepared(encoder))["city"].get("allow_unknown", False) is allowed


@pytest.mark.parametrize(
    "scaler",
    [StandardScaler(), RobustScaler(), RobustScaler(quantile_range=(10, 90)), RobustScaler(unit_variance=True)],
)
def test_a_scaler_tells_about_where_the_values_lay(scaler: Any) -> None:
    low, high = scaled(scaler)["train_range"]
    assert (low, high) == (pytest.approx(25, abs=3), pytest.approx(55, abs=3))


@pytest.mark.parametrize(
    "scaler",
    [MinMaxScaler(), KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), QuantileTransformer(n_quantiles=50)],
)
def test_some_tell_the_true_range(scaler: Any) -> None:
    exact = [pytest.approx(AGE.age.min()), pytest.approx(AGE.age.max())]
    assert scaled(scaler)["train_range"] == exact
    assert scaled(StandardScaler(), scaler)["train_range"] == exact  # what is exact goes before a guess


def test_trees_tell_a_range_inside_the_true_one() -> None:
    low, high = features(RandomForestClassifier(20, random_state=0).fit(AGE, ANSWER))["age"]["train_range"]
    assert AGE.age.min() < low < high < AGE.age.max()


@pytest.mark.parametrize("imputer", [SimpleImputer(strategy="median"), KNNImputer()])
def test_missing_is_allowed_behind_an_imputer(imputer: Any) -> None:
    assert scaled(imputer, StandardScaler())["nullable"] is True
    assert "nullable" not in scaled(StandardScaler())
    assert "nullable" not in features(RandomForestClassifier(5).fit(AGE, ANSWER))["age"]


def test_the_imputers_value_is_the_default() -> None:
    assert scaled(SimpleImputer(strategy="median"))["default"] == pytest.approx(AGE.age.median())
    assert "default" not in scaled(SimpleImputer(strategy="constant", fill_value=-1))


def test_histogram_boosting_keeps_its_categories() -> None:
    table = TABLE.assign(city=TABLE.city.astype("category"))[["age", "city"]]
    model = HistGradientBoostingClassifier(categorical_features=["city"], max_iter=5).fit(table, ANSWER)
    told = features(model)
    assert told["city"]["categories"] == [{"value": "Lyon"}, {"value": "Nice"}, {"value": "Paris"}]
    assert (told["age"]["dtype"], told["age"]["nullable"]) == ("number", True)


def test_thresholds() -> None:
    tuned = TunedThresholdClassifierCV(LogisticRegression()).fit(AGE, ANSWER)
    fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.3, pos_label=0).fit(AGE, ANSWER)
    automatic = FixedThresholdClassifier(LogisticRegression()).fit(AGE, ANSWER)
    piped = make_pipeline(StandardScaler(), FixedThresholdClassifier(LogisticRegression(), threshold=0.0)).fit(
        AGE, ANSWER
    )
    assert found(tuned)["threshold"] == pytest.approx(tuned.best_threshold_)
    assert (found(fixed)["threshold"], found(fixed)["positive"]) == (0.3, 0)
    assert found(automatic)["threshold"] == 0.5
    assert found(piped)["threshold"] == 0.0


def test_the_positive_class_of_a_tuned_threshold() -> None:
    scorer = make_scorer(f1_score, pos_label="no")
    answers = np.where(ANSWER == 1, "yes", "no")
    tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring=scorer).fit(AGE, answers)
    assert found(tuned)["positive"] == "no"


def test_a_threshold_on_another_scale_is_said() -> None:
    own = FixedThresholdClassifier(LogisticRegression(), threshold=0.3, response_method="decision_function")
    told = found(own.fit(AGE, ANSWER))
    assert told["threshold"] is None
    assert "decides by its decision function" in " ".join(told["warnings"])


def test_the_score_of_a_search() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).fit(AGE, ANSWER)
    assert found(search)["hints"]["cross_validation_score"] == search.best_score_


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), SVC()])
def test_kept_training_rows_are_said(estimator: Any) -> None:
    assert "trained on inside the file" in " ".join(found(estimator.fit(AGE, ANSWER))["warnings"])


def test_nobody_claims_what_nobody_knows() -> None:
    known = {"name", "dtype", "categories", "allow_unknown", "nullable", "default", "train_range"}
    told = found(pipelines.fitted("forest"))
    assert all(set(each) <= known for each in told["draft"]["features"])
    assert "age.dtype" in told["draft"]["inferred"]


# -- bundles


BUNDLED = LogisticRegression().fit(AGE.to_numpy(), ANSWER)


@pytest.mark.parametrize(
    ("more", "threshold", "said"),
    [
        ({"threshold": 0.3}, 0.3, ""),
        ({"threshold": 0.0}, 0.0, ""),
        ({"threshold": 35}, None, "is no probability from 0 to 1: it is not used"),
        ({"threshold": float("nan")}, None, "is no probability"),
        ({"feature_columns": ["a", "b"]}, None, "The columns in the file are not those the model was fitted on"),
    ],
)
def test_what_a_bundle_says(more: dict[str, Any], threshold: float | None, said: str) -> None:
    told = found({"model": BUNDLED, **more})
    assert told["threshold"] == threshold
    assert said in " ".join(told["warnings"])
    assert bool(said) == bool(told["warnings"])


def test_the_models_own_threshold_goes_before_the_bundles() -> None:
    fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.4).fit(AGE, ANSWER)
    told = found({"model": fixed, "threshold": 0.3})
    assert told["threshold"] == 0.4
    assert "names the threshold 0.3, and its model decides at 0.4" in " ".join(told["warnings"])


def test_transformers_beside_the_model_are_not_passed_over() -> None:
    scaler = StandardScaler().fit(AGE)
    with pytest.raises(Unusable, match=r"what may prepare its inputs \(scaler\)"):
        Model({"model": BUNDLED, "scaler": scaler}, [])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(AGE, ANSWER)
    Model({"model": pipeline, "scaler": pipeline[0]}, [])  # it is the pipeline's own


def test_a_step_for_some_columns() -> None:
    encoder = TargetEncoder(cv=2, random_state=0).fit(TABLE[["city"]], ANSWER)
    table = TABLE.assign(city=encoder.transform(TABLE[["city"]])[:, 0])
    framed = LogisticRegression().fit(table, ANSWER)
    plain = LogisticRegression().fit(table.to_numpy(dtype=float), ANSWER)
    columns = {name: TABLE[name].to_numpy() for name in TABLE}
    for model in (framed, plain):
        loaded = Model({"model": model, "columns": list(TABLE)}, [encoder], [["city"]])
        expected = model.predict_proba(table if model is framed else table.to_numpy(dtype=float))
        assert np.allclose(loaded.predict(columns), expected, atol=1e-12)
    with pytest.raises(ValueError, match="does not make one column of each"):
        Model(framed, [OneHotEncoder().fit(TABLE[["city"]])], [["city"]]).predict(columns)
