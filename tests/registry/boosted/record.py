"""What LightGBM and XGBoost answer, recorded for tests: `python record.py OUT.json.gz` where both are installed.

The server has neither. Each case holds what the library writes about a trained model, questions at its thresholds, and
its own answers.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import lightgbm
import numpy as np
import xgboost

from registry.importer.child.edges import edges

NAMES = ["a", "b", "c", "code"]
ASKED = 150


def rows(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    table = np.column_stack(
        [
            random.normal(size=count),
            np.round(random.exponential(size=count), 2),
            np.where(random.random(count) < 0.4, 0.0, -random.exponential(size=count)),
            random.integers(0, 7, count).astype(float),
        ]
    )
    table[:, [0, 3]] = np.where(random.random((count, 2)) < 0.08, np.nan, table[:, [0, 3]])
    return table


def questions(model: Any) -> np.ndarray:
    """Beyond training, at thresholds, and categories that are none."""
    random, asked = np.random.default_rng(9), rows(ASKED, 8)
    for index, values in enumerate(edges(model, NAMES).get(name) for name in NAMES):
        if values:
            asked[:, index] = np.where(random.random(ASKED) < 0.5, random.choice(values, ASKED), asked[:, index])
    asked[::7, 3] = random.choice([-0.5, -1.0, 2.7, 6.9, 7.0, 1e6, -3.0], len(asked[::7]))
    asked[::11] = np.where(random.random(asked[::11].shape) < 0.5, np.nan, asked[::11])
    return asked


def case(model: Any) -> dict[str, Any]:
    asked = questions(model)
    answers = model.predict_proba(asked) if hasattr(model, "predict_proba") else model.predict(asked)[:, None]
    classes = model.classes_.tolist() if hasattr(model, "predict_proba") else None
    if isinstance(model, lightgbm.LGBMModel):
        written = model.booster_.dump_model()
        written["tree_info"] = [{"tree_structure": _needed(each["tree_structure"])} for each in written["tree_info"]]
    else:
        written = json.loads(bytes(model.get_booster().save_raw("json")))
    kind = type(model).__name__
    return {"class": kind, "classes": classes, "written": written, "asked": asked.tolist(), "answers": answers.tolist()}


def _needed(node: dict[str, Any]) -> dict[str, Any]:
    children = {key: _needed(node[key]) for key in ("left_child", "right_child") if key in node}
    wanted = ("split_feature", "threshold", "decision_type", "default_left", "missing_type", "leaf_value")
    return {key: node[key] for key in wanted if key in node} | children


def main() -> None:
    table = rows(600, 0)
    score = np.nan_to_num(table[:, 0], nan=1.0) + table[:, 1] + 2 * table[:, 2] + np.isin(table[:, 3], [1, 4, 5])
    two, three, number = (score > 0.3).astype(int), np.digitize(score, [-0.5, 1.0]), np.exp(score / 4 + 5)
    quiet = {"verbose": -1, "random_state": 0}
    models = {
        "lightgbm, two classes": lightgbm.LGBMClassifier(n_estimators=6, **quiet).fit(table, two),
        "lightgbm, categories": lightgbm.LGBMClassifier(
            n_estimators=6, min_data_per_group=5, cat_smooth=1, **quiet
        ).fit(table, two, categorical_feature=[3]),
        "lightgbm, three classes": lightgbm.LGBMClassifier(n_estimators=3, **quiet).fit(table, three),
        "lightgbm, a number": lightgbm.LGBMRegressor(n_estimators=6, **quiet).fit(table, number),
        "lightgbm, counts": lightgbm.LGBMRegressor(n_estimators=6, objective="poisson", **quiet).fit(table, number),
        "lightgbm, no use of missing": lightgbm.LGBMClassifier(n_estimators=5, use_missing=False, **quiet).fit(
            table, two
        ),
        "lightgbm, a forest": lightgbm.LGBMClassifier(
            n_estimators=5, boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, **quiet
        ).fit(table, two),
        "xgboost, two classes": xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(table, two),
        "xgboost, three classes": xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(table, three),
        "xgboost, a number": xgboost.XGBRegressor(n_estimators=5, max_depth=3).fit(table, number),
        "xgboost, counts": xgboost.XGBRegressor(n_estimators=6, max_depth=3, objective="count:poisson").fit(
            table, number
        ),
        "xgboost, a forest": xgboost.XGBRFClassifier(n_estimators=5, max_depth=3).fit(table, two),
        "xgboost, stopped early": xgboost.XGBClassifier(n_estimators=30, max_depth=3, early_stopping_rounds=2).fit(
            table[:400], two[:400], eval_set=[(table[400:], two[400:])], verbose=False
        ),
    }
    text = json.dumps({name: case(model) for name, model in models.items()})
    Path(sys.argv[1]).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
