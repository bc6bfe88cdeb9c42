"""Write a complete model repository: what the examples, and yours, end with.

The layout is the repository contract 1: the model, model_manifest.json with the digest of every file, and the
companions reference.json, background.csv, golden.json, test_set.csv, README.md, pictures and, for a scikit-learn
model, config.json.
"""

import argparse
import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import yaml

PACKAGES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
BACKGROUND_ROWS = 100


@dataclass(frozen=True)
class Form:
    """How the model lies in the folder, and what the Hub calls that."""

    file: str
    format: str  # as in the manifest
    hub_format: str
    library: str


PICKLED = Form("model.joblib", "joblib", "pickle", "sklearn")
GRAPH = Form("model.onnx", "onnx", "onnx", "onnx")


@dataclass
class Repository:
    """Everything that is known about a trained model. `inputs` and `outputs` are as in the manifest.

    With a `graph`, an ONNX model, the folder holds that in place of the pickled estimator; the estimator is then only
    asked, and may be anything with `predict_proba`. Pictures: `x_train` is (rows, values), `x_golden` in their layout.
    """

    estimator: Any
    model: dict[str, Any]  # name, title, version, task, description
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    x_train: pd.DataFrame | np.ndarray
    x_golden: pd.DataFrame | np.ndarray
    test_set: pd.DataFrame
    metrics: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    limits: Sequence[Any] = ()  # texts, the one that matters most first
    pictures: Mapping[str, Any] = field(default_factory=dict)  # file name -> matplotlib Figure
    files: Sequence[str] = ()  # already in the folder, to be listed as well
    license: str = "apache-2.0"
    card: str = ""
    graph: bytes | None = None
    packages: Sequence[str] = PACKAGES  # whose versions are written down

    @property
    def form(self) -> Form:
        return PICKLED if self.graph is None else GRAPH

    @property
    def columns(self) -> list[str]:
        """The columns of background.csv and, between key and outcome, of test_set.csv."""
        if isinstance(self.x_train, pd.DataFrame):
            return list(self.x_train.columns)
        return [f"pixel_{i}" for i in range(self.x_train.shape[1])]

    def write(self, out: Path, *, seed: int = 0) -> dict[str, Any]:
        """Write the folder and return the manifest."""
        out.mkdir(parents=True, exist_ok=True)
        self._model(out)
        _write_json(out / "reference.json", self._reference())
        _write_json(out / "golden.json", self._golden())
        self._background(seed).to_csv(out / "background.csv", index=False, lineterminator="\n")
        self.test_set.to_csv(out / "test_set.csv", index=False, lineterminator="\n")
        for name, figure in self.pictures.items():
            figure.savefig(out / name, dpi=100)
        (out / "README.md").write_text(self._readme(), encoding="utf-8")
        names = [self.form.file, "reference.json", "golden.json", "background.csv", "test_set.csv"]
        names += ["config.json"] if self.form is PICKLED else []
        manifest = self._manifest({name: _entry(out / name) for name in [*names, *self.pictures, *self.files]})
        _write_json(out / "model_manifest.json", manifest)
        return manifest

    def _model(self, out: Path) -> None:
        if self.graph is not None:
            (out / GRAPH.file).write_bytes(self.graph)
            return
        joblib.dump(self.estimator, out / PICKLED.file, compress=3)
        _write_json(out / "config.json", self._config())

    def _manifest(self, files: dict[str, Any]) -> dict[str, Any]:
        return {
            "schema_version": "1.0",
            "model": self.model | {"file": self.form.file, "format": self.form.format},
            "runtime": {
                "python": platform.python_version(),
                "packages": {package: version(package) for package in self.packages},
            },
            "inputs": self.inputs,
            "outputs": self.outputs,
            "metrics": self.metrics,
            "artifacts": {
                "reference": "reference.json",
                "background": "background.csv",
                "golden": "golden.json",
            },
            "provenance": self.provenance,
            **({"limits": list(self.limits)} if self.limits else {}),
            "files": files,
        }

    def _config(self) -> dict[str, Any]:
        """The block the Hub's site reads; it knows none for a graph."""
        block: dict[str, Any] = {
            "model": {"file": PICKLED.file},
            "model_format": PICKLED.hub_format,
            "environment": [f"{package}=={version(package)}" for package in self.packages],
            "task": self.model["task"],
        }
        if isinstance(self.x_train, pd.DataFrame):
            head = self.x_train.head(3)
            block["columns"] = self.columns
            block["example_input"] = {name: _plain(head[name]) for name in self.columns}
        return {"sklearn": block}

    def _background(self, seed: int) -> pd.DataFrame:
        frame = pd.DataFrame(self.x_train, columns=self.columns)
        return frame.sample(min(BACKGROUND_ROWS, len(frame)), random_state=seed)

    def _golden(self) -> dict[str, Any]:
        rows = self._rows(self.x_golden)
        probabilities = self.estimator.predict_proba(self.x_golden)
        cases = [
            {"id": f"case-{number}", "input": row, "expected": self._expected(list(map(float, scores)))}
            for number, (row, scores) in enumerate(zip(rows, probabilities, strict=True), start=1)
        ]
        return {"atol": 1e-6, "cases": cases}

    def _rows(self, inputs: pd.DataFrame | np.ndarray) -> list[dict[str, Any]]:
        if isinstance(inputs, pd.DataFrame):
            columns = {name: _plain(inputs[name]) for name in inputs}
            return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        return [{"image": row.tolist()} for row in inputs]

    def _expected(self, scores: list[float]) -> dict[str, Any]:
        classes = [item["value"] for item in self.outputs["classes"]]
        return {
            "label": self._label(classes, scores),
            "proba": dict(zip(map(str, classes), scores, strict=True)),
        }

    def _label(self, classes: list[Any], scores: list[float]) -> Any:
        """The rule of the server: a threshold is reached, not passed; otherwise the most probable class."""
        if "threshold" not in self.outputs:
            return classes[int(np.argmax(scores))]
        positive = [bool(item.get("positive")) for item in self.outputs["classes"]].index(True)
        reached = round(scores[positive], 6) >= self.outputs["threshold"]["value"]
        return classes[positive if reached else 1 - positive]

    def _reference(self) -> dict[str, Any]:
        """Histograms of the training data, to see later whether the world has changed."""
        probabilities = self.estimator.predict_proba(self.x_train)
        positive = [bool(item.get("positive")) for item in self.outputs["classes"]]
        score = probabilities[:, positive.index(True)] if any(positive) else probabilities.max(axis=1)
        if isinstance(self.x_train, pd.DataFrame):
            features = {name: histogram(self.x_train[name]) for name in self.columns}
        else:  # one number tells a dark picture from a light one
            features = {"image": histogram(pd.Series(self.x_train.mean(axis=1)))}
        return {"features": features, "score": histogram(pd.Series(score))}

    def _readme(self) -> str:
        front = {
            "license": self.license,
            "library_name": self.form.library,
            "tags": [self.form.library, self.model["task"]],
            "pipeline_tag": self.model["task"],
            "model_file": self.form.file,
            "model_format": self.form.hub_format,
            "model-index": [{"name": self.model["name"], "results": self._results()}],
        }
        text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
        return f"---\n{text}---\n\n{self.card.strip()}\n\n{self._metrics_table()}\n{self._requirements()}"

    def _results(self) -> list[dict[str, Any]]:
        splits = dict.fromkeys(metric["split"] for metric in self.metrics)
        return [
            {
                "task": {"type": self.model["task"]},
                "dataset": {
                    "type": self.model["task"].split("-")[0],
                    "name": _english(self.provenance["data"]),
                    "split": split,
                },
                "metrics": [
                    {"type": metric["name"], "value": metric["value"]}
                    for metric in self.metrics
                    if metric["split"] == split
                ],
            }
            for split in splits
        ]

    def _metrics_table(self) -> str:
        lines = ["## Metrics", "", "| metric | on | value | n |", "|---|---|---|---|"]
        for metric in self.metrics:
            interval = "({:.3f} to {:.3f})".format(*metric["ci95"]) if "ci95" in metric else ""
            value = f"{metric['value']:.3f} {interval}".strip()
            lines.append(f"| {metric['name']} | {metric['split']} | {value} | {metric['n']} |")
        if any("ci95" in metric for metric in self.metrics):
            lines += ["", "In brackets: 95 % interval, by bootstrap."]
        return "\n".join(lines) + "\n"

    def _requirements(self) -> str:
        packages = "\n".join(f"{package}=={version(package)}" for package in self.packages)
        python = platform.python_version()
        return f"\n## Requirements\n\nTrained with Python {python} and:\n\n```\n{packages}\n```\n"


def _english(text: Any) -> str:
    return str(text["en"] if isinstance(text, Mapping) else text)


def histogram(column: pd.Series) -> dict[str, Any]:
    """Deciles of a numeric column, or counts of a column of texts or booleans."""
    present = column.dropna()
    missing, n = int(column.isna().sum()), len(column)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        counts = {str(value): int(count) for value, count in present.value_counts().items()}
        return {"kind": "category", "counts": counts, "missing": missing, "n": n}
    values = present.to_numpy(float)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, 11)))
    if len(edges) < 2:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    counts = np.histogram(values, edges)[0]
    entry = {
        "kind": "numeric",
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "missing": missing,
        "n": n,
    }
    return entry | {"mean": float(values.mean()), "std": float(values.std())}


def metric(name: str, value: float, split: str, n: int, ci95: Sequence[float] | None = None) -> dict[str, Any]:
    """One line of the manifest's metrics."""
    entry: dict[str, Any] = {"name": name, "value": round(float(value), 6), "split": split, "n": int(n)}
    return entry | ({"ci95": [round(float(bound), 6) for bound in ci95]} if ci95 else {})


def calibration(came_true: np.ndarray, scores: np.ndarray, split: str) -> dict[str, Any]:
    """The manifest's block: in ten equal steps of the score, what it said on average and how often it came true."""
    steps = np.minimum((scores * 10).astype(int), 9)
    bins = []
    for step in np.unique(steps):
        here = steps == step
        mean, rate = round(float(scores[here].mean()), 6), round(float(came_true[here].mean()), 6)
        edges = {"from": int(step) / 10, "to": (int(step) + 1) / 10}
        bins.append(edges | {"n": int(here.sum()), "mean": mean, "rate": rate})
    return {"split": split, "n": len(scores), "bins": bins}


def train_range(values: pd.Series) -> list[Any]:
    """The lowest and the highest value seen in training."""
    return _plain(pd.Series([values.min(), values.max()]))


def figure(width: float = 5.0, height: float = 4.0) -> tuple[Any, Any]:
    """A matplotlib figure with one pair of axes; without pyplot, which costs half a second."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="tight")
    return drawing, drawing.subplots()


def confusion_picture(table: np.ndarray, labels: Sequence[str]) -> Any:
    """Counts of the true class (rows) against the answer (columns)."""
    drawing, axes = figure()
    axes.imshow(table, cmap="Blues")
    axes.set(xlabel="answer", ylabel="truth", title="Confusion on the test set")
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    for (row, column), count in np.ndenumerate(table):
        dark = count > table.max() / 2
        axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    return drawing


def arguments(description: str, *, data: bool = False) -> argparse.Namespace:
    """The command line of a train.py: --out DIR [--seed N] [--data DIR] [--rows N]."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=layout)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model repository to")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same model")
    if data:
        parser.add_argument("--data", type=Path, help="folder with the three extracts; without it: synthetic data")
        parser.add_argument("--rows", type=int, default=1500, help="people of the synthetic data")
        parser.add_argument("--people", type=Path, help="also write everybody to this CSV file, without the outcome")
    return parser.parse_args()


class Progress:
    """Print what is being done, and the seconds since the start."""

    def __init__(self) -> None:
        self.started = time.perf_counter()

    def __call__(self, text: str) -> None:
        print(f"[{time.perf_counter() - self.started:5.1f} s] {text}", flush=True)

    def done(self, repository: Repository, out: Path) -> None:
        for entry in repository.metrics:
            print(f"          {entry['name']} on {entry['split']} ({entry['n']}): {entry['value']:.3f}")
        self(f"Wrote {out}.")


def _plain(column: pd.Series) -> list[Any]:
    """Python values of a column; a missing one is None."""
    return [None if pd.isna(value) else value for value in column.tolist()]


def _entry(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
