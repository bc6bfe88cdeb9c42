"""Run by the Python of a model's own environment, which has neither this project nor pytest: `... KIND FOLDER`.

Writes models as their authors would, and what they answer here: the table they are asked is in rows.json.
"""

import json
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS = 1000
NUMBERS = ["age", "income", "years", "distance"]
TEXTS = ["department", "travel"]


def employees():
    """What HR tables are like: numbers and texts, some of both missing."""
    rng = np.random.default_rng(161)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 66, ROWS),
            "income": np.where(rng.random(ROWS) < 0.1, np.nan, rng.gamma(9, 600, ROWS).round(2)),
            "years": rng.integers(0, 30, ROWS),
            "distance": np.where(rng.random(ROWS) < 0.05, np.nan, rng.exponential(9, ROWS)),
            "department": rng.choice(
                ["Sales", "Research & Development", "Ressources humaines"], ROWS, p=[0.3, 0.6, 0.1]
            ),
            "travel": rng.choice(["no", "rarely", "often"], ROWS),
        }
    )
    table.loc[rng.random(ROWS) < 0.05, "department"] = None
    risk = (table.travel == "often") * 1.2 - 0.05 * (table.age - 30) - 0.1 * table.years - 1
    return table, (rng.random(ROWS) < 1 / (1 + np.exp(-risk))).astype(int).to_numpy()


def preparation():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)])


def forest(folder):
    """An ordinary pipeline."""
    table, left = employees()
    model = make_pipeline(preparation(), RandomForestClassifier(40, min_samples_leaf=3, random_state=0))
    write(folder, model.fit(table, left), model, table)


def bundle(folder):
    """A dict around LightGBM in an imblearn pipeline with BorderlineSMOTE, as published by a real HR team."""
    from imblearn.over_sampling import BorderlineSMOTE
    from imblearn.pipeline import Pipeline
    from lightgbm import LGBMClassifier

    table, left = employees()
    steps = [("prepare", preparation()), ("balance", BorderlineSMOTE(random_state=0))]
    steps += [("model", LGBMClassifier(n_estimators=60, learning_rate=0.05, random_state=0, verbose=-1))]
    model = Pipeline(steps).fit(table, left)
    found = {"model": model, "threshold": 0.37, "feature_columns": list(table.columns)}
    write(folder, found, model, table)


def write(folder, found, model, table):
    joblib.dump(found, folder / "model.joblib")
    scores = model.predict_proba(table)
    rows = {name: [None if pd.isna(value) else value for value in table[name].tolist()] for name in table}
    (folder / "rows.json").write_text(json.dumps({"columns": rows, "scores": scores.tolist()}))
    (folder / "versions.json").write_text(json.dumps({"scikit-learn": sklearn.__version__, "numpy": np.__version__}))


def zoo(folder):
    """One file for each class that may be loaded where its library is installed."""
    table, left = employees()
    asked = table.drop(columns=["travel"]).assign(department=table.department.fillna("none"))
    numbers = table[NUMBERS].fillna(0)
    answers = {}
    for name, (model, inputs, target) in models(asked, numbers, left).items():
        model.fit(inputs[:400], target[:400])
        joblib.dump(model, folder / f"{name}.joblib")
        scores = model.predict_proba(inputs) if hasattr(model, "predict_proba") else model.predict(inputs)[:, None]
        answers[name] = {"columns": list(inputs), "scores": scores.tolist()}
    columns = {name: asked[name].tolist() if name == "department" else numbers[name].tolist() for name in asked}
    (folder / "zoo.json").write_text(json.dumps({"columns": columns, "answers": answers}))


def models(table, numbers, left):
    import imblearn.combine as combine
    import imblearn.ensemble as balanced
    import imblearn.over_sampling as over
    import imblearn.under_sampling as under
    from category_encoders import CatBoostEncoder, TargetEncoder
    from imblearn.pipeline import make_pipeline as imbalanced
    from lightgbm import LGBMClassifier, LGBMRegressor
    from xgboost import XGBClassifier, XGBRegressor

    table = table.assign(**numbers)
    quick = {"n_estimators": 8, "random_state": 0}
    found = {
        "LGBMClassifier": (LGBMClassifier(verbose=-1, **quick), numbers, left),
        "LGBMRegressor": (LGBMRegressor(verbose=-1, **quick), numbers, numbers.income),
        "XGBClassifier": (XGBClassifier(**quick), numbers, left),
        "XGBRegressor": (XGBRegressor(**quick), numbers, numbers.income),
        "BalancedRandomForestClassifier": (balanced.BalancedRandomForestClassifier(**quick), numbers, left),
        "EasyEnsembleClassifier": (balanced.EasyEnsembleClassifier(2, random_state=0), numbers, left),
        "TargetEncoder": (imbalanced(TargetEncoder(), LogisticRegression(max_iter=2000)), table, left),
        "CatBoostEncoder": (imbalanced(CatBoostEncoder(), XGBClassifier(**quick)), table, left),
    }
    for sampler in (
        over.SMOTE, over.BorderlineSMOTE, over.SVMSMOTE, over.ADASYN, over.RandomOverSampler, combine.SMOTETomek,
        combine.SMOTEENN, under.RandomUnderSampler, under.NearMiss, under.TomekLinks,
    ):  # fmt: skip
        pipeline = imbalanced(StandardScaler(), sampler(), LogisticRegression())
        found[sampler.__name__] = (pipeline, numbers, left)
    searched = imbalanced(StandardScaler(), over.SMOTE(random_state=0), LGBMClassifier(verbose=-1, **quick))
    grid = GridSearchCV(searched, {"lgbmclassifier__num_leaves": [4, 8]}, cv=2)
    return {**found, "GridSearchCV": (grid, numbers, left)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"forest": forest, "bundle": bundle, "zoo": zoo}[sys.argv[1]](Path(sys.argv[2]))
