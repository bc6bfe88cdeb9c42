"""Small fitted pipelines on a table of employees, fitted once for each test session."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

ROWS = 240


@cache
def employees() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, ROWS),
            "income": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(30, 10, ROWS)),
            "department": rng.choice(["law", "sales", "shop"], ROWS),
            "overtime": rng.random(ROWS) < 0.5,
        }
    )


@cache
def left() -> np.ndarray:
    table = employees()
    return ((table.age > 40) ^ table.overtime).astype(int).to_numpy()


def columns(start: int = 0, stop: int = ROWS) -> dict[str, np.ndarray]:
    """Cleaned columns as the signature gives them to a runtime."""
    table = employees().iloc[start:stop]
    return {
        "age": table.age.to_numpy(np.float64),
        "income": table.income.to_numpy(np.float64),
        "department": table.department.to_numpy(object),
        "overtime": table.overtime.to_numpy(bool),
    }


def preparation() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    return make_column_transformer(
        (numbers, ["age", "income"]), (OneHotEncoder(handle_unknown="ignore"), ["department", "overtime"])
    )


def text_imputation() -> ColumnTransformer:
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return make_column_transformer((texts, ["department"]), ("passthrough", ["age"]))


@cache
def fitted(name: str) -> Any:
    """logistic, forest, boosting, histogram, svc, linear_svc, ridge, text_imputation or bundle."""
    table, target = employees(), left()
    if name == "bundle":
        return {"model": fitted("logistic"), "threshold": 0.3, "feature_columns": list(table.columns)}
    if name == "text_imputation":
        return make_pipeline(text_imputation(), LogisticRegression()).fit(table, target)
    estimators = {
        "logistic": LogisticRegression(max_iter=1000),
        "forest": RandomForestClassifier(20, random_state=0, n_jobs=-1),
        "boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
        "histogram": HistGradientBoostingClassifier(max_iter=10, random_state=0),
        "svc": SVC(),
        "linear_svc": LinearSVC(),
        "ridge": Ridge(),
    }
    pipeline: Pipeline = make_pipeline(preparation(), estimators[name])
    return pipeline.fit(table, target)


def expected(name: str) -> np.ndarray:
    """What the original answers in this process."""
    model = fitted(name)["model"] if name == "bundle" else fitted(name)
    scores: np.ndarray = model.predict_proba(employees())
    return scores
