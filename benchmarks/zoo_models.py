"""Thirty pipelines as HR teams publish them, on made-up people with missing values and texts; nobody exists."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC

ROWS = 1470
WHOLE = ["age", "years_in_company", "years_in_role", "trainings", "satisfaction"]
MEASURED = ["monthly_income", "distance_km", "salary_rise", "engagement", "last_evaluation"]
NUMBERS = [*WHOLE, *MEASURED]
SKEWED = ["monthly_income", "distance_km"]
CHOICES = {
    "department": ["sales", "research", "human resources"],
    "education_field": ["life sciences", "medical", "marketing", "technical", "human resources", "other"],
    "business_travel": ["never", "rarely", "often"],
    "marital_status": ["single", "married", "divorced"],
    "job_role": [f"role {letter}" for letter in "abcdefghijklmnopqr"],
}
GAPS = {
    "salary_rise": 0.08,
    "engagement": 0.12,
    "last_evaluation": 0.05,
    "education_field": 0.07,
    "marital_status": 0.04,
}
TEXTS = list(CHOICES)
COLUMNS = [*NUMBERS, *TEXTS, "overtime"]


def people(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Whole numbers, measured ones, texts and a truth value; some of them missing."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 63, rows)
    company = random.integers(0, age - 16)
    table = pd.DataFrame(
        {
            "age": age,
            "years_in_company": company,
            "years_in_role": random.integers(0, company + 1),
            "trainings": random.integers(0, 7, rows),
            "satisfaction": random.integers(1, 5, rows),
            "monthly_income": np.round(random.lognormal(8.2, 0.5, rows), 2),
            "distance_km": np.round(random.exponential(12, rows), 1),
            "salary_rise": np.round(random.normal(3, 2, rows), 2),
            "engagement": random.normal(6, 1.5, rows),
            "last_evaluation": random.random(rows),
        }
    )
    for name, values in CHOICES.items():
        shares = random.dirichlet(np.full(len(values), 2.0))
        table[name] = random.choice(np.array(values, dtype=object), rows, p=shares)
    table["overtime"] = random.random(rows) < 0.3
    for name, share in GAPS.items():
        table[name] = table[name].mask(random.random(rows) < share)
    return table


def targets(table: pd.DataFrame, seed: int = 0) -> dict[str, np.ndarray]:
    """What the models learn: leaves (two classes), rating (three), salary and absences (numbers)."""
    random = np.random.default_rng(seed + 1)
    filled = table[NUMBERS].fillna(table[NUMBERS].median())
    push = (
        0.9 * table["overtime"]
        + 0.5 * (table["business_travel"] == "often")
        + 0.03 * filled["distance_km"]
        - 0.05 * (filled["age"] - 40)
        - 0.4 * (filled["satisfaction"] - 2.5)
        - 0.5 * (filled["engagement"] - 6) * (filled["years_in_role"] < 5)
        - 1.0
    )
    merit = filled["last_evaluation"] * 2 + 0.2 * filled["engagement"] + random.normal(0, 0.5, len(table))
    salary = filled["monthly_income"] * (1 + filled["salary_rise"] / 100) + 30 * filled["years_in_company"]
    return {
        "leaves": np.where(random.random(len(table)) < 1 / (1 + np.exp(-push)), "leaves", "stays"),
        "rating": np.array(["good", "low", "top"])[np.digitize(merit, np.quantile(merit, [0.3, 0.75]))],
        "salary": np.round(salary * random.normal(1, 0.03, len(table)), 2).to_numpy(),
        "absences": random.poisson(np.exp(0.5 + 0.1 * (6 - filled["engagement"]))).astype(float),
    }


def _texts(encoder: Any = None) -> Any:
    encoder = encoder or OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(SimpleImputer(strategy="most_frequent"), encoder)


def _columns(numbers: Any, texts: Any = None) -> ColumnTransformer:
    parts = [("numbers", numbers, NUMBERS), ("texts", texts or _texts(), TEXTS)]
    return ColumnTransformer(parts, remainder="passthrough")


def _usual(texts: Any = None) -> ColumnTransformer:
    return _columns(make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), texts)


def _ordinal() -> ColumnTransformer:
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    return _columns(SimpleImputer(strategy="median"), encoder)


def _logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=2000)


def _skewed() -> ColumnTransformer:
    median = SimpleImputer(strategy="median")
    logarithm = make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), StandardScaler())
    others = [name for name in NUMBERS if name not in SKEWED]
    parts = [("skewed", logarithm, SKEWED), ("numbers", make_pipeline(median, StandardScaler()), others)]
    return ColumnTransformer([*parts, ("texts", _texts(), TEXTS)], remainder="passthrough")


def _indicators() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(strategy="mean", add_indicator=True), StandardScaler())
    constant = SimpleImputer(strategy="constant", fill_value="not told")
    rare = OneHotEncoder(min_frequency=40, handle_unknown="infrequent_if_exist", drop="first")
    return _columns(numbers, make_pipeline(constant, rare))


def _curves() -> ColumnTransformer:
    median = SimpleImputer(strategy="median")
    splines = make_pipeline(median, SplineTransformer(n_knots=5, extrapolation="linear"))
    bins = make_pipeline(KBinsDiscretizer(5, encode="onehot", quantile_method="averaged_inverted_cdf"))
    parts = [("splines", splines, MEASURED), ("bins", bins, ["age", "years_in_company"]), ("texts", _texts(), TEXTS)]
    return ColumnTransformer(parts, remainder="passthrough")


def _powers() -> ColumnTransformer:
    median = SimpleImputer(strategy="median")
    others = [name for name in NUMBERS if name not in SKEWED]
    quantiles = QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=0)
    parts = [
        ("skewed", PowerTransformer(), SKEWED),
        ("numbers", make_pipeline(median, quantiles), others),
        ("texts", _texts(), TEXTS),
    ]
    return ColumnTransformer(parts, remainder="passthrough")


def _products() -> Any:
    numbers = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), PolynomialFeatures(2, include_bias=False), PCA(20)
    )
    return _columns(numbers)


def _categories() -> tuple[ColumnTransformer, list[bool]]:
    """Codes for the categories and everything else as it is; which columns hold codes."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = ColumnTransformer([("codes", encoder, TEXTS)], remainder="passthrough")
    return columns, [True] * len(TEXTS) + [False] * (len(NUMBERS) + 1)


def _histogram(kind: Any) -> Any:
    columns, codes = _categories()
    return make_pipeline(columns, kind(max_iter=100, categorical_features=codes, random_state=0))


def _forest(trees: int = 100) -> RandomForestClassifier:
    return RandomForestClassifier(trees, min_samples_leaf=3, random_state=0)


def _grid() -> Any:
    pipeline = make_pipeline(_usual(), _logistic())
    return GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, scoring="roc_auc", cv=3)


def _stack() -> StackingClassifier:
    models = [
        ("forest", _forest(50)),
        ("logistic", _logistic()),
        ("boosting", GradientBoostingClassifier(random_state=0)),
    ]
    return StackingClassifier(models, final_estimator=_logistic(), cv=3)


def _vote() -> VotingClassifier:
    models = [("forest", _forest(50)), ("logistic", _logistic()), ("bayes", GaussianNB())]
    return VotingClassifier(models, voting="soft", weights=[2, 2, 1])


ZOO: dict[str, tuple[str, Callable[[], Any]]] = {
    "logistic": ("leaves", lambda: make_pipeline(_usual(), _logistic())),
    "logistic, grid search": ("leaves", _grid),
    "logistic, missing indicators": ("leaves", lambda: make_pipeline(_indicators(), _logistic())),
    "logistic, target encoder": ("rating", lambda: make_pipeline(_usual(TargetEncoder()), _logistic())),
    "logistic, neighbours impute": (
        "leaves",
        lambda: make_pipeline(_columns(make_pipeline(StandardScaler(), KNNImputer())), _logistic()),
    ),
    "logistic, powers and quantiles": ("leaves", lambda: make_pipeline(_powers(), _logistic())),
    "logistic, splines and bins": ("leaves", lambda: make_pipeline(_curves(), _logistic())),
    "logistic, products and PCA": ("leaves", lambda: make_pipeline(_products(), _logistic())),
    "naive Bayes": ("leaves", lambda: make_pipeline(_usual(), GaussianNB())),
    "linear SVM, calibrated": (
        "leaves",
        lambda: make_pipeline(_usual(), CalibratedClassifierCV(LinearSVC(random_state=0), cv=3)),
    ),
    "SVM, calibrated": ("leaves", lambda: make_pipeline(_usual(), CalibratedClassifierCV(SVC(), cv=3, ensemble=False))),
    "nearest neighbours": (
        "leaves",
        lambda: make_pipeline(_usual(), KNeighborsClassifier(15, weights="distance")),
    ),
    "neural network": (
        "rating",
        lambda: make_pipeline(_usual(), MLPClassifier((32, 16), max_iter=150, early_stopping=True, random_state=0)),
    ),
    "forest, ordinal encoder": ("leaves", lambda: make_pipeline(_ordinal(), _forest(300))),
    "extra trees, selected columns": (
        "rating",
        lambda: make_pipeline(
            _usual(), SelectKBest(k=15), ExtraTreesClassifier(100, min_samples_leaf=2, random_state=0)
        ),
    ),
    "forest, calibrated": (
        "leaves",
        lambda: make_pipeline(_usual(), CalibratedClassifierCV(_forest(50), method="isotonic", cv=3)),
    ),
    "forest, fixed threshold": (
        "leaves",
        lambda: FixedThresholdClassifier(make_pipeline(_usual(), _forest()), threshold=0.3, pos_label="leaves"),
    ),
    "gradient boosting": ("leaves", lambda: make_pipeline(_usual(), GradientBoostingClassifier(random_state=0))),
    "histograms, missing values": (
        "leaves",
        lambda: make_pipeline(_columns("passthrough", _texts()), HistGradientBoostingClassifier(random_state=0)),
    ),
    "histograms, categories": ("rating", lambda: _histogram(HistGradientBoostingClassifier)),
    "AdaBoost": ("leaves", lambda: make_pipeline(_usual(), AdaBoostClassifier(random_state=0))),
    "bagging": ("leaves", lambda: make_pipeline(_usual(), BaggingClassifier(max_features=0.7, random_state=0))),
    "vote": ("leaves", lambda: make_pipeline(_usual(), _vote())),
    "stack": ("leaves", lambda: make_pipeline(_usual(), _stack())),
    "histograms, tuned threshold": (
        "leaves",
        lambda: TunedThresholdClassifierCV(
            make_pipeline(_usual(), HistGradientBoostingClassifier(max_iter=50, random_state=0)), scoring="f1", cv=3
        ).set_params(scoring="balanced_accuracy"),
    ),
    "ridge, logarithms": ("salary", lambda: make_pipeline(_skewed(), Ridge())),
    "Poisson": ("absences", lambda: make_pipeline(_usual(), PoissonRegressor())),
    "boosting of a logarithm": (
        "salary",
        lambda: TransformedTargetRegressor(
            make_pipeline(_skewed(), GradientBoostingRegressor(random_state=0)), func=np.log, inverse_func=np.exp
        ),
    ),
    "histograms, regression": ("salary", lambda: _histogram(HistGradientBoostingRegressor)),
    "SVM, scaled target": (
        "salary",
        lambda: TransformedTargetRegressor(make_pipeline(_usual(), SVR()), transformer=StandardScaler()),
    ),
}


def trained(name: str, table: pd.DataFrame) -> Any:
    """The pipeline of that name, fitted."""
    target, make = ZOO[name]
    np.random.seed(0)  # which TargetEncoder draws from; its own argument is on the way out
    return make().fit(table, targets(table)[target])


def features(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The inputs of the manifest."""
    listed: list[dict[str, Any]] = []
    for name in COLUMNS:
        if name == "overtime":
            listed.append({"name": name, "dtype": "boolean"})
            continue
        entry: dict[str, Any] = {"name": name, "nullable": name in GAPS}
        if name in CHOICES:
            entry |= {"dtype": "category", "categories": [{"value": each} for each in CHOICES[name]]}
            entry["allow_unknown"] = True
        else:
            values = table[name].dropna()
            entry |= {"dtype": "integer" if name in WHOLE else "number"}
            entry["train_range"] = [values.min().item(), values.max().item()]
            if name in {*SKEWED, *WHOLE}:
                entry["min"] = 0
        listed.append(entry)
    return listed
