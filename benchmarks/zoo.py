"""Thirty usual pipelines through the product's own import: which are served as ONNX, how exact, how fast, why not.

    python benchmarks/zoo.py [--json | --markdown docs/zoo.md] [--only NAME ...] [--rows 20000]

Each is written as a model repository and examined as a download would be: opened in the jail, converted, compared.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks import machine, zoo_models

ONE_ROW = 60  # questions of one row to each side, in turn
Entry = dict[str, Any]


def repository(folder: Path, name: str, table: pd.DataFrame) -> Any:
    """Train one pipeline, write it with its manifest and golden rows, and return it."""
    estimator = zoo_models.trained(name, table)
    joblib.dump(estimator, folder / "model.joblib", compress=1)
    background = table.head(100)
    background.assign(overtime=background["overtime"].map({True: "true", False: "false"})).to_csv(
        folder / "background.csv", index=False
    )
    (folder / "golden.json").write_text(json.dumps({"cases": _golden(estimator, table.tail(6))}))
    regression = not hasattr(estimator, "classes_")
    files = {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}
        for path in folder.iterdir()
    }
    task = "tabular-regression" if regression else "tabular-classification"
    manifest = {
        "schema_version": "1.0",
        "model": {"name": name, "version": "1", "task": task, "file": "model.joblib", "format": "joblib"},
        "runtime": {"python": "3", "packages": {each: version(each) for each in ("scikit-learn", "numpy")}},
        "inputs": {"features": zoo_models.features(table)},
        "outputs": {} if regression else {"classes": [{"value": str(each)} for each in estimator.classes_]},
        "artifacts": {"golden": "golden.json", "background": "background.csv"},
        "files": files,
    }
    (folder / "model_manifest.json").write_text(json.dumps(manifest))
    return estimator


def _golden(estimator: Any, rows: pd.DataFrame) -> list[Entry]:
    inputs = json.loads(rows.to_json(orient="records", double_precision=15))
    # what is written with 15 digits is asked, and not what it was written from
    asked = pd.DataFrame(inputs).astype({name: rows[name].dtype for name in rows if name not in zoo_models.GAPS})
    asked = asked.where(asked.notna(), np.nan)
    if hasattr(estimator, "classes_"):
        names = list(map(str, estimator.classes_))
        answers: list[Entry] = [
            {"label": names[int(np.argmax(each))], "proba": dict(zip(names, map(float, each), strict=True))}
            for each in estimator.predict_proba(asked)
        ]
    else:
        answers = [{"value": float(each)} for each in estimator.predict(asked)]
    return [
        {"id": f"case-{number}", "input": row, "expected": answer}
        for number, (row, answer) in enumerate(zip(inputs, answers, strict=True))
    ]


def examined(name: str, table: pd.DataFrame, rows: int) -> Entry:
    """One pipeline's line of the table."""
    from django.test.utils import override_settings

    from registry import actions
    from registry.importer import examine, run

    with tempfile.TemporaryDirectory(prefix="futurisys-zoo-") as place:
        folder = Path(place)
        estimator = repository(folder, name, table)
        with override_settings(COMPARISON_ROWS=rows):
            package = run.read_package(folder, trusted=False)
            examine.examine(package, progress=actions.silent)
    compared = package.report.get("comparison", {})
    entry = {
        "name": name,
        "runtime": package.runtime,
        "rows": compared.get("rows"),
        "misses": compared.get("misses"),
        "largest_difference": compared.get("largest_difference"),
        "why": package.why_isolated,
    }
    return entry | _latency(package, estimator, table)


def _latency(package: Any, estimator: Any, table: pd.DataFrame) -> Entry:
    """Medians of one row at a time, the served form and scikit-learn asked in turn."""
    with threadpool_limits(1):  # as ours has one
        return _measured(package, estimator, table)


def _measured(package: Any, estimator: Any, table: pd.DataFrame) -> Entry:
    from registry.runtimes.onnx import OnnxRuntime

    original = estimator.predict_proba if hasattr(estimator, "predict_proba") else estimator.predict
    if package.runtime != "onnx":
        return {"latency_ms": package.report["latency"]["runtime_ms"], "original_ms": _median(original, table)}
    serving = package.report["serving"]
    runtime = OnnxRuntime(package.graph, inputs=serving["inputs"], scores=serving["scores"])
    ours, theirs = [], []
    for row in range(ONE_ROW):
        columns = {name: array[row : row + 1] for name, array in package.background.items()}
        ours.append(_timed(lambda columns=columns: runtime.predict(columns, 1)))
        theirs.append(_timed(lambda row=row: original(table.iloc[row : row + 1])))
    return {"latency_ms": round(statistics.median(ours), 4), "original_ms": round(statistics.median(theirs), 3)}


def _median(original: Any, table: pd.DataFrame) -> float:
    times = [_timed(lambda row=row: original(table.iloc[row : row + 1])) for row in range(ONE_ROW)]
    return round(statistics.median(times), 3)


def _timed(call: Any) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def entries(names: Sequence[str], rows: int, people: int = zoo_models.ROWS) -> Iterator[Entry]:
    """A line for each name, as soon as it is known; what an import refuses has the runtime "none"."""
    from registry.exceptions import ImportRejected
    from registry.runtimes.base import RuntimeFailed

    table = zoo_models.people(people)
    for name in names:
        try:
            yield examined(name, table, rows)
        except (ImportRejected, RuntimeFailed) as refused:
            nothing: Entry = dict.fromkeys(("rows", "misses", "largest_difference", "latency_ms", "original_ms"))
            yield {"name": name, "runtime": "none", **nothing, "why": str(refused)}


def summary(listed: Sequence[Entry]) -> str:
    """How many of them."""
    onnx = sum(entry["runtime"] == "onnx" for entry in listed)
    served = sum(entry["runtime"] != "none" for entry in listed)
    return f"{onnx} of {len(listed)} as ONNX, {served} of {len(listed)} served"


def line(entry: Entry) -> list[str]:
    """The cells of one pipeline."""
    faster = ""
    if entry["latency_ms"] and entry["original_ms"]:
        faster = f"{entry['original_ms'] / entry['latency_ms']:.0f}x"
    largest = "" if entry["largest_difference"] is None else f"{entry['largest_difference']:.1e}"
    cells = [
        entry["name"],
        entry["runtime"],
        "" if entry["rows"] is None else f"{entry['rows']:,}".replace(",", " "),
        largest,
        "" if entry["latency_ms"] is None else f"{entry['latency_ms']:.3f}",
        "" if entry["original_ms"] is None else f"{entry['original_ms']:.2f}",
        faster,
        entry["why"],
    ]
    return [str(cell) for cell in cells]


HEAD = ["pipeline", "runtime", "rows", "largest difference", "one row, ms", "scikit-learn, ms", "", "why not ONNX"]


def markdown(listed: Sequence[Entry], rows: int) -> str:
    """The page docs/zoo.md."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "onnx", "onnxruntime"))
    table = [HEAD, ["---"] * len(HEAD), *(line(entry) for entry in listed)]
    return "\n".join(
        [
            "# Which pipelines are served as ONNX",
            "",
            f"**{summary(listed)}.**",
            "",
            "Written by `make zoo`. Each pipeline (`benchmarks/zoo_models.py`: 1470 made-up people, sixteen columns,",
            "missing values, texts, unknown categories) went through the import: opened in the jail, converted, and",
            f"compared with the original on its background and golden rows and {rows} generated ones. One miss, a score",
            "off by more than 1e-5 (of its size, for a regression) or another label, and the original serves.",
            "",
            "One row, ms: median of one question at a time in this process; scikit-learn: the same question to the",
            "original, in turn in the same run, with one thread too. Compare the ratio, not the times.",
            "",
            f"Measured on {machine.name()}; {packages}.",
            "",
            *("| " + " | ".join(cells) + " |" for cells in table),
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Usual pipelines through the product's own import.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table for the documentation")
    parser.add_argument("--only", nargs="+", choices=list(zoo_models.ZOO), metavar="NAME", help="some pipelines")
    parser.add_argument("--rows", type=int, default=20_000, help="generated rows of the comparison")
    parser.add_argument("--people", type=int, default=zoo_models.ROWS, help="rows to train on")
    options = parser.parse_args(arguments)
    _django()
    listed = []
    for entry in entries(options.only or list(zoo_models.ZOO), options.rows, options.people):
        listed.append(entry)
        if not options.json:
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(line(entry), WIDTHS, strict=True)), flush=True)
    if options.json:
        print(json.dumps(listed, indent=2))
        return
    print(summary(listed))
    if options.markdown:
        options.markdown.write_text(markdown(listed, options.rows), encoding="utf-8")


WIDTHS = (32, 9, 7, 8, 8, 9, 6, 1)


def _django() -> None:
    """Settings only: an import needs no database until it stores what it found."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
    django.setup()


if __name__ == "__main__":
    main()
