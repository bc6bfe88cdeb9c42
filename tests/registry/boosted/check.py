"""Graphs of models of LightGBM, XGBoost, imbalanced-learn and category_encoders against the models themselves.

Run by a Python that has them: `python check.py` prints {model: [misses, largest difference]} of 1000 questions each,
or why it has no graph.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import category_encoders
import lightgbm
import numpy as np
import onnxruntime
import pandas as pd
import xgboost
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as with_sampler
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from registry.importer.child.conversion import NotConvertible, convert
from registry.importer.child.edges import edges
from registry.importer.child.serving import Model

TOLERANCE = 1e-5
FEATURES = [
    {"name": "age", "t": "i8", "kind": "integer"},
    {"name": "pay", "t": "f8", "kind": "number"},
    {"name": "field", "t": "o", "kind": "string"},
    {"name": "role", "t": "o", "kind": "string"},
]


def table(rows: int, seed: int, *, unknown: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "age": random.integers(18, 66, rows),
            "pay": np.where(random.random(rows) < 0.1, np.nan, np.round(random.exponential(3, rows), 1)),
            "field": random.choice(np.array(["arts", "law", "maths"], dtype=object), rows),
            "role": random.choice(np.array([f"role {number}" for number in range(12)], dtype=object), rows),
        }
    )
    found["field"] = found["field"].mask(random.random(rows) < 0.08)
    for name in ("field", "role"):
        found[name] = found[name].mask(random.random(rows) < unknown, "never seen")
    return found


def columns_of(found: pd.DataFrame) -> dict[str, Any]:
    """As they come over the wire: a missing text is None."""
    texts = {name: np.array([None if pd.isna(each) else each for each in found[name]]) for name in ("field", "role")}
    return {"age": found["age"].to_numpy(), "pay": found["pay"].to_numpy(float)} | texts


def compared(estimator: Any) -> list[Any] | str:
    model = Model(pickle.loads(pickle.dumps(estimator)), [])
    try:
        answer = convert(model, {"features": FEATURES})
    except NotConvertible as error:
        return str(error)
    random, asked = np.random.default_rng(2), table(1000, 1, unknown=0.1)
    for name, values in edges(estimator, list(asked)).items():
        near = np.where(random.random(1000) < 0.5, random.choice(values, 1000), asked[name])
        asked[name] = np.round(near).astype(int) if name == "age" else near
    columns = columns_of(asked)
    expected, feeds = model.predict(columns), {}
    for name, spec in answer["inputs"].items():
        if "column" in spec:
            feeds.setdefault(spec["name"], np.empty((1000, 2)))[:, spec["column"]] = columns[name]
        else:
            texts = [spec["missing"] if each is None else each for each in columns[name]]
            feeds[spec["name"]] = np.array(texts, dtype=object).reshape(-1, 1)
    session = onnxruntime.InferenceSession(answer["onnx"], providers=["CPUExecutionProvider"])
    difference = np.abs(session.run(None, feeds)[0] - expected).max(axis=1)
    if expected.shape[1] == 1:
        difference /= np.maximum(1, np.abs(expected[:, 0]))
    return [int((difference > TOLERANCE).sum()), float(difference.max())]


def main() -> None:
    warnings.simplefilter("ignore")
    seen = table(500, 0)
    target = ((seen["pay"].fillna(4) > 2.5) ^ (seen["age"] > 50) ^ (seen["field"] == "law")).astype(int)
    numbers, texts = ["age", "pay"], ["field", "role"]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    ordinal = make_column_transformer((codes, texts), remainder="passthrough")
    one_hot = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), texts), remainder="passthrough", sparse_threshold=1.0
    )
    filled = make_column_transformer((SimpleImputer(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
    light = {"n_estimators": 10, "verbose": -1}
    models: dict[str, Any] = {
        "LightGBM": make_pipeline(ordinal, lightgbm.LGBMClassifier(**light)),
        "LightGBM behind a sampler": with_sampler(
            filled, RandomOverSampler(random_state=0), lightgbm.LGBMClassifier(**light)
        ),
        "LightGBM, sparse": make_pipeline(one_hot, lightgbm.LGBMRegressor(**light)),
        "XGBoost": make_pipeline(ordinal, xgboost.XGBClassifier(n_estimators=10)),
        "XGBoost, sparse": make_pipeline(one_hot, xgboost.XGBRegressor(n_estimators=10)),
        "balanced forest": make_pipeline(filled, BalancedRandomForestClassifier(10, random_state=0)),
        **{
            name: make_pipeline(getattr(category_encoders, name)(cols=texts), SimpleImputer(), LogisticRegression())
            for name in (
                "CatBoostEncoder",
                "JamesSteinEncoder",
                "LeaveOneOutEncoder",
                "OrdinalEncoder",
                "TargetEncoder",
                "WOEEncoder",
                "OneHotEncoder",
            )
        },
    }
    print(json.dumps({name: compared(model.fit(seen, target)) for name, model in models.items()}))


if __name__ == "__main__":
    main()
