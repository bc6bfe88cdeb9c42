"""Each transformer's graph makes what the transformer makes: missing values, empty texts, edges and all."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from registry.importer.child.converters import Unsupported, encoders
from registry.importer.child.converters.graph import MISSING
from tests.registry.conversions import NUMBERS, ROWS, TEXTS, leaves, rating, salary, table, transformed

MEDIAN = SimpleImputer(strategy="median")
UNKNOWN = {"use_encoded_value": {"handle_unknown": "use_encoded_value", "unknown_value": -1}}
OF_NUMBERS = {
    "standard": StandardScaler(),
    "standard without mean": StandardScaler(with_mean=False),
    "min and max": MinMaxScaler((-1, 1)),
    "min and max, clipped": MinMaxScaler(clip=True),
    "robust": RobustScaler(),
    "largest": MaxAbsScaler(),
    "missing become the median": MEDIAN,
    "missing become a constant": SimpleImputer(strategy="constant", fill_value=-1.5, add_indicator=True),
    "missing become the mean": SimpleImputer(add_indicator=True),
    "missing are flagged": MissingIndicator(),
    "all are flagged": MissingIndicator(features="all"),
    "quantiles": QuantileTransformer(n_quantiles=50),
    "normal quantiles": QuantileTransformer(n_quantiles=50, output_distribution="normal"),
    "powers": PowerTransformer(),
    "powers alone": PowerTransformer(standardize=False),
}
OF_FILLED_NUMBERS = {
    "binary": Binarizer(threshold=1.5),
    "length 1": Normalizer(),
    "largest 1": Normalizer("max"),
    "sum 1": Normalizer("l1"),
    "products": PolynomialFeatures(2),
    "triple products": PolynomialFeatures(3, interaction_only=True, include_bias=False),
    "components": PCA(2),
    "white components": PCA(3, whiten=True),
    "singular vectors": TruncatedSVD(2),
    "splines": SplineTransformer(n_knots=4, extrapolation="linear"),
    "flat splines": SplineTransformer(n_knots=6, degree=2, include_bias=False),
    "bins": KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    "bin columns": KBinsDiscretizer(4, encode="onehot", strategy="uniform"),
    "best columns": SelectKBest(f_classif, k=2),
    "columns that vary": VarianceThreshold(3.0),
    "union": FeatureUnion([("a", StandardScaler()), ("b", PCA(1))], transformer_weights={"b": 0.5}),
    **{
        f"function {function.__name__}": FunctionTransformer(function)
        for function in (np.abs, np.square, np.exp, np.expm1, np.tanh, np.floor, np.sign, np.rint)
    },
}
OF_TEXTS = {
    "one-hot": OneHotEncoder(handle_unknown="ignore"),
    "one-hot without the first": OneHotEncoder(handle_unknown="ignore", drop="first"),
    "rare together": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=60),
    "the three usual": OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=3),
    "ordinal": OrdinalEncoder(**UNKNOWN["use_encoded_value"]),
    "ordinal, missing by a code": OrdinalEncoder(**UNKNOWN["use_encoded_value"], encoded_missing_value=-7),
    "target": TargetEncoder(target_type="binary"),
    "imputed, then one-hot": make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    ),
    "imputed by a constant": make_pipeline(
        SimpleImputer(strategy="constant", fill_value="not told"), OneHotEncoder(handle_unknown="ignore")
    ),
    "flags of missing texts": MissingIndicator(features="all"),
}


def wild(seed: int = 3) -> pd.DataFrame:
    """Questions beyond training: unknown and empty texts, more missing values, values at and next to those seen."""
    random, seen = np.random.default_rng(seed), table()
    found = table(ROWS, seed)
    for name in ("income", "score"):
        values = seen[name].dropna().to_numpy()
        near = random.choice(np.concatenate([values, np.nextafter(values, 99), np.nextafter(values, -99)]), ROWS)
        found[name] = np.where(random.random(ROWS) < 0.4, near, found[name] * 1.5)
        found[name] = found[name].mask(random.random(ROWS) < 0.1)
    found["age"] = random.integers(10, 80, ROWS)
    for name in TEXTS:
        found[name] = found[name].where(random.random(ROWS) > 0.1, "Law")
    return found


def filled(found: pd.DataFrame) -> pd.DataFrame:
    return found[NUMBERS].fillna(0.25).astype(float)


def assert_same(transformer: Any, questions: pd.DataFrame, tolerance: float = 1e-9) -> None:
    expected = transformer.transform(questions)
    expected = np.asarray(expected.toarray() if hasattr(expected, "toarray") else expected, dtype=float)
    found = transformed(transformer, questions)
    assert found.shape == expected.shape
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected) / np.maximum(1, np.abs(expected))) <= tolerance


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers_with_gaps(name: str) -> None:
    assert_same(OF_NUMBERS[name].fit(table()[NUMBERS]), wild()[NUMBERS])


@pytest.mark.parametrize("name", OF_FILLED_NUMBERS)
def test_numbers(name: str) -> None:
    assert_same(OF_FILLED_NUMBERS[name].fit(filled(table()), leaves(table())), filled(wild()))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_missing_numbers_become_neighbours(weights: str) -> None:
    """Of rows that are equally near, scikit-learn takes whichever comes first: here there are none."""
    random = np.random.default_rng(0)

    def measured(rows: int) -> pd.DataFrame:
        found = pd.DataFrame(random.normal(size=(rows, 4)), columns=NUMBERS)
        return found.mask(random.random(found.shape) < 0.2)

    seen, questions = measured(300), measured(ROWS)
    questions.iloc[:40] = seen.iloc[:40]
    questions.iloc[40:50] = np.nan
    assert_same(KNNImputer(n_neighbors=4, weights=weights, add_indicator=True).fit(seen), questions)


def test_broken_lines() -> None:
    """Of one column: scikit-learn itself loses count of its knots at the second one."""
    splines = SplineTransformer(n_knots=4, degree=1, extrapolation="linear").fit(filled(table())[["income"]])
    assert_same(splines, filled(wild())[["income"]])


@pytest.mark.parametrize("name", [*OF_NUMBERS][:6])
def test_scalers_give_the_very_same_bits(name: str) -> None:
    """A tree behind them compares those bits."""
    assert_same(OF_NUMBERS[name].fit(table()[NUMBERS]), wild()[NUMBERS], tolerance=0)


@pytest.mark.parametrize("function", [np.log, np.log1p, np.log2, np.log10, np.sqrt, np.reciprocal])
def test_functions_of_what_is_above_zero(function: Any) -> None:
    questions = filled(wild()).abs() + 1e-3
    questions.iloc[:4] = [[1e-18] * 4, [1e-9] * 4, [1.0] * 4, [1e15] * 4]
    assert_same(FunctionTransformer(function).fit(questions), questions, tolerance=1e-12)


def test_logarithm_of_zero_and_less() -> None:
    found = transformed(FunctionTransformer(np.log1p), pd.DataFrame({"a": [-1.0, 0.0, -2.0, np.nan]}))
    assert found[:, 0].tolist()[:2] == [-np.inf, 0.0]
    assert np.isnan(found[2:]).all()


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("name", OF_TEXTS)
def test_texts(name: str) -> None:
    found = table()
    assert_same(OF_TEXTS[name].fit(found[TEXTS], leaves(found)), wild()[TEXTS])


@pytest.mark.parametrize("target", [rating, salary])
def test_target_encoder_of_other_targets(target: Any) -> None:
    assert_same(TargetEncoder().fit(table()[TEXTS], target(table())), wild()[TEXTS])


@pytest.mark.parametrize("encoder", [OneHotEncoder(handle_unknown="ignore"), OF_TEXTS["ordinal"]])
def test_categories_that_are_numbers_and_truths(encoder: Any) -> None:
    questions = wild()[["level", "income", "overtime"]].assign(
        level=lambda each: each.level + 0.5 * (each.index % 3 == 0)
    )
    assert_same(encoder.fit(table()[["level", "income", "overtime"]]), questions)


@pytest.mark.parametrize("name", ["one-hot", "ordinal", "target"])
def test_many_categories_are_looked_up_one_column_at_a_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "AT_ONCE", 1)
    found = table()
    assert_same(OF_TEXTS[name].fit(found[TEXTS], leaves(found)), wild()[TEXTS])


def test_empty_text_is_no_missing_text() -> None:
    encoder = OneHotEncoder(handle_unknown="ignore").fit(table()[["field"]])
    found = transformed(encoder, pd.DataFrame({"field": np.array(["", None, "Law"], dtype=object)}))
    assert found.sum(axis=1).tolist() == [1, 1, 0]
    assert (found[0] != found[1]).any()


def test_columns_find_their_way() -> None:
    """By name, by mask, by slice; dropped, passed, and out of order."""
    columns = ColumnTransformer(
        [
            ("a", MEDIAN, ["score", "age"]),
            ("b", OneHotEncoder(handle_unknown="ignore"), [False, False, False, True, True, False, False]),
            ("c", "drop", ["income"]),
        ],
        remainder="passthrough",
    ).fit(table().drop(columns="field").assign(more=1.0))
    assert_same(columns, wild().drop(columns="field").assign(more=lambda each: each.age / 7))


def test_text_that_stands_for_a_missing_one_is_refused() -> None:
    encoder = OneHotEncoder(handle_unknown="ignore").fit(pd.DataFrame({"field": ["a", MISSING]}))
    with pytest.raises(Unsupported, match="stands for a missing one"):
        transformed(encoder, pd.DataFrame({"field": ["a"]}))


@pytest.mark.parametrize(
    ("transformer", "said"),
    [
        (SimpleImputer(missing_values="law", strategy="most_frequent"), "replaces a certain text"),
        (make_pipeline(SimpleImputer(strategy="most_frequent", add_indicator=True)), "of texts that adds indicators"),
    ],
)
def test_texts_without_a_form(transformer: Any, said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        transformed(transformer.fit(table()[TEXTS].dropna()), table()[TEXTS])


def test_class_of_that_name_from_elsewhere_is_another() -> None:
    other = type("StandardScaler", (StandardScaler,), {"__module__": "theirs"})
    with pytest.raises(Unsupported, match="StandardScaler has no exact form"):
        transformed(other().fit(table()[NUMBERS]), table()[NUMBERS])
