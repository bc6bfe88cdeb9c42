"""Train the models that the benchmarks ask, on made-up employees: a logistic regression, a 300-tree forest, and a
logistic regression on random waves, which have no ONNX form, so that the isolated runtime serves it.

    python benchmarks/models.py --out DIR [--rows 1470] [--trees 300] [--json]

Each is a complete model repository in a folder of its own.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from examples.repository import Repository, metric, train_range

NAMES = ("linear", "forest", "isolated")
CONVERTED = ("linear", "forest")  # served as ONNX
NUMBERS = {  # inclusive bounds; peer/app.py has the same columns
    "age": (18, 60),
    "daily_rate": (100, 1500),
    "hourly_rate": (30, 100),
    "monthly_rate": (2000, 27000),
    "monthly_income": (1000, 20000),
    "salary_rise_percent": (11, 25),
    "stock_option_level": (0, 3),
    "distance_from_home": (1, 29),
    "education": (1, 5),
    "job_level": (1, 5),
    "job_involvement": (1, 4),
    "performance_rating": (1, 4),
    "satisfaction_environment": (1, 4),
    "satisfaction_job": (1, 4),
    "satisfaction_team": (1, 4),
    "work_life_balance": (1, 4),
    "trainings_last_year": (0, 6),
    "employers_before": (0, 9),
    "years_working": (0, 40),
    "years_in_company": (0, 40),
    "years_in_role": (0, 18),
    "years_since_promotion": (0, 15),
}
CHOICES = {
    "business_travel": ["never", "rarely", "frequently"],
    "department": ["sales", "research", "human resources"],
    "education_field": ["life sciences", "medical", "marketing", "technical", "human resources", "other"],
    "gender": ["female", "male"],
    "job_role": ["executive", "scientist", "technician", "manager", "director", "representative", "recruiter"],
    "marital_status": ["single", "married", "divorced"],
    "overtime": ["no", "yes"],
}
COLUMNS = [*NUMBERS, *CHOICES]
CLASSES = [{"value": "leaves", "positive": True}, {"value": "stays"}]
UNTOLD = 0.02  # share of texts that the isolated model was trained without


def employees(rows: int, seed: int = 0) -> pd.DataFrame:
    """A frame of whole numbers and texts; nobody in it exists."""
    random = np.random.default_rng(seed)
    numbers = {name: random.integers(low, high + 1, rows) for name, (low, high) in NUMBERS.items()}
    return pd.DataFrame(numbers | {name: random.choice(values, rows) for name, values in CHOICES.items()})


def outcome(people: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """Who leaves: overtime, travel and a long way push; pay, age and satisfaction hold; one in six or so goes."""
    score = (
        1.2 * (people["overtime"] == "yes")
        + 0.8 * (people["business_travel"] == "frequently")
        + 0.05 * people["distance_from_home"]
        - 0.0001 * people["monthly_income"]
        - 0.04 * people["age"]
        - 0.3 * people["satisfaction_job"]
    )
    return np.where(np.random.default_rng(seed + 1).random(len(people)) < 1 / (1 + np.exp(-score)), "leaves", "stays")


def pipeline(name: str, trees: int = 300) -> Pipeline:
    """The unfitted pipeline of one of NAMES; one job each, since one row is slower with more."""
    encoder: Any = OneHotEncoder(categories=list(CHOICES.values()))
    isolated = name == "isolated"
    if isolated:
        encoder = make_pipeline(SimpleImputer(strategy="most_frequent"), encoder)
    columns = ColumnTransformer([("numbers", StandardScaler(), [*NUMBERS]), ("choices", encoder, [*CHOICES])])
    forest = RandomForestClassifier(trees, min_samples_leaf=3, random_state=0)
    waves = [RBFSampler(gamma=0.01, random_state=0)] if isolated else []
    return make_pipeline(columns, *waves, forest if name == "forest" else LogisticRegression(max_iter=2000))


def features(people: pd.DataFrame, *, nullable: bool) -> list[dict[str, Any]]:
    """The inputs of the manifest."""
    numbers = [
        {"name": name, "dtype": "integer", "min": low, "max": high, "train_range": train_range(people[name])}
        for name, (low, high) in NUMBERS.items()
    ]
    choices = [
        {"name": name, "dtype": "category", "categories": [{"value": value} for value in values], "nullable": nullable}
        for name, values in CHOICES.items()
    ]
    return [*numbers, *choices]


def with_gaps(people: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The same people, some texts missing."""
    random, gaps = np.random.default_rng(seed), people.copy()
    for name in CHOICES:
        gaps[name] = gaps[name].astype(object).where(random.random(len(people)) >= UNTOLD, np.nan)
    return gaps


def repository(name: str, rows: int, trees: int) -> Repository:
    """The trained model with everything that its folder holds."""
    isolated = name == "isolated"
    people = employees(rows)
    left = outcome(people)
    people = with_gaps(people) if isolated else people
    x_train, x_test, y_train, y_test = train_test_split(people, left, test_size=0.2, stratify=left, random_state=0)
    estimator = pipeline(name, trees).fit(x_train, y_train)
    auc = roc_auc_score(y_test == "leaves", estimator.predict_proba(x_test)[:, 0])
    test_set = x_test.assign(id=x_test.index, outcome=y_test)[["id", *COLUMNS, "outcome"]]
    return Repository(
        estimator=estimator,
        model={
            "name": name,
            "version": "1.0.0",
            "task": "tabular-classification",
            "description": "A model for benchmarks, trained on made-up data. It says nothing about people.",
        },
        inputs={"features": features(x_train, nullable=isolated)},
        outputs={"label": "Within a year", "classes": CLASSES, "threshold": {"value": 0.5, "chosen_by": "convention"}},
        x_train=x_train,
        x_golden=x_test.head(5),
        test_set=test_set,
        metrics=[metric("roc_auc", auc, "test", len(y_test))],
        provenance={"data": "made-up employees", "synthetic": True, "generator": "benchmarks/models.py", "rows": rows},
        card=f"# {name}\n\nA model for benchmarks, trained on made-up data.",
    )


def write(out: Path, rows: int = 1470, trees: int = 300) -> list[dict[str, Any]]:
    """Write the three folders and say where each is, and how large its model."""
    written = []
    for name in NAMES:
        manifest = repository(name, rows, trees).write(out / name)
        size = manifest["files"]["model.joblib"]["size"]
        written.append({"model": name, "folder": str(out / name), "columns": len(COLUMNS), "bytes": size})
    return written


def questions(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Rows to ask, as JSON values."""
    rows: list[dict[str, Any]] = json.loads(employees(count, seed).to_json(orient="records"))
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the models that the benchmarks ask.")
    parser.add_argument("--out", type=Path, required=True, help="a folder is made in it for each model")
    parser.add_argument("--rows", type=int, default=1470)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parser.parse_args(arguments)
    written = write(options.out, options.rows, options.trees)
    if options.json:
        print(json.dumps(written, indent=2))
        return
    for entry in written:
        print(f"{entry['model']:<10} {entry['columns']} columns  {entry['bytes']:>9,} bytes  {entry['folder']}")


if __name__ == "__main__":
    main()
