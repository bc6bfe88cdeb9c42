"""Golden rows: inputs with the outputs the author promises, replayed before a version may serve."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import labels
from registry.contract_checks import class_key
from registry.exceptions import ImportRejected
from registry.importer import comparison
from registry.importer.package import Package
from registry.runtimes.base import Columns, Runtime, RuntimeFailed
from registry.signature import InvalidInput, Signature, columns_of

PROBES = 64
UNPROVED = (
    "Checked against nothing but its own signature: a graph without golden rows has no original to be compared with. "
    "It answered {rows} generated rows, and its probabilities add up."
)


def inputs(package: Package) -> Columns | None:
    """The golden inputs as clean columns; None without golden rows. Raises ImportRejected."""
    cases = (package.golden or {}).get("cases") or []
    return _columns(package.signature, [case["input"] for case in cases]) if cases else None


def _columns(signature: Signature, rows: list[dict[str, Any]]) -> Columns:
    if signature.image is not None:
        return {"image": np.array([row["image"] for row in rows], dtype=np.float64)}
    try:
        return signature.clean(columns_of(rows), len(rows)).columns
    except InvalidInput as error:
        first = error.errors[0]
        raise ImportRejected(
            f"golden.json case {first['row'] + 1}, field {first['field']}: {first['message']}"
        ) from error


def replay(package: Package, runtime: Runtime) -> None:
    """Ask the runtime every golden row. Raises ImportRejected naming the first case that comes out differently."""
    columns = inputs(package)
    if columns is None or package.golden is None:
        package.report["golden"] = {"cases": 0}
        return
    cases = package.golden["cases"]
    atol = float(package.golden.get("atol", 1e-6))
    # An ONNX graph computes in float32 inside; its promise cannot be finer than that.
    atol = max(atol, 1e-5) if runtime.name == "onnx" else atol
    scores = runtime.predict(columns, len(cases))
    check(package.signature, scores)
    if runtime.name == "onnx":
        _check_alone(cases, columns, scores, runtime, atol)
    answers = labels.outputs(package.signature, scores)
    largest = 0.0
    for case, row, answer in zip(cases, scores, answers, strict=True):
        largest = max(largest, _difference(package.signature, case, row, answer, atol))
    package.report["golden"] = {"cases": len(cases), "largest_difference": largest, "atol": atol}


def _check_alone(
    cases: list[dict[str, Any]], columns: Columns, scores: NDArray[np.float64], runtime: Runtime, atol: float
) -> None:
    """An author's graph may compare rows with each other: a normalisation exported in training mode does."""
    for row, case in enumerate(cases):
        alone = runtime.predict({name: column[row : row + 1] for name, column in columns.items()}, 1)
        difference = float(np.max(np.abs(alone[0] - scores[row])))
        if not difference <= atol:
            raise ImportRejected(
                f"Golden row “{case['id']}” comes out differently alone than among others, by {difference:.3g}: "
                "the graph compares rows with each other."
            )


def probe(package: Package, runtime: Runtime) -> None:
    """Ask a graph without golden rows what its own signature allows, and say that this is all that was checked.

    Each row alone, then those that came out together: finite, a distribution, and the same both times. Raises
    ImportRejected.
    """
    columns, rows = comparison.rows(package.signature, background=None, golden=None, edges={}, generated=PROBES)
    alone = {row: scores for row in range(rows) if (scores := _asked(runtime, columns, [row])) is not None}
    if not alone:
        raise ImportRejected(f"The graph answers none of {rows} rows that its signature allows.")
    together = _asked(runtime, columns, list(alone))
    if together is None:
        raise ImportRejected("The graph answers rows one by one, and not several together.")
    check(package.signature, together)
    if not np.allclose(together, np.concatenate(list(alone.values())), rtol=0, atol=1e-5):
        raise ImportRejected("The graph answers a row otherwise when it comes with others.")
    package.report["golden"] = {"cases": 0}
    package.report["probe"] = {"rows": rows, "answered": len(alone)}
    package.why_isolated = UNPROVED.format(rows=rows)


def _asked(runtime: Runtime, columns: Columns, rows: list[int]) -> NDArray[np.float64] | None:
    """Scores of some of the rows; None when the graph cannot answer them."""
    try:
        return runtime.predict({name: array[rows] for name, array in columns.items()}, len(rows))
    except RuntimeFailed:
        return None


def check(signature: Signature, scores: NDArray[np.float64]) -> None:
    """Whether scores are what the signature promises: their number, finite, a distribution. Raises ImportRejected."""
    wanted = 1 if signature.is_regression else len(signature.classes)
    if scores.shape[1] != wanted:
        raise ImportRejected(f"The model answers {scores.shape[1]} numbers a row; its signature wants {wanted}.")
    if not np.isfinite(scores).all():
        raise ImportRejected("The model answers something that is not a number.")
    if not signature.is_regression and not np.allclose(scores.sum(axis=1), 1, rtol=0, atol=1e-4):
        raise ImportRejected("The model's probabilities do not add up to one.")


def _difference(
    signature: Signature, case: dict[str, Any], row: NDArray[np.float64], answer: dict[str, Any], atol: float
) -> float:
    expected = case["expected"]
    difference = 0.0
    if signature.is_regression:
        difference = abs(float(row[0]) - float(expected["value"]))
    elif "proba" in expected:
        promised = [float(expected["proba"][class_key(item["value"])]) for item in signature.classes]
        difference = float(np.max(np.abs(np.asarray(promised) - row)))
    if not difference <= atol:
        raise ImportRejected(
            f"Golden row “{case['id']}” comes out differently here: by {difference:.3g}, {atol:.0e} is allowed."
        )
    if not signature.is_regression and answer["label"] != str(expected["label"]):
        raise ImportRejected(
            f"Golden row “{case['id']}” comes out as {answer['label']} here; {expected['label']} was promised."
        )
    return difference
